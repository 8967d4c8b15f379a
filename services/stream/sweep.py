"""The look at what Kafka has and the ledger lacks, whatever Faust does or does not do."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.ledger.events import logs as log_store
from services.ledger.events.logs import Cursor, LogChange
from services.orchestration.batch import Place
from services.runtime import kafka, metrics
from services.runtime.kafka_security import security
from services.runtime.log_identity import NOT_KNOWN, Logs, end_of_epoch, logs_of
from services.runtime.logging import logger
from services.runtime.settings import Settings
from services.stream.applier import OUTAGE, Applier
from services.stream.log_changes import change_of, epoch_to_ask_for
from services.stream.readiness import Lag, lag_after, lag_trouble

PATIENCE = 3
"""Looks at a cursor that stands still before its records are read anew although other records wait
to be applied, or another worker reads the partition: they may be among those.
"""
ANSWER_SECONDS = 5.0
"""A topic whose brokers do not answer in this time is looked at by the next look."""


class Sweep:
    """Finds the partitions that stand still, or became another log, and mends each by itself."""

    def __init__(
        self,
        settings: Settings,
        applier: Applier,
        assigned: Callable[[], Sequence[Place]],
        idle: Callable[[], bool],
    ) -> None:
        self._settings, self._applier = settings, applier
        self._assigned, self._idle = assigned, idle
        self._stood: dict[Place, tuple[int, int]] = {}
        """Cursor, and how many looks have found it there."""
        self._beyond: Counter[Place] = Counter()
        """Looks in a row that found the end before the cursor."""
        self._mending: dict[Place, asyncio.Task[None]] = {}
        self._lags: dict[Place, Lag] = {}
        """Of the partitions whose feeds are not stopped, as the last look found them."""
        self.caught_up: dict[Place, int] = {}
        """Cursors of the partitions of which the ledger had all at the last look."""
        self.changed: dict[Place, int] = {}
        """Where the partitions are read on that the last look found to be another log."""

    async def look(self) -> None:
        """Look once at every partition of every feed. Raises OUTAGE."""
        await self._applier.follow()
        pool = self._applier.ledger.pool
        cursors = await log_store.cursors_of_logs(pool)
        assigned = set(self._assigned())
        async with self._reader() as reader:
            logs = await logs_of(reader, self._applier.topics)
            ends = await _ends(reader, sorted(assigned | set(logs.identities)))
            epoch_ends = await _ends_of_former_epochs(reader, cursors, logs, ends)
        # of these the leader could not be asked: they wait for the next look
        ends = {place: end for place, end in ends.items() if place in epoch_ends}
        changes = self._changes(cursors, logs, ends, epoch_ends)
        self.changed = {}
        for place, change in changes.items():
            await self._change(place, change)
        await self._see(cursors, logs, ends, changes)
        self.caught_up = {}
        self._measure(cursors, ends)
        for place, end in ends.items():
            cursor = cursors.get(place, Cursor(0)).next_offset
            metrics.LAG_RECORDS.labels(place[0], str(place[1])).set(end - cursor)
            if place not in changes:
                self._judge(place, cursor, end, place in assigned)

    def trouble(self) -> str | None:
        """What readiness says of what the last look found."""
        return lag_trouble(self._lags.values(), time.monotonic())

    def _measure(self, cursors: Mapping[Place, Cursor], ends: Mapping[Place, int]) -> None:
        # of a stopped feed rule R30 and `liaison feeds list` tell: it waits for a person, and
        # readiness must not keep out the release that mends it
        former, self._lags, instant = self._lags, {}, time.monotonic()
        for place, end in ends.items():
            if self._applier.feed_of(place) not in self._applier.stopped:
                cursor = cursors.get(place, Cursor(0)).next_offset
                self._lags[place] = lag_after(former.get(place), place, cursor, end, instant)

    def _judge(self, place: Place, cursor: int, end: int, assigned: bool) -> None:
        cursor_before, times = self._stood.get(place, (cursor, 0))
        times = times + 1 if cursor_before == cursor else 1
        self._stood[place] = (cursor, times)
        if cursor == end:
            self.caught_up[place] = cursor
            self._applier.aside.discard(place)
        elif cursor < end and self._is_stuck(place, times, assigned):
            self._mend(place)

    def _is_stuck(self, place: Place, stood: int, assigned: bool) -> bool:
        if not self._settings.cursor_guard or self._applier.feed_of(place) in self._applier.stopped:
            return False
        if place in self._applier.aside:
            return True
        if assigned and self._idle():
            return stood > 1
        return stood >= PATIENCE

    def _mend(self, place: Place) -> None:
        running = self._mending.get(place)
        if running is None or running.done():
            self._mending[place] = asyncio.create_task(self._mend_safely(place))

    async def _mend_safely(self, place: Place) -> None:
        try:
            await self._applier.mend(place)
        except Exception as error:
            logger().error("mending.failed", topic=place[0], error=type(error).__name__)

    def _changes(
        self,
        cursors: Mapping[Place, Cursor],
        logs: Logs,
        ends: Mapping[Place, int],
        epoch_ends: Mapping[Place, int | None],
    ) -> dict[Place, LogChange]:
        changes = {}
        for place, end in ends.items():
            cursor = cursors.get(place)
            if cursor is None:
                continue
            self._beyond[place] = self._beyond[place] + 1 if end < cursor.next_offset else 0
            identity = logs.identities.get(place, NOT_KNOWN)
            change = change_of(cursor, identity, end, epoch_ends[place], self._beyond[place])
            if change is not None:
                changes[place] = change
        return changes

    async def _change(self, place: Place, change: LogChange) -> None:
        """Read the other log, and say so: what the former one had and nobody read is gone."""
        applier = self._applier
        async with applier.ledger.pool.acquire() as connection, connection.transaction():
            is_first = await log_store.change(connection, place, change, applier.now())
        if not is_first:
            return
        self._beyond[place] = 0
        self._stood.pop(place, None)
        self.changed[place] = change.next_offset
        feed = applier.feed_of(place)
        metrics.LOG_CHANGES.labels(feed, change.kind).inc()
        say = logger().info if change.kind == "elected" else logger().critical
        say(
            "log.changed",
            kind=change.kind,
            feed=feed,
            topic=place[0],
            partition=place[1],
            read_before=change.cursor.next_offset,
            read_from=change.next_offset,
        )
        self._mend(place)

    async def _see(
        self,
        cursors: Mapping[Place, Cursor],
        logs: Logs,
        ends: Mapping[Place, int],
        changes: Mapping[Place, LogChange],
    ) -> None:
        reached = {}
        for place, identity in logs.identities.items():
            cursor = cursors.get(place)
            if cursor is None or place in changes or ends.get(place, -1) < cursor.next_offset:
                continue
            if (cursor.identity, cursor.seen_offset) != (identity, cursor.next_offset):
                reached[place] = Cursor(cursor.next_offset, identity)
        if reached:
            async with self._applier.ledger.pool.acquire() as connection:
                await log_store.see(connection, reached)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        reader = kafka.reader(self._settings.kafka_bootstrap, security(self._settings))
        await reader.start()
        try:
            yield reader
        finally:
            with contextlib.suppress(Exception):
                await reader.stop()


async def _ends_of_former_epochs(
    reader: AIOKafkaConsumer, cursors: Mapping[Place, Cursor], logs: Logs, places: Iterable[Place]
) -> dict[Place, int | None]:
    """Where each log stops to be what was seen of it, where another leader leads it now. One whose
    leader does not answer is left out.
    """
    epoch_ends: dict[Place, int | None] = {}
    for place in places:
        epoch = epoch_to_ask_for(
            cursors.get(place, Cursor(0)), logs.identities.get(place, NOT_KNOWN)
        )
        try:
            epoch_ends[place] = None
            if epoch is not None:
                epoch_ends[place] = await end_of_epoch(reader, place, logs.leaders[place], epoch)
        except OUTAGE as error:
            del epoch_ends[place]
            logger().warning("sweep.failed", topic=place[0], error=type(error).__name__)
    return epoch_ends


async def _ends(reader: AIOKafkaConsumer, places: Sequence[Place]) -> dict[Place, int]:
    """Ends of what is committed. A topic whose brokers do not answer is left out."""
    topics: dict[str, list[TopicPartition]] = {}
    for place in places:
        topics.setdefault(place[0], []).append(TopicPartition(*place))
    answers = await asyncio.gather(
        *(_ends_of(reader, topic, partitions) for topic, partitions in topics.items())
    )
    ends = {}
    for answer in answers:
        for partition, end in answer.items():
            ends[(partition.topic, partition.partition)] = end
    return ends


async def _ends_of(
    reader: AIOKafkaConsumer, topic: str, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            ends: dict[TopicPartition, int] = await reader.end_offsets(partitions)
            return ends
    except OUTAGE as error:
        logger().warning("sweep.failed", topic=topic, error=type(error).__name__)
        return {}
