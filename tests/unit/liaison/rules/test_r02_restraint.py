"""R02: restraint in a crisis is a medical emergency."""

from __future__ import annotations

import pytest

from tests.unit.liaison.rules.held_by_police import held
from tests.unit.liaison.script import SECOND, limit

C1_WITHIN = limit("R02", "restraint_upgrade_within")


def test_no_category_1_a_minute_after_the_restraint_began() -> None:
    assert not held().stands("R02", 10 + C1_WITHIN - SECOND)
    assert held().stands("R02", 10 + C1_WITHIN)


def test_category_1_at_the_limit_is_in_time_and_a_second_later_it_is_not() -> None:
    in_time = held().ambulance("incident.graded", 10 + C1_WITHIN, ambulance_category="C1")
    late = held().ambulance("incident.graded", 10 + C1_WITHIN + SECOND, ambulance_category="C1")
    assert not in_time.stands("R02", 10 + C1_WITHIN)
    assert late.stands("R02", 10 + C1_WITHIN)
    assert not late.stands("R02", 10 + C1_WITHIN + SECOND)


def test_category_1_from_before_suppresses_it_until_it_is_downgraded() -> None:
    crisis = held().ambulance("incident.graded", 5, ambulance_category="C1")
    assert not crisis.stands("R02", 20)
    crisis.ambulance("incident.graded", 14, ambulance_category="C2")
    assert crisis.stands("R02", 14 + C1_WITHIN)


@pytest.mark.parametrize(
    "kind", ["physical-restraint", "handcuffs", "limb-restraint", "ground-restraint", "spit-guard"]
)
def test_every_way_of_holding_counts(kind: str) -> None:
    assert held(kinds=(kind,)).stands("R02", 12)


@pytest.mark.parametrize("kind", ["incapacitant-spray", "conducted-energy-device"])
def test_force_that_does_not_hold_is_not_restraint_unless_the_person_is_prone(kind: str) -> None:
    assert not held(kinds=(kind,)).stands("R02", 12)
    assert held(kinds=(kind,), position="prone").stands("R02", 12)


def test_a_restraint_without_any_sign_of_a_crisis_is_not_this_alert() -> None:
    crime = held(nature="violence")
    assert not crime.stands("R02", 14)
    assert held().stands("R02", 14)


@pytest.mark.parametrize(
    "sign",
    [
        "hot-to-touch",
        "breathless",
        "cannot-breathe",
        "exhausted",
        "sudden-calm",
        "extreme-agitation",
    ],
)
def test_a_sign_of_acute_behavioural_disturbance_makes_it_one_from_then_on(sign: str) -> None:
    crime = held(nature="violence").police("force.reviewed", 12, force="F-1", signs=[sign])
    assert not crime.stands("R02", 12 + C1_WITHIN - SECOND)
    assert crime.stands("R02", 12 + C1_WITHIN)


def test_other_signs_do_not() -> None:
    assert (
        not held(nature="violence")
        .police("force.reviewed", 12, force="F-1", signs=["bleeding"])
        .stands("R02", 14)
    )


def test_it_ends_when_the_person_is_let_go_and_begins_anew_with_the_next_restraint() -> None:
    crisis = held().police("force.ended", 13, force="F-1")
    assert crisis.stands("R02", 12)
    assert not crisis.stands("R02", 13)
    crisis.police("force.started", 20, force="F-1", kinds=["physical-restraint"])
    assert not crisis.stands("R02", 20 + C1_WITHIN - SECOND)
    assert crisis.stands("R02", 20 + C1_WITHIN)
    assert crisis.finding("R02", 12).key != crisis.finding("R02", 22).key


def test_it_goes_to_the_ambulance_desk_and_the_police_supervisor_most_urgent() -> None:
    finding = held(signs=["breathless"], position="prone").finding("R02", 12)
    assert (finding.recipients, finding.urgency) == (("ambulance-control", "police-supervisor"), 1)
    statement = " ".join(item.statement for item in finding.evidence)
    assert "breathless" in statement
    assert "prone" in statement
