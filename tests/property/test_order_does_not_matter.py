"""In whatever order, however often and in whatever batches the events arrive, the same alerts stand in the end."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events.care import PersonData
from schemas.received import Received
from schemas.scenario import Scenario, load_scenario
from services.liaison.crisis import corrections
from services.liaison.policy import load_policy
from services.orchestration.register import REOPEN
from services.simulation.replay import arrivals, received
from services.simulation.simulation import Simulation
from tests.own_registry import own_registry

REGISTRY, POLICY = own_registry(), load_policy()
SCENARIOS = {
    p.stem: load_scenario(p)
    for p in sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))
}
# quick enough for hundreds of orders; the longest nights say nothing more here
TOLD = sorted(
    name for name, scenario in SCENARIOS.items() if len(scenario.events) + len(scenario.known) <= 16
)


def told(scenario: Scenario) -> list[Received]:
    """Everything the scenario says, once."""
    by_identity = {a.event.identity: received(a, REGISTRY) for a in arrivals(scenario, REGISTRY)}
    return list(by_identity.values())


def moments(scenario: Scenario) -> list[datetime]:
    """Instants to look from: soon after each event, and the end."""
    end = scenario.instant(scenario.until)
    after = {r.event.time + timedelta(seconds=301) for r in told(scenario)}
    return sorted({at for at in after if scenario.start <= at <= end} | {end})


def standing(batches: Iterable[Sequence[Received]], now: datetime) -> dict[str, Any]:
    """What stands at `now` when all of it was received by then, and how the incidents are grouped. Not the history: an
    crisis is told by its incidents, as its id is that of the incident heard of first."""
    ledger = Simulation(REGISTRY, POLICY)
    for feed in {r.feed for batch in batches for r in batch}:
        ledger.hear(feed, now)
    for batch in batches:
        ledger.receive(batch, now)
    members = {i: tuple(sorted(m.key for m in e.members)) for i, e in ledger.crises.items()}
    return {
        "alerts": {
            a.key: (
                a.rule,
                a.urgency,
                a.holds_since,
                dict(a.detail),
                members[str(a.crisis_id)],
                {
                    d.desk: (d.state, dict(d.view))
                    for d in a.desks
                    if d.origin == "rule" and not d.ended
                },
            )
            for a in ledger.alerts.values()
            if a.stands
        },
        "crises": {
            members[i]: (e.area, e.opened_at, e.last_event_at, e.look_again_at)
            for i, e in ledger.crises.items()
        },
    }


def heard_first(scenario: Scenario) -> list[Received]:
    """The register, where the scenario looks back further than an incident's person is looked at again: heard later, it
    would find those incidents closed (services.liaison.memory.REOPEN)."""
    events = told(scenario)
    old = any(r.record_key is not None and scenario.start - r.event.time > REOPEN for r in events)
    return [r for r in events if old and isinstance(r.event.data, PersonData)]


@st.composite
def deliveries(draw: st.DrawFn, events: list[Received]) -> list[list[Received]]:
    """A permutation with repeats, cut into batches."""
    again = draw(st.lists(st.sampled_from(events), max_size=6))
    order = draw(st.permutations([*events, *again]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=6)))
    bounds = [0, *cuts, len(order)]
    return [order[a:b] for a, b in pairwise(bounds) if a < b]


@pytest.mark.parametrize("name", TOLD)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_order_repetition_and_batching_gives_the_same_alerts_and_crises(
    name: str, data: st.DataObject
) -> None:
    scenario = SCENARIOS[name]
    now = data.draw(st.sampled_from(moments(scenario)))
    events = [r for r in told(scenario) if r.event.time <= now]
    first = heard_first(scenario)
    expected = standing([[r] for r in events], now)
    assert standing([first, *data.draw(deliveries(events))], now) == expected


def test_some_of_what_is_compared_stands() -> None:
    found = {
        name: standing([told(SCENARIOS[name])], at)["alerts"]
        for name in TOLD
        for at in moments(SCENARIOS[name])
    }
    assert len([name for name in TOLD if found[name]]) >= 3


def _orders_that_differ(name: str, orders: int = 60) -> int:
    scenario = SCENARIOS[name]
    shuffling = random.Random(7)
    differing = 0
    for now in moments(scenario):
        events = [r for r in told(scenario) if r.event.time <= now]
        expected = standing([[r] for r in events], now)
        for _ in range(orders // len(moments(scenario)) + 1):
            shuffled = list(events)
            shuffling.shuffle(shuffled)
            differing += standing([[r] for r in shuffled], now) != expected
    return differing


def test_the_comparison_would_see_a_fold_that_hangs_on_the_order_of_arrival(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _orders_that_differ("the-story") == 0
    # sorted by nothing: `sorted` is stable, so that the order of arrival remains
    monkeypatch.setattr(corrections, "_ORDER", lambda _: 0)
    assert _orders_that_differ("the-story") > 0
