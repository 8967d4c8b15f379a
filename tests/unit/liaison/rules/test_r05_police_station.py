"""R05: a police station as place of safety for an adult: strict conditions, and after the change of the law never."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.identity.person import IdentityDecision
from services.liaison.crisis.fold import fold
from services.liaison.evaluate import findings
from services.liaison.finding import Finding
from tests.unit.liaison.script import POLICE, POLICY, REGISTRY, SECOND, Script, event, limit, minute

CUSTODY = "met-custody"
STATION = {"site": "brixton", "kind": "police-station"}
HBPOS = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}
ALL = {
    "inspector_authority": True,
    "imminent_risk": True,
    "no_other_place": True,
    "health_professional_available": True,
}
CAME = 30.0
RECORDED, WARN, CHECK = (
    limit("R05", name)
    for name in ("conditions_recorded_within", "health_check_warning", "health_check_within")
)
REVIEW, ASLEEP = limit("R05", "review_within"), limit("R05", "review_asleep_within")


def at_station(**person: Any) -> Script:
    """Detained, and at a police station in the thirtieth minute, with a custody record."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.detained", 5, detention="D-1", power="s136", **person)
    crisis.police("detention.arrived", CAME, detention="D-1", at=STATION)
    return crisis.say(
        CUSTODY, "custody.arrived", CAME + 1, custody="C-1", incident="CAD-1", suite="brixton"
    )


def reviewed(crisis: Script, at: float, /, **fields: Any) -> Script:
    """A review of the custody officer."""
    return crisis.say(CUSTODY, "custody.reviewed", at, custody="C-1", **fields)


def checked(crisis: Script, at: float, /, **fields: Any) -> Script:
    """A health-care professional has seen the person."""
    return crisis.say(CUSTODY, "custody.health-checked", at, custody="C-1", **fields)


def lawful() -> Script:
    """All conditions recorded in the fifth minute."""
    return reviewed(at_station(), CAME + 5, **ALL)


def stages(crisis: Script, at: float) -> set[str]:
    """The stages of the alerts that stand."""
    return {standing.finding.stage for standing in crisis.standing("R05", at)}


def test_the_limits_of_law() -> None:
    assert (CHECK, REVIEW, ASLEEP) == (30, 60, 180)


def test_conditions_that_nobody_records_are_told_after_the_limit() -> None:
    assert "conditions" not in stages(at_station(), CAME + RECORDED - SECOND)
    assert "conditions" in stages(at_station(), CAME + RECORDED)
    assert "conditions" not in stages(lawful(), CAME + RECORDED)


@pytest.mark.parametrize("late", [0, SECOND])
def test_recorded_at_the_limit_is_in_time(late: float) -> None:
    crisis = reviewed(at_station(), CAME + RECORDED + late, **ALL)
    assert ("conditions" in stages(crisis, CAME + RECORDED)) is bool(late)


@pytest.mark.parametrize("missing", ALL)
def test_each_condition_is_needed(missing: str) -> None:
    crisis = reviewed(
        at_station(), CAME + 5, **{name: value for name, value in ALL.items() if name != missing}
    )
    assert "conditions" in stages(crisis, CAME + RECORDED)


@pytest.mark.parametrize("denied", ALL)
def test_a_condition_recorded_as_not_so_is_told_at_once(denied: str) -> None:
    crisis = reviewed(at_station(), CAME + 5, **(ALL | {denied: False}))
    assert "conditions-denied" not in stages(crisis, CAME + 5 - SECOND)
    assert "conditions-denied" in stages(crisis, CAME + 5)
    assert "conditions-denied" not in stages(reviewed(crisis, CAME + 9, **{denied: True}), CAME + 9)


def test_authority_given_before_arrival_counts() -> None:
    assert "conditions" not in stages(reviewed(at_station(), CAME - 10, **ALL), CAME + RECORDED)


def test_a_check_by_a_professional_shows_that_one_is_there() -> None:
    crisis = reviewed(
        at_station(),
        CAME + 5,
        **{name: value for name, value in ALL.items() if not name.startswith("health")},
    )
    assert "conditions" not in stages(checked(crisis, CAME + 14), CAME + RECORDED)


def test_the_half_hourly_check_is_warned_of_and_then_overdue() -> None:
    assert stages(lawful(), CAME + WARN - SECOND) == set()
    assert stages(lawful(), CAME + WARN) == {"due"}
    assert stages(lawful(), CAME + CHECK - SECOND) == {"due"}
    assert stages(lawful(), CAME + CHECK) == {"overdue"}
    (due,) = lawful().standing("R05", CAME + WARN)
    (overdue,) = lawful().standing("R05", CAME + CHECK)
    assert due.finding.recipients == ("custody",)
    assert overdue.finding.recipients == ("custody", "police-control", "mental-health-crisis")
    assert due.finding.key == overdue.finding.key, "the warning gets worse; it is no second alert"


@pytest.mark.parametrize("late", [0, SECOND])
def test_a_check_at_the_limit_is_in_time(late: float) -> None:
    crisis = checked(lawful(), CAME + CHECK + late)
    assert ("overdue" in stages(crisis, CAME + CHECK)) is bool(late)
    assert stages(crisis, CAME + CHECK + late) == set()
    assert stages(crisis, CAME + CHECK + late + WARN) == {"due"}


def test_sleep_does_not_lengthen_the_half_hour() -> None:
    assert "overdue" in stages(checked(lawful(), CAME + 10, asleep=True), CAME + 10 + CHECK)


def well_checked(until: float) -> Script:
    """Seen every twenty minutes, so that only reviews are in question."""
    crisis = lawful()
    for at in range(int(CAME) + 20, int(until) + 20, 20):
        checked(crisis, at)
    return crisis


@pytest.mark.parametrize("late", [0, SECOND])
def test_the_review_is_hourly(late: float) -> None:
    crisis = reviewed(well_checked(200), CAME + 5 + REVIEW + late)
    assert ("review-overdue" in stages(crisis, CAME + 5 + REVIEW)) is bool(late)
    assert stages(crisis, CAME + 5 + REVIEW + late) == set()


@pytest.mark.parametrize(("risk", "within"), [(None, ASLEEP), (False, ASLEEP), (True, REVIEW)])
def test_asleep_and_no_risk_identified_it_is_three_hourly(risk: bool | None, within: float) -> None:
    crisis = well_checked(400)
    if risk is not None:
        crisis.say(CUSTODY, "custody.risk-assessed", CAME + 6, custody="C-1", self_harm_risk=risk)
    reviewed(crisis, CAME + 10, asleep=True)
    assert stages(crisis, CAME + 10 + within - SECOND) == set()
    assert stages(crisis, CAME + 10 + within) == {"review-overdue"}


def gone(crisis: Script, how: str) -> Script:
    """The person is no longer there."""
    if how == "released":
        return crisis.say(CUSTODY, "custody.released", 50, custody="C-1")
    data: dict[str, dict[str, Any]] = {
        "moved": {"to": HBPOS},
        "ended": {"outcome": "released"},
        "escaped": {},
    }
    return crisis.police(f"detention.{how}", 50, detention="D-1", **data[how])


@pytest.mark.parametrize("how", ["released", "moved", "ended", "escaped"])
def test_once_the_person_has_left_there_is_nothing_to_check(how: str) -> None:
    assert stages(at_station(), 200)
    assert stages(gone(at_station(), how), 200) == set()


def test_at_another_place_of_safety_none_of_it_is_asked() -> None:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.detained", 5, detention="D-1", power="s136", kept_at=HBPOS)
    assert stages(crisis, 300) == set()


def test_arrested_and_in_custody_without_section_136_is_no_matter_of_this_rule() -> None:
    crisis = Script().police("incident.reported", 0, nature="disturbance")
    crisis.say(CUSTODY, "custody.arrived", 10, custody="C-1", incident="CAD-1", suite="brixton")
    assert stages(crisis, 300) == set()


def test_without_a_custody_record_it_says_so() -> None:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.detained", 5, detention="D-1", power="s135-1", kept_at=STATION)
    (finding,) = [
        standing.finding
        for standing in crisis.standing("R05", 5 + RECORDED)
        if standing.finding.stage == "conditions"
    ]
    assert "No custody record is linked." in finding.reason


def test_a_check_heard_late_ends_the_alert_and_one_retracted_brings_it_back() -> None:
    crisis = lawful()
    assert "overdue" in stages(crisis, CAME + 40)
    checked(crisis, CAME + 20, event_id="h")
    assert stages(crisis, CAME + 40) == set()
    crisis.say(CUSTODY, "event.retracted", CAME + 39, retracts="h", reason="entered-in-error")
    assert "overdue" in stages(crisis, CAME + 40)


def test_under_eighteen_by_date_of_birth_is_another_rule_and_the_wrong_person_detached_is_an_adult_again() -> (
    None
):
    crisis = at_station().on_file(
        "person.registered",
        datetime(2026, 1, 1, tzinfo=UTC),
        person={
            "nhs_number": "9990000018",
            "nhs_number_status": "01",
            "names": [{"given": "Aaliyah", "family": "Warsame"}],
            "date_of_birth": "2011-02-03",
        },
    )
    assert stages(crisis, CAME + CHECK) == set()
    detached = crisis.crisis(IdentityDecision("unknown", None, (), (), "separated", "1"))
    assert [finding for finding in findings(detached, POLICY) if finding.rule == "R05"]


def changed(crisis: Script, commenced: date) -> list[Finding]:
    """What R05 finds where section 48 is in force from that day."""
    policy = POLICY.model_copy(update={"regimes": {"mental-health-act-2025-s48": commenced}})
    return [finding for finding in findings(crisis.crisis(), policy) if finding.rule == "R05"]


def test_once_section_48_is_in_force_it_is_never_allowed_however_well_recorded() -> None:
    today, tomorrow = date(2026, 11, 23), date(2026, 11, 24)
    (never,) = changed(lawful(), today)
    assert (never.stage, never.urgency, never.holds_from) == ("never", 1, minute(CAME))
    assert "never" not in {finding.stage for finding in changed(gone(lawful(), "moved"), tomorrow)}


def test_it_begins_with_the_journey_then_and_before_it_the_journey_is_allowed() -> None:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.detained", 5, detention="D-1", power="s136")
    crisis.police("detention.conveyed", 20, detention="D-1", by="police-unit", to=STATION)
    assert stages(crisis, 25) == set()
    assert [
        (finding.stage, finding.holds_from) for finding in changed(crisis, date(2026, 11, 23))
    ] == [("never", minute(20))]


def test_a_stay_over_the_midnight_of_the_change_is_under_both_laws_in_turn() -> None:
    came = datetime(2027, 6, 30, 22, 0, tzinfo=UTC)  # 23:00 in London
    crisis = [
        event(
            POLICE,
            "detention.detained",
            came,
            "a",
            {"incident": "CAD-1", "detention": "D", "power": "s136"},
        ),
        event(
            POLICE,
            "detention.arrived",
            came,
            "b",
            {"incident": "CAD-1", "detention": "D", "at": STATION},
        ),
    ]
    policy = POLICY.model_copy(update={"regimes": {"mental-health-act-2025-s48": date(2027, 7, 1)}})
    result = [
        finding
        for finding in findings(fold("e", "southwark", crisis, None), policy)
        if finding.rule == "R05"
    ]
    midnight = datetime(2027, 6, 30, 23, 0, tzinfo=UTC)
    assert {
        finding.stage: finding.holds_from for finding in result if finding.stage == "never"
    } == {"never": midnight}
    assert all(
        finding.until is not None and finding.until <= midnight
        for finding in result
        if finding.stage != "never"
    )
    assert {finding.stage for finding in result} == {"never", "conditions", "due", "overdue"}


def test_the_night_the_clocks_go_back_has_half_hours_of_thirty_minutes() -> None:
    came = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    crisis = [
        event(
            POLICE,
            "detention.detained",
            came,
            "a",
            {"incident": "CAD-1", "detention": "D", "power": "s136"},
        ),
        event(
            POLICE,
            "detention.arrived",
            came,
            "b",
            {"incident": "CAD-1", "detention": "D", "at": STATION},
        ),
    ]
    (overdue,) = [
        finding
        for finding in findings(fold("e", "southwark", crisis, None), POLICY)
        if finding.stage == "overdue"
    ]
    assert overdue.holds_from == came + timedelta(minutes=30)


def test_while_the_custody_feed_is_silent_a_missing_check_cannot_be_verified() -> None:
    now = CAME + CHECK
    last_heard = dict.fromkeys((*REGISTRY.agencies_by_id, "met/*"), minute(now))
    last_heard["met/*"] = minute(now - 2)
    (finding,) = [
        standing
        for standing in lawful().evaluation(now, last_heard).standing
        if standing.finding.rule == "R05"
    ]
    assert finding.verification == "cannot-be-verified"
    last_heard["met/*"] = minute(now)
    (finding,) = [
        standing
        for standing in lawful().evaluation(now, last_heard).standing
        if standing.finding.rule == "R05"
    ]
    assert finding.verification == "verified"
