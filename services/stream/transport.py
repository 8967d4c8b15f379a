"""Faust's Kafka transport with what its settings do not offer.

- How long a fetch may wait at the broker. Faust 0.15.3 fixes it at 1.5 s. A broker that answers a
  waiting fetch when a record comes (Apache Kafka) is quick with any value; the embedded one lets
  some fetches over several topics wait to the end (measured: up to the whole time).
- `read_committed`, which Faust sets for its own transactions only.
- Each record says from where on nothing lies before it: the consumer has seen that stretch, so
  markers of transactions, aborted records and compaction are no holes.
- What cannot be read of one partition is kept from the others, and from Faust, which would end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.structs import ConsumerRecord
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage

from services.orchestration.batch import Place
from services.runtime.kafka import READ_COMMITTED
from services.runtime.logging import logger


@dataclass
class Fetched(ConsumerRecord):  # type: ignore[misc]  # aiokafka is not typed
    """A record, and the offset from which on nothing lies before it."""

    preceding: int


def preceding_of(message: Any) -> int | None:
    """Offset from which on nothing lies before the message; None: nothing is known of that."""
    preceding: int | None = getattr(message, "preceding", None)
    return preceding


class _Thread(driver.AIOKafkaConsumerThread):
    fetch_wait_ms: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self._proven: dict[TopicPartition, tuple[int, int]] = {}
        # partition -> (end of the last record, position): nothing lies between the two

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = self.fetch_wait_ms
        consumer._isolation_level = READ_COMMITTED
        return consumer

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        """Kafka's offsets are a hint: a broker that does not take them ends nobody, as with Faust's
        own.
        """
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        hints = {
            TopicPartition(partition.topic, partition.partition): offset
            for partition, offset in offsets.items()
            if partition in assigned
        }
        try:
            await consumer.commit(hints)
        except KafkaError as error:
            logger().warning("commit.failed", error=type(error).__name__)
            return False
        return True

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[Any],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> dict[Any, list[Fetched]]:
        """As Faust's own, partition by partition."""
        if not self.consumer.flow_active:
            return {}
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        with fetcher._subscriptions.fetch_context():
            records = await self._each(consumer, active_partitions, max_records)
            if records or not timeout:
                return records
            waiter = fetcher._create_fetch_waiter()
            await asyncio.wait([waiter], timeout=timeout)
            if not waiter.done():
                waiter.cancel()
                return {}
            return await self._each(consumer, active_partitions, max_records)

    async def _each(
        self, consumer: AIOKafkaConsumer, active: set[Any], max_records: int | None
    ) -> dict[Any, list[Fetched]]:
        fetcher = consumer._fetcher
        records: dict[Any, list[Fetched]] = {}
        for partition in list(fetcher._records):
            if partition not in active:
                continue
            before = _position(consumer, partition)
            try:
                fetched = await fetcher.fetched_records({partition}, 0, max_records)
            except ConsumerStoppedError:
                raise
            except Exception as error:
                self._refuse(consumer, partition, error)
                continue
            readable = self._with_stretches(consumer, partition, before, fetched.get(partition, []))
            if readable:
                records[partition] = readable
        return records

    def _with_stretches(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        before: int | None,
        records: list[ConsumerRecord[bytes, bytes]],
    ) -> list[Fetched]:
        proven, position = self._proven.get(partition, (before, before))
        # a position that is not where the last fetch left it was sought, and proves nothing
        if before is None or position != before or proven is None:
            proven = before
        readable = []
        for record in records:
            start = record.offset if proven is None else min(proven, record.offset)
            readable.append(Fetched(**vars(record), preceding=start))
            proven = record.offset + 1
        after = _position(consumer, partition)
        if proven is None or after is None:
            self._proven.pop(partition, None)
        else:
            self._proven[partition] = (proven, after)
        return readable

    def _refuse(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, error: Exception
    ) -> None:
        """Fetch no more of the partition: the sweep reads it by itself and says what is wrong."""
        logger().error(
            "partition.unreadable",
            topic=partition.topic,
            partition=partition.partition,
            error=type(error).__name__,
        )
        consumer.pause(partition)

    async def go_on(self, places: Mapping[Any, int]) -> None:
        """Fetch these partitions again, from there."""
        await self.call_thread(self._go_on, places)

    async def _go_on(self, places: Mapping[Any, int]) -> None:
        consumer = self._ensure_consumer()
        for partition, offset in places.items():
            if partition in consumer.assignment():
                self._proven.pop(partition, None)
                consumer.seek(partition, offset)
                consumer.resume(partition)

    async def paused(self) -> frozenset[Any]:
        """The partitions that are not fetched."""
        paused: frozenset[Any] = await self.call_thread(self._paused)
        return paused

    async def _paused(self) -> frozenset[Any]:
        return frozenset(self._ensure_consumer().paused())


def _position(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int | None:
    subscription = consumer._subscription.subscription
    assignment = subscription.assignment if subscription is not None else None
    if assignment is None or partition not in assignment.tps:
        return None
    state = assignment.state_value(partition)
    if state is None or not state.has_valid_position:
        return None
    position: int = state.position
    return position


class _Consumer(driver.Consumer):
    fetch_wait_ms: int

    def _new_consumer_thread(self) -> _Thread:
        thread = _Thread(self, loop=self.loop, beacon=self.beacon)
        thread.fetch_wait_ms = self.fetch_wait_ms
        return thread

    def _to_message(self, tp: Any, record: Any) -> ConsumerMessage:
        message = super()._to_message(tp, record)
        message.preceding = record.preceding  # type: ignore[attr-defined]
        return message


async def paused_partitions(app: faust.App) -> frozenset[TopicPartition]:
    """The partitions of which nothing is fetched, because something in them was unreadable."""
    if not isinstance(app.consumer, _Consumer):
        return frozenset()
    assert isinstance(app.consumer._thread, _Thread)
    return await app.consumer._thread.paused()


async def go_on(app: faust.App, places: Mapping[Place, int]) -> None:
    """Have those of these partitions that are assigned fetched again, from there."""
    assert isinstance(app.consumer, _Consumer)
    assert isinstance(app.consumer._thread, _Thread)
    offsets = {TopicPartition(*place): offset for place, offset in places.items()}
    for partition in offsets:
        # Faust drops what lies below the offset that it read last
        app.consumer._read_offset[partition] = None
    await app.consumer._thread.go_on(offsets)


def with_own_consumer(app: faust.App, fetch_wait_seconds: float) -> None:
    """Have the application consume in this way. Call before it starts."""

    class Consumer(_Consumer):
        fetch_wait_ms = round(fetch_wait_seconds * 1000)

    class Transport(driver.Transport):
        pass

    Transport.Consumer = Consumer
    app.transport = Transport(app.conf.broker_consumer, app)
