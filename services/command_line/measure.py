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

from services.command_line.load import Message, mixture
from services.command_line.stack import Stack
from services.liaison.alert import alert_id
from services.liaison.rules.r01_emergency import RULE as EMERGENCY
from services.runtime import kafka

DESK = "las-mental-health"
"""Every alert of the load is addressed to it."""
DRAIN_SECONDS = 120.0
MEGABYTE = 1_000_000
ANSWERING_SECONDS = 15.0
"""After a kill: alerts published within this time show how long the stream was away."""


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
        told: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
        async with pool.acquire() as listening:

            def hear(*said: Any) -> None:
                told.put_nowait((int(said[3]), time.monotonic()))

            await listening.add_listener("liaison_alerts", hear)
            try:
                await self._follow(pool, told)
            finally:
                await listening.remove_listener("liaison_alerts", hear)

    async def _follow(self, pool: asyncpg.Pool, told: asyncio.Queue[tuple[int, float]]) -> None:
        last = 0
        while True:
            newest, at = await told.get()
            if newest <= last:
                continue
            rows = await pool.fetch(
                """SELECT DISTINCT alert_id FROM alert_log
                    WHERE sequence > $1 AND sequence <= $2 AND transition = 'raised'""",
                last,
                newest,
            )
            for row in rows:
                self.seen.committed.setdefault(str(row["alert_id"]), at)
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
                    if (found := re.match(r'data: \{"alert": ?"([0-9a-f-]+)"', line)) is not None:
                        self.seen.streamed.setdefault(found[1], time.monotonic())

    async def _drained(self, pool: asyncpg.Pool) -> None:
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end:
            self.seen.applied_at = time.monotonic()
            held = await pool.fetchval(
                "SELECT count(*) FROM event WHERE feed IN ('met-cad', 'las-cad')"
            )
            if (
                held >= len(self.seen.sent)
                and self.seen.expected.keys() <= self.seen.streamed.keys()
            ):
                return
            await asyncio.sleep(0.05)

    async def _figures(self, pool: asyncpg.Pool, started: float) -> dict[str, Any]:
        seen = self.seen
        held = {r["id"] for r in await pool.fetch("SELECT id FROM event")}
        raised = await pool.fetch(
            """SELECT alert_id, desk, count(*) AS n FROM alert_log JOIN alert USING (alert_id)
                WHERE transition = 'raised' AND rule = $1 GROUP BY 1, 2""",
            EMERGENCY.id,
        )
        known = {str(r["alert_id"]) for r in raised}
        figures = {
            "broker": "embedded" if self.stack.embedded_kafka else "kafka",
            "offered_per_second": self.rate,
            "seconds": self.seconds,
            "events_per_second": round(len(seen.sent) / (seen.applied_at - started), 1),
            "events": len(seen.sent),
            "alerts": len(seen.expected),
            "latency_ms": self._latencies(seen.committed),
            "live_stream_latency_ms": self._latencies(seen.streamed),
            "lost": len(seen.sent.keys() - held) + len(seen.expected.keys() - known),
            "duplicated": sum(r["n"] - 1 for r in raised) + len(known - seen.expected.keys()),
            "memory_mb": self._memory(),
        }
        if seen.killed_at is not None:
            after = [
                at - seen.killed_at
                for a, at in seen.committed.items()
                if seen.expected.get(a, 0) >= seen.killed_at
            ]
            waited = [
                at - seen.expected[a]
                for a, at in seen.committed.items()
                if 0 <= seen.expected.get(a, 0) - seen.killed_at <= ANSWERING_SECONDS
            ]
            figures["kill"] = {
                "seconds_to_next_alert": round(min(after), 2) if after else None,
                "longest_wait_seconds": round(max(waited), 2) if waited else None,
            }
        return figures

    def _latencies(self, seen: dict[str, float]) -> dict[str, float]:
        return percentiles([seen[a] - due for a, due in self.seen.expected.items() if a in seen])

    def _memory(self) -> dict[str, float]:
        """Resident memory of each process."""
        sizes = {}
        for name, process in self.stack.processes.items():
            with suppress(psutil.NoSuchProcess):
                if process.poll() is None:
                    sizes[name] = round(psutil.Process(process.pid).memory_info().rss / MEGABYTE, 1)
        return sizes
