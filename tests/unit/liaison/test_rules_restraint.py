"""R02 and R03: restraint in a crisis is a medical emergency, and must be reviewed and short."""

from __future__ import annotations

import pytest

from tests.unit.liaison.script import SECOND, Script, limit

C1_WITHIN = limit("R02", "restraint_upgrade_within")
REVIEW = limit("R03", "restraint_review_within")
AT_ALL = limit("R03", "restraint_limit")


def held(
    nature: str = "mental-health-crisis",
    kinds: tuple[str, ...] = ("physical-restraint",),
    **data: object,
) -> Script:
    """Police hold a person from the tenth minute; the ambulance service has graded its call C2."""
    crisis = Script().police("incident.reported", 0, nature=nature)
    crisis.ambulance("incident.reported", 1, nature="medical", ambulance_category="C2")
    crisis.police("resource.on-scene", 8, resource="MX21", kind="police-unit")
    return crisis.police("force.started", 10, force="F-1", kinds=list(kinds), **data)


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
    said = " ".join(e.statement for e in finding.evidence)
    assert "breathless" in said
    assert "prone" in said


def test_nobody_reviewed_the_restraint_for_five_minutes() -> None:
    assert not held().stands("R03", 10 + REVIEW - SECOND)
    assert held().stands("R03", 10 + REVIEW)
    assert held().finding("R03", 10 + REVIEW).stage == "no-review"


def test_a_review_at_the_limit_is_in_time_and_the_time_begins_anew() -> None:
    crisis = held().police("force.reviewed", 10 + REVIEW, force="F-1")
    assert not crisis.stands("R03", 10 + REVIEW)
    late = held().police("force.reviewed", 10 + REVIEW + SECOND, force="F-1")
    assert late.stands("R03", 10 + REVIEW)


def test_reviewed_and_yet_ten_minutes_long() -> None:
    crisis = held()
    for at in (13, 16, 19):
        crisis.police("force.reviewed", at, force="F-1")
    assert not crisis.stands("R03", 10 + AT_ALL - SECOND)
    assert crisis.stands("R03", 10 + AT_ALL)


def test_ended_at_the_limit_is_in_time() -> None:
    crisis = (
        held().police("force.reviewed", 14, force="F-1").police("force.reviewed", 18, force="F-1")
    )
    assert not crisis.police("force.ended", 10 + AT_ALL, force="F-1").stands("R03", 10 + AT_ALL)


@pytest.mark.parametrize("sign", ["cannot-breathe", "sudden-calm", "unresponsive"])
def test_a_sign_of_danger_to_life_waits_for_no_limit(sign: str) -> None:
    crisis = held().police("force.reviewed", 11, force="F-1", signs=[sign])
    assert not crisis.stands("R03", 11 - SECOND)
    assert crisis.stands("R03", 11)
    assert sign in crisis.finding("R03", 11).reason


def test_exhaustion_alone_does_not_shorten_the_limit() -> None:
    assert (
        not held().police("force.reviewed", 11, force="F-1", signs=["exhausted"]).stands("R03", 12)
    )


def test_it_needs_no_sign_of_a_crisis() -> None:
    assert held(nature="violence").stands("R03", 10 + REVIEW)


def test_each_stage_is_the_same_alert_getting_worse() -> None:
    crisis = held()
    stages = [crisis.finding("R03", 10 + at).stage for at in (REVIEW, AT_ALL)]
    assert stages == ["no-review", "10-minutes"]
    assert crisis.finding("R03", 10 + REVIEW).key == crisis.finding("R03", 10 + AT_ALL).key


def test_it_stands_until_the_person_is_let_go_or_the_incident_is_closed() -> None:
    assert held().stands("R03", 200)
    assert not held().police("force.ended", 30, force="F-1").stands("R03", 30)
    assert (
        not held()
        .police("incident.closed", 30, attended=True, outcome="detained")
        .stands("R03", 30)
    )
