"""R21: before s136 is used a professional is consulted, or it is recorded why that was not practicable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.unit.liaison.script import REGISTRY, SECOND, Script, limit, minute

WITHIN = limit("R21", "recorded_within")
SITE = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}


def detained(power: str = "s136", **more: object) -> Script:
    """Detained in the tenth minute; nobody was consulted."""
    crisis = Script().police("incident.reported", 0, nature="welfare-concern")
    return crisis.police("detention.detained", 10, detention="D-1", power=power, **more)


def test_nothing_is_recorded_within_the_limit() -> None:
    assert not detained().stands("R21", 10 + WITHIN - SECOND)
    assert detained().stands("R21", 10 + WITHIN)


ENDS: dict[str, Callable[[Script, float], Script]] = {
    "consulted": lambda crisis, at: crisis.police(
        "detention.consulted", at, detention="D-1", role="nurse"
    ),
    "not practicable, with the reason": lambda crisis, at: crisis.police(
        "detention.consulted",
        at,
        detention="D-1",
        practicable=False,
        reason_not_practicable="in the road",
    ),
    "arrived": lambda crisis, at: crisis.police("detention.arrived", at, detention="D-1", at=SITE),
    "ended": lambda crisis, at: crisis.police(
        "detention.ended", at, detention="D-1", outcome="released"
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_it_ends_with_that_and_what_comes_at_the_limit_is_in_time(name: str) -> None:
    assert not ENDS[name](detained(), 10 + WITHIN).stands("R21", 10 + WITHIN)
    late = ENDS[name](detained(), 10 + WITHIN + SECOND)
    assert late.stands("R21", 10 + WITHIN)
    assert not late.stands("R21", 10 + WITHIN + SECOND)


def test_consulted_before_and_heard_of_late_ends_it() -> None:
    crisis = detained()
    assert crisis.stands("R21", 30)
    assert not crisis.police("detention.consulted", 8, detention="D-1", role="paramedic").stands(
        "R21", 30
    )


def test_that_it_was_not_practicable_needs_a_reason() -> None:
    crisis = detained().police("detention.consulted", 9, detention="D-1", practicable=False)
    assert "no reason is recorded" in crisis.finding("R21", 10 + WITHIN).reason


def test_a_consultation_that_was_retracted_was_none() -> None:
    crisis = detained().police(
        "detention.consulted", 8, event_id="c1", detention="D-1", role="nurse"
    )
    assert not crisis.stands("R21", 30)
    crisis.police("event.retracted", 20, event_id="x", retracts="c1", reason="entered-in-error")
    assert crisis.stands("R21", 30)


@pytest.mark.parametrize("power", ["s135-1", "s135-2"])
def test_a_warrant_under_section_135_asks_for_no_consultation(power: str) -> None:
    assert not detained(power).stands("R21", 60)


def test_of_a_person_kept_where_they_were_it_ends_when_health_takes_over() -> None:
    kept_there = detained(kept_at=SITE)
    assert kept_there.stands("R21", 10 + WITHIN)
    assert not kept_there.police("detention.handed-over", 20, detention="D-1", at=SITE).stands(
        "R21", 20
    )


def test_a_site_that_records_the_same_detention_anew_is_not_asked_whom_it_consulted() -> None:
    crisis = detained().police("detention.consulted", 9, detention="D-1", role="nurse")
    crisis.police("detention.arrived", 20, detention="D-1", at=SITE)
    crisis.say(
        "slam-ehr",
        "detention.detained",
        60,
        incident="T-1",
        detention="T-9",
        power="s136",
        kept_at=SITE,
    )
    assert not crisis.stands("R21", 90)


def test_while_the_police_are_not_heard_it_cannot_be_verified() -> None:
    last_heard = dict.fromkeys(REGISTRY.agencies_by_id, minute(20))
    last_heard["met"] = minute(12) - timedelta(seconds=1)
    (finding,) = [
        standing
        for standing in detained().evaluation(20, last_heard).standing
        if standing.finding.rule == "R21"
    ]
    assert finding.verification == "cannot-be-verified"
    assert detained().standing("R21", 20)[0].verification == "verified"


def test_it_goes_to_the_police_supervisor_and_the_trust_that_offers_advice() -> None:
    finding = detained().finding("R21", 20)
    assert (finding.recipients, finding.urgency) == (
        ("police-supervisor", "mental-health-crisis"),
        3,
    )
