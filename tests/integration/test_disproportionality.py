"""The weekly monitor in the ledger: what is counted, when it is looked at, and what the board is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.ledger.alerts import store as alert_store
from services.ledger.crises import tallies
from services.ledger.deadlines import set_deadlines
from services.liaison.alert import Acknowledge
from services.liaison.disproportionality import SUBJECT, next_week, window
from services.liaison.policy import load_policy
from services.liaison.tally import count
from services.orchestration import deadlines
from services.orchestration.batch import Record
from services.runtime.postgres import create_pool
from services.simulation.simulation import Simulation
from tests.own_registry import own_registry
from tests.unit.liaison.script import event
from tests.worker import Worker

FRIDAY = datetime(2026, 11, 20, 9, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
REGISTRY, POLICY = own_registry(), load_policy()


def said() -> list[tuple[str, str, datetime, dict[str, Any]]]:
    """Eighty crises: thirty of forty of one group are graded low, ten of forty of the other; some are detained."""
    found: list[tuple[str, str, datetime, dict[str, Any]]] = []
    for n in range(80):
        at, ethnicity = FRIDAY + timedelta(minutes=6 * n), "N" if n % 2 else "A"
        low = (n // 2) % 4 != 0 if n % 2 else (n // 2) % 4 == 0
        found.append(
            (
                "las-cad",
                "incident.reported",
                at,
                {
                    "incident": f"LAS-{n}",
                    "nature": "suicidal",
                    "ambulance_category": "C3" if low else "C2",
                    "location": {"uprn": f"10002128{n:04d}", "area": "lambeth"},
                    "person": {"ethnicity": ethnicity},
                },
            )
        )
    for n in range(6):
        site = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}
        at = FRIDAY + timedelta(hours=9, minutes=6 * n)
        own = {"incident": f"CAD-{n}", "detention": f"D-{n}"}
        found.append(
            (
                "met-cad",
                "incident.reported",
                at,
                {
                    "incident": f"CAD-{n}",
                    "nature": "suicidal",
                    "location": {"uprn": f"10002129{n:04d}", "area": "brent"},
                },
            )
        )
        found.append(
            (
                "met-cad",
                "detention.detained",
                at + timedelta(minutes=1),
                own | {"power": "s136", "kept_at": site},
            )
        )
        if n % 2:
            ended = at + timedelta(hours=20)
            found.append(("met-cad", "detention.ended", ended, own | {"outcome": "released"}))
    return found


@pytest.fixture
async def pool(postgres_dsn: str) -> Any:
    made = await create_pool(postgres_dsn, max_size=3)
    yield made
    await made.close()


@pytest.fixture
async def batch(pool: asyncpg.Pool) -> Worker:
    """A worker that has taken all of it."""
    worker = Worker(pool, REGISTRY, POLICY)
    offsets = {"las-cad": 0, "met-cad": 0}
    for number, (feed, kind, at, data) in enumerate(said()):
        body = json.dumps(
            {
                "specversion": "1.0",
                "id": f"e{number}",
                "source": f"/{feed.replace('-', '/')}",
                "type": f"uk.crisisliaison.{kind}.v1",
                "time": at.isoformat(),
                "data": data,
            }
        ).encode()
        await worker.apply([Record(f"feed.{feed}", 0, offsets[feed], body, ())], at)
        offsets[feed] += 1
    return worker


async def until_taken(batch: Worker, now: datetime) -> None:
    while (await batch.take_due(now)).count:
        pass


async def own_alerts(pool: asyncpg.Pool) -> list[Any]:
    async with pool.acquire() as connection:
        return await alert_store.load(connection, ids=await alert_store.of_neither(connection))


async def test_the_ledger_counts_as_the_rule_does(pool: asyncpg.Pool, batch: Worker) -> None:
    memory = Simulation(REGISTRY, POLICY)
    for number, (feed, kind, at, data) in enumerate(said()):
        memory.receive([event(feed, kind, at, f"e{number}", data)], at)
    since, until = window(MONDAY, POLICY)
    expected = count((e.tally for e in memory.crises.values() if e.tally is not None), since, until)
    async with pool.acquire() as connection:
        assert await tallies.counts(connection, REGISTRY.zone, since, until) == expected
    assert expected["low-grade", "black"].happened == 30
    assert expected["clock-breach", "not-known"].happened == 3


async def test_the_board_is_told_on_monday_at_seven_and_looked_at_again_a_week_later(
    pool: asyncpg.Pool, batch: Worker
) -> None:
    await until_taken(batch, MONDAY - timedelta(seconds=1))
    assert await own_alerts(pool) == []
    await until_taken(batch, MONDAY)
    (alert,) = await own_alerts(pool)
    assert (alert.rule, alert.raised_at, [d.desk for d in alert.desks]) == (
        "R27",
        MONDAY,
        ["mental-health-board"],
    )
    due = await pool.fetchval("SELECT due_at FROM deadline WHERE kind = 'monitor'")
    assert due == next_week(MONDAY)


async def test_it_sounds_again_and_is_answered_like_any_other_and_ends_when_the_crises_are_old(
    pool: asyncpg.Pool, batch: Worker
) -> None:
    await until_taken(batch, MONDAY)
    (alert,) = await own_alerts(pool)
    later = MONDAY + timedelta(days=2)
    await until_taken(batch, later)
    (again,) = await own_alerts(pool)
    assert again.desks[0].sounded > alert.desks[0].sounded
    await batch.command(
        Acknowledge(), desk="mental-health-board", alert=alert.alert_id, actor="AB", now=later
    )
    for week in range(1, 15):
        await until_taken(batch, MONDAY + timedelta(weeks=week))
    (ended,) = await own_alerts(pool)
    assert not ended.stands


async def test_what_leaves_the_ledger_is_rounded_and_suppressed(
    pool: asyncpg.Pool, batch: Worker
) -> None:
    async with pool.acquire() as connection:
        table = {
            row.measure: row
            for row in await tallies.table(connection, REGISTRY.zone, POLICY, MONDAY)
        }
    shown = {c.group: (c.happened, c.of) for c in table["low-grade"].cells}
    assert shown["black"] == (30, 40)
    assert shown["white"] == (10, 40)
    assert shown["not-known"] == (None, None)
    assert all(c.happened is None for c in table["s136"].cells), "three and six are too few to show"


async def test_a_crisis_that_turns_out_to_be_none_is_not_counted(
    pool: asyncpg.Pool, batch: Worker
) -> None:
    before = await pool.fetchval("SELECT count(*) FROM crisis_tally")
    body = json.dumps(
        {
            "specversion": "1.0",
            "id": "back",
            "source": "/las/cad",
            "type": "uk.crisisliaison.event.retracted.v1",
            "time": (FRIDAY + timedelta(hours=12)).isoformat(),
            "data": {"retracts": "e0", "reason": "test"},
        }
    ).encode()
    await batch.apply([Record("feed.las-cad", 0, 80, body, ())], FRIDAY + timedelta(hours=12))
    assert await pool.fetchval("SELECT count(*) FROM crisis_tally") == before - 1


async def test_a_monitor_that_fails_does_not_hold_up_what_is_due_of_a_crisis(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Worker(pool, REGISTRY, POLICY)

    def fails(*_: object, **__: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(deadlines, "settle_monitor", fails)
    async with batch.pool.acquire() as connection:
        await connection.execute("INSERT INTO zone (zone) VALUES ('london') ON CONFLICT DO NOTHING")
        await set_deadlines(connection, "monitor", {SUBJECT: MONDAY}, "london")
        await set_deadlines(
            connection, "crisis", {"00000000-0000-0000-0000-000000000001": MONDAY}, "london"
        )
    due = await batch.take_due(MONDAY)
    assert due.count == 2
    assert isinstance(due.monitor_failure, ZeroDivisionError), "and it is told of"
    rows = await batch.pool.fetch("SELECT kind, due_at FROM deadline")
    assert [(r["kind"], r["due_at"]) for r in rows] == [
        ("monitor", MONDAY + deadlines.MONITOR_AGAIN)
    ]
