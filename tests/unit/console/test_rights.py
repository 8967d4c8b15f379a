"""What a role may do, and where."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.console.access.rights import Operator, Permission, grant_of
from services.console.view.desks import Desk
from services.ledger.operators.roles import Grant

LAS = Desk("las-mental-health", "Desk", "las", "LAS")
SLAM = Desk("slam-crisis", "Crisis", "slam", "SLaM")


def operator(*grants: Grant) -> Operator:
    return Operator("id", "P1", "A Person", grants, b"", "", datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    "permission", ["see", "answer", "review", "supervise", "break-glass", "govern", "privacy"]
)
def test_nobody_may_anything_without_a_grant_or_at_another_agency(permission: Permission) -> None:
    assert not operator().may(permission, LAS)
    grants = (Grant("operator", "slam"), Grant("supervisor", "slam"), Grant("governance", "slam"))
    assert not operator(*grants).may(permission, LAS)
    assert not operator(*grants).may_at(permission, "las")


def test_a_grant_for_one_desk_is_none_for_another_desk_or_for_the_agency() -> None:
    rights = operator(Grant("supervisor", "las", "las-mental-health"))
    assert rights.may("supervise", LAS)
    assert not rights.may("supervise", Desk("las-other", "Other", "las", "LAS"))
    assert not rights.may_at("supervise", "las")


def test_governance_and_privacy_officers_see_no_crisis() -> None:
    rights = operator(Grant("governance", "las"), Grant("privacy-officer", "las"))
    assert not rights.may("see", LAS)
    assert rights.may_at("govern", "las")
    assert rights.may_at("privacy", "las")


@pytest.mark.parametrize(
    ("claim", "grant"),
    [
        ("operator@las-mental-health", Grant("operator", "las", "las-mental-health")),
        ("supervisor@slam", Grant("supervisor", "slam")),
        ("administrator@las", None),
        ("operator@nowhere", None),
        ("operator", None),
        ("", None),
    ],
)
def test_a_claim_of_the_provider_is_a_grant_or_nothing(claim: str, grant: Grant | None) -> None:
    assert grant_of(claim, {desk.desk: desk.agency for desk in (LAS, SLAM)}) == grant
