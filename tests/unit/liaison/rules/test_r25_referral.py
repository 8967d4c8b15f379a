"""R25: a referral is acknowledged, and something comes of it."""

from __future__ import annotations

from tests.unit.liaison.script import SECOND, Script, limit

DAY = 24 * 60.0


def referred(priority: str = "3") -> Script:
    """Monday 14:00."""
    return Script().say(
        "met-cad", "referral.sent", 0, referral="M-1", to_agency="slam", priority=priority
    )


def test_a_referral_is_acknowledged_in_a_day() -> None:
    within = limit("R25", "acknowledged_within")
    assert not referred().stands("R25", within - SECOND)
    assert set(referred().finding("R25", within).agencies) == {"met", "slam"}
    answered = referred().say(
        "slam-ehr", "referral.acknowledged", within, referral="M-1", from_agency="met"
    )
    assert not answered.stands("R25", within)


def test_five_working_days_without_an_outcome_and_a_weekend_does_not_count() -> None:
    crisis = referred().say(
        "slam-ehr", "referral.acknowledged", 60, referral="M-1", from_agency="met"
    )
    monday = 7 * DAY
    assert not crisis.stands("R25", monday)
    assert crisis.finding("R25", 8 * DAY).stage == "no-outcome"
    done = crisis.copy().say(
        "slam-ehr", "referral.outcome", DAY, referral="M-1", from_agency="met", outcome="declined"
    )
    assert not done.stands("R25", 8 * DAY)


def test_what_is_urgent_is_asked_after_by_another_rule() -> None:
    assert not referred("4").stands("R25", limit("R25", "acknowledged_within") + 1)


def test_sender_and_receiver_each_read_what_they_have_to_do() -> None:
    for at in (limit("R25", "acknowledged_within"), 8 * DAY):
        finding = referred().finding("R25", at)
        sender, receiver = (finding.step_for("frequent-contact", who) for who in ("met", "slam"))
        assert sender.startswith("Ring the receiver")
        assert receiver.startswith("Say ")
