"""Every legal producer is read: each client, codec, kind of transaction and mode of CloudEvents, on Apache Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from services.command_line.running.stack import Stack
from services.runtime import kafka
from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.settings import Settings
from tests import patience
from tests.integration.every_producer import SENDERS, TOPIC, sendings

pytestmark = pytest.mark.kafka

QUICK = {
    "LIAISON_ENVIRONMENT": "test",
    "LIAISON_KAFKA_FETCH_WAIT_SECONDS": "0.05",
    "LIAISON_SWEEP_SECONDS": "0.5",
    "LIAISON_LOG_LEVEL": "warning",
}


class Reading:
    """A worker on a broker and a ledger of its own, and what it has read."""

    def __init__(self, stack: Stack, ledger: asyncpg.Connection) -> None:
        self.stack, self.ledger = stack, ledger

    async def ids(self) -> set[str]:
        """Of the events in the ledger."""
        return {row["id"] for row in await self.ledger.fetch("SELECT id FROM event")}

    async def until(self, condition: Callable[[], Awaitable[object]], what: str) -> None:
        """Wait for it, as long as the worker runs."""

        async def holds() -> object:
            assert self.stack.processes["stream"].poll() is None, "the worker has ended"
            return await condition()

        await patience.until(holds, what)

    async def at_the_end(self) -> bool:
        """Whether the cursor has passed all that stands in the log, markers included."""
        partition = TopicPartition(TOPIC, 0)
        reader = kafka.reader(self.stack.kafka_bootstrap)
        await reader.start()
        end = (await reader.end_offsets([partition]))[partition]
        await reader.stop()
        cursor = await self.ledger.fetchval(
            "SELECT next_offset FROM kafka_cursor WHERE topic = $1 AND partition = 0", TOPIC
        )
        return bool(cursor == end)


@pytest.fixture
def stack(fresh_kafka: ApacheKafka, postgres_dsn: str) -> Iterator[Stack]:
    settings = Settings(kafka_bootstrap=fresh_kafka.bootstrap, postgres_dsn=postgres_dsn)
    with Stack(settings, datetime.now(UTC), "system", ["stream"], QUICK) as stack:
        yield stack


@pytest.fixture
async def reading(stack: Stack) -> AsyncIterator[Reading]:
    connection = await asyncpg.connect(stack.postgres_dsn)
    yield Reading(stack, connection)
    await connection.close()


async def test_every_client_codec_transaction_and_mode(reading: Reading) -> None:
    sent = {name: sendings(name) for name in SENDERS}
    await asyncio.gather(
        *(send(reading.stack.kafka_bootstrap, sent[name]) for name, send in SENDERS.items())
    )
    good = {event.id for events in sent.values() for event in events if event.kind != "aborted"}
    await reading.until(lambda: _has(reading, good), "every event that was committed")
    await reading.until(reading.at_the_end, "the cursor at the end of the log")
    assert await reading.ids() == good, "what was aborted was not said"
    assert await reading.ledger.fetchval("SELECT count(*) FROM rejection") == 0
    skipped = await reading.ledger.fetchval("SELECT count(*) FROM kafka_cursor_skip")
    assert skipped == 0, "markers and aborted records are no loss"

    # the same worker, so that the broker is started once: what is open was not said either
    producer = AIOKafkaProducer(
        bootstrap_servers=reading.stack.kafka_bootstrap, transactional_id="met/cad/1"
    )
    await producer.start()
    event, after = sendings("open")[:2]
    await producer.begin_transaction()
    await producer.send_and_wait(TOPIC, event.body, partition=0, headers=list(event.headers))
    await SENDERS["aiokafka"](reading.stack.kafka_bootstrap, [after])
    # as long as five looks of the sweep
    await asyncio.sleep(2.5)
    assert await reading.ids() == good
    await producer.commit_transaction()
    await producer.stop()
    await reading.until(
        lambda: _has(reading, good | {event.id, after.id}), "the event of the transaction"
    )
    await reading.until(reading.at_the_end, "the cursor at the end of the log")


async def _has(reading: Reading, ids: set[str]) -> bool:
    return ids <= await reading.ids()
