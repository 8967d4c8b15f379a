"""R18: a concern for somebody's welfare that nobody sees to, and a crisis call closed with nobody having been there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.liaison.script import SECOND, Script, limit

HIGH, OTHER = limit("R18", "high_risk_within"), limit("R18", "other_within")


def concern(risk: str | None = "high") -> Script:
    """A concern is logged in the first minute; a call opened as one says no more where no risk is given."""
    crisis = Script().police("incident.reported", 0, nature="welfare-concern")
    return crisis if risk is None else crisis.police("welfare.concern-raised", 0, risk=risk)


@pytest.mark.parametrize(
    ("risk", "within"), [("high", HIGH), ("medium", OTHER), ("low", OTHER), (None, OTHER)]
)
def test_nobody_attends_within_the_limit_of_the_risk(risk: str | None, within: float) -> None:
    crisis = concern(risk)
    assert not crisis.stands("R18", within - SECOND)
    assert crisis.stands("R18", within)


def test_a_risk_that_is_raised_has_its_own_shorter_limit() -> None:
    crisis = concern("low").police("welfare.concern-raised", 30, risk="high")
    assert not crisis.stands("R18", 30 + HIGH - SECOND)
    assert crisis.stands("R18", 30 + HIGH)


SEEN_TO: dict[str, Callable[[Script, float], Script]] = {
    "police there": lambda crisis, at: crisis.police(
        "resource.on-scene", at, resource="MX21", kind="police-unit"
    ),
    "crew there": lambda crisis, at: crisis.ambulance(
        "incident.reported", at - 1, nature="welfare-concern"
    ).ambulance("resource.on-scene", at, resource="A1", kind="ambulance"),
    "checked": lambda crisis, at: crisis.police("welfare.checked", at, seen=True),
    "decided without seeing": lambda crisis, at: crisis.police("welfare.checked", at, seen=False),
    "closed": lambda crisis, at: crisis.police(
        "incident.closed", at, attended=False, outcome="no-further-action"
    ),
}


@pytest.mark.parametrize("name", SEEN_TO)
def test_it_is_seen_to_at_the_very_limit_and_not_a_second_later(name: str) -> None:
    assert concern().stands("R18", HIGH)
    assert not SEEN_TO[name](concern(), HIGH).stands("R18", HIGH)
    late = SEEN_TO[name](concern(), HIGH + SECOND)
    assert late.stands("R18", HIGH)
    assert not late.stands("R18", HIGH + SECOND)


def test_a_check_of_a_call_that_logged_no_concern_by_itself_counts() -> None:
    assert not concern(None).police("welfare.checked", 60, seen=True).stands("R18", OTHER)


def test_a_unit_that_left_before_the_concern_was_logged_has_not_seen_to_it() -> None:
    crisis = Script().police("incident.reported", -60, nature="welfare-concern")
    crisis.police("resource.on-scene", -50, resource="MX21", kind="police-unit")
    crisis.police("resource.left", -40, resource="MX21", kind="police-unit")
    assert crisis.police("welfare.concern-raised", 0, risk="high").stands("R18", HIGH)


def test_a_call_that_was_closed_before_the_concern_was_logged_decides_nothing_about_it() -> None:
    crisis = Script().police("incident.reported", 0, nature="suicidal")
    crisis.police("incident.closed", 1, attended=True, outcome="resolved")
    crisis.police("welfare.concern-raised", 2, risk="high")
    assert crisis.stands("R18", 2 + HIGH)
    assert not crisis.police("incident.closed", 30, attended=True, outcome="resolved").stands(
        "R18", 2 + HIGH
    )


def test_two_services_with_the_same_concern_give_one_alert() -> None:
    crisis = concern().ambulance(
        "incident.reported", 5, nature="welfare-concern", risk_to_self="high"
    )
    assert len(crisis.standing("R18", HIGH + 30)) == 1


def test_when_one_of_them_decides_the_other_still_waits() -> None:
    crisis = concern().ambulance(
        "incident.reported", 5, nature="welfare-concern", risk_to_self="high"
    )
    crisis.police("incident.closed", HIGH + 10, attended=False, outcome="no-further-action")
    assert [standing.finding.holds_from for standing in crisis.standing("R18", HIGH + 30)] == [
        crisis.events[-1].event.time
    ]


@pytest.mark.parametrize(("late", "stands"), [(HIGH - 5, False), (HIGH + 5, True)])
def test_a_corrected_time_counts(late: float, stands: bool) -> None:
    crisis = concern().police("welfare.checked", late, seen=True, event_id="check")
    assert crisis.stands("R18", HIGH) is stands
    assert crisis.police("event.retracted", 200, retracts="check", reason="wrong-person").stands(
        "R18", 201
    )


def closed(crisis: Script | None = None, outcome: str = "no-further-action") -> Script:
    """The police close a call about a suicidal person in the twentieth minute and did not go."""
    script = crisis or Script().police("incident.reported", 0, nature="suicidal")
    return script.police("incident.closed", 20, attended=False, outcome=outcome)


def test_a_crisis_call_closed_with_nobody_there_prompts_at_once() -> None:
    assert not closed().stands("R18", 20 - SECOND)
    finding = closed().finding("R18", 20)
    assert finding.title == "Crisis call closed without attendance"
    assert finding.recipients == ("police-control", "mental-health-crisis")


def suicidal() -> Script:
    return Script().police("incident.reported", 0, nature="suicidal")


NOT_ALONE: dict[str, Callable[[], Script]] = {
    "duplicate": lambda: closed(outcome="duplicate"),
    "no sign of a crisis": lambda: closed(
        Script().police("incident.reported", 0, nature="disturbance")
    ),
    "ambulance call open": lambda: closed(
        suicidal().ambulance("incident.reported", 1, nature="suicidal")
    ),
    "crew was there": lambda: closed(
        suicidal()
        .ambulance("incident.reported", 1, nature="suicidal")
        .ambulance("resource.on-scene", 10, resource="A1", kind="ambulance")
        .ambulance("incident.closed", 15, attended=True, outcome="resolved")
    ),
    "clinician assessed": lambda: closed(
        suicidal()
        .ambulance("incident.reported", 1, nature="suicidal")
        .ambulance("incident.graded", 8, assessed_by_clinician=True)
        .ambulance("incident.closed", 15, attended=False, outcome="referred")
    ),
    "referral acknowledged": lambda: closed(
        suicidal()
        .say(
            "met-cad",
            "referral.sent",
            5,
            referral="M-1",
            to_agency="slam",
            priority="4",
            incident="CAD-1",
        )
        .say("slam-ehr", "referral.acknowledged", 12, referral="M-1", from_agency="met")
    ),
}


@pytest.mark.parametrize("name", NOT_ALONE)
def test_it_is_suppressed_and_only_by_that(name: str) -> None:
    assert closed().stands("R18", 21)
    assert not NOT_ALONE[name]().stands("R18", 21)


def test_the_last_call_that_is_closed_prompts_and_says_who_closed_it() -> None:
    crisis = closed(suicidal().ambulance("incident.reported", 1, nature="suicidal"))
    crisis.ambulance("incident.closed", 30, attended=False, outcome="no-further-action")
    finding = crisis.finding("R18", 30)
    assert "ambulance service closed" in finding.reason
    assert "ambulance-control" in finding.recipients


def test_it_ends_when_a_new_call_is_opened_or_somebody_goes() -> None:
    again = closed().police("incident.reported", 50, incident="CAD-2", nature="suicidal")
    assert not again.stands("R18", 50)
    went = closed().police("resource.on-scene", 40, resource="MX1", kind="police-unit")
    assert went.stands("R18", 40 - SECOND)
    assert not went.stands("R18", 40)


def test_a_closure_that_is_taken_back_prompts_nothing() -> None:
    crisis = Script().police("incident.reported", 0, nature="suicidal")
    crisis.police("incident.closed", 20, attended=False, outcome="other", event_id="closing")
    assert crisis.stands("R18", 25)
    assert not crisis.police(
        "event.retracted", 26, retracts="closing", reason="entered-in-error"
    ).stands("R18", 27)


@pytest.mark.parametrize("silent", ["met", "las"])
def test_while_a_service_is_silent_that_nobody_went_cannot_be_verified(silent: str) -> None:
    crisis = closed()
    last_heard = dict.fromkeys(("met", "las"), crisis.events[-1].event.time) | {
        silent: crisis.events[0].event.time
    }
    (finding,) = (
        standing
        for standing in crisis.evaluation(
            20, last_heard, {"ambulance": ("las",), "police": ("met",)}
        ).standing
        if standing.finding.rule == "R18"
    )
    assert finding.verification == "cannot-be-verified"
