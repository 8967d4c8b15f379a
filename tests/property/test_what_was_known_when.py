"""The history of what was known when: however often an event is repeated, record by record; however an instant is cut into
batches and ordered, what stood at every instant."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.received import Received
from schemas.scenario import load_scenario
from services.liaison.alert import Transition
from services.liaison.crisis import corrections
from services.liaison.policy import load_policy
from services.simulation.backtest import never_silent, played
from services.simulation.replay import arrivals, received
from services.simulation.simulation import Simulation
from tests.own_registry import own_registry

REGISTRY, POLICY = own_registry(), load_policy()
# its feeds are heard at every look here, so that nobody has to look at them
WELL = never_silent(REGISTRY)
FOLDER = Path(__file__).parents[1] / "scenarios"
TOLD = (
    "the-story",
    "restraint-nobody-reviews-worsens",
    "detained-and-nobody-calls-an-ambulance",
    "corrections-heard-before-what-they-correct",
    "retracted-it-was-another-incident",
)
EVENTS = {
    name: [
        received(a, REGISTRY) for a in arrivals(load_scenario(FOLDER / f"{name}.yaml"), REGISTRY)
    ]
    for name in TOLD
}


def history(events: list[Received]) -> list[Transition]:
    ledger = played(events, REGISTRY, POLICY)
    of_feeds = {a.alert_id for a in ledger.alerts.values() if a.feed is not None}
    return sorted(
        (t for t in ledger.log if t.alert_id not in of_feeds),
        key=lambda t: (t.at, t.alert_id, t.desk, t.kind),
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
    again = data.draw(
        st.lists(st.tuples(st.sampled_from(events), st.integers(0, 20)), min_size=1, max_size=8)
    )
    repeats = [
        replace(r, received_at=r.received_at + timedelta(seconds=later)) for r, later in again
    ]
    assert until_the_end(events, history([*events, *repeats])) == EXPECTED[name]


def test_there_is_a_history_to_compare() -> None:
    assert sum(bool(log) for log in EXPECTED.values()) >= 3


@pytest.mark.parametrize("name", [n for n in TOLD if EXPECTED[n]])
def test_the_comparison_would_see_an_event_that_came_later(name: str) -> None:
    events = EVENTS[name]
    later = timedelta(seconds=20)
    seen = [
        until_the_end(
            events,
            history(
                [replace(r, received_at=r.received_at + later) if r is each else r for r in events]
            ),
        )
        for each in events
    ]
    assert any(log != EXPECTED[name] for log in seen)


def in_lumps(events: list[Received], every: timedelta) -> list[list[Received]]:
    """As if a link were opened only every so often: what came in between arrives in one instant."""
    start = min(r.received_at for r in events)
    lumps: dict[int, list[Received]] = {}
    for each in events:
        lumps.setdefault(-((start - each.received_at) // every), []).append(each)
    return [
        [replace(r, received_at=start + number * every) for r in lumps[number]]
        for number in sorted(lumps)
    ]


def known_after(
    lumps: list[list[list[Received]]], looked_at: set[datetime]
) -> dict[datetime, set[tuple[Any, ...]]]:
    """What stands after each instant at which something arrived or fell due, and at those that are named. Each lump comes in
    batches, all within its instant."""
    ledger = Simulation(WELL, POLICY)
    feeds = sorted({r.feed for batches in lumps for batch in batches for r in batch})
    found: dict[datetime, set[tuple[Any, ...]]] = {}

    def look(at: datetime) -> None:
        found[at] = {
            (
                a.rule,
                a.key,
                a.urgency,
                a.holds_since,
                str(a.detail),
                tuple(sorted(d.desk for d in a.desks if d.origin == "rule")),
            )
            for a in ledger.alerts.values()
            if a.stands and a.feed is None
        }

    def go_on_to(end: datetime) -> None:
        for at in sorted({*looked_at, end}):
            while (due := ledger.next_due()) is not None and due <= min(at, end):
                for feed in feeds:
                    ledger.hear(feed, due)
                ledger.tick(due)
                look(due)
            if at < end and at > max(found, default=START_OF_TIME):
                look(at)

    for batches in lumps:
        now = batches[0][0].received_at
        go_on_to(now - timedelta(microseconds=1))
        for feed in feeds:
            ledger.hear(feed, now)
        for batch in batches:
            ledger.receive(batch, now)
        look(now)
    go_on_to(max(found) + timedelta(hours=2))
    return found


START_OF_TIME = datetime.min.replace(tzinfo=UTC)
IN_LUMPS = {name: in_lumps(events, timedelta(minutes=4)) for name, events in EVENTS.items()}


@cache
def known_in_whole_lumps(name: str) -> dict[datetime, set[tuple[Any, ...]]]:
    return known_after([[lump] for lump in IN_LUMPS[name]], set())


@pytest.mark.parametrize("name", TOLD)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_how_an_instant_is_cut_into_batches_and_ordered_leaves_no_trace(
    name: str, data: st.DataObject
) -> None:
    whole = known_in_whole_lumps(name)
    cut = []
    for lump in IN_LUMPS[name]:
        order = data.draw(st.permutations(lump))
        at = sorted(data.draw(st.sets(st.integers(1, len(order)), max_size=4)))
        cut.append([order[a:b] for a, b in pairwise([0, *at, len(order)]) if a < b])
    again = known_after(cut, set(whole))
    assert {at: stands for at, stands in again.items() if at in whole} == whole


def test_lumps_hold_several_events_and_something_stands() -> None:
    assert sum(len(lump) > 1 for lumps in IN_LUMPS.values() for lump in lumps) > 8
    assert (
        sum(any(known_after([[x] for x in lumps], set()).values()) for lumps in IN_LUMPS.values())
        >= 3
    )


def _shuffled_that_differ(name: str, times: int = 12) -> int:
    shuffling = random.Random(5)
    whole = known_after([[lump] for lump in IN_LUMPS[name]], set())
    differing = 0
    for _ in range(times):
        cut = [[[r] for r in shuffling.sample(lump, len(lump))] for lump in IN_LUMPS[name]]
        again = known_after(cut, set(whole))
        differing += {at: stands for at, stands in again.items() if at in whole} != whole
    return differing


def test_the_comparison_would_see_a_fold_that_hangs_on_the_order_within_an_instant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _shuffled_that_differ("the-story") == 0
    monkeypatch.setattr(corrections, "_ORDER", lambda _: 0)
    assert _shuffled_that_differ("the-story") > 0
