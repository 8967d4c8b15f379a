"""The limits that run: what falls due, since when, and to whom that may be shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.liaison.clocks import RunningClock, may_see, running_clocks
from tests.unit.liaison.script import POLICY, REGISTRY, Script, minute

ED = {"site": "st-thomas", "kind": "emergency-department"}


def detained() -> Script:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.consulted", 4, detention="D-1", role="nurse")
    crisis.police("detention.detained", 5, detention="D-1", power="s136")
    return crisis.police("detention.arrived", 60, detention="D-1", at=ED)


def clock(crisis: Script, rule: str, at: float) -> RunningClock:
    (limit,) = (
        clock for clock in running_clocks(crisis.crisis(), POLICY, minute(at)) if clock.rule == rule
    )
    return limit


def test_the_24_hours_run_from_arrival_and_are_a_limit_of_law() -> None:
    limit = clock(detained(), "R09", 61)
    assert (limit.began, limit.ends) == (minute(60), minute(60) + timedelta(hours=24))
    assert limit.basis == "legal"
    assert limit.alert_at == minute(60) + timedelta(hours=12)


def test_the_alert_that_a_clock_announces_is_raised_at_that_instant_and_not_before() -> None:
    crisis = detained()
    announced = clock(crisis, "R11", 61)
    assert announced.alert_at is not None
    when = (announced.alert_at - minute(0)) / timedelta(minutes=1)
    assert not crisis.stands("R11", when - 1 / 60)
    (standing,) = crisis.standing("R11", when)
    assert standing.finding.key == announced.key


def test_a_clock_whose_alert_stands_goes_on_to_count_past_its_limit() -> None:
    limit = clock(detained(), "R11", 180)
    assert limit.alert_at is None
    assert limit.ends == minute(120)


def test_a_stopped_clock_is_gone() -> None:
    crisis = detained().police("detention.handed-over", 70, detention="D-1", at=ED)
    assert "R11" not in {
        clock.rule for clock in running_clocks(crisis.crisis(), POLICY, minute(71))
    }


def test_the_clock_that_ends_first_is_at_the_top() -> None:
    ends = [clock.ends for clock in running_clocks(detained().crisis(), POLICY, minute(61))]
    assert len(ends) > 1
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("desk", "items", "sees"),
    [
        ("slam-crisis", (), True),
        ("las-mental-health", (), False),
        ("las-mental-health", ("legal-status",), True),
        ("las-mental-health", ("circumstances", "location"), False),
    ],
)
def test_a_desk_sees_the_detention_clock_if_its_alert_would_come_to_it_or_legal_status_was_disclosed(
    desk: str, items: tuple[str, ...], sees: bool
) -> None:
    assert may_see(clock(detained(), "R09", 61), desk, items, ("southwark",), REGISTRY) is sees


def test_a_clock_of_another_rule_is_not_opened_by_the_legal_status() -> None:
    assert not may_see(
        clock(detained(), "R11", 61),
        "las-mental-health",
        ("legal-status",),
        ("southwark",),
        REGISTRY,
    )
