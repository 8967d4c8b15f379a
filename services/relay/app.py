"""The relay: publishes the outbox at least once; every message carries an id that makes a repeat
harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.registry import load_registry
from services.ledger import outbox
from services.liaison.alert.states import SOUNDING
from services.runtime import kafka, metrics
from services.runtime.clock import clock_from
from services.runtime.crash_points import CrashPoints
from services.runtime.exposition.first_values import loop_ended
from services.runtime.health import HealthServer
from services.runtime.logging import configure, logger
from services.runtime.migrations import at_head
from services.runtime.postgres import create_pool
from services.runtime.settings import Settings

LIMIT = 200
STALE_SECONDS = 15.0
"""A round that takes longer is stuck: the brokers or the ledger take what we
say and never answer."""
FAILURES = (
    OSError,
    TimeoutError,
    KafkaError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


async def publish(
    pool: asyncpg.Pool, producer: AIOKafkaProducer, crash: CrashPoints, now: datetime, zone: str
) -> int:
    """Send the oldest messages and mark them sent when the brokers have acknowledged. Returns how
    many.

    A relay that dies between sending and marking sends again.
    """
    async with pool.acquire() as connection, connection.transaction():
        rows = await outbox.take_unsent(connection, LIMIT)
        if not rows:
            return 0
        crash.reach("relay-before-send")
        await _send(producer, rows)
        crash.reach("relay-after-send")
        await outbox.mark_sent(connection, [row["message_id"] for row in rows], now)
        bodies = [json.loads(row["body"])["data"] for row in rows]
        await outbox.mark_delivered(connection, sounding(bodies), now, zone)
    metrics.OUTBOX_PUBLISHED.inc(len(rows))
    return len(rows)


async def publish_seals(pool: asyncpg.Pool, producer: AIOKafkaProducer, now: datetime) -> None:
    """Send what the audit's ends were. Apart from the alerts: a topic that is missing or denied
    holds none of them up."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await outbox.take_unsent(connection, LIMIT, seals=True)
        if rows:
            await _send(producer, rows)
            await outbox.mark_sent(connection, [row["message_id"] for row in rows], now)


async def _send(producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]) -> None:
    """Until the brokers have acknowledged all of them."""
    sent = [
        await producer.send(
            row["topic"],
            row["body"],
            key=row["key"],
            headers=[(name, value.encode()) for name, value in sorted(row["headers"].items())],
        )
        for row in rows
    ]
    await asyncio.wait_for(asyncio.gather(*sent), 20)


def sounding(messages: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Alert and desk of the messages that say that an alert sounds: published, it is delivered."""
    return [
        (message["alert"], message["desk"])
        for message in messages
        if message.get("transition") in SOUNDING
    ]


MEASURED_EVERY = 1.0
SEALS_EVERY = 5.0


def trouble(failing: str | None, seconds_since_round: float, oldest_waits: float) -> str | None:
    """What keeps the outbox from being published, for readiness: None while rounds end, with or
    without messages, and the oldest message is a new one each time.
    """
    if failing is not None:
        return f"messages cannot be published: {failing}"
    if seconds_since_round > STALE_SECONDS:
        return f"no round has ended for {seconds_since_round:.0f} s"
    if oldest_waits > STALE_SECONDS:
        return f"the same message has been the oldest for {oldest_waits:.0f} s"
    return None


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
        self._oldest_at: datetime | None = None
        self._oldest_since = time.monotonic()

    async def _outbox(self) -> str | None:
        now, waits = time.monotonic(), 0.0
        if self._oldest_at is not None:
            waits = now - self._oldest_since
        return trouble(self._failing, now - self._round_ended, waits)

    async def run(self) -> None:
        """Publish, look again, publish."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        pool = await create_pool(self._settings.postgres_dsn, max_size=3)
        health = HealthServer(
            "relay",
            self._settings.metrics_host,
            self._settings.metrics_port,
            {"ledger": lambda: at_head(pool), "outbox": self._outbox},
        )
        await health.start()
        beside = [
            asyncio.create_task(self._measure_always(pool)),
            asyncio.create_task(self._publish_seals_always(pool)),
        ]
        producer: AIOKafkaProducer | None = None
        delay = 0.1
        while not self._stop.is_set():
            try:
                if producer is None:
                    producer = kafka.producer_of(self._settings)
                    await producer.start()
                count = await publish(pool, producer, self._crash, self._clock.now(), self._zone)
                self._round_ended = time.monotonic()
                self._failing, delay = None, 0.1
                loop_ended("publish")
                if count == LIMIT:
                    continue
                pause = self._settings.relay_poll_seconds
            except FAILURES as error:
                self._failing = type(error).__name__
                metrics.OUTBOX_FAILURES.inc()
                logger().error("relay.failed", error=self._failing)
                if producer is not None:
                    with contextlib.suppress(Exception):
                        await producer.stop()
                producer, pause = None, delay
                delay = min(delay * 2, 5.0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
        if producer is not None:
            await producer.stop()
        for task in beside:
            task.cancel()
        # the producer of the seals ends before the loop does
        await asyncio.gather(*beside, return_exceptions=True)
        await health.stop()
        await pool.close()

    async def _publish_seals_always(self, pool: asyncpg.Pool) -> None:
        """With a producer of its own, made anew after each failure."""
        while True:
            producer = kafka.producer_of(self._settings)
            try:
                await producer.start()
                while True:
                    await publish_seals(pool, producer, self._clock.now())
                    await asyncio.sleep(SEALS_EVERY)
            except FAILURES as error:
                logger().error("relay.seals-failed", error=type(error).__name__)
            finally:
                with contextlib.suppress(Exception):
                    await producer.stop()
            await asyncio.sleep(SEALS_EVERY)

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
        """How many messages wait, and for how long the oldest does."""
        waiting = await outbox.backlog(pool)
        if waiting.oldest_at != self._oldest_at:
            self._oldest_at, self._oldest_since = waiting.oldest_at, time.monotonic()
        metrics.OUTBOX_PENDING.set(waiting.messages)
        age = 0.0
        if waiting.oldest_at is not None:
            age = max(0.0, (self._clock.now() - waiting.oldest_at).total_seconds())
        metrics.OUTBOX_OLDEST_SECONDS.set(age)


def run_relay(settings: Settings) -> None:
    """Run until a signal ends it."""
    configure(settings.log_level, "relay")
    asyncio.run(Relay(settings).run())
