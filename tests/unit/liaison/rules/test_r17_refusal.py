"""R17: a call that one service declined or passed on, and that no other answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.liaison.script import SECOND, Script, limit, minute

RECEIVED, AT_RISK, SENT = (
    limit("R17", name) for name in ("received_within", "sent_within_at_risk", "sent_within")
)


def declined(nature: str = "suicidal", **data: object) -> Script:
    """The police decline in the first minute and refer the caller to the ambulance service."""
    crisis = Script().police("incident.reported", -5, nature=nature)
    statement: dict[str, Any] = {"reason": "threshold-not-met", "referred_to": "las"} | data
    return crisis.police("incident.declined", 0, **statement)


def received(crisis: Script, at: float = 3) -> Script:
    """The ambulance service opens a call about it."""
    linked = [{"agency": "met", "reference": "CAD-1"}]
    return crisis.ambulance(
        "incident.reported", at, nature="medical", ambulance_category="C3", linked=linked
    )


def test_the_other_service_has_no_call_within_the_limit() -> None:
    assert not declined().stands("R17", RECEIVED - SECOND)
    finding = declined().finding("R17", RECEIVED)
    assert finding.stage == "no-call"
    assert finding.recipients == ("police-supervisor", "ambulance-control")
    assert finding.agencies == ("las", "met")
    assert finding.act_by == minute(RECEIVED + limit("R17", "dispute_call_within"))


def test_a_call_at_the_very_limit_is_in_time_and_one_a_second_later_is_not() -> None:
    assert not received(declined(), RECEIVED).stands("R17", RECEIVED)
    late = received(declined(), RECEIVED + SECOND)
    assert late.stands("R17", RECEIVED)
    assert not late.stands("R17", RECEIVED + SECOND)


@pytest.mark.parametrize(
    ("nature", "within", "urgency"), [("suicidal", AT_RISK, 1), ("welfare-concern", SENT, 2)]
)
def test_it_has_the_call_and_sends_nobody(nature: str, within: float, urgency: int) -> None:
    crisis = received(declined(nature))
    assert not crisis.stands("R17", within - SECOND)
    finding = crisis.finding("R17", within)
    assert (finding.stage, finding.urgency) == ("nobody-sent", urgency)


def test_who_opens_its_call_late_has_as_long_again_to_send_somebody() -> None:
    crisis = received(declined(), AT_RISK + 10)
    assert crisis.stands("R17", AT_RISK + 10 - SECOND)
    assert not crisis.stands("R17", AT_RISK + 10 + RECEIVED - SECOND)
    assert crisis.stands("R17", AT_RISK + 10 + RECEIVED)


RESPONDS: dict[str, Callable[[Script, float], Script]] = {
    "crew sent": lambda crisis, at: crisis.ambulance(
        "resource.assigned", at, resource="A1", kind="ambulance"
    ),
    "police go after all": lambda crisis, at: crisis.police(
        "resource.on-scene", at, resource="MX1", kind="police-unit"
    ),
    "clinician rang": lambda crisis, at: crisis.ambulance(
        "incident.graded", at, assessed_by_clinician=True
    ),
    "checked": lambda crisis, at: crisis.police("welfare.checked", at, seen=True),
    "call closed": lambda crisis, at: crisis.ambulance(
        "incident.closed", at, attended=False, outcome="referred"
    ),
}


@pytest.mark.parametrize("name", RESPONDS)
def test_somebody_responds_and_only_that_ends_it(name: str) -> None:
    crisis = received(declined())
    assert crisis.stands("R17", AT_RISK + 5)
    answered = RESPONDS[name](crisis.copy(), AT_RISK + 5)
    assert answered.stands("R17", AT_RISK + 5 - SECOND)
    assert not answered.stands("R17", AT_RISK + 5)
    assert not RESPONDS[name](crisis.copy(), AT_RISK).stands("R17", AT_RISK)


def test_a_unit_that_is_stood_down_again_is_no_response() -> None:
    crisis = received(declined()).ambulance("resource.assigned", 5, resource="A1", kind="ambulance")
    assert not crisis.stands("R17", AT_RISK + 30)
    crisis.ambulance(
        "resource.stood-down", 20, resource="A1", kind="ambulance", reason="higher-priority"
    )
    assert crisis.stands("R17", AT_RISK)


def test_a_referral_that_the_trust_acknowledged_is_an_answer() -> None:
    crisis = declined(referred_to="slam")
    crisis.say(
        "met-cad",
        "referral.sent",
        1,
        referral="M-1",
        to_agency="slam",
        priority="4",
        incident="CAD-1",
    )
    assert crisis.stands("R17", RECEIVED)
    crisis.say("slam-ehr", "referral.acknowledged", 4, referral="M-1", from_agency="met")
    assert not crisis.stands("R17", RECEIVED)


def test_who_is_not_named_is_any_other_service() -> None:
    crisis = declined(referred_to=None)
    assert crisis.stands("R17", RECEIVED)
    assert not received(crisis).stands("R17", RECEIVED)


def test_a_named_agency_is_not_replaced_by_another_ones_call() -> None:
    assert received(declined(referred_to="slam")).stands("R17", RECEIVED)


def test_both_have_declined_and_nobody_waits_for_a_limit() -> None:
    crisis = received(declined()).ambulance(
        "incident.declined", 10, reason="other-agency", referred_to="met"
    )
    assert not crisis.stands("R17", 10 - SECOND)
    assert crisis.finding("R17", 10).stage == "declined-by-all"


def test_passed_on_to_a_third_it_is_another_alert_with_its_own_limit() -> None:
    crisis = declined()
    first = crisis.finding("R17", 8).key
    received(crisis, 8).ambulance("incident.transferred", 10, to_agency="slam")
    assert not crisis.stands("R17", 10 + RECEIVED - SECOND)
    assert crisis.finding("R17", 10 + RECEIVED).key != first


@pytest.mark.parametrize("nature", ["crime", "traffic-collision", "disturbance"])
def test_what_is_no_crisis_prompts_nothing(nature: str) -> None:
    assert not declined(nature).stands("R17", 600)


def test_while_police_are_there_it_is_another_rule_that_speaks() -> None:
    crisis = Script().police("incident.reported", -9, nature="suicidal")
    crisis.ambulance("incident.reported", -8, nature="suicidal", ambulance_category="C3")
    crisis.police("resource.on-scene", -5, resource="MX1", kind="police-unit")
    crisis.ambulance("incident.declined", 0, reason="police-present")
    assert not crisis.stands("R17", 60)
    assert crisis.stands("R01", 60)


def test_a_declined_call_that_is_closed_raises_no_second_alert() -> None:
    crisis = declined().police("incident.closed", 1, attended=False, outcome="referred")
    assert crisis.stands("R17", 10)
    assert not crisis.stands("R18", 10)


@pytest.mark.parametrize(
    ("caller_told", "sentence"), [(True, "yes"), (False, "no"), (None, "not recorded")]
)
def test_it_says_whether_the_caller_was_told(caller_told: bool | None, sentence: str) -> None:
    finding = declined(caller_told=caller_told).finding("R17", 10)
    assert f"Caller told: {sentence}" in [item.statement for item in finding.evidence]


def test_a_decision_that_is_taken_back_prompts_nothing() -> None:
    crisis = Script().police("incident.reported", -5, nature="suicidal")
    crisis.police(
        "incident.declined", 0, event_id="no", reason="threshold-not-met", referred_to="las"
    )
    assert crisis.stands("R17", 10)
    assert not crisis.police(
        "event.retracted", 11, retracts="no", reason="entered-in-error"
    ).stands("R17", 12)


def test_while_the_other_service_is_silent_that_it_has_no_call_cannot_be_verified() -> None:
    last_heard = {"met": minute(10), "las": minute(2)}
    (finding,) = [
        standing
        for standing in declined().evaluation(10, last_heard).standing
        if standing.finding.rule == "R17"
    ]
    assert finding.verification == "cannot-be-verified"
