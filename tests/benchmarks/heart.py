"""How fast the heart is: `python tests/benchmarks/heart.py [--json] [--quick]`.

- `rules_us`: fold and rules for one event more of a crisis, by length of the crisis (bar: 200 at 50 events).
- `rules_anew_us`: the same where nothing was folded before: after a restart, a correction or an event that came late.
- `backlog_per_second`: an ordinary mixture of incidents through the whole heart in batches, on one core, without Faust
  and without servers (bar: 5,000).
- `event_us`: the last event of such a crisis through the whole heart.
- `open_crises_us`: one event more of a short crisis, by how many other crises are open.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.codes import AgencyKind
from schemas.envelope import decode
from schemas.events import TYPE_PREFIX
from schemas.received import Received
from services.command_line.measuring.load import Message, mixture, ordinary
from services.liaison.crisis.corrections import counted
from services.liaison.crisis.fold import Folds, fold
from services.liaison.evaluate import evaluate
from services.liaison.policy import load_policy
from services.runtime.garbage import keep_what_started
from services.simulation.simulation import Simulation
from tests.own_registry import own_registry

REGISTRY, POLICY = own_registry(), load_policy()
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
BATCH = 500


def read(message: Message) -> Received:
    """As intake hands it on, received when it happened."""
    feed, _, document = message
    at = datetime.fromisoformat(document["time"])
    agency, described = REGISTRY.feeds_by_id[feed]
    document = document | {"source": described.sources[0]}
    return Received(decode(json.dumps(document).encode()), agency.id, agency.kind, feed, at)


def crisis_of(length: int) -> list[Received]:
    """One crisis of two agencies that goes on: units come and go, restraint is reviewed, the grade changes."""
    said: list[tuple[str, str, dict[str, Any]]] = [
        (
            "met-cad",
            "incident.reported",
            {
                "channel": "999",
                "nature": "mental-health-crisis",
                "location": {"uprn": "100023", "area": "southwark"},
            },
        ),
        (
            "las-cad",
            "incident.reported",
            {
                "channel": "agency",
                "nature": "medical",
                "ambulance_category": "C3",
                "linked": [{"agency": "met", "reference": "CAD-1"}],
            },
        ),
        ("met-cad", "resource.on-scene", {"resource": "P0", "kind": "police-unit"}),
        (
            "met-cad",
            "force.started",
            {"force": "F1", "kinds": ["ground-restraint"], "position": "prone"},
        ),
    ]
    for n in itertools.count(1):
        said += [
            ("met-cad", "force.reviewed", {"force": "F1"}),
            ("met-cad", "resource.on-scene", {"resource": f"P{n}", "kind": "police-unit"}),
            ("las-cad", "incident.graded", {"ambulance_category": "C3" if n % 2 else "C4"}),
            ("met-cad", "resource.left", {"resource": f"P{n}", "kind": "police-unit"}),
        ]
        if len(said) >= length:
            break
    incident = {"met-cad": "CAD-1", "las-cad": "LAS-1"}
    documents = [
        (
            feed,
            incident[feed],
            {
                "specversion": "1.0",
                "id": f"e{n}",
                "source": "/",
                "type": f"{TYPE_PREFIX}{kind}.v1",
                "time": (NOW + timedelta(seconds=5 * n)).isoformat(),
                "data": {"incident": incident[feed]} | data,
            },
        )
        for n, (feed, kind, data) in enumerate(said[:length])
    ]
    return [read(document) for document in documents]


def best(work: Callable[[], object], repeat: int, before: Callable[[], None]) -> float:
    """Median of several runs, in microseconds; what comes before each is not measured."""
    found = []
    for _ in range(repeat):
        before()
        start = time.process_time()
        work()
        found.append((time.process_time() - start) * 1e6)
    return statistics.median(found)


def rules_cost(length: int, repeat: int, anew: bool = False) -> float:
    """Fold and rules for one event more of a crisis of so many, in microseconds; `anew`: of all of them."""
    events = crisis_of(length)
    now = events[-1].event.time
    heard = dict.fromkeys(REGISTRY.agencies_by_id, now)
    services: dict[AgencyKind, list[str]] = {"ambulance": ["las"], "police": ["met"]}
    folds = Folds()

    def before() -> None:
        folds.take("e", counted(()))
        if not anew:
            fold("e", "southwark", counted(events[:-1]), None, folds=folds)

    return best(
        lambda: evaluate(
            fold("e", "southwark", events, None, folds=folds), now, heard, POLICY, services
        ),
        repeat,
        before,
    )


def growth(length: int, repeat: int) -> float:
    """The last event of a crisis of so many through the whole heart, in microseconds."""
    events = crisis_of(length)
    found = []
    for _ in range(repeat):
        ledger = Simulation(REGISTRY, POLICY)
        ledger.receive(events[:-1], events[-2].received_at)
        start = time.process_time()
        ledger.receive(events[-1:], events[-1].received_at)
        found.append((time.process_time() - start) * 1e6)
    return statistics.median(found)


def load(count: int) -> list[Received]:
    """The synthetic load of `liaison bench`, as it was received."""
    return [read(m) for m, _ in itertools.islice(mixture(NOW, random.Random(7)), count)]


def backlog(events: list[Received]) -> float:
    """Events a second, in batches."""
    ledger = Simulation(REGISTRY, POLICY)
    start = time.process_time()
    for at in range(0, len(events), BATCH):
        batch = events[at : at + BATCH]
        ledger.receive(batch, max(event.received_at for event in batch))
    return len(events) / (time.process_time() - start)


def openings(sizes: list[int], samples: int) -> Iterator[tuple[int, float]]:
    """With so many crises open: one event more of one of them, in microseconds."""
    ledger = Simulation(REGISTRY, POLICY)
    chance = random.Random(7)
    number = 0
    for size in sizes:
        while number < size:
            block = range(number, min(size, number + BATCH))
            ledger.receive([read(ordinary(n, NOW, chance)[0]) for n in block], NOW)
            number = block[-1] + 1
        following = [read(ordinary(size * 10 + n, NOW, chance)[0]) for n in range(samples)]
        costs = []
        for event in following:
            start = time.process_time()
            ledger.receive([event], NOW)
            costs.append((time.process_time() - start) * 1e6)
        yield size, statistics.median(costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes")
    asked = parser.parse_args()
    # as the stream does once it has started
    keep_what_started()
    lengths = [10, 50, 200] if asked.quick else [10, 50, 200, 1000]
    sizes = [100, 1000] if asked.quick else [100, 1000, 10_000, 100_000]
    figures = {
        "rules_us": {n: round(rules_cost(n, 99)) for n in lengths},
        "rules_anew_us": {n: round(rules_cost(n, 99, anew=True)) for n in lengths},
        "event_us": {n: round(growth(n, 5)) for n in lengths},
        "backlog_per_second": round(backlog(load(2_000 if asked.quick else 20_000))),
        "open_crises_us": {n: round(us) for n, us in openings(sizes, 200)},
    }
    print(json.dumps(figures, indent=None if asked.json else 1))


if __name__ == "__main__":
    main()
