"""The roles of desks: which an agency of each kind may have, and who stands above whom."""

from __future__ import annotations

from typing import Literal, assert_never

from schemas.codes import AgencyKind

DeskRole = Literal[
    "police-control",
    "police-supervisor",
    "ambulance-control",
    "mental-health-crisis",
    "amhp",
    "custody",
    "emergency-department",
    "professional-standards",
    "family-liaison",
    "frequent-contact",
    "record-keeping",
    "mental-health-board",
    "operations",
    "ambulance-supervisor",
    "mental-health-supervisor",
    "amhp-supervisor",
    "emergency-department-supervisor",
    "operations-supervisor",
    "tactical-manager",
    "strategic-on-call",
]


# Rungs of the ladder above a desk: duty supervisor, tactical or on-call manager, strategic
# on-call.
Level = Literal["supervisor", "tactical", "strategic"]


# The duty supervisor's desk of an agency of each kind.
SUPERVISOR_OF: dict[AgencyKind, DeskRole] = {
    "police": "police-supervisor",
    "ambulance": "ambulance-supervisor",
    "mental-health-trust": "mental-health-supervisor",
    "local-authority": "amhp-supervisor",
    "acute-trust": "emergency-department-supervisor",
    "operations": "operations-supervisor",
}


# Desks above the supervisor, which an agency of any kind may have.
MANAGERS: frozenset[DeskRole] = frozenset({"tactical-manager", "strategic-on-call"})


_WORKING: dict[AgencyKind, frozenset[DeskRole]] = {
    "police": frozenset(
        {
            "police-control",
            "police-supervisor",
            "custody",
            "professional-standards",
            "family-liaison",
            "frequent-contact",
            "record-keeping",
        }
    ),
    "ambulance": frozenset(
        {"ambulance-control", "professional-standards", "frequent-contact", "record-keeping"}
    ),
    "mental-health-trust": frozenset(
        {
            "mental-health-crisis",
            "professional-standards",
            "family-liaison",
            "frequent-contact",
            "record-keeping",
        }
    ),
    "local-authority": frozenset({"amhp", "record-keeping"}),
    "acute-trust": frozenset({"emergency-department", "record-keeping"}),
    "operations": frozenset({"operations", "mental-health-board"}),
}


# Which desks an agency of each kind may have; it must have at least one.
ROLES_OF: dict[AgencyKind, frozenset[DeskRole]] = {
    kind: roles | {SUPERVISOR_OF[kind]} | MANAGERS for kind, roles in _WORKING.items()
}


# Roles of which some desk must serve every area.
SERVED_EVERYWHERE: tuple[DeskRole, ...] = (
    "police-control",
    "ambulance-control",
    "mental-health-crisis",
    "operations",
)


def role_of(level: Level, kind: AgencyKind) -> DeskRole:
    """The role of the desk that stands on a rung, in an agency of the kind."""
    match level:
        case "supervisor":
            return SUPERVISOR_OF[kind]
        case "tactical":
            return "tactical-manager"
        case "strategic":
            return "strategic-on-call"
        case _:
            assert_never(level)
