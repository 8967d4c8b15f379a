"""The relay: publishes the outbox at least once; every message carries an id that makes a repeat
harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from datetime import datetime

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.registry import load_registry
from services.ledger.alerts import store as alert_store
from services.ledger.zone import lock_zone
from services.liaison.alert import Transition
from services.liaison.alert.states import SOUNDING
from services.runtime import kafka, metrics
from services.runtime.clock import clock_from
from services.runtime.crash_points import CrashPoints
from services.runtime.health import HealthServer
from services.runtime.logging import configure, logger
from services.runtime.migrations import at_head
from services.runtime.postgres import Connection, create_pool
from services.runtime.settings import Settings

LIMIT = 200
STALE_SECONDS = 30.0
"""A round that takes longer is stuck: the brokers or the ledger take what we say and never answer.
"""
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

    Two relays never send the same message at once (SKIP LOCKED); one that dies between sending and
    marking sends again.
    """
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            """SELECT message_id, topic, key, headers, body FROM outbox WHERE published_at IS NULL
                ORDER BY created_at, message_id LIMIT $1 FOR UPDATE SKIP LOCKED""",
            LIMIT,
        )
        if not rows:
            return 0
        crash.reach("relay-before-send")
        sent = [
            await producer.send(
                r["topic"],
                r["body"],
                key=r["key"],
                headers=[(k, v.encode()) for k, v in sorted(r["headers"].items())],
            )
            for r in rows
        ]
        await asyncio.wait_for(asyncio.gather(*sent), 20)
        crash.reach("relay-after-send")
        await connection.execute(
            "UPDATE outbox SET published_at = $2, attempts = attempts + 1 WHERE message_id = ANY($1::uuid[])",
            [r["message_id"] for r in rows],
            now,
        )
        await _delivered(connection, [json.loads(r["body"])["data"] for r in rows], now, zone)
    metrics.OUTBOX_PUBLISHED.inc(len(rows))
    return len(rows)


async def _delivered(
    connection: Connection, said: list[dict[str, str]], now: datetime, zone: str
) -> None:
    """Mark alerts delivered to the desks whose agency's topic has them."""
    raised = [d for d in said if d.get("transition") in SOUNDING]
    if not raised:
        return
    # as batches and commands do, before any row that they write too: none waits for another in a
    # circle
    await lock_zone(connection, zone)
    rows = await connection.fetch(
        """UPDATE alert_desk d SET state = 'delivered', delivered_at = $3
             FROM unnest($1::uuid[], $2::text[]) AS x(a, k)
            WHERE d.alert_id = x.a AND d.desk = x.k AND d.state = 'raised' RETURNING d.alert_id, d.desk""",
        [d["alert"] for d in raised],
        [d["desk"] for d in raised],
        now,
    )
    await alert_store.append_log(
        connection,
        [
            Transition(
                str(r["alert_id"]),
                r["desk"],
                "delivered",
                now,
                "relay",
                "published to the agency's topic",
            )
            for r in rows
        ],
    )


def trouble(failing: str | None, seconds_since_round: float) -> str | None:
    """What keeps the outbox from being published, for readiness: None while rounds end, with or
    without messages.
    """
    if failing is not None:
        return f"messages cannot be published: {failing}"
    if seconds_since_round > STALE_SECONDS:
        return f"no round has ended for {seconds_since_round:.0f} s"
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

    async def _outbox(self) -> str | None:
        return trouble(self._failing, time.monotonic() - self._round_ended)

    async def run(self) -> None:
        """Publish, look again, publish."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        pool = await create_pool(self._settings.postgres_dsn, max_size=3)
        health = HealthServer(
            self._settings.metrics_host,
            self._settings.metrics_port,
            {"ledger": lambda: at_head(pool), "outbox": self._outbox},
        )
        await health.start()
        producer: AIOKafkaProducer | None = None
        delay = 0.1
        while not self._stop.is_set():
            try:
                if producer is None:
                    producer = kafka.producer(
                        self._settings.kafka_bootstrap, idempotent=self._settings.kafka_idempotent
                    )
                    await producer.start()
                count = await publish(pool, producer, self._crash, self._clock.now(), self._zone)
                await self._measure(pool)
                self._round_ended = time.monotonic()
                self._failing, delay = None, 0.1
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
        await health.stop()
        await pool.close()

    async def _measure(self, pool: asyncpg.Pool) -> None:
        (row,) = await pool.fetch(
            "SELECT count(*) AS n, min(created_at) AS oldest FROM outbox WHERE published_at IS NULL"
        )
        metrics.OUTBOX_PENDING.set(row["n"])
        age = (self._clock.now() - row["oldest"]).total_seconds() if row["oldest"] else 0.0
        metrics.OUTBOX_OLDEST_SECONDS.set(max(0.0, age))


def run_relay(settings: Settings) -> None:
    """Run until a signal ends it."""
    configure(settings.log_level, "relay")
    asyncio.run(Relay(settings).run())
