"""People with an unverified number are traced beside the stream, and the answer reaches the register by the feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aiokafka import TopicPartition

from schemas.envelope import decode
from schemas.person import PersonDescriptor
from schemas.registry import TRACE_SOURCE_END
from services.intake.accept import Accepted, accept
from services.ledger.people import traces
from services.runtime import kafka as clients
from services.runtime.clock import ManualClock
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.postgres import create_pool
from services.trace.app import trace_one
from services.trace.port import TraceResult, TraceUnavailable
from tests.own_registry import own_registry

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
REGISTRY = own_registry()


class Answers:
    """A national service of the test's making."""

    def __init__(self, *answers: TraceResult | TraceUnavailable) -> None:
        self.asked: list[PersonDescriptor] = []
        self._answers = list(answers)

    async def trace(self, descriptor: PersonDescriptor) -> TraceResult:
        self.asked.append(descriptor)
        answer = self._answers.pop(0)
        if isinstance(answer, TraceUnavailable):
            raise answer
        return answer


async def say(
    pool: asyncpg.Pool, name: str, status: str, at: datetime = NOW, source: str = "/slam/ehr"
) -> None:
    """Put a person's descriptor into the ledger as the stream does."""
    body = json.dumps(
        {
            "specversion": "1.0",
            "id": f"{name}-{at:%H%M%S}",
            "source": source,
            "type": "uk.crisisliaison.person.updated.v1",
            "time": at.isoformat(),
            "data": {
                "local_person": name,
                "person": {
                    "names": [{"family": "Okafor", "given": name}],
                    "date_of_birth": "1988-02-29",
                    "nhs_number_status": status,
                },
            },
        }
    ).encode()
    await pool.execute(
        """INSERT INTO event (source, id, type, feed, agency, local_people, occurred_at, recorded_at, received_at, topic,
                              partition, "offset", content_hash, body)
           VALUES ($1, $2, 'uk.crisisliaison.person.updated.v1', 'slam-ehr', 'slam', $3, $4, $4, $4, 'feed.slam-ehr', 0,
                   (SELECT count(*) FROM event), '', $5)""",
        source,
        f"{name}-{at:%H%M%S}",
        [name],
        at,
        body,
    )


@pytest.fixture
async def pool(postgres_dsn: str) -> Any:
    database = await create_pool(postgres_dsn, max_size=3)
    yield database
    await database.close()


@pytest.fixture
async def producer(embedded_kafka: EmbeddedKafka) -> Any:
    await clients.create_topics(embedded_kafka.bootstrap, REGISTRY.topics())
    producer = clients.producer(embedded_kafka.bootstrap, idempotent=False)
    await producer.start()
    yield producer
    await producer.stop()


async def find(pool: asyncpg.Pool, now: datetime) -> int:
    async with pool.acquire() as connection:
        return await traces.find(connection, TRACE_SOURCE_END, now)


async def outcomes(pool: asyncpg.Pool) -> dict[str, tuple[str, str | None]]:
    rows = await pool.fetch("SELECT local_person, state, outcome FROM trace_request")
    return {row["local_person"]: (row["state"], row["outcome"]) for row in rows}


async def last_of(broker: EmbeddedKafka, key: bytes) -> bytes:
    reader = clients.reader(broker.bootstrap)
    await reader.start()
    try:
        place = TopicPartition("feed.slam-ehr", 0)
        reader.assign([place])
        await reader.seek_to_beginning(place)
        read = [
            message
            for batch in (await reader.getmany(timeout_ms=10_000, max_records=500)).values()
            for message in batch
        ]
    finally:
        await reader.stop()
    bodies: list[bytes] = [
        message.value for message in read if message.key == key and message.value
    ]
    return bodies[-1]


async def test_a_traced_number_is_said_on_the_feed_and_accepted(
    pool: asyncpg.Pool, producer: Any, embedded_kafka: EmbeddedKafka
) -> None:
    await say(pool, "Tunde", "03")
    assert await find(pool, NOW) == 1
    service = Answers(TraceResult("verified", "9990000018"))
    clock = ManualClock(NOW)
    assert await trace_one(pool, producer, service, REGISTRY, clock)
    assert not await trace_one(pool, producer, service, REGISTRY, clock)
    assert await outcomes(pool) == {"Tunde": ("done", "verified")}
    body = await last_of(embedded_kafka, b"Tunde")
    accepted = accept(body, [], *REGISTRY.feeds_by_id["slam-ehr"], NOW)
    assert isinstance(accepted, Accepted)
    event = decode(body)
    assert event.source == "/slam/pds-trace"
    assert event.time == NOW + timedelta(microseconds=1)
    assert (event.data.person.nhs_number, event.data.person.nhs_number_status) == (
        "9990000018",
        "01",
    )
    assert b"9990000018" not in event.id.encode()


async def test_a_person_whose_number_is_verified_is_not_asked_about(
    pool: asyncpg.Pool, producer: Any
) -> None:
    await say(pool, "Chidi", "01")
    await find(pool, NOW)
    service = Answers()
    assert await trace_one(pool, producer, service, REGISTRY, ManualClock(NOW))
    assert service.asked == []
    assert await outcomes(pool) == {"Chidi": ("done", "not-needed")}


async def test_what_a_trace_said_is_not_traced_again(pool: asyncpg.Pool) -> None:
    await say(pool, "Tunde", "03", source="/slam/pds-trace")
    assert await find(pool, NOW) == 0


async def test_someone_is_asked_about_again_only_when_something_new_is_said(
    pool: asyncpg.Pool, producer: Any
) -> None:
    await say(pool, "Tunde", "03")
    await find(pool, NOW)
    await trace_one(pool, producer, Answers(TraceResult("none")), REGISTRY, ManualClock(NOW))
    assert await find(pool, NOW + timedelta(seconds=5)) == 0
    assert await outcomes(pool) == {"Tunde": ("done", "none")}
    later = NOW + timedelta(minutes=1)
    await say(pool, "Tunde", "03", later)
    assert await find(pool, later) == 1
    assert await outcomes(pool) == {"Tunde": ("waiting", None)}


async def test_while_the_service_is_away_people_wait_and_nobody_is_forgotten(
    pool: asyncpg.Pool, producer: Any
) -> None:
    await say(pool, "Tunde", "03")
    await find(pool, NOW)
    clock = ManualClock(NOW)
    with pytest.raises(TraceUnavailable):
        await trace_one(
            pool, producer, Answers(TraceUnavailable("status 503", 30)), REGISTRY, clock
        )
    service = Answers(TraceResult("none"))
    assert not await trace_one(pool, producer, service, REGISTRY, clock)
    clock.advance(timedelta(seconds=31))
    assert await trace_one(pool, producer, service, REGISTRY, clock)
    assert await outcomes(pool) == {"Tunde": ("done", "none")}


async def test_a_worker_that_dies_gives_its_person_up_after_the_lease(pool: asyncpg.Pool) -> None:
    await say(pool, "Tunde", "03")
    await find(pool, NOW)
    async with pool.acquire() as connection:
        assert await traces.take(connection, NOW) is not None
        assert await traces.take(connection, NOW) is None
        assert await traces.take(connection, NOW + traces.LEASE) is not None


async def test_a_descriptor_that_was_taken_back_is_not_asked_about(pool: asyncpg.Pool) -> None:
    await say(pool, "Tunde", "03")
    await find(pool, NOW)
    await pool.execute(
        """INSERT INTO event (source, id, type, feed, agency, refers_to, occurred_at, recorded_at, received_at, topic,
                              partition, "offset", content_hash, body)
           VALUES ('/slam/ehr', 'r', 'uk.crisisliaison.event.retracted.v1', 'slam-ehr', 'slam', 'Tunde-090000', $1, $1, $1,
                   'feed.slam-ehr', 0, 99, '', '')""",
        NOW,
    )
    async with pool.acquire() as connection:
        assert await traces.take(connection, NOW) is None
    assert await outcomes(pool) == {"Tunde": ("done", "taken-back")}
