"""What people do with alerts, the steps that time brings and the auditor that watches them, on a real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from schemas.envelope import encode
from schemas.scenario import load_scenario
from services.liaison.alert import (
    Accept,
    Acknowledge,
    AlreadyAcknowledged,
    Command,
    Decline,
    First,
    Note,
    UnknownAlert,
)
from services.liaison.policy import load_policy
from services.orchestration.batch import Record
from services.orchestration.decisions import alert_commands as commands
from services.runtime.postgres import create_pool
from services.simulation.replay import arrivals
from services.stream.auditor import look
from tests.own_registry import own_registry
from tests.worker import Worker

REGISTRY, POLICY = own_registry(), load_policy()
SCENARIO = load_scenario(
    Path(__file__).parents[1] / "scenarios" / "police-present-ambulance-graded-low.yaml"
)
RAISED = datetime(2026, 11, 10, 10, 5, tzinfo=UTC)
GRACE = timedelta(seconds=15)
LAS, MET = "las-mental-health", "met-control-central-east"


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn)
    yield made
    await made.close()


@pytest.fixture
async def batch(pool: asyncpg.Pool) -> Worker:
    """The story up to the moment at which R01 was raised."""
    worker = Worker(pool, REGISTRY, POLICY)
    offsets: dict[str, int] = {}
    for each in arrivals(SCENARIO, REGISTRY):
        if each.at > RAISED:
            break
        topic = REGISTRY.feeds_by_id[each.feed][1].topic
        record = Record(topic, 0, offsets.get(topic, 0), encode(each.event), ())
        offsets[topic] = record.offset + 1
        await worker.apply([record], each.at)
    await pool.execute("DELETE FROM deadline WHERE kind = 'feed'")
    return worker


async def the_alert(pool: asyncpg.Pool) -> str:
    return str(await pool.fetchval("SELECT alert_id FROM alert WHERE rule = 'R01'"))


async def do(
    pool: asyncpg.Pool, command: Command, desk: str, at: datetime, actor: str = "MK"
) -> commands.Done:
    return await Worker(pool, REGISTRY, POLICY).command(
        command, desk=desk, alert=await the_alert(pool), actor=actor, now=at
    )


async def until(batch: Worker, at: datetime) -> None:
    """Let every deadline before the instant be taken at its own time, as a worker does."""
    while (
        due := await batch.pool.fetchval("SELECT min(due_at) FROM deadline")
    ) is not None and due <= at:
        await batch.take_due(due)


async def test_of_two_who_answer_at_once_one_wins_and_the_other_is_told(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    at = RAISED + timedelta(seconds=30)
    done = await asyncio.gather(
        do(pool, Accept(), LAS, at, "MK"),
        do(pool, Decline("no-resource"), LAS, at, "TB"),
        return_exceptions=True,
    )
    lost = [d for d in done if isinstance(d, First)]
    assert len(lost) == 1
    assert lost[0].when == at
    assert lost[0].who in {"MK", "TB"}
    log = await pool.fetch(
        "SELECT transition FROM alert_log WHERE actor = ANY('{MK,TB}') AND desk = $1", LAS
    )
    assert [r[0] for r in log][:1] == ["acknowledged"]
    assert sum(r[0] in {"accepted", "declined"} for r in log) == 1


async def test_a_refused_command_writes_nothing(batch: Worker, pool: asyncpg.Pool) -> None:
    await do(pool, Acknowledge(), LAS, RAISED)
    before = (
        await pool.fetchval("SELECT last FROM alert_sequence"),
        await pool.fetchval("SELECT count(*) FROM outbox"),
    )
    with pytest.raises(AlreadyAcknowledged, match="MK acknowledged it at 10:05:00 UTC"):
        await do(pool, Acknowledge(), LAS, RAISED, "TB")
    with pytest.raises(UnknownAlert):
        await do(pool, Acknowledge(), "slam-crisis", RAISED)
    assert before == (
        await pool.fetchval("SELECT last FROM alert_sequence"),
        await pool.fetchval("SELECT count(*) FROM outbox"),
    )


async def test_a_command_is_in_the_log_the_outbox_and_the_audit_and_a_note_is_in_no_message(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    done = await do(pool, Note("Caller rings again: Oyelaran"), LAS, RAISED)
    assert done.sequence == await pool.fetchval("SELECT last FROM alert_sequence")
    body = await pool.fetchval(
        "SELECT body FROM outbox WHERE convert_from(body, 'utf8') LIKE '%\"noted\"%'"
    )
    assert b"Oyelaran" not in body
    audit = await pool.fetchrow("SELECT * FROM audit")
    assert audit is not None
    assert (audit["action"], audit["actor"], "Oyelaran" in str(audit["detail"])) == (
        "alert.noted",
        "MK",
        False,
    )


async def test_the_ladder_climbs_by_durable_deadlines_and_each_desk_above_has_its_own_disclosed_view(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    await until(batch, RAISED + timedelta(minutes=6))
    rows = await pool.fetch(
        "SELECT desk, state FROM alert_desk WHERE origin = 'escalation' ORDER BY desk"
    )
    assert [r["desk"] for r in rows] == [
        "las-supervisor",
        "las-tactical",
        "met-supervisor",
        "met-tactical",
    ]
    logged = await pool.fetch("SELECT desk, purpose FROM disclosure")
    assert {r["desk"] for r in rows} <= {r["desk"] for r in logged}
    assert {r["purpose"] for r in logged} == {"emergency-response"}
    topics = {
        r["topic"]
        for r in await pool.fetch("SELECT DISTINCT topic FROM outbox WHERE topic LIKE 'alerts.%'")
    }
    assert topics == {"alerts.las", "alerts.met"}


async def test_a_worker_that_was_dead_takes_the_steps_that_it_missed(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    fresh = Worker(pool, REGISTRY, POLICY)
    await fresh.take_due(RAISED + timedelta(minutes=20))
    rows = await pool.fetch(
        "SELECT desk FROM alert_desk WHERE origin = 'escalation' AND desk LIKE 'las-%' ORDER BY desk"
    )
    assert [r["desk"] for r in rows] == ["las-strategic", "las-supervisor", "las-tactical"]


async def test_the_auditor_is_content_while_steps_are_taken(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    for minutes in (1, 2, 3, 6, 16):
        now = RAISED + timedelta(minutes=minutes)
        await until(batch, now)
        async with pool.acquire() as connection:
            assert await look(connection, now, GRACE) == ()
    assert await pool.fetchval("SELECT healthy_at FROM auditor") == RAISED + timedelta(minutes=16)


async def test_a_step_that_nobody_takes_stops_the_auditors_heartbeat(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    """The positive control: a ledger whose worker is dead."""
    async with pool.acquire() as connection:
        assert await look(connection, RAISED + timedelta(seconds=10), GRACE) == ()
        found = await look(connection, RAISED + timedelta(minutes=3), GRACE)
        assert {(o.desk, o.fault) for o in found} == {
            (d, f) for d in (LAS, MET) for f in ("rung", "sound")
        }
    row = await pool.fetchrow("SELECT * FROM auditor")
    assert row is not None
    assert row["healthy_at"] == RAISED + timedelta(seconds=10)
    assert row["looked_at"] == RAISED + timedelta(minutes=3)
    assert row["oldest_due"] == RAISED + timedelta(minutes=2)


async def test_an_alert_whose_deadline_was_lost_is_found_by_the_auditor(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    await pool.execute("DELETE FROM deadline WHERE kind = 'alert'")
    async with pool.acquire() as connection:
        found = await look(connection, RAISED + timedelta(seconds=30), GRACE)
    assert {o.fault for o in found} == {"no-deadline"}


async def test_a_policy_edit_changes_no_escalation_that_runs(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    later = {u: {"supervisor": 86_400} for u in range(1, 6)}
    edited = POLICY.model_copy(update={"escalation": later, "version": 99})
    await until(Worker(pool, REGISTRY, edited), RAISED + timedelta(minutes=3))
    assert await pool.fetchval("SELECT count(*) FROM alert_desk WHERE desk = 'las-supervisor'") == 1


async def test_everything_a_person_holds_is_handed_over_with_the_shift(
    batch: Worker, pool: asyncpg.Pool
) -> None:
    await do(pool, Acknowledge(), LAS, RAISED, "MK")
    async with batch.ledger.transaction() as transaction:
        done = await commands.hand_over_desk(
            transaction,
            REGISTRY,
            POLICY,
            desk=LAS,
            actor="MK",
            to="TB",
            note="end of shift",
            now=RAISED + timedelta(minutes=1),
        )
    assert [d.alert.at(LAS).acknowledged_by for d in done if d.alert.at(LAS)] == ["TB"]  # type: ignore[union-attr]
