"""R23: a death or serious injury around contact with the police is referred in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.liaison.rules.r23_serious_harm import end_of_next_day
from tests.unit.liaison.rules.died_after_contact import left_and_died
from tests.unit.liaison.script import SECOND, Script, limit, minute

WHO: dict[str, Any] = {
    "names": [{"given": "Ewa", "family": "Nowak"}],
    "date_of_birth": "1977-02-02",
    "ethnicity": "C",
}


LONG_AGO = datetime(2026, 9, 1, 9, tzinfo=UTC)


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


def test_the_force_refers_it_and_a_health_service_has_an_inquiry_of_its_own() -> None:
    for days, words in ((0, "end of tomorrow"), (2, "time to refer has passed")):
        crisis = left_and_died(120).on_file("person.registered", LONG_AGO, person=WHO)
        crisis.on_file("pathway.opened", LONG_AGO, pathway="CP-1")
        finding = crisis.finding("R23", 150 + days * 24 * 60)
        force, service = (
            finding.step_for("professional-standards", agency) for agency in ("met", "slam")
        )
        assert words in force
        assert "coroner" in service
        assert "IOPC" not in service
    supervisor = finding.step_for("police-supervisor", "met")
    assert "desk below" in supervisor, "who is above professional standards sees that it is done"
