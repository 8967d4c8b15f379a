"""The log of one partition, read straight from Kafka and not through Faust."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    KafkaTimeoutError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from services.orchestration.batch import Place, Record
from services.runtime import kafka
from services.runtime.kafka_security import security
from services.runtime.settings import Settings
from services.stream.batch_extent import end_of_batch

QUIET_SECONDS = 10.0
"""A broker that answers and gives nothing for so long, although there is more, is away."""
POLL_MS = 200


class LogTrouble(Exception):
    """Nobody can go on with this log as if nothing had happened: its feed is stopped."""

    kind = "hole"
    """Of what kind, as the metric counts it and the log's action names it."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"{place[0]}[{place[1]}]: {reason}")
        self.place = place

    @property
    def action(self) -> str:
        """What the log calls it."""
        return f"log.{self.kind}"


class Unreadable(LogTrouble):
    """What stands at this offset cannot be decoded."""

    kind = "unreadable"

    def __init__(self, place: Place, offset: int, error: Exception) -> None:
        super().__init__(place, f"offset {offset} cannot be read ({type(error).__name__})")
        self.offset, self.fault = offset, type(error).__name__


class Cut(LogTrouble):
    """Retention took records before they were read."""

    kind = "cut"

    def __init__(self, place: Place, cursor: int, beginning: int) -> None:
        super().__init__(place, f"offsets {cursor} to {beginning - 1} were deleted unread")


class LogReader:
    """Reads one partition with a consumer that belongs to no group."""

    def __init__(self, consumer: AIOKafkaConsumer, place: Place) -> None:
        self._consumer, self._partition, self._place = consumer, TopicPartition(*place), place
        self.position = 0
        """Up to there everything was given."""

    async def bounds(self) -> tuple[int, int]:
        """First offset that is still there, and the end of what is committed."""
        partition = self._partition
        beginning = (await self._consumer.beginning_offsets([partition]))[partition]
        end = (await self._consumer.end_offsets([partition]))[partition]
        return beginning, end

    async def batches(self, first: int, following: int, limit: int) -> AsyncIterator[list[Record]]:
        """The committed records of [first, following) in order. Raises Unreadable at the first that
        cannot be decoded, KafkaError while the broker is away.
        """
        self._consumer.seek(self._partition, first)
        self.position = first
        heard_at = time.monotonic()
        while self.position < following:
            before = self.position
            records = await self._fetch(following, limit)
            if records:
                yield records
            if self.position > before:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > QUIET_SECONDS:
                raise KafkaTimeoutError(f"{self._place[0]}[{self._place[1]}] gives nothing")

    async def behind(self, unreadable: Unreadable, end: int) -> int:
        """Where to read on behind a batch that cannot be decoded. Raises KafkaError."""
        return await end_of_batch(self._consumer, self._place, unreadable.offset, end)

    async def _fetch(self, following: int, limit: int) -> list[Record]:
        try:
            fetched = await self._consumer.getmany(
                self._partition, timeout_ms=POLL_MS, max_records=limit
            )
        except (ConsumerStoppedError, TopicAuthorizationFailedError, OffsetOutOfRangeError):
            raise
        except Exception:
            # what lies before the batch that cannot be read is good
            self._consumer.seek(self._partition, self.position)
            return [await self._one()]
        records = fetched.get(self._partition, [])
        position = await self._consumer.position(self._partition)
        return self._up_to(following, records, position)

    async def _one(self) -> Record:
        """The next record. Raises Unreadable."""
        try:
            message = await self._consumer.getone(self._partition)
        except (ConsumerStoppedError, TopicAuthorizationFailedError, OffsetOutOfRangeError):
            raise
        except Exception as error:
            raise Unreadable(self._place, self.position, error) from error
        record = _record(message, self.position)
        self.position = message.offset + 1
        return record

    def _up_to(self, following: int, messages: Sequence[Any], position: int) -> list[Record]:
        records = []
        for message in messages:
            if message.offset >= following:
                break
            records.append(_record(message, self.position))
            self.position = message.offset + 1
        else:
            self.position = max(self.position, position)
            return records
        self.position = following
        return records


def _record(message: Any, preceding: int) -> Record:
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.value,
        message.headers,
        preceding=preceding,
    )


@asynccontextmanager
async def opened(settings: Settings, place: Place) -> AsyncIterator[LogReader]:
    """A reader of this partition. Raises KafkaError where no broker answers."""
    consumer = kafka.reader(settings.kafka_bootstrap, security(settings))
    await consumer.start()
    try:
        consumer.assign([TopicPartition(*place)])
        yield LogReader(consumer, place)
    finally:
        await consumer.stop()
