"""What stands between the queue of records and the ledger: retry, gap fill, the last resort, the
poison limit.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from services.ledger.alerts.metrics import COUNTS
from services.ledger.events import store as event_store
from services.orchestration.batch import Place, Record
from services.orchestration.feeds import stop_feed
from services.orchestration.settling import Settled
from services.runtime import kafka, metrics, postgres
from services.runtime.clock import Clock
from services.runtime.logging import logger
from services.runtime.settings import Settings
from services.stream.batches import Applied, Batches, Hole
from services.stream.poison import PoisonLimit

UNRECOVERABLE = 70
"""Exit code (EX_SOFTWARE) of a worker that must not go on: the log and the ledger contradict each
other.
"""

OUTAGE = (KafkaError, *postgres.OUTAGE)
"""Failures that pass: nothing in the records makes them. They are retried for as long as they last.
"""


def give_up(action: str, **facts: Any) -> None:
    """End the process at once. An exception would let Faust acknowledge what was not done."""
    logger().critical(action, **facts)
    os._exit(UNRECOVERABLE)


def count_settled(settled: Settled) -> None:
    """Count what settling did, once it is committed."""
    metrics.CRISES_BOUNDED.inc(len(settled.bounded))
    metrics.EPISODES_BOUNDED.inc(len(settled.bounded))
    for item in settled.asked.values():
        metrics.EVIDENCE_ASKED.labels(item).inc()
    COUNTS.count(settled.changes)


class Applier:
    """Applies records whatever happens; never raises but for cancellation."""

    def __init__(self, batches: Batches, clock: Clock, settings: Settings) -> None:
        self._batches, self._clock, self._settings = batches, clock, settings
        self._limits: defaultdict[str, PoisonLimit] = defaultdict(
            lambda: PoisonLimit(
                settings.poison_consecutive, settings.poison_ratio, settings.poison_window
            )
        )
        self.stopped: set[str] = set()
        """Feeds that are stopped; their records stay where they are."""
        self.last_progress = time.monotonic()
        self.failing: str | None = None
        """What the present batch fails with; None while all is well."""

    async def apply(self, records: Sequence[Record]) -> None:
        """Bring the records into the ledger, in order, however long that takes."""
        registry = self._batches.registry
        records = [r for r in records if registry.feeds_by_topic[r.topic][1].id not in self.stopped]
        attempts = 0
        delay = 0.05
        while records:
            try:
                await self._once(records)
                self.failing = None
                self.last_progress = time.monotonic()
                return
            except asyncio.CancelledError:
                raise
            except Hole as hole:
                await self.fill(hole)
            except OUTAGE as error:
                await self._failed(error, delay)
                delay = min(delay * 2, 2.0)
            except Exception as error:
                attempts += 1
                await self._failed(error, delay)
                delay = min(delay * 2, 2.0)
                if attempts >= self._settings.handler_retries:
                    await self._one_by_one(records)
                    return

    async def _failed(self, error: Exception, delay: float) -> None:
        self.failing = type(error).__name__
        metrics.BATCH_FAILURES.inc()
        logger().error("batch.failed", error=type(error).__name__, detail=str(error)[:300])
        await asyncio.sleep(delay)

    async def _once(self, records: Sequence[Record], poison: bool = False) -> None:
        started = time.perf_counter()
        now = self._clock.now()
        result = await self._batches.apply(records, now, poison)
        metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
        metrics.BATCH_RECORDS.observe(len(records))
        stamps = [r.timestamp for r in records if r.timestamp is not None]
        if stamps and any(
            t.kind == "raised"
            for change in result.taken.settled.changes
            for t in change.transitions
        ):
            # the oldest record of the batch: an upper bound for every alert of it
            metrics.EVENT_TO_ALERT_SECONDS.observe(max(0.0, time.time() - min(stamps)))
        await self._count(result)

    async def _one_by_one(self, records: Sequence[Record]) -> None:
        """A record breaks its handler: find it, put it into quarantine, go on. It is kept for
        replay.
        """
        for record in records:
            for last in (False, True):
                try:
                    await self._once([record], poison=last)
                    break
                except asyncio.CancelledError:
                    raise
                except Exception as error:
                    logger().error(
                        "record.failed",
                        error=type(error).__name__,
                        offset=record.offset,
                        topic=record.topic,
                    )
                    if isinstance(error, (Hole, *OUTAGE)) or last:
                        await asyncio.sleep(0.5)
                        await self.apply([record])
                        break

    async def _count(self, applied: Applied) -> None:
        taken = applied.taken
        for feed in taken.accepted:
            metrics.EVENTS_ACCEPTED.labels(feed).inc()
        for feed in [*applied.below_cursor, *taken.repeated]:
            metrics.EVENTS_REPEATED.labels(feed).inc()
        for feed, code in taken.rejected:
            metrics.EVENTS_REJECTED.labels(feed, code).inc()
        for feed, name in taken.left_out:
            metrics.FIELDS_LEFT_OUT.labels(feed, name).inc()
        count_settled(taken.settled)
        for feed, good in applied.outcomes:
            reason = self._limits[feed].note(good)
            if reason is not None and feed not in self.stopped:
                await self._stop(feed, reason)

    async def _stop(self, feed: str, reason: str) -> None:
        self.stopped.add(feed)
        logger().critical("feed.stopped", feed=feed, reason=reason)
        async with self._batches.ledger.transaction() as transaction:
            await transaction.lock_zone()
            await stop_feed(transaction, feed, reason, self._clock.now())

    async def fill(self, hole: Hole) -> None:
        """Read what is missing straight from Kafka and apply it."""
        metrics.HOLES.labels(hole.place[0]).inc()
        logger().warning(
            "hole.found",
            topic=hole.place[0],
            partition=hole.place[1],
            first=hole.first,
            next=hole.following,
        )
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(OUTAGE),
            wait=wait_exponential_jitter(0.1, 2),
            stop=stop_after_attempt(10_000),
        ):
            with attempt:
                async for records in self.read(hole.place, hole.first, hole.following):
                    await self._once(records)
                    metrics.GAP_FILLED.labels(hole.place[0]).inc(len(records))

    async def read(self, place: Place, first: int, following: int) -> AsyncIterator[list[Record]]:
        """The records of [first, following) as they stand in Kafka, in batches. Empty stretches are
        recorded as such.
        """
        partition = TopicPartition(*place)
        reader = kafka.reader(self._settings.kafka_bootstrap)
        await reader.start()
        try:
            reader.assign([partition])
            beginning = (await reader.beginning_offsets([partition]))[partition]
            end = (await reader.end_offsets([partition]))[partition]
            if first > end:
                give_up(
                    "cursor.ahead_of_log",
                    topic=place[0],
                    partition=place[1],
                    cursor=first,
                    log_end=end,
                )
            position = first
            if first < beginning:
                if first > 0:
                    give_up(
                        "retention.lost",
                        topic=place[0],
                        partition=place[1],
                        cursor=first,
                        log_start=beginning,
                    )
                await self._skip(place, 0, beginning, "before the first use of the topic")
                position = beginning
            reader.seek(partition, position)
            while position < min(following, end):
                fetched = (
                    await reader.getmany(
                        partition, timeout_ms=1000, max_records=self._settings.batch_max
                    )
                ).get(partition, [])
                wanted = [
                    Record(m.topic, m.partition, m.offset, m.value, m.headers)
                    for m in fetched
                    if m.offset < following
                ]
                after = fetched[-1].offset + 1 if fetched else await reader.position(partition)
                for record in wanted:
                    if record.offset > position:
                        await self._skip(
                            place, position, record.offset, "no record at these offsets"
                        )
                    position = record.offset + 1
                if wanted:
                    yield wanted
                if after > position and after >= following:
                    await self._skip(place, position, following, "no record at these offsets")
                    position = following
        finally:
            await reader.stop()

    async def _skip(self, place: Place, first: int, following: int, reason: str) -> None:
        """Move the cursor over offsets that hold nothing, and record it."""
        async with self._batches.ledger.pool.acquire() as connection, connection.transaction():
            at = (await event_store.lock_cursors(connection, [place]))[place]
            if first <= at < following:
                await event_store.skip(connection, place, at, following, reason, self._clock.now())
                await event_store.advance(connection, {place: following})
