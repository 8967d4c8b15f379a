"""The relay: publishes the outbox at least once, a lane a topic; every message carries an id that
makes a repeat harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.registry import load_registry
from services.ledger import outbox
from services.ledger.outbox import Outgoing
from services.liaison.alert.states import SOUNDING
from services.relay.lane import Lane
from services.runtime import kafka, kafka_security, metrics
from services.runtime.clock import clock_from
from services.runtime.crash_points import CrashPoints
from services.runtime.errors import SettingsError
from services.runtime.exposition.first_values import loop_ended
from services.runtime.health import HealthServer
from services.runtime.logging import logger
from services.runtime.migrations import at_head
from services.runtime.postgres import Connection, create_pool
from services.runtime.settings import Settings

STALE_SECONDS = 15.0
"""A round that takes longer is stuck: the brokers or the ledger take what we
say and never answer."""
IDLE_SECONDS = 15.0
"""After so long without a word from a relay another one has its lanes."""
END_SECONDS = 4.0
"""How long messages on their way may take when the relay is ended."""
ASK_EVERY, ANSWER_SECONDS = 5.0, 5.0
"""Brokers are asked also while nothing waits to be published."""
FAILURES = (
    OSError,
    TimeoutError,
    KafkaError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class LedgerOutbox:
    """What waits in the ledger, for lanes."""

    def __init__(self, pool: asyncpg.Pool, now: Callable[[], datetime], zone: str) -> None:
        self._pool, self._now, self._zone = pool, now, zone

    async def take(self, topic: str, limit: int, but: Collection[UUID]) -> Sequence[Outgoing]:
        """The topic's messages that wait, in order, but not these."""
        return await outbox.take_lane(self._pool, topic, limit, but)

    async def sent(self, messages: Sequence[Outgoing]) -> None:
        """The brokers have them: mark them, and what sounds is delivered. A relay that dies between
        sending and marking sends again.
        """
        now = self._now()
        async with self._pool.acquire() as connection, connection.transaction():
            await outbox.mark_sent(connection, [m.message_id for m in messages], now)
            bodies = [json.loads(message.body)["data"] for message in messages]
            await outbox.mark_delivered(connection, sounding(bodies), now, self._zone)
        metrics.OUTBOX_PUBLISHED.inc(len(messages))


def sounding(messages: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Alert and desk of the messages that say that an alert sounds: published, it is delivered."""
    return [
        (message["alert"], message["desk"])
        for message in messages
        if message.get("transition") in SOUNDING
    ]


MEASURED_EVERY = 1.0


def trouble(
    failing: str | None,
    seconds_since_round: float,
    lanes: Mapping[str, str],
    oldest_waits: Mapping[str, float],
) -> str | None:
    """What keeps the outbox from being published, for readiness: None while rounds end, no lane has
    trouble, and the first message of each is a new one each time.
    """
    if failing is not None:
        return f"the outbox cannot be read: {failing}"
    if seconds_since_round > STALE_SECONDS:
        return f"no round has ended for {seconds_since_round:.0f} s"
    sentences = [f"{topic}: {reason}" for topic, reason in sorted(lanes.items())]
    sentences += [
        f"{topic}: the same message has been the first for {waits:.0f} s"
        for topic, waits in sorted(oldest_waits.items())
        if waits > STALE_SECONDS and topic not in lanes
    ]
    return "; ".join(sentences) or None


class Guard:
    """Holds lanes for this relay alone, as long as its session lives."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._connection: Connection | None = None
        self._topics: set[str] = set()

    async def waiting(self) -> list[str]:
        """The topics for which something waits. Asked often, it keeps the session alive."""
        if self._connection is None or self._connection.is_closed():
            await self.close()
            self._connection = await self._pool.acquire()
            await outbox.end_when_idle(self._connection, IDLE_SECONDS)
        return await outbox.topics_waiting(self._connection)

    async def hold(self, topic: str) -> bool:
        """Whether this relay may publish the topic."""
        assert self._connection is not None
        if topic not in self._topics and await outbox.hold_lane(self._connection, topic):
            self._topics.add(topic)
        return topic in self._topics

    async def let_go(self, topic: str) -> None:
        """Another relay may try: it may reach brokers that this one does not."""
        if topic in self._topics and self._connection is not None:
            self._topics.remove(topic)
            await outbox.let_lane_go(self._connection, topic)

    async def close(self) -> None:
        """Let go of all lanes."""
        connection, self._connection = self._connection, None
        self._topics.clear()
        if connection is not None:
            with contextlib.suppress(*FAILURES):
                await self._pool.release(connection, timeout=2)  # type: ignore[arg-type]


class Relay:
    """Runs until it is stopped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = clock_from(settings.clock)
        self._crash = CrashPoints(settings)
        self._zone = load_registry(settings.registry_path).zone
        self._stop = asyncio.Event()
        self._failing: str | None = None
        self._round_ended = time.monotonic()
        self._first_since: dict[str, tuple[UUID, float]] = {}
        """By topic its first message, and since when it is."""
        self._brokers: str | None = None
        """What asking the brokers failed with."""
        self._lanes: dict[str, Lane] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}

    async def _outbox(self) -> str | None:
        now = time.monotonic()
        waits = {topic: now - since for topic, (_, since) in self._first_since.items()}
        lanes = {
            topic: lane.trouble for topic, lane in self._lanes.items() if lane.trouble is not None
        }
        return trouble(self._failing, now - self._round_ended, lanes, waits)

    async def _kafka(self) -> str | None:
        return self._brokers

    async def run(self) -> None:
        """Look what waits, have each lane publish it, look again. Raises SettingsError for settings
        of its sign-in that do not go together: no lane could mend them."""
        kafka_security.security(self._settings)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        pool = await create_pool(self._settings.postgres_dsn, max_size=6)
        health = HealthServer(
            "relay",
            self._settings.metrics_host,
            self._settings.metrics_port,
            {"ledger": lambda: at_head(pool), "outbox": self._outbox, "kafka": self._kafka},
        )
        await health.start()
        beside = [
            asyncio.create_task(self._measure_always(pool)),
            asyncio.create_task(self._ask_always()),
        ]
        guard = Guard(pool)
        try:
            await self._rounds(guard, LedgerOutbox(pool, self._clock.now, self._zone))
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self._end_lanes()
            await guard.close()
            await health.stop()
            await pool.close()

    async def _rounds(self, guard: Guard, waiting: LedgerOutbox) -> None:
        while not self._stop.is_set():
            try:
                await self._round(guard, waiting)
                self._round_ended = time.monotonic()
                self._failing = None
                loop_ended("publish")
            except FAILURES as error:
                self._failing = type(error).__name__
                logger().error("relay.failed", error=self._failing)
                await guard.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._settings.relay_poll_seconds)

    async def _round(self, guard: Guard, waiting: LedgerOutbox) -> None:
        """Have every lane work for which something waits, and which no other relay has."""
        topics = await guard.waiting()
        for topic in topics:
            lane = self._lanes.get(topic)
            if lane is None:
                lane = Lane(topic, waiting, self._producer, kafka.abandon, self._crash.reach)
            task = self._at_work.get(topic)
            if task is not None and not task.done():
                continue
            if lane.rests:
                await guard.let_go(topic)
            elif await guard.hold(topic):
                self._lanes[topic] = lane
                self._at_work[topic] = asyncio.create_task(lane.work())
        for topic in self._lanes.keys() - topics:
            self._lanes[topic].nothing_waits()

    def _producer(self) -> AIOKafkaProducer:
        return kafka.producer_of(self._settings)

    async def _end_lanes(self) -> None:
        """Messages that are on their way may arrive; what does not is sent again."""
        if self._at_work:
            _, late = await asyncio.wait(self._at_work.values(), timeout=END_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))

    async def _ask_always(self) -> None:
        """Whether a broker answers."""
        while True:
            self._brokers = await self._ask()
            await asyncio.sleep(ASK_EVERY)

    async def _ask(self) -> str | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                sign_in = kafka_security.security(self._settings)
                await kafka.ask(self._settings.kafka_bootstrap, sign_in)
        except (*FAILURES, SettingsError) as error:
            return f"no broker answers: {type(error).__name__}"
        return None

    async def _measure_always(self, pool: asyncpg.Pool) -> None:
        """What waits is counted in the outbox whether or not anything can be published."""
        while True:
            try:
                await self._measure(pool)
                loop_ended("measure")
            except FAILURES as error:
                logger().error("relay.not-measured", error=type(error).__name__)
            await asyncio.sleep(MEASURED_EVERY)

    async def _measure(self, pool: asyncpg.Pool) -> None:
        """How many messages wait, for how long the oldest of each topic does, and whether it is the
        same as before.
        """
        waiting = await outbox.backlog(pool)
        now, before = time.monotonic(), self._first_since
        self._first_since = {}
        for topic, lane in waiting.items():
            first, since = before.get(topic, (lane.first, now))
            if first != lane.first:
                since = now
            self._first_since[topic] = (lane.first, since)
        ages = {topic: self._age(lane.oldest_at) for topic, lane in waiting.items()}
        metrics.OUTBOX_PENDING.set(sum(lane.messages for lane in waiting.values()))
        metrics.OUTBOX_OLDEST_SECONDS.set(max(ages.values(), default=0.0))
        for topic in {*ages, *self._lanes}:
            metrics.OUTBOX_LANE_OLDEST_SECONDS.labels(topic).set(ages.get(topic, 0.0))

    def _age(self, instant: datetime) -> float:
        return max(0.0, (self._clock.now() - instant).total_seconds())


def run_relay(settings: Settings) -> None:
    """Run until a signal ends it."""
    asyncio.run(Relay(settings).run())
