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


# -- a call with a risk to life, and nobody is sent --------------------------------------------------------------------

AT_RISK: dict[str, dict[str, object]] = {
    "opened as suicidal": {"nature": "suicidal"},
    "opened as self-harm": {"nature": "self-harm"},
    "high risk": {"nature": "other", "risk_to_self": "high"},
    "a missing person at risk": {"nature": "missing", "risk_to_self": "medium"},
    "a sign of a risk to life": {"nature": "disturbance", "indicators": ["suicidal"]},
    "a clear crisis": {
        "nature": "disturbance",
        "indicators": ["behaviour-concern", "danger-concern"],
    },
}


@pytest.mark.parametrize("name", AT_RISK)
@pytest.mark.parametrize("agency", ["met-cad", "las-cad", "slam-ehr"])
def test_a_call_with_a_risk_to_life_may_not_wait_whosever_it_is(name: str, agency: str) -> None:
    crisis = Script().say(agency, "incident.reported", 0, incident="X-1", **AT_RISK[name])
    assert not crisis.stands("R18", HIGH - SECOND)
    assert crisis.finding("R18", HIGH).title == "Risk to life, and nobody has been sent"


@pytest.mark.parametrize(
    "facts",
    [
        {"nature": "crime"},
        {"nature": "missing"},
        {"nature": "mental-health-crisis"},
        {"nature": "disturbance", "indicators": ["behaviour-concern"]},
        {"nature": "medical", "risk_to_self": "medium"},
    ],
)
def test_a_call_without_a_risk_to_life_may_wait(facts: dict[str, object]) -> None:
    assert not Script().police("incident.reported", 0, **facts).stands("R18", 20 * 60)


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("C1", "category_1_within"),
        ("C2", "category_2_within"),
        ("C3", "category_3_within"),
        ("C4", "category_4_within"),
        ("C5", "clinician_rings_within"),
        ("hear-and-treat", "clinician_rings_within"),
    ],
)
def test_a_graded_call_waits_as_long_as_the_standard_of_its_category(
    category: str, name: str
) -> None:
    crisis = Script().ambulance(
        "incident.reported", 0, nature="suicidal", ambulance_category=category
    )
    assert not crisis.stands("R18", limit("R18", name) - SECOND)
    assert crisis.stands("R18", limit("R18", name))


def queued(**facts: object) -> Script:
    return Script().police("incident.reported", 0, nature="suicidal", **facts)


SENT: dict[str, Callable[[Script, float], Script]] = {
    "a unit is sent": lambda crisis, at: crisis.police(
        "resource.assigned", at, resource="MX1", kind="police-unit"
    ),
    "a unit is there": lambda crisis, at: crisis.police(
        "resource.on-scene", at, resource="MX1", kind="police-unit"
    ),
    "checked": lambda crisis, at: crisis.police("welfare.checked", at, seen=True),
    "detained": lambda crisis, at: crisis.police(
        "detention.detained", at, detention="D-1", power="s136"
    ),
    "a referral is acknowledged": lambda crisis, at: crisis.say(
        "met-cad",
        "referral.sent",
        at - 1,
        referral="M-1",
        to_agency="slam",
        incident="CAD-1",
        priority="2",
    ).say("slam-ehr", "referral.acknowledged", at, referral="M-1", from_agency="met"),
}


@pytest.mark.parametrize("name", SENT)
def test_it_waits_no_more_when_somebody_goes_or_has_it(name: str) -> None:
    assert queued().stands("R18", HIGH)
    assert not SENT[name](queued(), HIGH).stands("R18", HIGH)


def test_a_unit_that_is_diverted_does_not_start_the_time_anew_but_leaves_a_moment_to_send_another() -> (
    None
):
    crisis = queued().police("resource.assigned", 50, resource="MX1", kind="police-unit")
    crisis.police(
        "resource.stood-down", 70, resource="MX1", kind="police-unit", reason="higher-priority"
    )
    again = limit("R18", "sent_again_within")
    assert not crisis.stands("R18", 70 + again - SECOND)
    assert crisis.stands("R18", 70 + again)


def test_a_risk_that_is_stated_later_counts_from_then() -> None:
    crisis = Script().police("incident.reported", 0, nature="disturbance")
    crisis.police("incident.updated", 100, risk_to_self="high")
    assert not crisis.stands("R18", 100 + HIGH - SECOND)
    assert crisis.stands("R18", 100 + HIGH)


@pytest.mark.parametrize("reference", ["CAD-1", "CAD-2"])
def test_a_log_that_is_closed_and_opened_again_counts_anew(reference: str) -> None:
    crisis = queued(risk_to_self="high")
    crisis.police("incident.closed", 30, attended=False, outcome="no-further-action")
    crisis.police(
        "incident.reported", 45, incident=reference, nature="suicidal", risk_to_self="high"
    )
    assert not crisis.stands("R18", 45 + HIGH - SECOND)
    finding = crisis.finding("R18", 45 + HIGH)
    assert finding.title == "Risk to life, and nobody has been sent"
    assert finding.anchor == crisis.events[2].event.identity


def test_it_is_worse_when_it_has_waited_as_long_again() -> None:
    first, second = queued().finding("R18", HIGH), queued().finding("R18", 2 * HIGH)
    assert (first.urgency, second.urgency) == (2, 1)
    assert first.key == second.key


@pytest.mark.parametrize("rung", [True, False])
def test_it_says_whether_a_caller_who_asked_was_rung_back(rung: bool) -> None:
    crisis = queued(caller={"relation": "family", "wants_call_back": True})
    if rung:
        crisis.police("family.called-back", 20, relation="family")
    assert ("has not been" in crisis.finding("R18", HIGH).reason.partition("sent.")[2]) is not rung


def test_what_was_declined_is_asked_after_by_one_rule_alone() -> None:
    crisis = queued().police("incident.declined", 5, reason="threshold-not-met", referred_to="las")
    assert crisis.stands("R17", 2 * HIGH)
    assert not crisis.stands("R18", 2 * HIGH)


def test_it_goes_to_the_owner_and_to_whoever_may_know_the_person() -> None:
    crisis = Script().ambulance("incident.reported", 0, nature="suicidal", ambulance_category="C2")
    finding = crisis.finding("R18", limit("R18", "category_2_within"))
    assert set(finding.recipients) == {
        "police-control",
        "mental-health-crisis",
        "ambulance-control",
    }
    assert "clinician ring the caller back" in finding.step_for("ambulance-control")
    assert finding.step_for("ambulance-supervisor") == finding.step_for("ambulance-control")
