"""R09: the 24 hours of section 136: where they start, what does not restart them, and what extends them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.liaison.crisis.fold import fold
from services.liaison.evaluate import findings
from tests.unit.liaison.script import (
    POLICE,
    POLICY,
    REGISTRY,
    SECOND,
    TRUST,
    Script,
    event,
    limit,
    minute,
)

HOUR = 60.0
PERIOD = limit("R09", "period")
UNASSESSED = limit("R09", "assessment_within")
FIRST, SECOND_WARNING = limit("R09", "first_warning"), limit("R09", "second_warning")
ED = {"site": "st-thomas", "kind": "emergency-department"}
HBPOS = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}
STATION = {"site": "brixton", "kind": "police-station"}
ARRIVED = 60.0


def detained(power: str = "s136", **more: Any) -> Script:
    """Detained in the street in the fifth minute."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.consulted", 4, detention="D-1", role="nurse")
    return crisis.police("detention.detained", 5, detention="D-1", power=power, **more)


def arrived(power: str = "s136", at: dict[str, str] = ED) -> Script:
    """The same, at a place of safety an hour after the call."""
    return detained(power).police("detention.arrived", ARRIVED, detention="D-1", at=at)


def says(crisis: Script, kind: str, at: float, /, **data: Any) -> Script:
    """The trust says it of the same detention."""
    return crisis.say(TRUST, f"detention.{kind}", at, incident="T-1", detention="D-1", **data)


def extended(crisis: Script, at: float, until: float | None = None, **more: Any) -> Script:
    """Extended as section 136B asks, unless something else is said."""
    end = ARRIVED + PERIOD + 12 * HOUR if until is None else until
    data = {"authorised_by": "registered-medical-practitioner", "because_of_condition": True} | more
    return says(crisis, "extended", at, until=minute(end).isoformat(), **data)


def stage(crisis: Script, at: float) -> str | None:
    """What the alert says at that minute; None where none stands."""
    finding = crisis.standing("R09", at)
    return finding[0].finding.stage if finding else None


def test_the_law_gives_twenty_four_hours_and_at_most_twelve_more() -> None:
    assert (PERIOD, limit("R09", "extension")) == (24 * HOUR, 12 * HOUR)


@pytest.mark.parametrize(
    ("after", "name", "urgency"),
    [
        (UNASSESSED, "not-assessed", 3),
        (FIRST, "first-warning", 3),
        (SECOND_WARNING, "second-warning", 2),
        (PERIOD, "period-ended", 1),
        (36 * HOUR, "no-longer-lawful", 1),
    ],
)
def test_each_stage_begins_at_its_limit_after_arrival_not_after_detention(
    after: float, name: str, urgency: int
) -> None:
    assert stage(arrived(), ARRIVED + after - SECOND) != name
    assert stage(arrived(), ARRIVED + after) == name
    assert arrived().finding("R09", ARRIVED + after).urgency == urgency


def test_before_arrival_no_clock_runs() -> None:
    assert stage(detained(), 48 * HOUR) is None


def test_for_a_person_kept_where_they_are_the_clock_starts_with_that_decision() -> None:
    kept_there = detained(kept_at=HBPOS)
    assert stage(kept_there, 5 + PERIOD - SECOND) == "second-warning"
    assert stage(kept_there, 5 + PERIOD) == "period-ended"


def test_an_arrival_nobody_told_of_is_not_later_than_the_handover() -> None:
    crisis = says(detained(), "handed-over", 90, at=HBPOS)
    assert stage(crisis, 90 + PERIOD) == "period-ended"


@pytest.mark.parametrize("sentence", ["moved", "arrived"])
def test_a_move_does_not_restart_it(sentence: str) -> None:
    where = {"to": HBPOS} if sentence == "moved" else {"at": HBPOS}
    crisis = says(arrived(), sentence, 10 * HOUR, **where)
    assert stage(crisis, ARRIVED + PERIOD) == "period-ended"


def test_a_site_that_opens_its_own_record_starts_no_clock_of_its_own() -> None:
    crisis = arrived().say(
        TRUST,
        "detention.detained",
        10 * HOUR,
        incident="T-1",
        detention="T-D-7",
        power="s136",
        kept_at=HBPOS,
    )
    (finding,) = crisis.standing("R09", 10 * HOUR + PERIOD)
    assert finding.finding.act_by == minute(ARRIVED + PERIOD)


def test_two_people_detained_by_one_force_have_two_clocks() -> None:
    crisis = arrived().police(
        "detention.detained", 70, detention="D-2", power="s136", kept_at=HBPOS
    )
    assert len(crisis.standing("R09", 70 + PERIOD)) == 2


def test_once_the_assessment_began_nobody_asks_for_it_and_the_end_of_the_period_is_still_told() -> (
    None
):
    crisis = says(arrived(), "assessment-started", ARRIVED + UNASSESSED)
    assert stage(crisis, ARRIVED + UNASSESSED) is None
    assert stage(crisis, ARRIVED + FIRST) == "first-warning"
    late = says(arrived(), "assessment-started", ARRIVED + UNASSESSED + SECOND)
    assert stage(late, ARRIVED + UNASSESSED) == "not-assessed"
    assert stage(late, ARRIVED + UNASSESSED + SECOND) is None


def test_assessed_and_not_ended_is_told_as_that() -> None:
    crisis = says(arrived(), "assessed", 10 * HOUR, outcome="section-2")
    assert "no end of the detention is recorded" in crisis.finding("R09", ARRIVED + FIRST).reason


@pytest.mark.parametrize("late", [0, SECOND])
def test_ended_at_the_very_end_is_in_time(late: float) -> None:
    crisis = says(arrived(), "ended", ARRIVED + PERIOD + late, outcome="admitted")
    assert (stage(crisis, ARRIVED + PERIOD) == "period-ended") is bool(late)
    assert stage(crisis, ARRIVED + PERIOD + late) is None


def test_an_extension_in_time_moves_the_end_and_the_warnings() -> None:
    end = ARRIVED + 36 * HOUR
    crisis = extended(arrived(), ARRIVED + PERIOD)
    assert stage(crisis, ARRIVED + PERIOD) == "not-assessed"
    assert stage(crisis, end - 2 * HOUR - SECOND) == "first-warning"
    assert stage(crisis, end - 2 * HOUR) == "second-warning"
    assert stage(crisis, end) == "no-longer-lawful"


def test_a_shorter_extension_ends_when_it_says() -> None:
    crisis = extended(arrived(), 20 * HOUR, until=ARRIVED + 30 * HOUR)
    assert stage(crisis, ARRIVED + 30 * HOUR - SECOND) == "second-warning"
    assert stage(crisis, ARRIVED + 30 * HOUR) == "period-ended"
    assert "the extension has ended" in crisis.finding("R09", ARRIVED + 30 * HOUR).reason


WRONG: dict[str, tuple[Callable[[Script], Script], str]] = {
    "late": (
        lambda crisis: extended(crisis, ARRIVED + PERIOD + SECOND),
        "after the period had ended",
    ),
    "too long": (
        lambda crisis: extended(crisis, 23 * HOUR, until=ARRIVED + 36 * HOUR + SECOND),
        "longer than 12 hours",
    ),
    "for want of a bed": (
        lambda crisis: extended(crisis, 23 * HOUR, because_of_condition=False),
        "not the person's condition",
    ),
    "not by the doctor": (
        lambda crisis: extended(crisis, 23 * HOUR, authorised_by="unknown"),
        "medical practitioner's",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_extension_that_the_act_does_not_allow_is_told_at_once_and_does_not_extend(
    name: str,
) -> None:
    make, fault = WRONG[name]
    crisis = make(arrived())
    recorded_at = crisis.events[-1].event.time
    at = (recorded_at - minute(0)).total_seconds() / 60
    before = crisis.standing("R09", at - SECOND)
    assert not before or fault not in before[0].finding.reason
    finding = crisis.finding("R09", at)
    assert fault in finding.reason
    assert finding.urgency == 1
    assert crisis.finding("R09", ARRIVED + PERIOD + 2 * SECOND).stage == "period-ended1"


def test_a_second_extension_as_the_act_asks_puts_a_wrong_one_right() -> None:
    crisis = extended(arrived(), 22 * HOUR, because_of_condition=False)
    assert stage(crisis, 22 * HOUR) == "extension-1"
    assert stage(extended(crisis, 23 * HOUR), 25.5 * HOUR) == "not-assessed"


@pytest.mark.parametrize(("approved", "counts"), [(True, True), (False, False), (None, False)])
def test_at_a_police_station_a_superintendent_must_approve(
    approved: bool | None, counts: bool
) -> None:
    crisis = extended(arrived(at=STATION), 22 * HOUR, superintendent_approved=approved)
    assert (stage(crisis, ARRIVED + PERIOD) == "not-assessed") is counts
    assert "custody" in crisis.finding("R09", ARRIVED + PERIOD).recipients
    elsewhere = extended(arrived(), 22 * HOUR, superintendent_approved=approved)
    assert stage(elsewhere, ARRIVED + PERIOD) == "not-assessed"


def test_once_the_act_of_2025_forbids_police_stations_no_superintendent_is_asked_for() -> None:
    crisis = extended(arrived(at=STATION), 22 * HOUR)

    def said(commenced: date) -> bool:
        changed = POLICY.model_copy(update={"regimes": {"mental-health-act-2025-s48": commenced}})
        return any(
            "superintendent" in finding.reason
            for finding in findings(crisis.crisis(), changed)
            if finding.rule == "R09"
        )

    assert said(date(2026, 11, 25))
    assert not said(date(2026, 11, 24))


def test_an_escape_does_not_stop_the_clock_and_while_away_nobody_is_asked_for_an_assessment() -> (
    None
):
    crisis = says(arrived(), "escaped", 10 * HOUR)
    assert stage(crisis, ARRIVED + UNASSESSED) is None
    assert stage(crisis, ARRIVED + SECOND_WARNING) == "retake-ends"
    assert "police-control" in crisis.finding("R09", ARRIVED + SECOND_WARNING).recipients
    assert stage(crisis, ARRIVED + PERIOD) == "retake-ended"
    back = says(crisis, "moved", 18 * HOUR, to=HBPOS)
    assert stage(back, 18 * HOUR) == "not-assessed"
    assert stage(back, ARRIVED + PERIOD) == "period-ended"


def test_escaped_before_arrival_the_person_may_be_retaken_for_twenty_four_hours_from_the_escape() -> (
    None
):
    crisis = detained().police("detention.escaped", 30, detention="D-1")
    assert stage(crisis, 30 + SECOND_WARNING - SECOND) is None
    assert stage(crisis, 30 + SECOND_WARNING) == "retake-ends"
    assert stage(crisis, 30 + PERIOD) == "retake-ended"


def test_section_135_1_has_the_same_period_and_section_135_2_has_none() -> None:
    assert stage(arrived("s135-1"), ARRIVED + PERIOD) == "period-ended"
    assert stage(arrived("s135-2"), ARRIVED + PERIOD) is None


def test_an_arrival_that_is_taken_back_and_sent_anew_with_an_earlier_time_moves_the_clock() -> None:
    crisis = detained().police("detention.arrived", ARRIVED, event_id="a1", detention="D-1", at=ED)
    assert stage(crisis, 30 + PERIOD) == "second-warning"
    crisis.police("event.retracted", 300, event_id="x", retracts="a1", reason="entered-in-error")
    crisis.police("detention.arrived", 30, event_id="a2", detention="D-1", at=ED)
    assert stage(crisis, 30 + PERIOD) == "period-ended"


def test_an_extension_whose_reason_is_corrected_counts() -> None:
    crisis = arrived()
    crisis.police(
        "detention.extended",
        22 * HOUR,
        event_id="x1",
        detention="D-1",
        until=minute(ARRIVED + 30 * HOUR).isoformat(),
        authorised_by="registered-medical-practitioner",
        because_of_condition=False,
    )
    assert stage(crisis, 25 * HOUR) == "period-ended1"
    right = {
        "incident": "CAD-1",
        "detention": "D-1",
        "until": minute(ARRIVED + 30 * HOUR).isoformat(),
        "authorised_by": "registered-medical-practitioner",
        "because_of_condition": True,
    }
    crisis.police("event.corrected", 23 * HOUR, event_id="x2", corrects="x1", data=right)
    assert stage(crisis, 25 * HOUR) == "not-assessed"


def test_an_end_that_was_retracted_is_none() -> None:
    crisis = arrived().police(
        "detention.ended", 300, event_id="z", detention="D-1", outcome="released"
    )
    assert stage(crisis, ARRIVED + PERIOD) is None
    crisis.police("event.retracted", 400, event_id="x", retracts="z", reason="entered-in-error")
    assert stage(crisis, ARRIVED + PERIOD) == "period-ended"


def test_the_night_the_clocks_go_back_has_twenty_four_hours_all_the_same() -> None:
    came = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
    crisis = [
        event(
            POLICE,
            "detention.detained",
            came,
            "a",
            {"incident": "C", "detention": "D", "power": "s136"},
        ),
        event(
            POLICE, "detention.arrived", came, "b", {"incident": "C", "detention": "D", "at": HBPOS}
        ),
    ]
    result = findings(fold("crisis", "southwark", crisis, None), POLICY)
    (ended,) = [finding for finding in result if finding.stage == "period-ended"]
    assert ended.holds_from == datetime(2026, 10, 25, 20, 0, tzinfo=UTC)
    assert "began at 24 Oct 21:00" in ended.reason, (
        "in summer time; the next day the same instant is 20:00 on the clock"
    )


def test_while_the_trust_is_not_heard_an_end_of_the_detention_cannot_be_ruled_out() -> None:
    now = ARRIVED + PERIOD
    last_heard = dict.fromkeys(REGISTRY.agencies_by_id, minute(now))
    last_heard["slam"] = minute(now - 5)
    (finding,) = [
        standing
        for standing in arrived()
        .evaluation(now, last_heard, {"mental-health-trust": ("slam",)})
        .standing
        if standing.finding.rule == "R09"
    ]
    assert finding.verification == "cannot-be-verified"


def test_it_goes_to_the_trust_and_the_amhp() -> None:
    assert arrived().finding("R09", ARRIVED + PERIOD).recipients == ("mental-health-crisis", "amhp")


def test_after_the_period_every_desk_reads_that_the_power_to_detain_has_ended() -> None:
    before = arrived().finding("R09", ARRIVED + PERIOD - SECOND)
    after = arrived().finding("R09", ARRIVED + PERIOD)
    for role in after.recipients:
        assert "The power to detain has ended" in after.step_for(role)
        assert "The power to detain has ended" not in before.step_for(role)
    assert "The power to detain ended at" in after.reason


def test_an_instant_of_another_day_has_its_date_and_one_of_the_same_day_has_none() -> None:
    warned = arrived().finding("R09", ARRIVED + PERIOD - 2 * HOUR)
    began, ends = minute(ARRIVED), minute(ARRIVED + PERIOD)
    assert f"began at {began.day} {began:%b %H:%M}" in warned.reason
    assert f"ends at {ends:%H:%M}" in warned.reason
