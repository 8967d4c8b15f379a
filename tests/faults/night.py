"""A night of crises sent to two workers and a relay, and what must be in the ledger at its end, whatever happened."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.envelope import decode
from schemas.received import Received
from schemas.registry import Registry
from services.command_line.measuring.load import crisis
from services.liaison.policy import load_policy
from services.runtime import kafka
from services.simulation.simulation import Simulation
from tests import patience
from tests.own_registry import own_registry

TOPICS = {"met-cad": "feed.met-cad", "las-cad": "feed.las-cad"}
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""How a connection ends when PostgreSQL crashes: asyncpg may also find its own protocol in an impossible state."""


@dataclass
class Sent:
    """What was published and acknowledged by the broker."""

    events: list[dict[str, Any]] = field(default_factory=list)
    feeds: list[str] = field(default_factory=list)
    places: list[tuple[str, int, int]] = field(default_factory=list)
    poison: set[tuple[str, int, int]] = field(default_factory=set)


class Night:
    """Publishes, watches as a console does, and gives the verdict."""

    def __init__(self, bootstrap: str, dsn: str, idempotent: bool) -> None:
        self.bootstrap, self.dsn, self.idempotent = bootstrap, dsn, idempotent
        self.registry: Registry = own_registry()
        self.sent = Sent()
        self.numbers = itertools.count(1)
        self.chance = random.Random()
        self.seen: list[int] = []
        """Sequences of the alert log in the order in which a concurrent reader saw them."""
        self._producer: AIOKafkaProducer | None = None
        self._latest: dict[tuple[str, str], int] = {}
        self._heard: set[str] = set()
        self._overtaken: list[str] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Night]:
        """With a producer, a concurrent reader and heartbeats in the background."""
        self._producer = kafka.producer(self.bootstrap, idempotent=self.idempotent)
        await self._producer.start()
        watching = asyncio.create_task(self._watch())
        try:
            yield self
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await self._producer.stop()

    async def _send(self, feed: str, key: str, body: bytes) -> tuple[str, int, int]:
        assert self._producer is not None
        while True:
            # the same bytes again after a broken connection: a repeat, which the ledger must not count twice
            with suppress(KafkaError, OSError):
                at = await self._producer.send_and_wait(TOPICS[feed], body, key=key.encode())
                return (at.topic, at.partition, at.offset)
            await asyncio.sleep(0.2)

    async def publish(self, crises: int, each: float = 0.0) -> list[str]:
        """Send crises, waiting `each` seconds after each; gives the ids of their events."""
        ids = []
        for _ in range(crises):
            for feed, key, event in crisis(next(self.numbers), datetime.now(UTC), self.chance):
                place = await self._send(feed, key, json.dumps(event).encode())
                self.sent.events.append(event)
                self.sent.feeds.append(feed)
                self.sent.places.append(place)
                ids.append(event["id"])
            await asyncio.sleep(each)
        return ids

    async def publish_poison(self, count: int) -> None:
        """Send what no intake can accept."""
        for number in range(count):
            self.sent.poison.add(
                await self._send("met-cad", f"bad-{number}", b'{"specversion":"1.0","id":"x"}')
            )

    async def repeat_some(self, count: int) -> None:
        """Send events again that were sent before."""
        for index in random.Random(count).sample(range(len(self.sent.events)), count):
            await self._send(
                self.sent.feeds[index], "again", json.dumps(self.sent.events[index]).encode()
            )

    async def _watch(self) -> None:
        """Read the alert log as a console does: everything after the last sequence seen."""
        while True:
            try:
                connection = await asyncpg.connect(self.dsn, timeout=5)
                try:
                    while True:
                        last = self.seen[-1] if self.seen else 0
                        rows = await connection.fetch(
                            "SELECT sequence FROM alert_log WHERE sequence > $1 ORDER BY sequence",
                            last,
                        )
                        self.seen += [r["sequence"] for r in rows]
                        await asyncio.sleep(0.02)
                finally:
                    with suppress(Exception):
                        await connection.close(timeout=1)
            except AWAY:
                await asyncio.sleep(0.2)

    # -- the verdict --------------------------------------------------------------------------------------------------

    async def settled(self) -> None:
        """Wait until the ledger has all that Kafka has, and every message has left. Returns without it after a limit:
        the faults then say what is missing."""
        with suppress(patience.NeverCame):
            await patience.until(self._all_taken, "all that was sent")
        await self.sent_out()

    async def sent_out(self) -> None:
        """Wait until every message has left and the concurrent reader has seen every change, with the same limit."""
        with suppress(patience.NeverCame):
            await patience.until(self._all_out, "the last message")

    async def has(self, ids: list[str]) -> bool:
        """Whether all these events are in the ledger."""
        count = await self._asked("SELECT count(*) FROM event WHERE id = ANY($1)", ids)
        return bool(count == len(ids))

    async def _all_taken(self) -> bool:
        events = await self._asked("SELECT count(*) FROM event")
        rejections = await self._asked("SELECT count(*) FROM rejection")
        if events is None or rejections is None:
            return False
        return bool(events >= len(self.sent.events) and rejections >= len(self.sent.poison))

    async def _all_out(self) -> bool:
        waiting = await self._asked("SELECT count(*) FROM outbox WHERE published_at IS NULL")
        changes = await self._asked("SELECT count(*) FROM alert_log")
        return bool(waiting == 0 and changes == len(self.seen) > 0)

    async def _asked(self, question: str, *values: object) -> Any:
        """What the ledger answers; None while it is away."""
        with suppress(*AWAY):
            connection = await asyncpg.connect(self.dsn, timeout=patience.SECONDS)
            try:
                return await connection.fetchval(question, *values)
            finally:
                await connection.close()
        return None

    async def faults(self) -> list[str]:
        """Everything that is not as it must be: lost, doubled, out of order, missing or unexpected alerts."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return [
                *await self._event_faults(connection),
                *await self._alert_faults(connection),
                *await self._outbox_faults(connection),
            ]
        finally:
            await connection.close()

    async def _event_faults(self, connection: asyncpg.Connection) -> list[str]:
        found = []
        rows = await connection.fetch('SELECT id, topic, partition, "offset" FROM event')
        held = {r["id"] for r in rows}
        if lost := [e["id"] for e in self.sent.events if e["id"] not in held]:
            found.append(f"{len(lost)} of {len(self.sent.events)} events lost")
        if extra := len(held) - len({e["id"] for e in self.sent.events}):
            found.append(f"{extra} events more than were sent")
        quarantined = {
            (r["topic"], r["partition"], r["offset"])
            for r in await connection.fetch('SELECT topic, partition, "offset" FROM rejection')
        }
        if quarantined != self.sent.poison:
            found.append(f"quarantine holds {len(quarantined)}, must hold {len(self.sent.poison)}")
        ends = await self._ends()
        cursors = {
            (r["topic"], r["partition"]): r["next_offset"]
            for r in await connection.fetch("SELECT * FROM kafka_cursor")
        }
        found += [
            f"cursor of {p} is {cursors.get(p)}, Kafka ends at {end}"
            for p, end in ends.items()
            if cursors.get(p, 0) != end
        ]
        return found

    async def _ends(self) -> dict[tuple[str, int], int]:
        reader = kafka.reader(self.bootstrap)
        await reader.start()
        try:
            places = [TopicPartition(t, n) for t in TOPICS.values() for n in range(4)]
            return {
                (p.topic, p.partition): end for p, end in (await reader.end_offsets(places)).items()
            }
        finally:
            await reader.stop()

    def _expected(self) -> dict[str, set[str]]:
        """Alert key -> desks, from the heart alone, over the same events, each received when it happened."""
        ledger = Simulation(self.registry, load_policy())
        received = []
        for feed, event in zip(self.sent.feeds, self.sent.events, strict=True):
            agency, described = self.registry.feeds_by_id[feed]
            decoded = decode(json.dumps(event).encode())
            received.append(Received(decoded, agency.id, agency.kind, described.id, decoded.time))
        for first in range(0, len(received), 3):
            batch = received[first : first + 3]
            ledger.receive(batch, max(each.received_at for each in batch))
        return {a.key: {d.desk for d in a.desks} for a in ledger.alerts.values()}

    async def _alert_faults(self, connection: asyncpg.Connection) -> list[str]:
        found = []
        expected = self._expected()
        times: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for r in await connection.fetch(
            "SELECT alert_key, desk FROM alert_log JOIN alert USING (alert_id) WHERE transition = 'raised'"
        ):
            times[r["alert_key"]][r["desk"]] += 1
        missing = [k for k, desks in expected.items() if set(times.get(k, {})) != desks]
        if missing:
            found.append(
                f"{len(missing)} of {len(expected)} alerts missing or at other desks, e.g. {missing[0]}"
            )
        if unexpected := sorted(set(times) - set(expected)):
            found.append(f"{len(unexpected)} alerts nobody expected, e.g. {unexpected[0]}")
        if doubled := [k for k, desks in times.items() if any(n != 1 for n in desks.values())]:
            found.append(f"{len(doubled)} alerts raised twice, e.g. {doubled[0]}")
        sequences = [
            r["sequence"]
            for r in await connection.fetch("SELECT sequence FROM alert_log ORDER BY sequence")
        ]
        if sequences != list(range(1, len(sequences) + 1)):
            found.append("the alert log has a gap")
        if self.seen != sequences[: len(self.seen)] or len(self.seen) < len(sequences):
            found.append(
                f"a concurrent reader saw {len(self.seen)} of {len(sequences)} changes, or in another order"
            )
        return found

    async def _outbox_faults(self, connection: asyncpg.Connection) -> list[str]:
        rows = await connection.fetch("SELECT message_id, topic, published_at FROM outbox")
        found = []
        if waiting := sum(r["published_at"] is None for r in rows):
            found.append(f"{waiting} messages were not sent")
        received = await self._received(sorted({r["topic"] for r in rows}))
        if missing := {str(r["message_id"]) for r in rows} - received:
            found.append(f"{len(missing)} messages are marked sent and are not in Kafka")
        if stray := received - {str(r["message_id"]) for r in rows}:
            found.append(f"{len(stray)} messages are in Kafka that the ledger does not know")
        return found + self._overtaken

    def _note_order(self, message: dict[str, Any]) -> None:
        """A message of an alert to a desk that comes first after a later one has been overtaken."""
        data = message["data"]
        if "sequence" not in data:
            return
        thread = (data["alert"], data["desk"])
        sequence, latest = data["sequence"], self._latest.get(thread, 0)
        if message["id"] not in self._heard and sequence < latest:
            self._overtaken.append(f"{sequence} of {thread} came after {latest}")
        self._heard.add(message["id"])
        self._latest[thread] = max(latest, sequence)

    async def _received(self, topics: list[str]) -> set[str]:
        consumer = kafka.reader(self.bootstrap)
        await consumer.start()
        ids: set[str] = set()
        try:
            places = [TopicPartition(t, 0) for t in topics]
            ends = await consumer.end_offsets(places)
            for place in places:
                consumer.assign([place])
                consumer.seek(place, 0)
                while await consumer.position(place) < ends[place]:
                    for batch in (await consumer.getmany(place, timeout_ms=500)).values():
                        for record in batch:
                            message = json.loads(record.value)
                            self._note_order(message)
                            ids.add(message["id"])
        finally:
            await consumer.stop()
        return ids
