"""A candidate policy in the shadow: it sees what the live one sees, and can do nothing to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner

from schemas.envelope import encode
from schemas.scenario import load_scenario
from services.command_line import main
from services.ledger.alerts import shadow as shadow_ledger
from services.ledger.transaction import PostgresLedger, PostgresTransaction
from services.liaison.policy import Policy, load_policy
from services.liaison.settlement import Settlement
from services.orchestration.batch import Record
from services.orchestration.ledger import Transaction
from services.orchestration.settling import Beside
from services.runtime.metrics import SHADOW_FAILURES
from services.runtime.postgres import create_pool
from services.simulation.replay import arrivals
from services.stream.shadow import Shadow, shadow_of
from tests.own_registry import own_registry
from tests.worker import Worker

REGISTRY, POLICY = own_registry(), load_policy()
STRICTER = POLICY.model_copy(
    update={"version": 99, "limits": {"R04": {"ambulance_request_within": 240}}}
)
UNASKED = load_scenario(
    Path(__file__).parents[1] / "scenarios" / "detained-and-nobody-calls-an-ambulance.yaml"
)
ON_THE_WAY = """
title: A head injury on the way to a place of safety
story: All of it is said within half a minute.
start: 2026-11-23T14:00:00Z
until: "14:00:45"
events:
  - {at: "14:00:36", feed: met-cad, type: incident.reported, data: {incident: C-1, nature: mental-health-crisis,
     location: {uprn: "1", area: lambeth}, signs: [head-injury]}}
  - {at: "14:00:38", feed: met-cad, type: detention.detained, data: {incident: C-1, detention: D-1, power: s136}}
  - {at: "14:00:40", feed: met-cad, type: detention.conveyed, data: {incident: C-1, detention: D-1, by: ambulance,
     to: {site: maudsley-hbpos, kind: health-based-place-of-safety}}}
"""


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn)
    yield made
    await made.close()


async def night(pool: asyncpg.Pool, shadow: Beside | None) -> list[tuple[Any, ...]]:
    """The scenario with every deadline at its own time; gives what was sent out."""
    batch = Worker(pool, REGISTRY, POLICY, shadow=shadow)
    offsets: dict[str, int] = {}
    said = list(arrivals(UNASKED, REGISTRY))
    for each in said:
        await _until(batch, each.at)
        topic = REGISTRY.feeds_by_id[each.feed][1].topic
        record = Record(topic, 0, offsets.get(topic, 0), encode(each.event), ())
        offsets[topic] = record.offset + 1
        await batch.apply([record], each.at)
    await _until(batch, max(e.at for e in said) + timedelta(minutes=20))
    rows = await pool.fetch(
        "SELECT topic, key, body FROM outbox WHERE topic LIKE 'alerts.%' ORDER BY message_id"
    )
    return [tuple(r) for r in rows]


async def _until(batch: Worker, end: datetime) -> None:
    sql = """SELECT min(due_at) FROM (SELECT due_at FROM deadline WHERE kind <> 'feed'
                                      UNION ALL SELECT due_at FROM shadow_deadline) AS due"""
    await batch.pool.execute("DELETE FROM deadline WHERE kind = 'feed'")
    while (due := await batch.pool.fetchval(sql)) is not None and due <= end:
        await batch.take_due(due)
        await batch.take_shadow_due(due)


def stricter() -> Shadow:
    return Shadow(STRICTER, POLICY.version, REGISTRY.zone)


async def test_an_alert_that_would_come_a_minute_earlier_is_reported_and_sent_to_nobody(
    pool: asyncpg.Pool, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await night(pool, stricter())
    raised = await pool.fetchval(
        "SELECT min(at) FROM alert_log JOIN alert USING (alert_id) WHERE rule = 'R04'"
    )
    shadowed = await pool.fetchval("SELECT raises[1] FROM shadow_alert WHERE rule = 'R04'")
    assert raised - shadowed == timedelta(minutes=1)
    assert (
        await pool.fetchval(
            "SELECT count(*) FROM alert_log WHERE at = $1 AND transition = 'raised'", shadowed
        )
        == 0
    )
    monkeypatch.setenv("LIAISON_POSTGRES_DSN", postgres_dsn)
    said = await asyncio.to_thread(CliRunner().invoke, main, ["rules", "shadow", "--json"])
    assert said.exit_code == 1, said.output
    found = json.loads(said.stdout)
    assert [(m["rule"], m["by_seconds"]) for m in found["earlier"]] == [("R04", -60.0)]
    assert (found["policy_version"], found["failures"], found["gained"], found["lost"]) == (
        99,
        0,
        [],
        [],
    )


@pytest.mark.parametrize(("written_down", "compared"), [(True, {"R22"}), (False, set())])
async def test_what_began_while_the_worker_was_behind_is_compared_since_the_shadow_looked_on(
    pool: asyncpg.Pool, tmp_path: Path, written_down: bool, compared: set[str]
) -> None:
    """Without the beginning written down its first look would count, and that comes too late."""
    candidate = stricter()
    story = tmp_path / "story.yaml"
    story.write_text(ON_THE_WAY)
    journey = load_scenario(story)
    events = list(arrivals(journey, REGISTRY))
    behind = journey.instant(journey.until)
    if written_down:
        await candidate.begin(PostgresLedger(pool, REGISTRY), journey.start)
    batch = Worker(pool, REGISTRY, POLICY, shadow=candidate)
    places: dict[str, int] = {}
    for event in events:
        topic = REGISTRY.feeds_by_id[event.feed][1].topic
        offset = places.get(topic, 0)
        places[topic] = offset + 1
        await batch.apply([Record(topic, 0, offset, encode(event.event), ())], behind)
    async with pool.acquire() as connection:
        run = await shadow_ledger.latest_run(connection)
        assert run is not None
        live, _ = await shadow_ledger.runs(connection, run)
    assert {raised.rule for raised in live} == compared


class _Breaks(Shadow):
    """A candidate whose evaluation fails."""

    async def look(
        self, transaction: Transaction, judge: Callable[[Policy], Settlement], now: datetime
    ) -> None:
        def broken(_: Policy) -> Settlement:
            raise ZeroDivisionError

        await super().look(transaction, broken, now)


class _Unguarded:
    """The positive control: the same failure without the guard."""

    async def look(
        self, transaction: Transaction, judge: Callable[[Policy], Settlement], now: datetime
    ) -> None:
        assert isinstance(transaction, PostgresTransaction)
        await transaction.connection.execute("SELECT 1 / 0")


async def test_a_shadow_that_fails_is_counted_and_every_live_alert_goes_out(
    pool: asyncpg.Pool,
) -> None:
    before = SHADOW_FAILURES._value.get()
    sent = await night(pool, _Breaks(STRICTER, POLICY.version, REGISTRY.zone))
    assert any(b'"raised"' in body for _, _, body in sent)
    assert SHADOW_FAILURES._value.get() > before
    assert await pool.fetchval("SELECT count(*) FROM shadow_alert") == 0


async def test_a_shadow_whose_tables_are_broken_leaves_the_transaction_usable(
    pool: asyncpg.Pool,
) -> None:
    await pool.execute("ALTER TABLE shadow_run ADD CONSTRAINT broken CHECK (policy_version < 99)")
    sent = await night(pool, stricter())
    assert any(b'"raised"' in body for _, _, body in sent)


async def test_without_the_guard_the_same_failure_keeps_live_crises_from_being_judged(
    pool: asyncpg.Pool,
) -> None:
    await night(pool, _Unguarded())
    assert await pool.fetchval("SELECT count(*) FROM parked_crisis") > 0
    rules = await pool.fetch("SELECT DISTINCT rule FROM alert WHERE crisis_id IS NOT NULL")
    assert {row["rule"] for row in rules} == {"R31"}


def test_a_candidate_that_cannot_be_read_is_counted_and_there_is_no_shadow(tmp_path: Path) -> None:
    before = SHADOW_FAILURES._value.get()
    assert shadow_of(tmp_path / "none.yaml", POLICY, REGISTRY.zone) is None
    assert SHADOW_FAILURES._value.get() == before + 1


def test_the_report_without_a_shadow_says_how_to_have_one(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIAISON_POSTGRES_DSN", postgres_dsn)
    said = CliRunner().invoke(main, ["rules", "shadow"])
    assert said.exit_code == 2
    assert "LIAISON_SHADOW_POLICY_PATH" in said.output
