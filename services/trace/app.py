"""The trace worker: asks the national service about people whose NHS number is not verified, and
says the answer on their organisation's feed, under a source of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from datetime import timedelta

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.envelope import AnyEvent, decode, encode
from schemas.events import TYPE_PREFIX
from schemas.events.care import PersonRegistered, PersonUpdated
from schemas.registry import TRACE_SOURCE_END, Registry, load_registry
from services.intake.translation import digest
from services.ledger.people import traces
from services.runtime import kafka, metrics
from services.runtime.clock import Clock, clock_from
from services.runtime.errors import SettingsError
from services.runtime.exposition.first_values import loop_ended
from services.runtime.health import HealthServer
from services.runtime.logging import logger
from services.runtime.migrations import at_head
from services.runtime.postgres import OUTAGE, create_pool
from services.runtime.settings import Settings
from services.trace.pds import PdsTracer
from services.trace.port import Tracer, TraceResult, TraceUnavailable, needs_trace, traced

SEND_TIMEOUT_SECONDS = 20.0
SLOWEST_RETRY = timedelta(minutes=15)


def found_event(request: traces.Asked, event: AnyEvent, source: str, result: TraceResult) -> bytes:
    """The update that says the number, a microsecond after what it was made of: a later word of the
    organisation wins.
    """
    document = AnyEvent.model_validate(
        {
            "specversion": "1.0",
            "id": f"trace.{request.local_person}.{digest(request.event_id, result.nhs_number, result.restricted)}",
            "source": source,
            "type": f"{TYPE_PREFIX}person.updated.v1",
            "time": event.time + timedelta(microseconds=1),
            "data": {
                "local_person": request.local_person,
                "person": traced(event.data.person, result),
            },
        }
    )
    body = encode(document)
    decode(body)
    return body


async def trace_one(
    pool: asyncpg.Pool, producer: AIOKafkaProducer, tracer: Tracer, registry: Registry, clock: Clock
) -> bool:
    """Trace the person who waited longest; False when nobody waits. Raises TraceUnavailable after
    putting them off.

    The answer is sent before the row is finished: a worker that dies between the two sends the same
    event again.
    """
    async with pool.acquire() as connection:
        request = await traces.take(connection, clock.now())
    # nobody waits: the worker may rest
    if request is None:
        return False
    event = decode(request.body)
    outcome = "not-needed"
    _, feed = registry.feeds_by_id.get(request.feed, (None, None))
    source = (
        next((source for source in feed.sources if source.endswith(TRACE_SOURCE_END)), None)
        if feed is not None
        else None
    )
    if feed is None or source is None:
        outcome = "no-source"
    elif isinstance(event.data, PersonRegistered | PersonUpdated) and needs_trace(
        event.data.person
    ):
        try:
            result = await tracer.trace(event.data.person)
        except TraceUnavailable as error:
            # each attempt waits twice as long, a quarter of an hour at most: nobody is
            # forgotten
            wait = min(
                timedelta(seconds=error.after or 5.0 * 2 ** min(request.attempts, 8)), SLOWEST_RETRY
            )
            async with pool.acquire() as connection:
                await traces.put_off(connection, request, clock.now() + wait)
            raise
        outcome = result.outcome
        if result.outcome == "verified":
            body = found_event(request, event, source, result)
            await asyncio.wait_for(
                producer.send_and_wait(feed.topic, body, key=request.local_person.encode()),
                SEND_TIMEOUT_SECONDS,
            )
    async with pool.acquire() as connection:
        await traces.finish(connection, request, outcome, clock.now())
    metrics.TRACE_FINISHED.labels(outcome).inc()
    return True


class TraceWorker:
    """Runs until it is stopped."""

    def __init__(self, settings: Settings) -> None:
        if not settings.pds_url:
            raise SettingsError(
                "LIAISON_PDS_URL is empty: give the address of the PDS FHIR API, e.g. https://…/FHIR/R4"
            )
        self._settings = settings
        self._registry = load_registry(settings.registry_path)
        self._clock = clock_from(settings.clock)
        self._stop = asyncio.Event()
        self._failing: str | None = None

    async def _well(self) -> str | None:
        if self._failing:
            return f"people cannot be traced: {self._failing}"
        return None

    async def run(self) -> None:
        """Search for people, trace them one after the other, wait."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        settings = self._settings
        pool = await create_pool(settings.postgres_dsn, max_size=3)
        health = HealthServer(
            "trace",
            settings.metrics_host,
            settings.metrics_port,
            {"ledger": lambda: at_head(pool), "trace": self._well},
        )
        await health.start()
        headers = {}
        if settings.pds_token:
            headers = {"Authorization": f"Bearer {settings.pds_token}"}
        producer: AIOKafkaProducer | None = None
        async with httpx.AsyncClient(
            base_url=settings.pds_url, headers=headers, follow_redirects=False
        ) as client:
            tracer = PdsTracer(client, settings.pds_per_second)
            while not self._stop.is_set():
                pause = settings.trace_poll_seconds
                try:
                    # anew after an outage: a producer that has failed once does
                    # not come back by itself
                    if producer is None:
                        producer = kafka.producer_of(settings)
                        await producer.start()
                    async with pool.acquire() as connection:
                        await traces.find(connection, TRACE_SOURCE_END, self._clock.now())
                    while not self._stop.is_set() and await trace_one(
                        pool, producer, tracer, self._registry, self._clock
                    ):
                        self._failing = None
                    self._failing = None
                    loop_ended("trace")
                except TraceUnavailable as error:
                    # the whole service rests, not only the one person: it is it that does not
                    # answer
                    self._fail(error.reason)
                    pause = max(pause, min(error.after or 5.0, 60.0))
                except (KafkaError, *OUTAGE) as error:
                    self._fail(type(error).__name__)
                    if producer is not None:
                        with contextlib.suppress(Exception):
                            await producer.stop()
                    producer = None
                with contextlib.suppress(*OUTAGE):
                    async with pool.acquire() as connection:
                        count, oldest = await traces.waiting(connection)
                    metrics.TRACE_WAITING.set(count)
                    late = 0.0
                    if oldest is not None:
                        late = (self._clock.now() - oldest).total_seconds()
                    metrics.TRACE_OLDEST_SECONDS.set(max(0.0, late))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)
        if producer is not None:
            await producer.stop()
        await health.stop()
        await pool.close()

    def _fail(self, reason: str) -> None:
        self._failing = reason
        metrics.TRACE_FAILURES.inc()
        logger().error("trace.failed", error=reason)


def run_trace(settings: Settings) -> None:
    """Run until a signal ends it."""
    asyncio.run(TraceWorker(settings).run())
