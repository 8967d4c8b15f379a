"""R11: a place of safety takes a detained person over from the police, and the police are free
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import AgencyKind, PlaceOfSafetyKind
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.crisis.records import SiteVisit
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.in_turn import in_turn
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.same_detention import restarted_from
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER

_TRUST: AgencyKind = "mental-health-trust"
_DEPARTMENT: AgencyKind = "acute-trust"
# Who takes over. At a home or a police station nobody does.
_DESK: dict[PlaceOfSafetyKind, DeskRole] = {
    PlaceOfSafetyKind.HBPOS: "mental-health-crisis",
    PlaceOfSafetyKind.EMERGENCY_DEPARTMENT: "emergency-department",
    PlaceOfSafetyKind.CARE_HOME: "mental-health-crisis",
    PlaceOfSafetyKind.OTHER: "mental-health-crisis",
}


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Arrived, and after a while nobody has taken the person over; it gets worse twice."""
    for detention in crisis.detentions:
        if restarted_from(crisis, detention) is not None:
            continue
        for visit, end in detention.stays:
            if visit.kind not in _DESK:
                continue
            yield from _waiting(
                crisis, policy, detention, visit, min(end, _taken_over(crisis, detention, visit))
            )


def _taken_over(crisis: Crisis, detention: Detention, visit: SiteVisit) -> datetime:
    """When the site took responsibility, or the police documented a handover, or closed their
    incident.
    """
    arrived = visit.mark.at
    # a handover documented under another clock before the arrival counts where it names this site
    handed = [
        handover.mark.at
        for handover in detention.handovers
        if handover.mark.at >= arrived or handover.site == visit.site
    ]
    # police who leave with a handover recorded, or close their log, are no longer waiting there
    handed += [
        attendance.ended.at
        for attendance in crisis.attendances
        if attendance.handed_over and attendance.ended and attendance.ended.at >= arrived
    ]
    handed += [closed_at for closed_at in _closings(crisis, detention) if closed_at >= arrived]
    return min(handed, default=FOREVER)


def _closings(crisis: Crisis, detention: Detention) -> list[datetime]:
    logs = [incident for incident in crisis.incidents if incident.key == detention.incident]
    return [log.closed.at for log in logs if log.closed is not None]


def _waiting(
    crisis: Crisis, policy: Policy, detention: Detention, visit: SiteVisit, over: datetime
) -> Iterator[Finding]:
    limit, service = "handover_within", _TRUST
    if visit.kind is PlaceOfSafetyKind.EMERGENCY_DEPARTMENT:
        limit, service = "emergency_department_within", _DEPARTMENT
    within = RULE.limit(policy, limit)
    arrived = visit.mark.at
    stages = (
        (arrived + within - RULE.limit(policy, "warning_before"), "soon", 3),
        (arrived + within, "late", 2),
        (arrived + within + RULE.limit(policy, "again_after"), "very-late", 2),
    )
    for (begin, stage, urgency), following in in_turn(stages):
        end = over
        if following is not None:
            end = min(over, following[0])
        if begin >= end:
            continue
        waited = duration(begin - arrived)
        yield RULE.finds(
            policy,
            anchor=visit.mark.event,
            holds=(begin, end),
            stage=stage,
            urgency=urgency,
            reason=f"At the place of safety since {clock(arrived)}; after {waited} no handover is recorded.",
            evidence=(Evidence(f"Arrived at {clock(arrived)}", arrived, visit.mark.event),),
            act_by=arrived + within,
            recipients=(_DESK[visit.kind], "police-control"),
            relies_on=tuple(
                sorted({detention.agency, *crisis.agencies("mental-health-trust", "acute-trust")})
            ),
            relies_on_services=(service,),
        )


RULE = rule(__name__, condition)
