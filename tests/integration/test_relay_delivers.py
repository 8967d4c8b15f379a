"""What sounds at a desk and has been published to its agency's topic is delivered, also what returns as disputed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.ledger import outbox
from services.liaison.alert import Decline
from services.liaison.alert.states import SOUNDING
from services.relay import app as relay
from services.relay.lane import Lane
from services.runtime.postgres import create_pool
from tests.played_ledger import PlayedLedger

NEVER = datetime.max
STORY = "police-present-ambulance-graded-low"


class Brokers:
    """They take everything at once."""

    async def start(self) -> None:
        return

    async def partitions_for(self, _: str) -> set[int]:
        return {0}

    async def send(self, *_: Any, **__: Any) -> asyncio.Future[None]:
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    pool = await create_pool(postgres_dsn, max_size=3)
    yield PlayedLedger(pool)
    await pool.close()


async def leave(_: Brokers) -> None:
    return


async def publish(ledger: PlayedLedger, now: datetime) -> None:
    waiting = relay.LedgerOutbox(ledger.pool, lambda: now, ledger.registry.zone)
    async with ledger.pool.acquire() as connection:
        topics = await outbox.topics_waiting(connection)
    for topic in topics:
        await Lane(topic, waiting, Brokers, leave, lambda _: None).work()


async def disputed(pool: asyncpg.Pool) -> list[str]:
    """The state of every desk's part that came back as disputed."""
    rows = await pool.fetch(
        """SELECT d.state FROM alert_log l JOIN alert_desk d USING (alert_id, desk)
            WHERE l.transition = 'disputed' AND l.actor = 'liaison' AND d.state <> 'answered'"""
    )
    return [row["state"] for row in rows]


async def come_back(ledger: PlayedLedger) -> datetime:
    """It has climbed to the supervisors, who have it, when the first desk says no: it sounds at theirs again."""
    now = NEVER
    async for at in ledger.step_by_step(STORY):
        raised = await ledger.pool.fetchrow(
            """SELECT alert_id, desk FROM alert_desk JOIN alert USING (alert_id)
                WHERE rule = 'R01' AND origin = 'rule' AND alert.cleared_at IS NULL ORDER BY desk LIMIT 1"""
        )
        if raised is not None:
            now = at + timedelta(minutes=4)
            break
    await ledger.until(now)
    await publish(ledger, now)
    assert raised is not None
    no = Decline("no-resource")
    await ledger.batch.command(
        no, desk=raised["desk"], alert=raised["alert_id"], actor="AB", now=now
    )
    await ledger.batch.take_due(now)
    return now


async def test_what_returns_as_disputed_is_delivered_when_it_is_published(
    ledger: PlayedLedger,
) -> None:
    now = await come_back(ledger)
    before = await disputed(ledger.pool)
    assert before
    assert set(before) == {"raised"}
    await publish(ledger, now)
    assert set(await disputed(ledger.pool)) == {"delivered"}


async def test_without_it_among_what_sounds_it_would_stay_raised(
    ledger: PlayedLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SOUNDING", SOUNDING - {"disputed"})
    now = await come_back(ledger)
    await publish(ledger, now)
    assert set(await disputed(ledger.pool)) == {"raised"}
