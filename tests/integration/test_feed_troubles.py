"""A feed that is heard and cannot be relied on, in the ledger: told of, shown on the screens, and over when it is over."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.ledger.feeds import feeds_in_trouble
from services.liaison.policy import load_policy
from services.orchestration.batch import Record
from services.orchestration.feeds import heard_up_to
from services.runtime.postgres import create_pool
from tests.own_registry import own_registry
from tests.worker import Worker

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
REGISTRY = own_registry()


@pytest.fixture
async def pool(postgres_dsn: str) -> Any:
    made = await create_pool(postgres_dsn, max_size=3)
    yield made
    await made.close()


class Feed:
    """The ambulance service's feed, and a worker that takes what it sends."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool, self.batch = pool, Worker(pool, REGISTRY, load_policy())
        self._offset = 0

    async def beat(self, now: datetime, at: datetime, broken: bool = False) -> None:
        """A heartbeat of that instant comes now, and what is due is looked at."""
        body = json.dumps(
            {
                "specversion": "1.0",
                "id": f"h{self._offset}",
                "source": "/las/cad",
                "type": "uk.crisisliaison.feed.heartbeat.v1",
                "time": "yesterday" if broken else at.isoformat(),
                "data": {},
            }
        ).encode()
        await self.batch.apply([Record("feed.las-cad", 0, self._offset, body, ())], now)
        self._offset += 1
        await self.batch.take_due(now)

    async def standing(self) -> list[str]:
        """Titles of what stands."""
        rows = await self.pool.fetch(
            "SELECT detail FROM alert WHERE cleared_at IS NULL AND feed = 'las-cad'"
        )
        return [r["detail"]["title"] for r in rows]

    async def shown(self) -> list[str | None]:
        """What every desk's screen says of it."""
        async with self.pool.acquire() as connection:
            return [t.troubled for t in await feeds_in_trouble(connection) if t.feed == "las-cad"]


@pytest.fixture
async def feed(pool: asyncpg.Pool) -> Feed:
    return Feed(pool)


async def test_late_then_far_behind_then_well(feed: Feed) -> None:
    for seconds in range(0, 61, 15):
        now = NOW + timedelta(seconds=seconds)
        await feed.beat(now, now - timedelta(seconds=90))
    assert await feed.standing() == ["A feed is late"]
    assert await feed.shown() == ["late"]
    async with feed.batch.ledger.transaction() as transaction:
        known = heard_up_to(await transaction.feed_states(), REGISTRY)["las-cad"]
    assert known == now - timedelta(seconds=90), "what it has not said yet is no absence"
    now += timedelta(seconds=15)
    await feed.beat(now, now - timedelta(seconds=400))
    assert await feed.shown() == ["backlog"]
    now += timedelta(seconds=15)
    await feed.beat(now, now)
    assert await feed.standing() == []
    assert await feed.shown() == []


async def test_a_clock_that_is_ahead(feed: Feed) -> None:
    for seconds in range(0, 46, 15):
        now = NOW + timedelta(seconds=seconds)
        await feed.beat(now, now + timedelta(seconds=120))
    assert await feed.standing() == ["A feed's clock is wrong"]
    assert await feed.shown() == ["clock"]


async def test_what_cannot_be_read_is_told_of_and_forgotten_when_it_is_long_ago(feed: Feed) -> None:
    await feed.beat(NOW, NOW)
    for seconds in range(1, 6):
        now = NOW + timedelta(seconds=seconds)
        await feed.beat(now, now, broken=True)
    assert await feed.standing() == ["A feed sends what cannot be read"]
    assert await feed.shown() == ["rejected"]
    for seconds in range(15, 631, 15):
        now = NOW + timedelta(seconds=seconds)
        await feed.beat(now, now)
    assert await feed.standing() == []
    assert await feed.shown() == []


async def test_a_feed_that_was_well_throughout_is_not_told_of(feed: Feed) -> None:
    for seconds in range(0, 120, 15):
        now = NOW + timedelta(seconds=seconds)
        await feed.beat(now, now - timedelta(seconds=2))
    assert await feed.standing() == []
    assert await feed.shown() == []
