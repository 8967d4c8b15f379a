"""R28: somebody is in contact in time after a crisis."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.liaison.script import SECOND, Script, limit, minute

SITE = {"site": "maudsley", "kind": "health-based-place-of-safety"}


WHO: dict[str, Any] = {
    "names": [{"given": "Ewa", "family": "Nowak"}],
    "date_of_birth": "1977-02-02",
    "ethnicity": "C",
}


DAY = 24 * 60.0


FOLLOW_UP = limit("R28", "contact_within")


REMINDER, DISCHARGED = limit("R28", "reminder_after"), limit("R28", "post_discharge_within")


def left_at_home(outcome: str = "referred", person: dict[str, Any] | None = None) -> Script:
    crisis = Script().ambulance(
        "incident.reported", 0, nature="self-harm", ambulance_category="C2", person=person or WHO
    )
    crisis.ambulance("resource.on-scene", 20, resource="A1", kind="ambulance")
    return crisis.ambulance("incident.closed", 60, attended=True, outcome=outcome)


def test_two_days_after_self_harm_at_home_the_trust_has_not_been_in_contact() -> None:
    assert left_at_home().finding("R28", 60 + FOLLOW_UP - SECOND).urgency == 4
    assert left_at_home().finding("R28", 60 + FOLLOW_UP).urgency == 3


def test_after_a_day_a_reminder_comes_where_nothing_is_booked() -> None:
    assert not left_at_home().stands("R28", 60 + REMINDER - SECOND)
    reminder = left_at_home().finding("R28", 60 + REMINDER)
    assert (reminder.stage, reminder.urgency, reminder.act_by) == (
        "reminder",
        4,
        minute(60 + FOLLOW_UP),
    )
    booked = left_at_home()
    booked.say(
        "slam-ehr",
        "follow-up.due",
        70,
        follow_up="F-1",
        by=minute(60 + 2 * DAY).isoformat(),
        kind="post-crisis",
    )
    assert not booked.stands("R28", 60 + REMINDER)


def test_a_follow_up_after_discharge_that_is_booked_for_next_week_is_late_after_three_days() -> (
    None
):
    crisis = Script().say(
        "slam-ehr",
        "follow-up.due",
        0,
        follow_up="F-1",
        by=minute(7 * DAY).isoformat(),
        kind="post-discharge",
    )
    assert not crisis.stands("R28", DISCHARGED - SECOND)
    assert "later than 72 hours after discharge" in crisis.finding("R28", DISCHARGED).reason
    other = Script().say(
        "slam-ehr",
        "follow-up.due",
        0,
        follow_up="F-1",
        by=minute(7 * DAY).isoformat(),
        kind="other",
    )
    assert not other.stands("R28", 7 * DAY - SECOND)
    assert other.stands("R28", 7 * DAY)


def test_a_follow_up_booked_later_than_any_standard_does_not_quiet_a_crisis_at_home() -> None:
    crisis = left_at_home()
    crisis.say(
        "slam-ehr",
        "follow-up.due",
        70,
        follow_up="F-1",
        by=minute(60 + 14 * DAY).isoformat(),
        kind="post-self-harm",
    )
    assert crisis.stands("R28", 60 + FOLLOW_UP)


@pytest.mark.parametrize(
    ("outcome", "owed"),
    [("released", True), ("lapsed", True), ("admitted", False), ("arrested", False)],
)
def test_released_from_a_detention_without_a_recorded_assessment_a_contact_is_owed(
    outcome: str, owed: bool
) -> None:
    crisis = Script().police("incident.reported", 0, nature="suicidal", person=WHO)
    crisis.police("detention.detained", 5, detention="D-1", power="s136")
    crisis.police("detention.arrived", 40, detention="D-1", at=SITE)
    crisis.police("detention.ended", 300, detention="D-1", outcome=outcome)
    assert crisis.stands("R28", 300 + FOLLOW_UP) is owed


@pytest.mark.parametrize(
    ("outcome", "owed"),
    [("other", True), ("discharged", True), ("returned", False), ("found", False)],
)
def test_a_walk_out_is_only_settled_when_the_person_is_back(outcome: str, owed: bool) -> None:
    crisis = Script().say(
        "slam-ehr", "incident.reported", 0, incident="ED-1", nature="self-harm", person=WHO
    )
    crisis.say(
        "slam-ehr",
        "absence.reported",
        10,
        absence="A-1",
        incident="ED-1",
        kind="walk-out",
        legal_status="01",
    )
    crisis.say("slam-ehr", "absence.ended", 30, absence="A-1", outcome=outcome)
    assert crisis.stands("R28", 10 + FOLLOW_UP) is owed


def test_a_follow_up_in_time_or_a_referral_that_was_seen_suppresses_it() -> None:
    done = left_at_home().say(
        "slam-ehr", "follow-up.completed", 60 + FOLLOW_UP, follow_up="F-1", mode="phone"
    )
    assert not done.stands("R28", 60 + FOLLOW_UP)
    late = left_at_home().say(
        "slam-ehr", "follow-up.completed", 61 + FOLLOW_UP, follow_up="F-1", mode="phone"
    )
    assert late.stands("R28", 60 + FOLLOW_UP)
    assert not late.stands("R28", 61 + FOLLOW_UP)


@pytest.mark.parametrize("outcome", ["conveyed", "detained"])
def test_taken_along_nobody_is_owed_a_visit(outcome: str) -> None:
    assert not left_at_home(outcome).stands("R28", 60 + FOLLOW_UP)


def test_nobody_can_ring_somebody_of_whom_nothing_is_known() -> None:
    assert not left_at_home(person={"apparent_age": 30}).stands("R28", 60 + FOLLOW_UP)


def test_discharged_home_from_a_detention() -> None:
    crisis = Script().police("incident.reported", 0, nature="suicidal", person=WHO)
    crisis.police("detention.detained", 5, detention="D-1", power="s136")
    crisis.police("detention.arrived", 40, detention="D-1", at=SITE)
    crisis.police("detention.assessed", 300, detention="D-1", outcome="discharged-home")
    assert crisis.finding("R28", 300 + FOLLOW_UP - SECOND).stage == "reminder"
    assert crisis.finding("R28", 300 + FOLLOW_UP).stage == "overdue"


def test_a_follow_up_that_is_booked_has_its_own_instant() -> None:
    crisis = left_at_home()
    by = minute(60 + 3 * DAY).isoformat()
    crisis.say("slam-ehr", "follow-up.due", 70, follow_up="F-1", by=by, kind="post-self-harm")
    assert not crisis.stands("R28", 60 + FOLLOW_UP)
    assert crisis.stands("R28", 60 + 3 * DAY)
    assert not crisis.stands("R28", 60 + 3 * DAY + 7 * DAY), "after a week it is for the records"


def test_the_two_days_are_real_hours_also_when_the_clocks_go_back() -> None:
    assert timedelta(minutes=FOLLOW_UP) == timedelta(hours=48)
    crisis = left_at_home()
    assert crisis.finding("R28", 60 + FOLLOW_UP).holds_from == minute(60) + timedelta(hours=48)
