"""The look at what Kafka has and the ledger lacks, whatever Faust does or does not do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.orchestration.batch import Place
from services.runtime import kafka, metrics
from services.runtime.logging import logger
from services.runtime.settings import Settings
from services.stream.applier import OUTAGE, Applier

PATIENCE = 3
"""Looks at a cursor that stands still, while other records wait to be applied, before its records
are read anew: they may be among those.
"""

ANSWER_SECONDS = 5.0
"""A topic whose brokers do not answer in this time is looked at by the next look."""


class Sweep:
    """Finds the partitions that stand still, and mends each by itself."""

    def __init__(
        self,
        settings: Settings,
        applier: Applier,
        partitions: Callable[[], Sequence[TopicPartition]],
        idle: Callable[[], bool],
    ) -> None:
        self._settings, self._applier = settings, applier
        self._partitions, self._idle = partitions, idle
        self._stood: dict[TopicPartition, tuple[int, int]] = {}
        """Cursor, and how many looks have found it there."""
        self._mending: dict[Place, asyncio.Task[None]] = {}
        self.caught_up: dict[TopicPartition, int] = {}
        """Cursors of the partitions of which the ledger had all at the last look."""

    async def look(self) -> None:
        """Look once at every partition. Raises OUTAGE."""
        partitions = list(self._partitions())
        if not partitions:
            return
        cursors = await self._applier.cursors()
        ends = await self._log_ends(partitions)
        self.caught_up = {}
        for partition, end in ends.items():
            place = (partition.topic, partition.partition)
            cursor = cursors.get(place, 0)
            metrics.LAG_RECORDS.labels(partition.topic).set(end - cursor)
            stood = self._looks(partition, cursor)
            if cursor == end:
                self.caught_up[partition] = cursor
                self._applier.aside.discard(place)
            elif self._is_stuck(place, stood):
                self._mend(place)

    def _looks(self, partition: TopicPartition, cursor: int) -> int:
        former, times = self._stood.get(partition, (cursor, 0))
        times = times + 1 if former == cursor else 1
        self._stood[partition] = (cursor, times)
        return times

    def _is_stuck(self, place: Place, stood: int) -> bool:
        if not self._settings.cursor_guard or self._applier.feed_of(place) in self._applier.stopped:
            return False
        if place in self._applier.aside:
            return True
        return stood > (1 if self._idle() else PATIENCE)

    def _mend(self, place: Place) -> None:
        running = self._mending.get(place)
        if running is None or running.done():
            self._mending[place] = asyncio.create_task(self._mend_safely(place))

    async def _mend_safely(self, place: Place) -> None:
        try:
            await self._applier.mend(place)
        except Exception as error:
            logger().error("mending.failed", topic=place[0], error=type(error).__name__)

    async def _log_ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Ends of what is committed. A topic whose brokers do not answer is left out."""
        reader = kafka.reader(self._settings.kafka_bootstrap)
        await reader.start()
        try:
            topics: dict[str, list[TopicPartition]] = {}
            for partition in partitions:
                topics.setdefault(partition.topic, []).append(partition)
            answers = await asyncio.gather(
                *(_ends_of(reader, topic, members) for topic, members in topics.items())
            )
        finally:
            with contextlib.suppress(Exception):
                await reader.stop()
        return {partition: end for ends in answers for partition, end in ends.items()}


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
