"""R29: a person referred in a crisis is not seen in time, or a 999 call that was promised does not come."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.liaison.policy import Policy
from tests.unit.liaison.script import POLICY, SECOND, Script, limit, minute

SOON, DAY, CALL = (
    limit("R29", name)
    for name in ("very_urgent_seen_within", "urgent_seen_within", "emergency_call_within")
)


def referred(priority: str = "4", referral: str = "M-1", at: float = 0) -> Script:
    """The police refer somebody to a trust."""
    return refer(Script(), priority, referral, at)


def refer(crisis: Script, priority: str, referral: str, at: float) -> Script:
    """One more referral."""
    return crisis.say(
        "met-cad", "referral.sent", at, referral=referral, to_agency="slam", priority=priority
    )


def outcome(crisis: Script, at: float, outcome_: str) -> Script:
    """The trust says what became of it."""
    return crisis.say(
        "slam-ehr", "referral.outcome", at, referral="M-1", from_agency="met", outcome=outcome_
    )


@pytest.mark.parametrize(
    ("priority", "within", "urgency"), [("1", SOON, 2), ("4", SOON, 2), ("2", DAY, 3)]
)
def test_not_seen_within_the_time_of_its_priority(
    priority: str, within: float, urgency: int
) -> None:
    assert not referred(priority).stands("R29", within - SECOND)
    finding = referred(priority).finding("R29", within)
    assert finding.urgency == urgency
    assert finding.act_by == minute(within)
    assert finding.agencies == ("slam",)


def test_a_routine_referral_has_no_such_time() -> None:
    assert not referred("3").stands("R29", 10 * DAY)


@pytest.mark.parametrize(
    "outcome_", ["seen", "signposted", "declined", "emergency-services-notified"]
)
def test_an_answer_at_the_very_limit_is_in_time_and_one_a_second_later_is_not(
    outcome_: str,
) -> None:
    assert not outcome(referred(), SOON, outcome_).stands("R29", SOON)
    late = outcome(referred(), SOON + SECOND, outcome_)
    assert late.stands("R29", SOON)
    assert not late.stands("R29", SOON + SECOND)


@pytest.mark.parametrize("outcome_", ["accepted", "other"])
def test_what_is_accepted_is_not_seen(outcome_: str) -> None:
    assert outcome(referred(), 10, outcome_).stands("R29", SOON)


def test_an_assessment_under_section_136_is_being_seen() -> None:
    crisis = referred().police("detention.detained", 60, detention="D-1", power="s136")
    assert crisis.stands("R29", SOON)
    crisis.say(
        "slam-ehr",
        "detention.assessed",
        200,
        incident="S-1",
        detention="D-1",
        outcome="discharged-home",
    )
    assert not crisis.stands("R29", SOON)


def test_a_follow_up_that_was_completed_is_being_seen() -> None:
    crisis = referred().say(
        "slam-ehr", "follow-up.completed", 200, follow_up="F-1", mode="in-person"
    )
    assert not crisis.stands("R29", SOON)


def test_several_referrals_of_one_crisis_give_the_most_urgent_alert_only() -> None:
    crisis = refer(referred("2"), "4", "M-2", DAY - SOON)
    assert [standing.finding.urgency for standing in crisis.standing("R29", DAY + 30)] == [2]


def test_when_the_urgent_one_is_seen_the_other_still_waits() -> None:
    crisis = refer(referred("4"), "2", "M-2", 0)
    outcome(crisis, DAY + 60, "seen")
    assert [standing.finding.urgency for standing in crisis.standing("R29", DAY + 61)] == [3]


def test_the_national_time_can_be_made_shorter_and_not_longer() -> None:
    def with_limit(seconds: int) -> Policy:
        return Policy.model_validate(
            POLICY.model_dump() | {"limits": {"R29": {"very_urgent_seen_within": seconds}}}
        )

    assert with_limit(7200).number("R29", "very_urgent_seen_within") == 7200
    with pytest.raises(ValidationError, match="national standard"):
        with_limit(14401)


def notified() -> Script:
    """The crisis line ended a referral in the tenth minute by notifying the emergency services."""
    return outcome(referred("1"), 10, "emergency-services-notified")


def test_emergency_services_were_notified_and_no_call_is_known() -> None:
    assert not notified().stands("R29", 10 + CALL - SECOND)
    finding = notified().finding("R29", 10 + CALL)
    assert "no police or ambulance call" in finding.reason
    assert "not identified" in finding.reason


@pytest.mark.parametrize("at", [5, 12, 10 + CALL])
def test_a_call_that_was_open_or_comes_in_time_is_enough(at: float) -> None:
    crisis = notified().ambulance(
        "incident.reported", at, nature="suicidal", ambulance_category="C2"
    )
    assert not crisis.stands("R29", 10 + CALL)


def test_a_call_that_was_closed_before_is_another_one() -> None:
    crisis = notified().ambulance("incident.reported", 2, nature="suicidal")
    crisis.ambulance("incident.closed", 8, attended=False, outcome="duplicate")
    assert crisis.stands("R29", 10 + CALL)


def test_it_ends_when_the_call_is_known() -> None:
    crisis = notified().police("incident.reported", 40, nature="suicidal")
    assert crisis.stands("R29", 40 - SECOND)
    assert not crisis.stands("R29", 40)


def test_an_outcome_that_was_another_persons_is_taken_back_and_the_wait_goes_on() -> None:
    crisis = referred().say(
        "slam-ehr",
        "referral.outcome",
        60,
        event_id="x",
        referral="M-1",
        from_agency="met",
        outcome="seen",
    )
    assert not crisis.stands("R29", SOON)
    crisis.say("slam-ehr", "event.retracted", 70, retracts="x", reason="wrong-person")
    assert crisis.stands("R29", SOON)


@pytest.mark.parametrize(
    ("crisis", "silent", "at"), [(referred(), "slam", SOON), (notified(), "las", 10 + CALL)]
)
def test_while_the_one_who_would_say_so_is_silent_it_cannot_be_verified(
    crisis: Script, silent: str, at: float
) -> None:
    last_heard = dict.fromkeys(("met", "las", "slam"), minute(at)) | {silent: minute(at - 2)}
    (finding,) = [
        standing
        for standing in crisis.evaluation(at, last_heard, {"ambulance": ("las",)}).standing
        if standing.finding.rule == "R29"
    ]
    assert finding.verification == "cannot-be-verified"
