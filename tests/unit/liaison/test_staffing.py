"""Somebody is there for every alert, or nothing starts: registry, rules and policy checked together."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.registry import Registry, load_registry
from services.liaison.catalogue import CATALOGUE
from services.liaison.disclosure.staffing import StaffingError, check_staffing, faults_of
from services.liaison.policy import Policy, PolicyError, load_policy
from tests.own_registry import own_registry

OWN, POLICY = own_registry(), load_policy()


def without(role: str) -> Registry:
    document = OWN.model_dump(mode="json")
    for agency in document["agencies"]:
        agency["desks"] = [desk for desk in agency["desks"] if desk["role"] != role]
    document["agencies"] = [agency for agency in document["agencies"] if agency["desks"]]
    return Registry.model_validate(document)


def test_the_shipped_registry_rules_and_policy_fit_together() -> None:
    check_staffing(load_registry(), POLICY)


@pytest.mark.parametrize(
    "role", ["ambulance-supervisor", "police-supervisor", "mental-health-supervisor"]
)
def test_an_agency_without_a_supervisor_is_refused_with_what_to_do(role: str) -> None:
    with pytest.raises(
        StaffingError, match=rf"no {role} desk: nobody is told when .* does not answer; add one"
    ):
        check_staffing(without(role), POLICY)


def test_a_rule_for_a_desk_that_no_agency_has_is_refused() -> None:
    rule = CATALOGUE["R01"].model_copy(update={"recipients": ("custody",)})
    with pytest.raises(StaffingError, match="R01 is for custody, and no agency has such a desk"):
        check_staffing(without("custody"), POLICY, {"R01": rule})


def test_a_rule_that_is_switched_off_needs_nobody() -> None:
    rule = CATALOGUE["R16"].model_copy(update={"recipients": ("custody",)})
    off = POLICY.model_copy(update={"switched_off": {"R16": "not used here"}})
    assert not [
        fault for fault in faults_of(without("custody"), off, {"R16": rule}) if "R16" in fault
    ]


def test_a_rule_that_withholds_everything_from_its_recipient_contradicts_itself() -> None:
    rule = CATALOGUE["R30"].model_copy(update={"withholds": {"operations": ("circumstances",)}})
    with pytest.raises(StaffingError, match="withholds everything"):
        check_staffing(OWN, POLICY, {"R30": rule})


def test_a_supervisor_is_not_told_before_the_desk_had_its_time() -> None:
    hasty = POLICY.model_copy(update={"escalation": POLICY.escalation | {2: {"supervisor": 60}}})
    with pytest.raises(StaffingError, match="at urgency 2 the supervisor is told after 60 s"):
        check_staffing(OWN, hasty)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"escalation": {1: {"supervisor": 120}}}, "a ladder for each urgency"),
        (
            {"escalation": {urgency: {"tactical": 120} for urgency in range(1, 6)}},
            "has no supervisor",
        ),
        (
            {
                "escalation": {
                    urgency: {"supervisor": 300, "tactical": 300} for urgency in range(1, 6)
                }
            },
            "later than the one below",
        ),
        ({"longest_shelf_seconds": {1: 60}}, "a P1 is never shelved"),
        ({"acknowledgement_lasts_seconds": {1: 60}}, "a time for each urgency"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(edit: dict[str, Any], sentence: str) -> None:
    with pytest.raises((PolicyError, ValueError), match=sentence):
        Policy.model_validate(POLICY.model_dump() | edit)


def test_a_rule_may_have_a_ladder_of_its_own() -> None:
    document = CATALOGUE["R16"].model_copy(update={"ladder": {"supervisor": 900}})
    assert document.ladder == {"supervisor": 900}
    assert [level for level, _ in POLICY.ladder("R16", 2)] == [
        "supervisor",
        "tactical",
        "strategic",
    ]
