"""R12: a detained patient is absent without leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest

from schemas.codes import AgencyKind
from services.liaison.rules.r12_absence import SEARCHERS
from tests.unit.liaison.script import SECOND, Script, limit, minute

GRADED, TOLD, WARNING = (
    limit("R12", name) for name in ("graded_within", "police_told_within", "power_warning_before")
)


def absent(kind: str = "absent-without-leave", status: str | None = "03", **data: Any) -> Script:
    """A ward reports the absence."""
    legal = {} if status is None else {"legal_status": status}
    return Script().say(
        "slam-ehr", "absence.reported", 0, absence="A-1", kind=kind, **legal, **data
    )


def graded(crisis: Script, risk: str = "high", at: float = 1) -> Script:
    """The ward grades the risk."""
    return crisis.say("slam-ehr", "absence.graded", at, absence="A-1", risk=risk)


def ended(crisis: Script, at: float) -> Script:
    """The patient is back."""
    return crisis.say("slam-ehr", "absence.ended", at, absence="A-1", outcome="returned")


def title(crisis: Script, at: float) -> str:
    """What is said of it."""
    return crisis.finding("R12", at).title


def test_a_risk_that_is_not_graded_is_asked_of_the_ward_alone() -> None:
    assert not absent().stands("R12", GRADED - SECOND)
    finding = absent().finding("R12", GRADED)
    assert (finding.stage, finding.recipients, finding.urgency) == (
        "not-graded",
        ("mental-health-crisis",),
        2,
    )


def test_a_grade_at_the_very_limit_is_in_time_and_one_a_second_later_is_not() -> None:
    assert not graded(absent(), "low", GRADED).stands("R12", GRADED)
    late = graded(absent(), "low", GRADED + SECOND)
    assert late.stands("R12", GRADED)
    assert not late.stands("R12", GRADED + SECOND)


def test_high_risk_and_the_police_do_not_know() -> None:
    crisis = graded(absent())
    assert not crisis.stands("R12", 1 + TOLD - SECOND)
    finding = crisis.finding("R12", 1 + TOLD)
    assert (finding.stage, finding.urgency) == ("police-not-told", 1)
    assert finding.recipients == ("police-control", "mental-health-crisis", "ambulance-control")


@pytest.mark.parametrize("risk", ["low", "medium"])
def test_for_another_risk_the_police_need_not_be_told(risk: str) -> None:
    assert not graded(absent(), risk).stands("R12", 600)


def test_a_restricted_patient_is_high_risk_until_graded_otherwise() -> None:
    assert absent(status="09").finding("R12", TOLD).stage == "police-not-told"
    assert not graded(absent(status="09"), "low").stands("R12", 600)


TELLS: dict[str, Callable[[Script, float], Script]] = {
    "police call": lambda crisis, at: crisis.police("incident.reported", at, nature="missing"),
    "asked for help": lambda crisis, at: crisis.say(
        "slam-ehr", "assistance.requested", at, incident="W-1", of="police", request="Q"
    ),
    "back": ended,
}


@pytest.mark.parametrize("name", TELLS)
def test_the_police_know_in_time_and_only_that_suppresses(name: str) -> None:
    assert graded(absent()).stands("R12", 1 + TOLD)
    assert not TELLS[name](graded(absent()), 1 + TOLD).stands("R12", 1 + TOLD)
    late = TELLS[name](graded(absent()), 1 + TOLD + SECOND)
    assert late.stands("R12", 1 + TOLD)
    assert not late.stands("R12", 1 + TOLD + SECOND)


def test_a_police_call_that_was_closed_before_does_not_tell_them() -> None:
    crisis = Script().police("incident.reported", -90, nature="mental-health-crisis")
    crisis.police("incident.closed", -60, attended=True, outcome="conveyed")
    crisis.say(
        "slam-ehr",
        "absence.reported",
        0,
        absence="A-1",
        kind="absent-without-leave",
        legal_status="03",
    )
    assert graded(crisis).stands("R12", 1 + TOLD)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("missing", "03"),
        ("walk-out", "03"),
        ("absent-without-leave", "01"),
        ("absent-without-leave", "98"),
    ],
)
def test_who_is_not_detained_is_not_absent_without_leave(kind: str, status: str) -> None:
    assert graded(absent()).stands("R12", 60)
    assert not graded(absent(kind, status)).stands("R12", 60)


MEETS: dict[str, Callable[[Script], Script]] = {
    "ambulance call": lambda crisis: crisis.ambulance("incident.reported", 60, nature="medical"),
    "police call": lambda crisis: crisis.police("incident.reported", 60, nature="disturbance"),
    "custody": lambda crisis: crisis.say(
        "met-custody", "custody.arrived", 60, custody="C-1", suite="brixton"
    ),
    "seen at a check": lambda crisis: crisis.police(
        "incident.reported", 5, nature="missing"
    ).police("welfare.checked", 60, seen=True),
}


@pytest.mark.parametrize("name", MEETS)
def test_the_ward_hears_that_an_agency_has_met_the_patient(name: str) -> None:
    crisis = MEETS[name](graded(absent(), "medium"))
    assert not crisis.stands("R12", 60 - SECOND)
    finding = crisis.finding("R12", 60)
    assert "has been met" in finding.title
    assert "mental-health-crisis" in finding.recipients
    assert finding.agencies == ("slam",)
    assert not ended(crisis, 90).stands("R12", 90)


NO_MEETING: dict[str, Callable[[Script], Script]] = {
    "the search": lambda crisis: crisis.police("incident.reported", 60, nature="missing"),
    "before it": lambda crisis: crisis.police("incident.reported", -60, nature="disturbance"),
    "not seen": lambda crisis: crisis.police("incident.reported", 5, nature="missing").police(
        "welfare.checked", 60, seen=False
    ),
    "after the end": lambda crisis: ended(crisis, 59).police(
        "incident.reported", 60, nature="disturbance"
    ),
    "nobody there": lambda crisis: crisis.police(
        "incident.reported", 60, nature="disturbance"
    ).police("incident.closed", 60, attended=True, outcome="no-trace"),
}


@pytest.mark.parametrize("name", NO_MEETING)
def test_what_is_no_meeting(name: str) -> None:
    assert MEETS["police call"](graded(absent(), "medium")).stands("R12", 60)
    assert not NO_MEETING[name](graded(absent(), "medium")).stands("R12", 60)


def searched_for(**data: Any) -> Script:
    """The police search for a missing person."""
    return Script().police("incident.reported", 0, nature="missing", **data)


def walked_out() -> Script:
    """A patient who is not detained has gone from the ward."""
    return absent("walk-out", "01")


CUSTODY: dict[str, Any] = {"custody": "C-1", "suite": "brixton"}
MEETS_SOUGHT: dict[str, tuple[Callable[[Script], Script], tuple[str, ...]]] = {
    "ambulance call": (MEETS["ambulance call"], ("ambulance-control",)),
    "custody under another log": (
        lambda crisis: crisis.say("met-custody", "custody.arrived", 60, **CUSTODY),
        (),
    ),
    "detained under another log": (
        lambda crisis: crisis.police(
            "detention.detained", 60, incident="CAD-2", detention="D-1", power="s136"
        ),
        (),
    ),
    "seen at another check": (
        lambda crisis: crisis.police("welfare.checked", 60, incident="CAD-2", seen=True),
        (),
    ),
}


@pytest.mark.parametrize("name", MEETS_SOUGHT)
def test_who_searches_hears_that_the_person_was_met_elsewhere(name: str) -> None:
    meets, beside = MEETS_SOUGHT[name]
    crisis = meets(searched_for())
    assert not crisis.stands("R12", 60 - SECOND)
    finding = crisis.finding("R12", 60)
    assert finding.title == "Person searched for has been met"
    assert finding.recipients == ("police-control", "police-supervisor", *beside)
    assert (finding.agencies, finding.urgency) == (("met",), 2)
    crisis.police("incident.closed", 90, attended=True, outcome="resolved")
    assert not crisis.stands("R12", 90)


def test_a_ward_hears_that_a_patient_who_walked_out_was_met() -> None:
    finding = MEETS["police call"](walked_out()).finding("R12", 60)
    assert (finding.recipients, finding.agencies) == (("mental-health-crisis",), ("slam",))
    assert not ended(MEETS["police call"](walked_out()), 90).stands("R12", 90)


def test_police_and_ward_who_both_search_are_told_once() -> None:
    crisis = walked_out().police("incident.reported", 5, nature="missing")
    (told,) = MEETS["ambulance call"](crisis).standing("R12", 60)
    assert set(told.finding.agencies) == {"met", "slam"}
    assert set(told.finding.recipients) >= {"police-supervisor", "mental-health-crisis"}


def test_a_search_of_high_risk_is_more_urgent() -> None:
    crisis = MEETS["ambulance call"](searched_for(risk_to_self="high"))
    assert crisis.finding("R12", 60).urgency == 1


KNOWN_TO_WHO_SEARCHES: dict[str, Callable[[Script], Script]] = {
    "seen by the search itself": lambda crisis: crisis.police("welfare.checked", 60, seen=True),
    "another call of the force": lambda crisis: crisis.police(
        "incident.reported", 60, incident="CAD-2", nature="suicidal"
    ),
    "a call about the search": lambda crisis: crisis.ambulance(
        "incident.reported", 60, nature="medical", linked=[{"agency": "met", "reference": "CAD-1"}]
    ),
    "a call that the search names": lambda crisis: crisis.police(
        "incident.linked", 30, linked={"agency": "las", "reference": "LAS-1"}
    ).ambulance("incident.reported", 60, nature="medical"),
    "a call from before": lambda crisis: crisis.ambulance(
        "incident.reported", -60, nature="medical"
    ),
    "a search that is over": lambda crisis: crisis.police(
        "incident.closed", 59, attended=True, outcome="resolved"
    ).ambulance("incident.reported", 60, nature="medical"),
}


@pytest.mark.parametrize("name", KNOWN_TO_WHO_SEARCHES)
def test_who_searches_is_not_told_what_they_know(name: str) -> None:
    assert MEETS["ambulance call"](searched_for()).stands("R12", 60)
    assert not KNOWN_TO_WHO_SEARCHES[name](searched_for()).stands("R12", 60)


def test_of_a_patient_absent_without_leave_the_ward_and_the_police_are_told_once() -> None:
    crisis = graded(absent(), "medium").police("incident.reported", 5, nature="missing")
    (told,) = MEETS["ambulance call"](crisis).standing("R12", 60)
    assert told.finding.title == "Patient absent without leave has been met"


def test_every_kind_of_agency_has_its_searchers() -> None:
    undecided = set(get_args(AgencyKind)) - set(SEARCHERS)
    assert not undecided, f"SEARCHERS: decide which desks own a search of {undecided}"


def test_the_power_to_retake_is_about_to_end_and_has_ended() -> None:
    ends = minute(2 * WARNING)
    crisis = graded(absent(power_valid_until=ends.isoformat()), "low")
    assert not crisis.stands("R12", WARNING - SECOND)
    first = crisis.finding("R12", WARNING)
    assert (first.stage, first.act_by, first.urgency) == ("power-ends", ends, 2)
    assert crisis.finding("R12", 2 * WARNING - SECOND).stage == "power-ends"
    last = crisis.finding("R12", 2 * WARNING)
    assert (last.stage, last.key) == ("power-ended", first.key)
    assert not ended(crisis, 2 * WARNING + 5).stands("R12", 2 * WARNING + 5)


def test_the_end_of_the_power_stands_beside_what_else_is_wrong() -> None:
    crisis = graded(absent(power_valid_until=(minute(0) + timedelta(hours=2)).isoformat()))
    assert {standing.finding.stage for standing in crisis.standing("R12", 60)} == {
        "police-not-told",
        "power-ends",
    }


def test_it_says_what_is_recorded_for_a_search_and_what_is_not() -> None:
    crisis = graded(absent(last_seen_at=minute(-20).isoformat(), photo_held=False))
    statement = crisis.finding("R12", 30).evidence[-1].statement
    assert (
        statement
        == "Risk: high. Last seen: at 13:40. Photograph: none. May be retaken until: not recorded"
    )


def test_where_the_area_is_known_its_control_room_is_told_else_the_supervisor() -> None:
    finding = graded(absent()).finding("R12", 30)
    assert "police-control" in finding.recipients
    nowhere = graded(absent()).crisis()
    assert nowhere.area == "southwark"


def test_an_absence_that_was_another_patients_is_taken_back() -> None:
    crisis = absent(event_id="wrong")
    assert crisis.stands("R12", 30)
    crisis.say("slam-ehr", "event.retracted", 31, retracts="wrong", reason="wrong-person")
    assert not crisis.stands("R12", 32)


@pytest.mark.parametrize(
    ("silent", "sentence"), [("met", "cannot-be-verified"), ("slam", "cannot-be-verified")]
)
def test_while_a_service_is_silent_it_cannot_be_verified(silent: str, sentence: str) -> None:
    last_heard = dict.fromkeys(("met", "slam"), minute(30)) | {silent: minute(20)}
    (finding,) = [
        standing
        for standing in graded(absent()).evaluation(30, last_heard, {"police": ("met",)}).standing
        if standing.finding.rule == "R12"
    ]
    assert finding.verification == sentence
