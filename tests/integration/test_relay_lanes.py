"""One recipient's topic is missing, another's takes small messages only: everybody else has theirs at once, in order and
once."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.ledger import outbox
from services.ledger.events.store import put_in_outbox
from services.orchestration.ledger import Message
from services.relay import lane
from services.relay.app import Relay
from services.runtime import kafka as clients
from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.postgres import create_pool
from services.runtime.settings import Settings
from tests import patience

ROOM = 1000
Broker = EmbeddedKafka | ApacheKafka


def message(topic: str, number: int, alert: str, size: int = 1) -> Message:
    data = {"alert": alert, "desk": "met-control", "sequence": number, "view": "x" * size}
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{topic}|{number}"))
    body = json.dumps({"id": identity, "data": data}).encode()
    return Message(identity, topic, alert.encode(), {}, body, datetime.now(UTC))


async def put(pool: asyncpg.Pool, messages: list[Message]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await put_in_outbox(connection, messages)


async def create(broker: Broker, topic: str, **config: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        named = {name.replace("_", "."): value for name, value in config.items()}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=named)])
    finally:
        await admin.close()


async def sequences(broker: Broker, topic: str) -> list[int]:
    """What stands in the topic, in order."""
    reader = clients.reader(broker.bootstrap)
    await reader.start()
    try:
        place = TopicPartition(topic, 0)
        reader.assign([place])
        end = (await reader.end_offsets([place]))[place]
        reader.seek(place, 0)
        numbers: list[int] = []
        while await reader.position(place) < end:
            for batch in (await reader.getmany(place, timeout_ms=500)).values():
                numbers += [json.loads(m.value)["data"]["sequence"] for m in batch]
        return numbers
    finally:
        await reader.stop()


@asynccontextmanager
async def relays(broker: Broker, dsn: str, count: int = 1) -> AsyncIterator[list[Relay]]:
    settings = Settings(
        environment="test",
        postgres_dsn=dsn,
        kafka_bootstrap=broker.bootstrap,
        kafka_idempotent=isinstance(broker, ApacheKafka),
        relay_poll_seconds=0.05,
    )
    running = [Relay(settings) for _ in range(count)]
    tasks = [asyncio.create_task(relay.run()) for relay in running]
    try:
        yield running
    finally:
        for relay in running:
            relay._stop.set()
        await asyncio.gather(*tasks)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await create_pool(postgres_dsn, max_size=3)
    yield pool
    await pool.close()


async def left(pool: asyncpg.Pool, topic: str) -> int:
    backlog = (await outbox.backlog(pool)).get(topic)
    if backlog is None:
        return 0
    return backlog.messages


async def test_a_topic_that_is_missing_delays_and_repeats_nothing_of_others(
    kafka: Broker, pool: asyncpg.Pool, postgres_dsn: str
) -> None:
    there = f"alerts.there-{uuid.uuid4().hex[:8]}"
    missing = f"alerts.missing-{uuid.uuid4().hex[:8]}"
    await create(kafka, there)
    await put(pool, [message(missing, n, "a") for n in range(1, 4)])
    await put(pool, [message(there, n, f"a{n % 3}") for n in range(1, 60)])
    async with relays(kafka, postgres_dsn) as (relay,):

        async def out() -> bool:
            return await left(pool, there) == 0

        async def told() -> bool:
            return missing in (await relay._outbox() or "")

        await patience.until(out, "the messages of the topic that is there")
        if await left(pool, missing):
            # a broker that makes topics by itself has none missing
            await patience.until(told, "that a topic is missing")
            await create(kafka, missing)

        async def came() -> bool:
            return await left(pool, missing) == 0

        await patience.until(came, "the messages of the topic that came later")
    assert await sequences(kafka, missing) == [1, 2, 3]
    numbers = await sequences(kafka, there)
    assert sorted(numbers) == list(range(1, 60)), "each once"
    for alert in range(3):
        own = [n for n in numbers if n % 3 == alert]
        assert own == sorted(own), "no message of an alert overtakes another one"


@pytest.mark.kafka
async def test_a_topic_that_takes_small_messages_only_has_all_that_fit(
    apache_kafka: ApacheKafka,
    pool: asyncpg.Pool,
    postgres_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane, "AGAIN_SECONDS", 1.0)
    small = f"alerts.small-{uuid.uuid4().hex[:8]}"
    there = f"alerts.there-{uuid.uuid4().hex[:8]}"
    await create(apache_kafka, small, max_message_bytes=str(ROOM))
    await create(apache_kafka, there)
    large = message(small, 2, "a", ROOM)
    await put(pool, [message(small, 1, "a"), large, message(small, 3, "a")])
    await put(pool, [message(small, n, f"b{n}", 300) for n in range(4, 20)])
    await put(pool, [message(there, n, "a") for n in range(1, 20)])
    async with relays(apache_kafka, postgres_dsn) as (relay,):

        async def out() -> bool:
            return (await left(pool, there), await left(pool, small)) == (0, 2)

        async def told() -> bool:
            return f"{small}: 1 messages are larger than the topic takes" in (
                await relay._outbox() or ""
            )

        await patience.until(out, "what fits")
        await patience.until(told, "that one is too large")
        # tried again and again, it is refused again, and nothing else is repeated
        await asyncio.sleep(3)
    assert await sequences(apache_kafka, there) == list(range(1, 20))
    assert sorted(await sequences(apache_kafka, small)) == [1, *range(4, 20)]


async def test_two_relays_do_not_overtake_each_other(
    embedded_kafka: EmbeddedKafka,
    pool: asyncpg.Pool,
    postgres_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane, "LIMIT", 3)
    topic = f"alerts.both-{uuid.uuid4().hex[:8]}"
    await create(embedded_kafka, topic)
    await put(pool, [message(topic, n, "a") for n in range(1, 40)])
    async with relays(embedded_kafka, postgres_dsn, count=2):

        async def out() -> bool:
            return await left(pool, topic) == 0

        await patience.until(out, "all messages")
    assert await sequences(embedded_kafka, topic) == list(range(1, 40))


async def test_a_lane_that_was_let_go_is_taken_by_another_session(pool: asyncpg.Pool) -> None:
    """The control: while one session has a lane, no other has it."""
    async with pool.acquire() as one, pool.acquire() as other:
        assert await outbox.hold_lane(one, "alerts.met")
        assert not await outbox.hold_lane(other, "alerts.met")
        assert await outbox.hold_lane(other, "alerts.slam")
        await outbox.let_lane_go(one, "alerts.met")
        assert await outbox.hold_lane(other, "alerts.met")


async def test_a_relay_that_is_frozen_keeps_no_lane(pool: asyncpg.Pool, postgres_dsn: str) -> None:
    async with pool.acquire() as other:
        frozen = await asyncpg.connect(postgres_dsn)
        await outbox.end_when_idle(frozen, 0.2)
        assert await outbox.hold_lane(frozen, "alerts.met")

        async def taken() -> bool:
            return await outbox.hold_lane(other, "alerts.met")

        await patience.until(taken, "the lane of a session that says nothing")
