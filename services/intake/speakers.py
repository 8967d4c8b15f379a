"""Which kinds of agency may say what: police open no care pathway. Pure.

A positive set for every event type, so that a new type is said by nobody until somebody decides.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.codes import AgencyKind
from schemas.events import TYPE_PREFIX

_RESPONDING: frozenset[AgencyKind] = frozenset(
    {"police", "ambulance", "mental-health-trust", "local-authority", "acute-trust"}
)
_POLICE: frozenset[AgencyKind] = frozenset({"police"})
_SITES: frozenset[AgencyKind] = frozenset({"mental-health-trust", "acute-trust", "local-authority"})
_CARE: frozenset[AgencyKind] = frozenset({"mental-health-trust", "acute-trust", "local-authority"})
# Who keeps a register of patients or clients.
_REGISTER: frozenset[AgencyKind] = _CARE | {"ambulance"}
_ANYBODY: frozenset[AgencyKind] = _RESPONDING | {"operations"}

_BY_NAME: Mapping[str, frozenset[AgencyKind]] = {
    "incident.reported": _RESPONDING,
    "incident.updated": _RESPONDING,
    "incident.linked": _RESPONDING,
    "incident.graded": _RESPONDING,
    "incident.transferred": _RESPONDING,
    "incident.declined": _RESPONDING,
    "incident.closed": _RESPONDING,
    "resource.assigned": _RESPONDING,
    "resource.on-scene": _RESPONDING,
    "resource.left": _RESPONDING,
    "resource.stood-down": _RESPONDING,
    "assistance.requested": _RESPONDING,
    "assistance.cancelled": _RESPONDING,
    "force.started": _RESPONDING,
    "force.reviewed": _RESPONDING,
    "force.ended": _RESPONDING,
    "harm.reported": _RESPONDING,
    "detention.consulted": _RESPONDING,
    "detention.detained": _RESPONDING,
    "detention.conveyed": _RESPONDING,
    "detention.arrived": _RESPONDING,
    "detention.handed-over": _RESPONDING,
    "detention.assessment-started": _RESPONDING,
    "detention.assessed": _RESPONDING,
    "detention.extended": _RESPONDING,
    "detention.moved": _RESPONDING,
    "detention.escaped": _RESPONDING,
    "detention.ended": _RESPONDING,
    "place-of-safety.requested": _RESPONDING,
    "place-of-safety.accepted": _RESPONDING,
    "place-of-safety.refused": _RESPONDING,
    "place-of-safety.capacity": _SITES,
    "custody.arrived": _POLICE,
    "custody.risk-assessed": _POLICE,
    "custody.health-checked": _POLICE,
    "custody.reviewed": _POLICE,
    "custody.appropriate-adult-arranged": _POLICE,
    "custody.interview-planned": _POLICE,
    "custody.released": _POLICE,
    "welfare.concern-raised": _RESPONDING,
    "welfare.checked": _RESPONDING,
    "absence.reported": _RESPONDING,
    "absence.graded": _RESPONDING,
    "absence.ended": _RESPONDING,
    "family.contact-attempted": _RESPONDING,
    "family.contacted": _RESPONDING,
    "family.called-back": _RESPONDING,
    "referral.sent": _RESPONDING,
    "referral.acknowledged": _RESPONDING,
    "referral.outcome": _RESPONDING,
    "follow-up.due": _CARE,
    "follow-up.completed": _CARE,
    "person.registered": _REGISTER,
    "person.updated": _REGISTER,
    "person.merged": _REGISTER,
    "person.split": _REGISTER,
    "person.died": _REGISTER,
    "pathway.opened": _CARE,
    "pathway.updated": _CARE,
    "pathway.closed": _CARE,
    "feed.heartbeat": _ANYBODY,
    "event.corrected": _ANYBODY,
    "event.retracted": _ANYBODY,
}
MAY_SAY: Mapping[str, frozenset[AgencyKind]] = {
    f"{TYPE_PREFIX}{name}.v1": kinds for name, kinds in _BY_NAME.items()
}
