"""R20, R23, R24, R25, R26, R28: families, deaths, referrals, records and follow-up, once the police have left."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.liaison.evaluate import findings
from services.liaison.rules.completeness import missing
from services.liaison.rules.harm import end_of_next_day
from tests.unit.liaison.script import POLICY, SECOND, Script, limit, minute

SOON, BACK = limit("R20", "after_serious_within"), limit("R20", "called_back_within")
SITE = {"site": "maudsley", "kind": "health-based-place-of-safety"}
WHO: dict[str, Any] = {
    "names": [{"given": "Ewa", "family": "Nowak"}],
    "date_of_birth": "1977-02-02",
    "ethnicity": "C",
}
DAY = 24 * 60.0
LONG_AGO = datetime(2026, 9, 1, 9, tzinfo=UTC)


def detained() -> Script:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    return crisis.police("detention.detained", 5, detention="D-1", power="s136")


# -- R20 --------------------------------------------------------------------------------------------------------------


def test_four_hours_after_a_detention_nobody_of_the_family_was_reached() -> None:
    assert not detained().stands("R20", 5 + SOON - SECOND)
    assert detained().finding("R20", 5 + SOON).recipients == ("family-liaison",)


@pytest.mark.parametrize("kind", ["family.contacted", "family.called-back"])
def test_reaching_the_family_in_time_or_later_ends_it(kind: str) -> None:
    assert (
        not detained().police(kind, 5 + SOON, relation="nearest-relative").stands("R20", 5 + SOON)
    )
    late = detained().police(kind, 5 + SOON + 1, relation="nearest-relative")
    assert late.stands("R20", 5 + SOON)
    assert not late.stands("R20", 5 + SOON + 1)


def test_an_attempt_reaches_nobody_and_is_shown() -> None:
    finding = (
        detained()
        .police("family.contact-attempted", 60, relation="family")
        .finding("R20", 5 + SOON)
    )
    assert "1 attempts are recorded" in finding.reason
    assert any("Contact tried at 15:00" in e.statement for e in finding.evidence)


def test_released_before_the_limit_nobody_is_owed_a_call() -> None:
    assert (
        not detained()
        .police("detention.ended", 60, detention="D-1", outcome="released")
        .stands("R20", 5 + SOON)
    )


def test_a_sister_who_asked_to_be_called_back_is_called_back_within_a_day() -> None:
    def rang(**caller: Any) -> Script:
        return Script().police("incident.reported", 0, nature="suicidal", caller=caller)

    assert not rang(relation="family", wants_call_back=True).stands("R20", BACK - SECOND)
    assert rang(relation="family", wants_call_back=True).stands("R20", BACK)
    assert not rang(relation="family").stands("R20", BACK)
    assert not rang(relation="neighbour", wants_call_back=True).stands("R20", BACK)


def test_a_detention_that_is_retracted_owes_nothing() -> None:
    crisis = detained()
    assert crisis.stands("R20", 5 + SOON)
    retracted = crisis.police("event.retracted", 50, retracts="e2", reason="entered-in-error")
    assert not retracted.stands("R20", 5 + SOON)


def test_what_was_owed_and_not_done_is_owed_after_the_detention_too_for_a_week() -> None:
    crisis = detained().police(
        "detention.ended", 5 + SOON + 60, detention="D-1", outcome="released"
    )
    assert crisis.stands("R20", 5 + SOON + 120)
    assert not crisis.stands("R20", 5 + SOON + 7 * DAY)


def test_once_the_regime_is_in_force_the_nominated_person_takes_the_place_of_the_nearest_relative() -> (
    None
):
    crisis = detained().crisis()

    def asked(since: date | None) -> str:
        policy = POLICY.model_copy(
            update={"regimes": {"mental-health-act-2025-nominated-person": since}}
        )
        return next(f.reason for f in findings(crisis, policy) if f.rule == "R20")

    assert "nearest relative" in asked(None)
    assert "nearest relative" in asked(date(2026, 11, 24))
    assert "nominated person" in asked(date(2026, 11, 23))


# -- R23 and R24 ------------------------------------------------------------------------------------------------------


def left_and_died(after: float) -> Script:
    """Police were there until the thirtieth minute; he is found dead so many minutes later."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("resource.on-scene", 10, resource="MX1", kind="police-unit")
    crisis.police("resource.left", 30, resource="MX1", kind="police-unit", handover_to="las")
    return crisis.police("harm.reported", 30 + after, harm="death")


def test_a_death_within_two_days_of_contact_is_referred_by_the_end_of_the_next_day_in_london() -> (
    None
):
    window = limit("R23", "contact_window")
    finding = left_and_died(120).finding("R23", 150)
    assert finding.urgency == 1
    assert finding.act_by == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
    assert left_and_died(window).stands("R23", 30 + window)
    assert not left_and_died(window + SECOND).stands("R23", 31 + window)


def test_the_end_of_the_next_day_is_londons_also_when_the_clocks_change() -> None:
    saturday = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # 23:30 in London, in summer time
    assert end_of_next_day(saturday) == datetime(2026, 10, 26, 0, 0, tzinfo=UTC)
    just_after_midnight = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert end_of_next_day(just_after_midnight) == datetime(2026, 10, 27, 0, 0, tzinfo=UTC)


def test_a_death_without_contact_with_the_police_is_not_for_the_iopc() -> None:
    crisis = Script().ambulance("incident.reported", 0, nature="suicidal", ambulance_category="C1")
    assert not crisis.ambulance("harm.reported", 20, harm="death").stands("R23", 20)


def test_a_death_after_a_serious_injury_worsens_the_same_alert() -> None:
    crisis = left_and_died(60)
    injured = crisis.police("harm.reported", 50, harm="serious-injury")
    assert injured.finding("R23", 50).stage == "serious-injury"
    assert injured.finding("R23", 90).stage == "death"
    assert injured.finding("R23", 50).key == injured.finding("R23", 90).key


def test_self_harm_is_no_serious_injury() -> None:
    crisis = Script().police("incident.reported", 0, nature="self-harm")
    crisis.police("resource.on-scene", 5, resource="MX1", kind="police-unit")
    assert not crisis.police("harm.reported", 9, harm="self-harm").stands("R23", 9)


def test_a_day_after_a_death_the_family_has_not_been_reached() -> None:
    within = limit("R24", "family_within")
    crisis = left_and_died(60)
    assert not crisis.stands("R24", 90 + within - SECOND)
    assert crisis.finding("R24", 90 + within).stage == "family"
    assert (
        not crisis.copy()
        .police("family.contacted", 90 + within, relation="family")
        .stands("R24", 90 + within)
    )


def test_three_days_after_a_death_a_restraint_has_no_end_on_record() -> None:
    within = limit("R24", "force_record_within")
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("resource.on-scene", 5, resource="MX1", kind="police-unit")
    crisis.police("force.started", 6, force="F-1", kinds=["physical-restraint"])
    crisis.police("harm.reported", 20, harm="death")
    crisis.police("family.contacted", 60, relation="family")
    assert not crisis.stands("R24", 20 + within - SECOND)
    assert crisis.finding("R24", 20 + within).stage == "force-record"
    assert not crisis.copy().police("force.ended", 20, force="F-1").stands("R24", 20 + within)


def test_when_the_day_after_a_death_is_over_and_nobody_has_referred_it_the_alert_is_made_worse() -> (
    None
):
    crisis = left_and_died(60)
    over = (end_of_next_day(minute(90)) - minute(0)) / timedelta(minutes=1)
    assert crisis.finding("R23", over - SECOND).stage == "death"
    late = crisis.finding("R23", over)
    assert (late.stage, late.key) == ("death-not-referred", crisis.finding("R23", 91).key)
    referred = crisis.copy().say(
        "met-cad", "referral.sent", over - 1, referral="I-1", to_agency="iopc", priority="3"
    )
    assert not referred.stands("R23", over)


def test_a_death_is_told_to_those_who_had_to_do_with_the_person_and_to_no_other_trust() -> None:
    assert left_and_died(60).finding("R23", 91).agencies == ("met",)
    with_care = left_and_died(60).on_file("person.registered", LONG_AGO, person=WHO)
    with_care.on_file("pathway.opened", LONG_AGO, pathway="CP-1")
    assert with_care.finding("R23", 91).agencies == ("met", "slam")


def test_a_road_death_to_which_an_ambulance_came_is_not_ours() -> None:
    crisis = Script().ambulance(
        "incident.reported", 0, nature="traffic-collision", ambulance_category="C1"
    )
    crisis.ambulance("harm.reported", 20, harm="death")
    assert not crisis.stands("R24", 20 + limit("R24", "family_within"))
    suicidal = Script().ambulance(
        "incident.reported", 0, nature="suicidal", ambulance_category="C1"
    )
    assert suicidal.ambulance("harm.reported", 20, harm="death").stands(
        "R24", 20 + limit("R24", "family_within")
    )


def test_closing_the_incident_is_no_record_of_the_end_of_force() -> None:
    within = limit("R24", "force_record_within")
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("force.started", 6, force="F-1", kinds=["physical-restraint"])
    crisis.police("harm.reported", 20, harm="death")
    crisis.police("family.contacted", 60, relation="family")
    crisis.police("incident.closed", 90, attended=True, outcome="other")
    assert crisis.stands("R24", 20 + within)
    assert not crisis.copy().police("force.ended", 89, force="F-1").stands("R24", 20 + within)


# -- R25 --------------------------------------------------------------------------------------------------------------


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


# -- R26 --------------------------------------------------------------------------------------------------------------


def closed(person: dict[str, Any] | None, **more: Any) -> Script:
    crisis = Script().police(
        "incident.reported", 0, nature="suicidal", **({} if person is None else {"person": person})
    )
    crisis.police("resource.on-scene", 10, resource="MX1", kind="police-unit")
    crisis.police(
        "resource.left", 30, resource="MX1", kind="police-unit", **{"handover_to": "slam", **more}
    )
    return crisis.police("incident.closed", 31, attended=True, outcome="resolved")


WITHIN = limit("R26", "complete_within")


def gaps(script: Script) -> tuple[str, ...]:
    crisis = script.crisis()
    return missing(crisis, next(i for i in crisis.incidents if i.key[0] == "met"))


def test_a_complete_record_prompts_nothing() -> None:
    assert gaps(closed(WHO)) == ()
    assert not closed(WHO).stands("R26", 31 + WITHIN)


def test_each_gap_is_named_by_its_field_and_by_nothing_else() -> None:
    assert gaps(closed(None)) == ("identity, or why it is not known",)
    assert gaps(closed({"certainty": "unknown", "apparent_age": 40})) == ()
    assert gaps(closed({**WHO, "ethnicity": None})) == ("ethnicity",)
    assert gaps(closed(WHO, handover_to=None)) == ("handover",)
    forced = closed(WHO).police("force.started", 12, force="F-1", kinds=["handcuffs"])
    assert gaps(forced) == ("end of the use of force",)
    seen = closed(WHO).ambulance("incident.reported", 5, nature="suicidal", ambulance_category="C2")
    assert gaps(seen) == ("reference of the other service",)
    later = closed(WHO).ambulance(
        "incident.reported", 40, nature="suicidal", ambulance_category="C2"
    )
    assert gaps(later) == (), "what began after it was closed could not be named in it"


def test_what_was_stated_once_stays_stated_when_a_later_update_leaves_it_out() -> None:
    assert gaps(closed(WHO).police("incident.updated", 20, person={"names": WHO["names"]})) == ()
    assert gaps(closed(WHO).police("incident.updated", 20, person={"apparent_age": 50})) == ()


@pytest.mark.parametrize(
    ("injury", "gap"), [({}, True), ({"injury": False}, False), ({"injury": True}, False)]
)
def test_the_end_of_a_use_of_force_says_whether_anybody_was_hurt(
    injury: dict[str, bool], gap: bool
) -> None:
    forced = closed(WHO).police("force.started", 12, force="F-1", kinds=["handcuffs"])
    forced.police("force.ended", 20, force="F-1", **injury)
    assert gaps(forced) == (("whether anybody was hurt by the use of force",) if gap else ())


def test_an_hour_is_given_to_complete_it_and_completing_it_ends_the_alert() -> None:
    crisis = closed(None)
    assert not crisis.stands("R26", 31 + WITHIN - SECOND)
    finding = crisis.finding("R26", 31 + WITHIN)
    assert (finding.urgency, finding.agencies) == (5, ("met",))
    assert not crisis.copy().police("incident.updated", 60, person=WHO).stands("R26", 31 + WITHIN)
    assert crisis.police("harm.reported", 40, harm="death").finding("R26", 31 + WITHIN).urgency == 3


def test_a_burglary_may_have_gaps() -> None:
    crisis = Script().police("incident.reported", 0, nature="crime")
    crisis.police("force.started", 5, force="F-1", kinds=["handcuffs"])
    crisis.police("incident.closed", 31, attended=True, outcome="arrested")
    assert not crisis.stands("R26", 31 + WITHIN)


# -- R28 --------------------------------------------------------------------------------------------------------------

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
