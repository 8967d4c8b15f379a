"""Floods begin and end where the field's figures say, and what happens to alarms is counted once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.ledger.alerts.alarm_load import flooded
from services.ledger.alerts.metrics import AlarmCounts
from services.liaison.alert import AlertChange, Transition, TransitionKind
from services.runtime.exposition.registries import REGISTRIES
from tests.unit.liaison.test_thread import raised

AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def value(name: str, **labels: str) -> float:
    return REGISTRIES["stream"].get_sample_value(name, labels) or 0.0


def changes(
    *kinds: TransitionKind, every: timedelta = timedelta(seconds=1), reason: str | None = None
) -> AlertChange:
    alert = raised("R02", 1)
    return AlertChange(
        alert,
        tuple(
            Transition(alert.alert_id, "las", kind, AT + number * every, "x", reason)
            for number, kind in enumerate(kinds)
        ),
    )


def test_a_flood_begins_above_ten_and_ends_only_below_five() -> None:
    assert flooded((), {"las": 10}) == frozenset()
    assert flooded((), {"las": 11}) == {"las"}
    assert flooded({"las"}, {"las": 5}) == {"las"}
    assert flooded({"las"}, {"las": 4}) == frozenset()
    assert flooded({"las"}, {}) == frozenset()


def test_a_repetition_is_no_new_alarm() -> None:
    before = value("liaison_alarms_presented_total", desk="las", urgency="1")
    again = value("liaison_alarms_sounded_again_total", desk="las", urgency="1")
    AlarmCounts().count([changes("raised", "sounded-again", "worsened", every=timedelta(hours=1))])
    assert value("liaison_alarms_presented_total", desk="las", urgency="1") - before == 2
    assert value("liaison_alarms_sounded_again_total", desk="las", urgency="1") - again == 1


def test_three_new_alarms_within_a_minute_chatter_and_three_in_an_hour_do_not() -> None:
    before = value("liaison_alarms_chattering_total", rule="R02")
    AlarmCounts().count([changes("raised", "worsened", "worsened", every=timedelta(minutes=20))])
    assert value("liaison_alarms_chattering_total", rule="R02") == before
    AlarmCounts().count([changes("raised", "worsened", "worsened", every=timedelta(seconds=20))])
    assert value("liaison_alarms_chattering_total", rule="R02") == before + 1


def test_rungs_are_counted_by_level() -> None:
    before = value("liaison_escalations_total", level="tactical", urgency="1")
    AlarmCounts().count([changes("escalated", reason="tactical: las-tactical")])
    assert value("liaison_escalations_total", level="tactical", urgency="1") == before + 1
