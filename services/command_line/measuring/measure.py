"""One measurement of the whole stream: offered load in, figures out."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import signal
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import psutil
from aiokafka import AIOKafkaProducer

from services.command_line.measuring.load import Message, mixture
from services.command_line.running.stack import Stack
from services.ledger.alerts.raised import raised_between, times_raised
from services.ledger.events.stored import stored_ids, stored_of_feeds
from services.liaison.alert import alert_id
from services.liaison.rules.r01_emergency import RULE as EMERGENCY
from services.runtime import kafka

# Every alert of the load is addressed to it.
DESK = "las-mental-health"
LOADED_FEEDS = ("met-cad", "las-cad")
DRAIN_SECONDS = 120.0
MEGABYTE = 1_000_000
# After a kill: alerts published within this time show how long the stream was away.
ANSWERING_SECONDS = 15.0


@dataclass
class Measurement:
    """What was sent and when, and what was seen and when, on one monotonic clock."""

    sent: dict[str, float] = field(default_factory=dict)
    """Event id -> instant at which it was due to be sent."""
    expected: dict[str, float] = field(default_factory=dict)
    """Alert id -> the instant at which the event that raises it was due to be sent."""
    committed: dict[str, float] = field(default_factory=dict)
    streamed: dict[str, float] = field(default_factory=dict)
    applied_at: float = 0.0
    killed_at: float | None = None


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest, in milliseconds."""
    if not values:
        return {}
    ordered = sorted(values)
    cuts = (
        statistics.quantiles(ordered, n=100, method="inclusive")
        if len(ordered) > 1
        else ordered * 99
    )
    named = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": ordered[-1]}
    return {name: round(value * 1000, 1) for name, value in named.items()}


class Bench:
    """Drives a running stack."""

    def __init__(
        self, stack: Stack, rate: float, seconds: float, progress: Callable[[int], None]
    ) -> None:
        self.stack, self.rate, self.seconds, self._progress = stack, rate, seconds, progress
        self.seen = Measurement()
        self._sends: set[asyncio.Future[Any]] = set()

    async def run(self, kill: bool) -> dict[str, Any]:
        """Offer the load, wait until all is applied, and give the figures."""
        pool = await asyncpg.create_pool(self.stack.postgres_dsn, min_size=1, max_size=3)
        producer = kafka.producer(
            self.stack.kafka_bootstrap, idempotent=not self.stack.embedded_kafka
        )
        await producer.start()
        watching = [
            asyncio.create_task(self._watch_ledger(pool)),
            asyncio.create_task(self._watch_desk()),
        ]
        await asyncio.sleep(1)
        try:
            started = time.monotonic()
            offering = asyncio.create_task(self._offer(producer))
            if kill:
                await asyncio.sleep(self.seconds / 2)
                self.seen.killed_at = time.monotonic()
                self.stack.processes["stream"].send_signal(signal.SIGKILL)
            await offering
            await self._drained(pool)
            return await self._figures(pool, started)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            await producer.stop()
            await pool.close()

    async def _offer(self, producer: AIOKafkaProducer) -> None:
        topics = {feed.id: topic for topic, (_, feed) in self.stack.registry.feeds_by_topic.items()}
        chance = random.Random(7)  # noqa: S311  # a load to measure with, the same every time
        count = int(self.rate * self.seconds)
        load = itertools.islice(mixture(datetime.now(UTC), chance), count)
        start = time.monotonic()
        for number, (message, raises) in enumerate(load):
            due = start + number / self.rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await self._send(producer, topics, message, due, raises)
            self._progress(1)
        await asyncio.gather(*self._sends)

    async def _send(
        self,
        producer: AIOKafkaProducer,
        topics: dict[str, str],
        message: Message,
        due: float,
        raises: bool,
    ) -> None:
        feed, key, event = message
        self.seen.sent[event["id"]] = due
        if raises:
            self.seen.expected[alert_id(f"{EMERGENCY.id}|{event['source']}|{event['id']}")] = due
        sending = await producer.send(topics[feed], json.dumps(event).encode(), key=key.encode())
        self._sends.add(sending)
        sending.add_done_callback(self._sends.discard)

    async def _watch_ledger(self, pool: asyncpg.Pool) -> None:
        """Told by PostgreSQL when a commit changed alerts; the time is taken when it tells."""
        notices: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
        async with pool.acquire() as listening:

            def hear(*notice: Any) -> None:
                notices.put_nowait((int(notice[3]), time.monotonic()))

            await listening.add_listener("liaison_alerts", hear)
            try:
                await self._follow(pool, notices)
            finally:
                await listening.remove_listener("liaison_alerts", hear)

    async def _follow(self, pool: asyncpg.Pool, notices: asyncio.Queue[tuple[int, float]]) -> None:
        last = 0
        while True:
            newest, at = await notices.get()
            if newest <= last:
                continue
            async with pool.acquire() as connection:
                alerts = await raised_between(connection, last, newest)
            for alert in alerts:
                self.seen.committed.setdefault(alert, at)
            last = newest

    async def _watch_desk(self) -> None:
        """Sit at a desk and read its live stream."""
        quiet = httpx.Timeout(10, read=60)  # the console says something every few seconds
        async with httpx.AsyncClient(
            base_url=self.stack.console, timeout=quiet, follow_redirects=True
        ) as client:
            page = await client.post("/sign-in", data={"desk": DESK, "initials": "bn"})
            page.raise_for_status()
            async with client.stream("GET", f"/desks/{DESK}/stream") as stream:
                async for line in stream.aiter_lines():
                    match = re.match(r'data: \{"alerts": ?\{([^}]*)\}', line)
                    if match is not None:
                        for alert in re.findall(r"[0-9a-f-]{36}", match[1]):
                            self.seen.streamed.setdefault(alert, time.monotonic())

    async def _drained(self, pool: asyncpg.Pool) -> None:
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end:
            self.seen.applied_at = time.monotonic()
            async with pool.acquire() as connection:
                stored = await stored_of_feeds(connection, LOADED_FEEDS)
            on_screen = self.seen.expected.keys() <= self.seen.streamed.keys()
            if stored >= len(self.seen.sent) and on_screen:
                return
            await asyncio.sleep(0.05)

    async def _figures(self, pool: asyncpg.Pool, started: float) -> dict[str, Any]:
        record = self.seen
        async with pool.acquire() as connection:
            stored = await stored_ids(connection)
            times = await times_raised(connection, EMERGENCY.id)
        raised_ids = {alert for alert, _ in times}
        twice = sum(count - 1 for count in times.values())
        figures: dict[str, Any] = {
            "broker": "embedded" if self.stack.embedded_kafka else "kafka",
            "offered_per_second": self.rate,
            "seconds": self.seconds,
            "events_per_second": round(len(record.sent) / (record.applied_at - started), 1),
            "events": len(record.sent),
            "alerts": len(record.expected),
            "latency_ms": self._latencies(record.committed),
            "live_stream_latency_ms": self._latencies(record.streamed),
            "lost": len(record.sent.keys() - stored) + len(record.expected.keys() - raised_ids),
            "duplicated": twice + len(raised_ids - record.expected.keys()),
            "memory_mb": self._memory(),
        }
        if record.killed_at is not None:
            figures["kill"] = self._after_kill(record.killed_at)
        return figures

    def _after_kill(self, killed_at: float) -> dict[str, float | None]:
        """How long no alert came, and the longest that one of the next seconds waited."""
        until_next, waits = [], []
        for alert, at in self.seen.committed.items():
            since_kill = self.seen.expected.get(alert, 0.0) - killed_at
            if since_kill >= 0:
                until_next.append(at - killed_at)
            if 0 <= since_kill <= ANSWERING_SECONDS:
                waits.append(at - self.seen.expected[alert])
        next_alert, longest = min(until_next, default=None), max(waits, default=None)
        return {
            "seconds_to_next_alert": None if next_alert is None else round(next_alert, 2),
            "longest_wait_seconds": None if longest is None else round(longest, 2),
        }

    def _latencies(self, instants: dict[str, float]) -> dict[str, float]:
        return percentiles(
            [
                instants[alert] - due
                for alert, due in self.seen.expected.items()
                if alert in instants
            ]
        )

    def _memory(self) -> dict[str, float]:
        """Resident memory of each process."""
        sizes = {}
        for name, process in self.stack.processes.items():
            with suppress(psutil.NoSuchProcess):
                if process.poll() is None:
                    sizes[name] = round(psutil.Process(process.pid).memory_info().rss / MEGABYTE, 1)
        return sizes
