"""What a person may do, and where. Pure: roles, grants and the questions that are asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.console.view.desks import Desk
from services.ledger.operators.roles import ROLES, Grant, Role

Permission = Literal["see", "answer", "break-glass", "review", "supervise", "govern", "privacy"]
# Governance and privacy officers see figures and the queue of looks behind the glass: no crisis
# and no person.
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    "operator": frozenset({"see", "answer", "break-glass"}),
    "supervisor": frozenset({"see", "answer", "break-glass", "review", "supervise"}),
    "reviewer": frozenset({"see", "review"}),
    "governance": frozenset({"govern"}),
    "privacy-officer": frozenset({"privacy"}),
}


@dataclass(frozen=True, slots=True)
class Operator:
    """A signed-in person with all they may do at this moment."""

    operator_id: str
    handle: str
    name: str
    grants: tuple[Grant, ...]
    session: bytes
    csrf: str
    ends_at: datetime
    locked_at: datetime | None = None

    def may(self, permission: Permission, desk: Desk) -> bool:
        """Whether they may do it at the desk."""
        return any(
            permission in PERMISSIONS[grant.role]
            and grant.agency == desk.agency
            and grant.desk in (None, desk.desk)
            for grant in self.grants
        )

    def may_at(self, permission: Permission, agency: str) -> bool:
        """Whether they may do it for the agency as a whole: a grant for one desk is none for its
        agency."""
        return any(
            permission in PERMISSIONS[grant.role] and grant.agency == agency and grant.desk is None
            for grant in self.grants
        )

    def actor(self, desk: str) -> str:
        """As the record names them at a desk."""
        return f"{self.handle}@{desk}"


def grant_of(text: str, agency_of: Mapping[str, str]) -> Grant | None:
    """A grant out of a claim of the identity provider: `role@desk` or `role@agency`; None where it
    is none of ours.

    `agency_of` gives for each desk its agency.
    """
    name, _, place = text.partition("@")
    role = role_named(name)
    if role is None:
        return None
    if place in agency_of:
        return Grant(role, agency_of[place], place)
    if place in agency_of.values():
        return Grant(role, place)
    return None


def role_named(name: str) -> Role | None:
    """The role of that name; None where it is none of ours."""
    return next((role for role in ROLES if role == name), None)
