"""R03: a restraint is reviewed, short, and ended at a sign of danger to life."""

from __future__ import annotations

import pytest

from tests.unit.liaison.rules.held_by_police import held
from tests.unit.liaison.script import SECOND, limit, minute

REVIEW = limit("R03", "restraint_review_within")


AT_ALL = limit("R03", "restraint_limit")


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


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ("cannot-breathe", "says they cannot breathe"),
        ("sudden-calm", "suddenly calm"),
        ("unresponsive", "does not respond"),
    ],
)
def test_a_sign_of_danger_to_life_waits_for_no_limit(sign: str, words: str) -> None:
    crisis = held().police("force.reviewed", 11, force="F-1", signs=[sign])
    assert not crisis.stands("R03", 11 - SECOND)
    assert crisis.stands("R03", 11)
    assert words in crisis.finding("R03", 11).reason


def test_exhaustion_alone_does_not_shorten_the_limit() -> None:
    assert (
        not held().police("force.reviewed", 11, force="F-1", signs=["exhausted"]).stands("R03", 12)
    )


@pytest.mark.parametrize("kinds", [("handcuffs",), ("physical-restraint",), ("limb-restraint",)])
def test_an_arrest_without_a_sign_of_a_crisis_or_of_danger_is_ordinary_police_work(
    kinds: tuple[str, ...],
) -> None:
    assert not held(nature="crime", kinds=kinds).stands("R03", 10 + AT_ALL + 15)
    assert held(kinds=kinds).stands("R03", 10 + AT_ALL + 15), "somebody in a crisis"


DANGER: dict[str, dict[str, object]] = {
    "face down": {"position": "prone"},
    "on the ground": {"kinds": ("ground-restraint",)},
    "acute behavioural disturbance": {"signs": ["hot-to-touch"]},
}


@pytest.mark.parametrize("name", DANGER)
def test_danger_needs_no_sign_of_a_crisis(name: str) -> None:
    assert held("violence", **DANGER[name]).stands("R03", 10 + REVIEW)  # type: ignore[arg-type]


def test_a_sign_of_a_crisis_that_comes_later_counts_from_then() -> None:
    crisis = held(nature="violence").police(
        "incident.updated", 25, indicators=["behaviour-concern"]
    )
    assert not crisis.stands("R03", 25 - SECOND)
    assert crisis.finding("R03", 25).holds_from == minute(25)


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


def test_once_a_crew_is_there_nobody_asks_when_it_will_be() -> None:
    crisis = held().ambulance("resource.on-scene", 17, resource="A1", kind="ambulance")
    before, after = (crisis.finding("R03", at) for at in (17 - SECOND, 17))
    assert (before.key, before.stage) == (after.key, after.stage), "one alert, told otherwise"
    assert "when you will be there" in before.step_for("ambulance-control")
    assert "when you will be there" not in after.step_for("ambulance-control")
    assert before.step_for("police-supervisor") == after.step_for("police-supervisor")
