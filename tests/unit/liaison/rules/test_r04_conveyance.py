"""R04: a person detained under s136 is seen and conveyed by an ambulance, within thirty minutes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.liaison.script import SECOND, Script, limit

ASKED_WITHIN = limit("R04", "ambulance_request_within")
THERE_WITHIN = limit("R04", "ambulance_arrival_within")
SITE = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}


def detained(power: str = "s136") -> Script:
    """Detained in the tenth minute; no ambulance asked for."""
    crisis = Script().police("incident.reported", 0, nature="welfare-concern")
    crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")
    return crisis.police("detention.detained", 10, detention="D-1", power=power)


def waiting() -> Script:
    """Detained in the tenth minute; an ambulance asked for in the twelfth."""
    return detained().police("assistance.requested", 12, of="ambulance")


def test_the_standard_is_thirty_minutes() -> None:
    assert THERE_WITHIN == 30


def test_nobody_asked_for_an_ambulance_within_the_limit() -> None:
    assert not detained().stands("R04", 10 + ASKED_WITHIN - SECOND)
    assert detained().stands("R04", 10 + ASKED_WITHIN)
    assert detained().finding("R04", 10 + ASKED_WITHIN).stage == "not-requested"


def test_asked_at_the_limit_is_in_time_and_a_second_later_it_is_not() -> None:
    in_time = detained().police("assistance.requested", 10 + ASKED_WITHIN, of="ambulance")
    late = detained().police("assistance.requested", 10 + ASKED_WITHIN + SECOND, of="ambulance")
    assert not in_time.stands("R04", 10 + ASKED_WITHIN)
    assert late.stands("R04", 10 + ASKED_WITHIN)
    assert not late.stands("R04", 10 + ASKED_WITHIN + SECOND)


def test_an_incident_of_the_ambulance_service_itself_is_a_request() -> None:
    crisis = detained().ambulance(
        "incident.reported", 11, nature="mental-health-crisis", ambulance_category="C2"
    )
    assert not crisis.stands("R04", 10 + ASKED_WITHIN)


def test_asked_for_and_not_there_after_thirty_minutes() -> None:
    assert not waiting().stands("R04", 12 + THERE_WITHIN - SECOND)
    assert waiting().stands("R04", 12 + THERE_WITHIN)
    assert waiting().finding("R04", 12 + THERE_WITHIN).stage == "not-arrived"


def test_asked_for_before_the_detention_the_thirty_minutes_begin_with_the_detention() -> None:
    crisis = detained().police("assistance.requested", 6, of="ambulance")
    assert not crisis.stands("R04", 10 + THERE_WITHIN - SECOND)
    assert crisis.stands("R04", 10 + THERE_WITHIN)


@pytest.mark.parametrize("late", [0, SECOND])
def test_there_at_the_limit_is_in_time(late: float) -> None:
    crisis = waiting().ambulance(
        "resource.on-scene", 12 + THERE_WITHIN + late, resource="A1", kind="ambulance"
    )
    assert crisis.stands("R04", 12 + THERE_WITHIN) is bool(late)
    assert not crisis.stands("R04", 12 + THERE_WITHIN + late)


ENDS: dict[str, Callable[[Script], Script]] = {
    "ambulance there": lambda crisis: crisis.ambulance(
        "resource.on-scene", 30, resource="A1", kind="ambulance"
    ),
    "joint response car there": lambda crisis: crisis.ambulance(
        "resource.on-scene", 30, resource="MH1", kind="mental-health-joint-response-car"
    ),
    "arrived at a place of safety": lambda crisis: crisis.police(
        "detention.arrived", 30, detention="D-1", at=SITE
    ),
    "handed over at a place of safety": lambda crisis: crisis.police(
        "detention.handed-over", 30, detention="D-1", at=SITE
    ),
    "detention ended": lambda crisis: crisis.police(
        "detention.ended", 30, detention="D-1", outcome="released"
    ),
    "conveyed by ambulance": lambda crisis: crisis.police(
        "detention.conveyed", 30, detention="D-1", by="ambulance"
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_it_is_suppressed_and_only_by_that(name: str) -> None:
    assert waiting().stands("R04", 12 + THERE_WITHIN)
    assert not ENDS[name](waiting()).stands("R04", 12 + THERE_WITHIN)


def test_conveyed_by_police_without_a_reason_prompts_at_once_until_arrival() -> None:
    crisis = waiting().police("detention.conveyed", 20, detention="D-1", by="police-unit")
    assert not crisis.stands("R04", 20 - SECOND)
    assert crisis.stands("R04", 20)
    assert crisis.finding("R04", 20).stage == "police-vehicle"
    crisis.police("detention.arrived", 40, detention="D-1", at=SITE)
    assert not crisis.stands("R04", 40)


@pytest.mark.parametrize("reason", ["not-available", "refused", "risk", "other"])
def test_conveyed_by_police_with_a_reason_prompts_nothing(reason: str) -> None:
    crisis = waiting().police(
        "detention.conveyed", 20, detention="D-1", by="police-unit", reason_not_ambulance=reason
    )
    assert not crisis.stands("R04", 21)


@pytest.mark.parametrize("power", ["s135-1", "s135-2"])
def test_the_protocol_is_of_section_136_only(power: str) -> None:
    assert not detained(power).stands("R04", 120)


@pytest.mark.parametrize(
    ("kind", "prompts"), [(SITE["kind"], False), ("emergency-department", False), ("home", True)]
)
def test_a_person_kept_where_health_is_needs_no_ambulance(kind: str, *, prompts: bool) -> None:
    crisis = Script().police("incident.reported", 0, nature="welfare-concern")
    crisis.police(
        "detention.detained",
        10,
        detention="D-1",
        power="s136",
        kept_at={"site": "here", "kind": kind},
    )
    assert crisis.stands("R04", 10 + ASKED_WITHIN) is prompts


def test_two_people_detained_are_two_alerts() -> None:
    crisis = detained().police("detention.detained", 11, detention="D-2", power="s136")
    assert len(crisis.standing("R04", 11 + ASKED_WITHIN)) == 2


def test_it_goes_to_the_ambulance_desk_and_the_police_desk() -> None:
    finding = detained().finding("R04", 20)
    assert (finding.recipients, finding.urgency) == (("ambulance-control", "police-control"), 2)
