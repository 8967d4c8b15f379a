"""A scenario written into a ledger by the stream's own step, without Kafka: for tests of what is shown of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from schemas.envelope import encode
from schemas.scenario import load_scenario
from services.identity.model import Model
from services.liaison.feeds import ON_TIME
from services.liaison.policy import load_policy
from services.orchestration.batch import Record
from services.runtime.postgres import create_pool
from services.simulation.replay import arrivals
from tests.own_registry import own_registry
from tests.worker import Worker

SCENARIOS = Path(__file__).parent / "scenarios"
_HEADERS = [("content-type", b"application/cloudevents+json")]


@asynccontextmanager
async def played(dsn: str, scenario: str) -> AsyncIterator[PlayedLedger]:
    """A ledger in which a scenario of tests/scenarios has been played."""
    pool = await create_pool(dsn, max_size=4)
    ledger = PlayedLedger(pool)
    await ledger.play(scenario)
    yield ledger
    await pool.close()


class PlayedLedger:
    """Feeds that are all heard in time, and one worker."""

    def __init__(self, pool: asyncpg.Pool, model: Model | None = None) -> None:
        self.pool, self.registry = pool, own_registry()
        self.batch = Worker(pool, self.registry, load_policy(), model=model)
        self._offsets: defaultdict[str, int] = defaultdict(int)

    async def play(self, scenario: str) -> None:
        """Every event of a scenario of tests/scenarios at its time, with the deadlines between."""
        async for _ in self.step_by_step(scenario):
            pass

    async def step_by_step(self, scenario: str) -> AsyncIterator[datetime]:
        """The same, pausing after each event; gives the time of the story."""
        played = load_scenario(SCENARIOS / f"{scenario}.yaml")
        for each in arrivals(played, self.registry):
            await self._take(each.feed, encode(each.event), each.at)
            yield each.at
        await self.until(played.instant(played.until))

    async def say(self, feed: str, kind: str, data: dict[str, Any], at: datetime) -> None:
        """One more event."""
        _, described = self.registry.feeds_by_id[feed]
        body = {
            "specversion": "1.0",
            "id": f"{feed}-{at:%d%H%M%S}-{kind}",
            "source": described.sources[0],
            "time": at.isoformat(),
            "type": f"uk.crisisliaison.{kind}.v1",
            "datacontenttype": "application/json",
            "data": data,
        }
        await self._take(feed, orjson.dumps(body), at)

    async def until(self, at: datetime) -> None:
        """Let deadlines pass until the instant, each at its own time."""
        while True:
            due: datetime | None = await self.pool.fetchval(
                "SELECT min(due_at) FROM deadline WHERE kind <> 'feed'"
            )
            if due is None or due > at:
                return
            await self._hear(due)
            await self.batch.take_due(due)

    async def _hear(self, at: datetime) -> None:
        await self.batch.hear(dict.fromkeys(self.registry.feeds_by_id, ON_TIME), at)

    async def _take(self, feed: str, body: bytes, at: datetime) -> None:
        await self.until(at)
        await self._hear(at)
        topic = next(t for t, (_, f) in self.registry.feeds_by_topic.items() if f.id == feed)
        offset = self._offsets[topic]
        self._offsets[topic] += 1
        result = await self.batch.apply([Record(topic, 0, offset, body, _HEADERS)], at)
        assert result.outcome.rejected == []
