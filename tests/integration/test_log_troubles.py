"""What becomes of a feed whose log in Kafka is no longer what it was, on Apache Kafka; all others go on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from click.testing import CliRunner, Result

from services.command_line import main
from services.command_line.running.stack import Stack
from services.ledger.events.decoded import Decoded
from services.ledger.transaction import PostgresTransaction
from services.orchestration.feeds import stop_feed
from services.runtime import kafka
from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.settings import Settings
from tests import patience
from tests.own_registry import own_registry
from tests.servers import ROOT, require_apache_kafka

pytestmark = pytest.mark.kafka

QUICK = {
    "LIAISON_ENVIRONMENT": "test",
    "LIAISON_KAFKA_FETCH_WAIT_SECONDS": "0.05",
    "LIAISON_SWEEP_SECONDS": "0.5",
    "LIAISON_LOG_LEVEL": "warning",
}
MEGABYTE = 1024 * 1024
MET, AMBULANCE = "feed.met-cad", "feed.las-cad"
SOURCES = {MET: "/met/cad", AMBULANCE: "/las/cad"}


def event(topic: str, id_: str, time: str | None = None) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": id_,
            "source": SOURCES[topic],
            "type": "uk.crisisliaison.incident.reported.v1",
            "time": time or datetime.now(UTC).isoformat(),
            "data": {"incident": id_, "nature": "mental-health-crisis", "channel": "999"},
        }
    ).encode()


class Night:
    """A worker, what is sent to it, and its ledger."""

    def __init__(self, broker: ApacheKafka, stack: Stack, ledger: asyncpg.Connection) -> None:
        self.broker, self.stack, self.ledger = broker, stack, ledger

    async def send(
        self, topic: str, bodies: Iterable[bytes], codec: str | None = None, partition: int = 0
    ) -> None:
        """To one partition."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.broker.bootstrap,
            compression_type=codec,
            acks="all",
            max_request_size=4 * MEGABYTE,
        )
        await producer.start()
        for body in bodies:
            await producer.send_and_wait(topic, body, partition=partition)
        await producer.stop()

    async def arrives(self, topic: str, ids: Iterable[str], codec: str | None = None) -> None:
        """Send these, and wait until they are in the ledger."""
        names = list(ids)
        await self.send(topic, [event(topic, id_) for id_ in names], codec)
        await self.has(*names)

    async def has(self, *ids: str) -> None:
        """Wait until all these are in the ledger."""

        async def there() -> bool:
            assert self.stack.processes["stream"].poll() is None, "the worker has ended"
            rows = await self.ledger.fetch("SELECT id FROM event")
            return set(ids) <= {row["id"] for row in rows}

        await patience.until(there, f"the events {', '.join(ids)}")

    async def seen(self, topic: str, offset: int) -> None:
        """Wait until the sweep has seen that the log reaches so far."""

        async def so_far() -> bool:
            row = await self.ledger.fetchrow(
                "SELECT seen_offset FROM kafka_cursor WHERE topic = $1 AND partition = 0", topic
            )
            return row is not None and row["seen_offset"] == offset

        await patience.until(so_far, "the look of the sweep")

    async def stopped(self, feed: str) -> str:
        """Wait until the feed is stopped; gives the reason."""

        async def is_stopped() -> str | None:
            reason: str | None = await self.ledger.fetchval(
                "SELECT stopped_reason FROM feed_state WHERE feed = $1", feed
            )
            return reason

        await patience.until(is_stopped, "the stop of the feed")
        return str(await is_stopped())

    async def changes(self) -> list[tuple[str, int]]:
        """Kind, and from where the other log is read."""
        rows = await self.ledger.fetch(
            "SELECT kind, next_offset FROM kafka_log_change ORDER BY noticed_at"
        )
        return [tuple(row) for row in rows]

    def stop_worker(self) -> None:
        """As a crash would."""
        process = self.stack.processes["stream"]
        process.kill()
        process.wait(10)


@pytest.fixture(scope="module")
def broker() -> Iterator[ApacheKafka]:
    require_apache_kafka()
    with ApacheKafka(ROOT) as broker:
        yield broker


@pytest.fixture
async def night(broker: ApacheKafka, postgres_dsn: str) -> AsyncIterator[Night]:
    settings = Settings(kafka_bootstrap=broker.bootstrap, postgres_dsn=postgres_dsn)
    stack = Stack(settings, datetime.now(UTC), "system", ["stream"], QUICK)
    await asyncio.to_thread(stack.__enter__)
    connection = await asyncpg.connect(postgres_dsn)
    yield Night(broker, stack, connection)
    await connection.close()
    await asyncio.to_thread(stack.__exit__, None, None, None)


async def create_anew(night: Night, topic: str) -> None:
    await delete(night, topic)
    await kafka.create_topics(night.broker.bootstrap, {topic: 4})


async def delete(night: Night, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=night.broker.bootstrap)
    await admin.start()
    await admin.delete_topics([topic])

    async def is_gone() -> bool:
        return topic not in await admin.list_topics()

    await patience.until(is_gone, "the end of the topic")
    await admin.close()


async def test_a_topic_created_anew_is_read_from_its_beginning_and_nothing_is_called_a_repeat(
    night: Night,
) -> None:
    await night.arrives(MET, [f"first-{number}" for number in range(8)])
    await night.send(MET, [event(MET, "unreadable-1", time="yesterday")])
    await night.seen(MET, 9)
    await create_anew(night, MET)
    # fewer than were read of the former one, and one at the offset of the rejected one
    await night.arrives(MET, ["second-0", "second-1"])
    await night.arrives(AMBULANCE, ["ambulance-1"])
    await night.send(MET, [event(MET, f"first-{number}") for number in range(2)])
    await night.send(MET, [event(MET, f"second-{number}") for number in range(2, 6)])
    await night.send(MET, [event(MET, "unreadable-2", time="yesterday")])
    await night.arrives(MET, ["second-7"])
    rejected = await night.ledger.fetch("SELECT log, body FROM rejection ORDER BY rejection_id")
    assert [row["log"] for row in rejected if b"unreadable" in row["body"]] == [0, 1]
    assert await night.changes() == [("recreated", 0)]


async def test_a_log_that_lost_its_end_is_read_from_there_also_where_it_is_longer_by_now(
    night: Night,
) -> None:
    await create_anew(night, AMBULANCE)
    await night.arrives(AMBULANCE, [f"kept-{number}" for number in range(5)])
    await night.arrives(AMBULANCE, [f"lost-{number}" for number in range(5)])
    await night.seen(AMBULANCE, 10)
    night.stop_worker()
    night.broker.kill()
    (log,) = night.broker.logs(AMBULANCE, 0)
    _cut_in_half(log)
    await asyncio.to_thread(night.broker.start)
    await night.send(AMBULANCE, [event(AMBULANCE, f"after-{number}") for number in range(20)])
    await asyncio.to_thread(night.stack.start, "stream")
    await night.has(*(f"after-{number}" for number in range(20)))
    assert await night.changes() == [("truncated", 5)]
    await night.arrives(AMBULANCE, ["live"])


def _cut_in_half(log: Path) -> None:
    """Ten records of one size each: the last five were never written to the disk."""
    size = log.stat().st_size
    with log.open("r+b") as file:
        file.truncate(size // 2 + 1)


async def test_records_deleted_unread_stop_their_feed_and_no_other(night: Night) -> None:
    await night.arrives(MET, ["read"])
    night.stop_worker()
    await night.send(MET, [event(MET, "deleted-1"), event(MET, "deleted-2")])
    reader = kafka.reader(night.broker.bootstrap)
    await reader.start()
    partition = TopicPartition(MET, 0)
    end = (await reader.end_offsets([partition]))[partition]
    await reader.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=night.broker.bootstrap)
    await admin.start()
    await admin.delete_records({partition: RecordsToDelete(end)})
    await admin.close()
    await asyncio.to_thread(night.stack.start, "stream")
    await night.send(MET, [event(MET, "waits")])
    reason = await night.stopped("met-cad")
    assert reason.endswith(f"offsets {end - 2} to {end - 1} were deleted unread")
    await night.arrives(AMBULANCE, ["goes-on"])
    rows = await night.ledger.fetch("SELECT id FROM event WHERE feed = 'met-cad'")
    assert "waits" not in {row["id"] for row in rows}, "somebody decides first"

    listed = _liaison(night, "list")
    assert listed.exit_code == 1
    assert reason in listed.output
    resumed = _liaison(night, "resume", "met-cad", "--accept-loss", "--by", "duty manager")
    assert resumed.output == "met-cad goes on\n"
    await night.has("waits")
    (skip,) = await night.ledger.fetch(
        "SELECT first_offset, next_offset, reason FROM kafka_cursor_skip WHERE next_offset = $1",
        end,
    )
    assert tuple(skip) == (end - 2, end, "deleted unread; duty manager goes on without")
    assert _liaison(night, "list").output.endswith("no feed is stopped\n")
    await night.arrives(MET, ["live"])


async def test_a_feed_that_was_stopped_stays_so_when_a_worker_starts(night: Night) -> None:
    night.stop_worker()
    registry = own_registry()
    transaction = PostgresTransaction(night.ledger, registry, Decoded(registry))
    async with night.ledger.transaction():
        await transaction.lock_zone()
        await stop_feed(transaction, "met-cad", "our own fault", datetime.now(UTC))
    await night.send(MET, [event(MET, "not-yet")])
    await asyncio.to_thread(night.stack.start, "stream")
    await night.arrives(AMBULANCE, ["of-another-feed"])
    rows = await night.ledger.fetch("SELECT id FROM event WHERE feed = 'met-cad'")
    assert "not-yet" not in {row["id"] for row in rows}
    assert _liaison(night, "resume", "met-cad", "--by", "duty manager").exit_code == 0
    await night.has("not-yet")


def _liaison(night: Night, *arguments: str) -> Result:
    """What `liaison feeds` answers."""
    settings = {"LIAISON_POSTGRES_DSN": night.stack.postgres_dsn}
    answer: list[Result] = []
    # the command runs a loop of its own
    thread = Thread(
        target=lambda: answer.append(CliRunner(env=settings).invoke(main, ["feeds", *arguments]))
    )
    thread.start()
    thread.join()
    return answer[0]


async def test_a_batch_that_cannot_be_read_stops_its_feed_and_no_other(
    night: Night, tmp_path: Path
) -> None:
    """A release without the packages of a codec stands for whatever cannot be decoded."""
    (tmp_path / "sitecustomize.py").write_text(
        "import aiokafka.codec\naiokafka.codec.has_snappy = lambda: False\n"
    )
    await asyncio.to_thread(night.stack.start, "stream", None, {"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    await night.arrives(MET, ["plain-1"])
    await night.send(MET, [event(MET, "plain-2")])
    await night.send(MET, [event(MET, "in-snappy")], codec="snappy")
    await night.has("plain-2")
    assert "cannot be read (UnsupportedCodecError)" in await night.stopped("met-cad")
    await night.arrives(AMBULANCE, [f"ambulance-{number}" for number in range(3)], codec="gzip")
    # the next release has them, and somebody who has looked lets the feed go on
    await asyncio.to_thread(night.stack.start, "stream", None, {"PYTHONPATH": str(ROOT)})
    assert _liaison(night, "resume", "met-cad", "--by", "duty manager").exit_code == 0
    await night.has("in-snappy")


async def test_a_batch_that_unfolds_beyond_the_limit_is_gone_past_once_somebody_says_so(
    night: Night,
) -> None:
    limit = {"LIAISON_BATCH_BYTES_MAX": str(MEGABYTE)}
    await asyncio.to_thread(night.stack.start, "stream", None, limit)
    await night.arrives(MET, ["before"])
    await night.send(MET, [event(MET, "x" * MEGABYTE)], codec="gzip")
    await night.send(MET, [event(MET, "behind")])
    assert "cannot be read (BatchTooLarge)" in await night.stopped("met-cad")
    await night.arrives(AMBULANCE, ["nobody-waits"], codec="gzip")
    # the control: without the word of somebody it is stopped there again
    assert _liaison(night, "resume", "met-cad", "--by", "duty manager").exit_code == 0
    assert "cannot be read (BatchTooLarge)" in await night.stopped("met-cad")
    resumed = _liaison(night, "resume", "met-cad", "--accept-loss", "--by", "duty manager")
    assert resumed.exit_code == 0
    await night.has("behind")
    why = "cannot be read (BatchTooLarge); duty manager goes on without"
    (skip,) = await night.ledger.fetch(
        "SELECT next_offset - first_offset FROM kafka_cursor_skip WHERE reason = $1", why
    )
    assert tuple(skip) == (1,)
    assert why in _liaison(night, "list").output
    await night.arrives(MET, ["live-behind"])


async def test_partitions_and_topics_that_come_later_are_read_without_a_restart(
    night: Night,
) -> None:
    night.stop_worker()
    await delete(night, AMBULANCE)
    # the looks of production, not those of the tests
    await asyncio.to_thread(night.stack.start, "stream", None, {"LIAISON_SWEEP_SECONDS": "3"})
    await night.arrives(MET, ["first"])
    admin = AIOKafkaAdminClient(bootstrap_servers=night.broker.bootstrap)
    await admin.start()
    (partitions,) = (each["partitions"] for each in await admin.describe_topics([MET]))
    await admin.create_partitions({MET: NewPartitions(len(partitions) + 1)})
    await admin.close()
    await night.send(MET, [event(MET, "in-a-new-partition")], partition=len(partitions))
    await night.has("in-a-new-partition")
    await kafka.create_topics(night.broker.bootstrap, {AMBULANCE: 4})
    await night.arrives(AMBULANCE, ["in-a-new-topic"])
    slowest = await night.ledger.fetchval(
        "SELECT max(received_at - occurred_at) FROM event WHERE id LIKE 'in-a-new-%'"
    )
    assert slowest < timedelta(seconds=10)
