"""The Faust application: a thin shell that brings raw records to the applier.

One agent with concurrency 1 over all feed topics, raw bytes, manual acknowledgement, a body that
cannot raise; no tables, no web, no `exactly_once`. Kafka's committed offset is only a hint: the
ledger's cursor decides (docs/decisions/0003).
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
import time
from dataclasses import replace
from typing import Any

import faust

from schemas.envelope import event_adapter
from schemas.registry import load_registry
from services.identity.model import load_model
from services.ledger.crises import parked as parked_store
from services.ledger.transaction import PostgresLedger
from services.liaison.disclosure.staffing import check_staffing
from services.liaison.policy import load_policy
from services.orchestration.batch import Place, Record
from services.orchestration.deadlines import Due, take_due
from services.orchestration.parking import reason_of
from services.orchestration.settling import Settling
from services.runtime import metrics
from services.runtime.clock import clock_from
from services.runtime.crash_points import CrashPoints
from services.runtime.exposition.first_values import loop_ended
from services.runtime.garbage import keep_what_started
from services.runtime.health import HealthServer
from services.runtime.kafka_security import faust_credentials
from services.runtime.logging import logger
from services.runtime.migrations import at_head
from services.runtime.postgres import create_pool, patiently
from services.runtime.settings import Settings
from services.stream.applier import OUTAGE, Applier, count_settled
from services.stream.batches import Batches
from services.stream.readiness import round_trouble
from services.stream.shadow import shadow_of, take_shadow_due
from services.stream.sweep import Sweep
from services.stream.transport import go_on, paused_partitions, preceding_of, with_own_consumer

STALLED_SECONDS = 10.0
DEADLINES_SECONDS = 10.0
"""So often at the least deadlines are looked at."""
MISSED_LOOKS = 4
"""After so many looks that should have ended by then and did not, the logs are not looked at."""
METADATA_SECONDS = 3.0
"""How old it may be what Faust knows of topics and partitions: new ones are read soon."""


def _scratch() -> str:
    """The folder that Faust asks for; nothing is kept in it, and it goes with the process."""
    folder = tempfile.mkdtemp(prefix="liaison-faust-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class StreamWorker:
    """Wires the Faust application to the ledger."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = clock_from(settings.clock)
        self.registry = load_registry(settings.registry_path)
        self.queue: asyncio.Queue[Any] | None = None
        self.applier: Applier | None = None
        self.batches: Batches | None = None
        self._started = asyncio.Event()
        self._sweeping: Sweep | None = None
        self._rounds: dict[str, float] = {}
        """When each loop last ended a round, in the process's own seconds."""
        self._failures: dict[str, str] = {}
        """What each loop's last round failed with."""
        self.app = faust.App(
            settings.consumer_group,
            broker=[f"kafka://{b}" for b in settings.kafka_bootstrap.split(",")],
            broker_client_id="liaison-stream",
            broker_credentials=faust_credentials(settings),
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
            broker_commit_interval=0.5,
            broker_session_timeout=settings.session_timeout_seconds,
            broker_heartbeat_interval=settings.session_timeout_seconds / 4,
            broker_rebalance_timeout=settings.session_timeout_seconds,
            broker_request_timeout=settings.session_timeout_seconds + 30,
            consumer_auto_offset_reset="earliest",
            consumer_metadata_max_age_ms=round(METADATA_SECONDS * 1000),
            stream_wait_empty=False,
            value_serializer="raw",
            key_serializer="raw",
            datadir=_scratch(),
        )
        with_own_consumer(self.app, settings.kafka_fetch_wait_seconds)
        self._wire()

    def _wire(self) -> None:
        app = self.app
        topic = app.topic(
            *self.registry.topics(),
            value_type=bytes,
            key_type=bytes,
            value_serializer="raw",
            key_serializer="raw",
        )

        async def intake(stream: Any) -> None:
            await self._started.wait()
            assert self.queue is not None
            async for event in stream.noack().events():
                await self.queue.put(event)

        app.agent(topic, concurrency=1, name="intake")(intake)
        app.task(self._start)
        app.task(self._drain)
        app.task(self._deadlines)
        app.task(self._sweep)
        app.task(self._shadow)

    async def _start(self) -> None:
        pool = await create_pool(self.settings.postgres_dsn, max_size=6)
        crash = CrashPoints(self.settings)
        policy = load_policy(self.settings.policy_path)
        check_staffing(self.registry, policy)
        guard = self.settings.cursor_guard or self.settings.environment != "test"
        model = load_model(self.settings.identity_model_path)
        shadow = shadow_of(self.settings.shadow_policy_path, policy, self.registry.zone)
        settling = Settling(self.registry, policy, shadow, model)
        ledger = PostgresLedger(pool, self.registry)
        self.batches = Batches(ledger, settling, crash.reach, guard)
        self.applier = Applier(self.batches, self.clock, self.settings)
        self.queue = asyncio.Queue(self.settings.queue_max)
        health = HealthServer(
            "stream",
            self.settings.metrics_host,
            self.settings.metrics_port,
            {
                "ledger": lambda: at_head(pool),
                "started": self._has_started,
                "assignment": self._assigned,
                "progress": self._progress,
                "kafka": self._logs_looked_at,
                "lag": self._lag,
                "deadlines": self._deadlines_looked_at,
            },
        )
        await health.start()
        await patiently(lambda: self._prepare(ledger))
        if shadow is not None:
            await shadow.begin(ledger, self.clock.now())
        event_adapter()  # built now and not with the first event, which may be the urgent one
        keep_what_started()
        self._rounds = dict.fromkeys(("sweep", "deadlines"), time.monotonic())
        self._started.set()
        logger().info("stream.started")

    async def _prepare(self, ledger: PostgresLedger) -> None:
        assert self.applier is not None
        # what was stopped stays so until somebody has looked: a restart is no look
        await self.applier.follow()
        async with ledger.transaction() as transaction:
            await transaction.lock_zone()
            # what starts may be the version in which the fault is mended
            parked = await transaction.parked()
            await parked_store.make_due(transaction.connection, parked, self.clock.now())

    async def _has_started(self) -> str | None:
        return None if self._started.is_set() else "the worker has not started its work"

    async def _assigned(self) -> str | None:
        if self.app.consumer is None or not self.app.consumer.assignment():
            return "no partitions are assigned"
        return None

    async def _progress(self) -> str | None:
        assert self.queue is not None
        assert self.applier is not None
        if self.applier.failing is not None:
            return f"the present batch fails: {self.applier.failing}"
        waited = time.monotonic() - self.applier.last_progress
        if not self.queue.empty() and waited > STALLED_SECONDS:
            return f"records wait and nothing was applied for {waited:.0f} s"
        return None

    async def _logs_looked_at(self) -> str | None:
        limit = MISSED_LOOKS * self.settings.sweep_seconds
        return self._round_trouble("sweep", "Kafka's logs were not looked at", limit)

    async def _deadlines_looked_at(self) -> str | None:
        return self._round_trouble("deadlines", "deadlines were not looked at", DEADLINES_SECONDS)

    async def _lag(self) -> str | None:
        return None if self._sweeping is None else self._sweeping.trouble()

    def _round_trouble(self, loop: str, what: str, limit: float) -> str | None:
        if loop not in self._rounds:
            return None
        waited = time.monotonic() - self._rounds[loop]
        return round_trouble(what, waited, limit, self._failures.get(loop))

    def _round_ended(self, loop: str) -> None:
        self._rounds[loop] = time.monotonic()
        self._failures.pop(loop, None)

    async def _drain(self) -> None:
        """One record, then everything at hand: no waiting when it is quiet, batches under load."""
        await self._started.wait()
        assert self.queue is not None
        assert self.applier is not None
        while True:
            deliveries = [await self.queue.get()]
            while len(deliveries) < self.settings.batch_max and not self.queue.empty():
                deliveries.append(self.queue.get_nowait())
            records = [
                Record(
                    e.message.topic,
                    e.message.partition,
                    e.message.offset,
                    e.value,
                    e.message.headers or (),
                    e.message.timestamp,
                    preceding_of(e.message),
                )
                for e in deliveries
            ]
            for record in records:
                metrics.EVENTS_RECEIVED.labels(
                    self.registry.feeds_by_topic[record.topic][1].id
                ).inc()
            await self.applier.apply([_with_header_list(r) for r in records])
            metrics.LAG_SECONDS.set(
                max(0.0, time.time() - deliveries[0].message.timestamp)
                if deliveries[0].message.timestamp
                else 0
            )
            for event in deliveries:
                event.ack()

    async def _deadlines(self) -> None:
        await self._started.wait()
        assert self.batches is not None
        while True:
            try:
                ledger, settling = self.batches.ledger, self.batches.settling
                due = await take_due(ledger, settling, self.clock.now())
                _count_due(due)
                self._round_ended("deadlines")
                loop_ended("deadlines")
                if due.count:
                    continue
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._failures["deadlines"] = type(error).__name__
                logger().error("deadlines.failed", reason=reason_of(error))
            await asyncio.sleep(self.settings.deadline_poll_seconds)

    async def _shadow(self) -> None:
        """What the candidate policy looks at by its own limits."""
        await self._started.wait()
        assert self.batches is not None
        ledger, settling = self.batches.ledger, self.batches.settling
        while settling.shadow is not None:
            try:
                if await take_shadow_due(ledger, settling, self.clock.now()):
                    continue
            except asyncio.CancelledError:
                raise
            except Exception as error:
                metrics.SHADOW_FAILURES.inc()
                logger().error("shadow.failed", error=type(error).__name__)
            await asyncio.sleep(self.settings.deadline_poll_seconds)

    async def _sweep(self) -> None:
        """Look for a hole at the tail: records that Kafka has, that nobody works on, and that the
        ledger lacks.
        """
        await self._started.wait()
        assert self.applier is not None
        assert self.batches is not None
        sweep = Sweep(self.settings, self.applier, self._assignment, self._idle)
        self._sweeping = sweep
        while True:
            await asyncio.sleep(self.settings.sweep_seconds)
            try:
                await sweep.look()
                await self._readmit(sweep)
                self._round_ended("sweep")
                loop_ended("sweep")
            except asyncio.CancelledError:
                raise
            except OUTAGE as error:
                self._failures["sweep"] = type(error).__name__
                logger().warning("sweep.failed", error=type(error).__name__)
            except Exception as error:
                self._failures["sweep"] = type(error).__name__
                logger().error("sweep.failed", reason=reason_of(error))

    def _idle(self) -> bool:
        return self.queue is not None and self.queue.empty()

    def _assignment(self) -> list[Place]:
        """The partitions that this worker reads."""
        assigned = set(self.app.consumer.assignment()) if self.app.consumer else set()
        topics = self.registry.feeds_by_topic
        return [(tp.topic, tp.partition) for tp in assigned if tp.topic in topics]

    async def _readmit(self, sweep: Sweep) -> None:
        """Have Faust fetch again what the sweep has brought up to date, and what became another
        log.
        """
        places = dict(sweep.changed)
        for partition in await paused_partitions(self.app):
            place = (partition.topic, partition.partition)
            if place in sweep.caught_up:
                places[place] = sweep.caught_up[place]
        if places:
            await go_on(self.app, places)


def _count_due(due: Due) -> None:
    metrics.DEADLINES_TAKEN.inc(due.count)
    for feed, silent in due.silent.items():
        metrics.FEED_SILENT.labels(feed).set(int(silent))
    if due.monitor_failure is not None:
        metrics.MONITOR_FAILURES.inc()
        logger().error("monitor.failed", error=type(due.monitor_failure).__name__)
    for feed, failure in due.feed_failures:
        metrics.FEED_LOOK_FAILURES.labels(feed).inc()
        logger().error("feed.not-looked-at", feed=feed, reason=reason_of(failure))
    count_settled(due.settled)


def _with_header_list(record: Record) -> Record:
    headers = record.headers.items() if isinstance(record.headers, dict) else record.headers
    return replace(record, headers=tuple(headers))
