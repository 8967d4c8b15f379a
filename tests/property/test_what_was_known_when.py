"""However often an event is repeated, the history of what was known when is the same, record by record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.received import Received
from schemas.registry import load_registry
from schemas.scenario import load_scenario
from services.liaison.alert import Transition
from services.liaison.backtest import played
from services.liaison.policy import load_policy
from services.liaison.replay import arrivals, received

REGISTRY, POLICY = load_registry(), load_policy()
FOLDER = Path(__file__).parents[1] / "scenarios"
TOLD = (
    "the-story", "restraint-nobody-reviews-worsens", "detained-and-nobody-calls-an-ambulance",
    "corrections-heard-before-what-they-correct", "retracted-it-was-another-incident",
)  # fmt: skip
EVENTS = {
    name: [received(a, REGISTRY) for a in arrivals(load_scenario(FOLDER / f"{name}.yaml"), REGISTRY)] for name in TOLD
}


def history(events: list[Received]) -> list[Transition]:
    ledger = played(events, REGISTRY, POLICY)
    of_feeds = {a.alert_id for a in ledger.alerts.values() if a.feed is not None}
    return sorted(
        (t for t in ledger.log if t.alert_id not in of_feeds), key=lambda t: (t.at, t.alert_id, t.desk, t.kind)
    )


def until_the_end(events: list[Received], log: list[Transition]) -> list[Transition]:
    """A repeat after the last event lets time go on for longer; what comes then is no difference."""
    end = max(r.received_at for r in events)
    return [t for t in log if t.at <= end]


EXPECTED = {name: until_the_end(events, history(events)) for name, events in EVENTS.items()}


@pytest.mark.parametrize("name", TOLD)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_repeats_leave_no_trace_in_the_history(name: str, data: st.DataObject) -> None:
    events = EVENTS[name]
    again = data.draw(st.lists(st.tuples(st.sampled_from(events), st.integers(0, 20)), min_size=1, max_size=8))
    repeats = [replace(r, received_at=r.received_at + timedelta(seconds=later)) for r, later in again]
    assert until_the_end(events, history([*events, *repeats])) == EXPECTED[name]


def test_there_is_a_history_to_compare() -> None:
    assert sum(bool(log) for log in EXPECTED.values()) >= 3


@pytest.mark.parametrize("name", [n for n in TOLD if EXPECTED[n]])
def test_the_comparison_would_see_an_event_that_came_later(name: str) -> None:
    events = EVENTS[name]
    later = timedelta(seconds=20)
    seen = [
        until_the_end(
            events, history([replace(r, received_at=r.received_at + later) if r is each else r for r in events])
        )
        for each in events
    ]
    assert any(log != EXPECTED[name] for log in seen)
