"""The gateway's web application and service."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any
from urllib.parse import unquote

import uvicorn
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from schemas.envelope import MAX_EVENT_BYTES, STRUCTURED, AnyEvent, encode, structured
from schemas.registry import TRACE_SOURCE_END, Agency, Feed, Registry, load_registry
from services.gateway.acknowledgement import acknowledge
from services.gateway.answers import Problem, issue, issues, outcome, receipt
from services.gateway.credentials import Doorkeeper, Refusal, load
from services.gateway.limits import Rates, body_of
from services.intake.accept import Rejected, accept
from services.intake.faults import Fault, check
from services.intake.ordering import key_of
from services.intake.translation import Sender
from services.runtime import kafka, metrics
from services.runtime.clock import Clock, clock_from
from services.runtime.health import HealthServer, run_checks
from services.runtime.logging import configure, logger
from services.runtime.settings import Settings

BATCH = "application/cloudevents-batch+json"
MAX_BATCH_BYTES = 1_048_576
MAX_BATCH = 100
MAX_DEPTH = 32
SEND_TIMEOUT_SECONDS = 10.0
_KEPT_HEADERS = ("x-request-id", "x-correlation-id")


class Road:
    """The way to the brokers; an answer is given only when they have acknowledged."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def _ready_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                made = kafka.producer(
                    self._settings.kafka_bootstrap, idempotent=self._settings.kafka_idempotent
                )
                try:
                    await made.start()
                except BaseException:
                    with contextlib.suppress(Exception):
                        await made.stop()
                    raise
                self._producer = made
            return self._producer

    async def check(self) -> str | None:
        """None when the brokers answer."""
        try:
            producer = await self._ready_producer()
            await producer.client.fetch_all_metadata()
        except (KafkaError, OSError) as error:
            return f"the brokers do not answer: {type(error).__name__}"
        return None

    async def send(self, agency: Agency, feed: Feed, events: Sequence[AnyEvent]) -> None:
        """Raises Problem (503) unless all are acknowledged; the sender then sends the same again."""
        headers = [("content-type", STRUCTURED.encode()), ("liaison_agency", agency.id.encode())]
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                producer = await self._ready_producer()
                sent = []
                for event in events:
                    body = encode(event)
                    sent.append(
                        await producer.send(
                            feed.topic, body, key=key_of(json.loads(body)), headers=headers
                        )
                    )
                await asyncio.gather(*sent)
        except (KafkaError, OSError, TimeoutError) as error:
            metrics.GATEWAY_EVENTS.labels(feed.id, "not-stored").inc(len(events))
            logger().error("gateway.not_stored", feed=feed.id, error=type(error).__name__)
            raise Problem(
                503,
                "REC_UNAVAILABLE",
                "the events could not be stored",
                "send the same again; what was stored is a repeat, and harmless",
                5,
            ) from error
        metrics.GATEWAY_EVENTS.labels(feed.id, "accepted").inc(len(events))

    async def close(self) -> None:
        """Send what is under way and stop."""
        if self._producer is not None:
            await self._producer.stop()


class Gateway:
    """The three doors."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        doorkeeper: Doorkeeper,
        road: Road,
        clock: Clock,
    ) -> None:
        self._settings, self._registry, self._clock = settings, registry, clock
        self._doorkeeper, self._road = doorkeeper, road
        self._rates = Rates(settings.gateway_per_second)

    def agency(self, request: Request) -> Agency:
        """Who sends. Raises Problem (401)."""
        try:
            return self._doorkeeper.agency(request.headers)
        except Refusal as error:
            raise Problem(401, error.code, error.message, error.remedy) from error

    async def events(self, request: Request) -> Response:
        """CloudEvents over HTTP: structured, binary, or a batch. One fault in a batch refuses the whole."""
        agency = self.agency(request)
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        body = await body_of(request, MAX_BATCH_BYTES if kind == BATCH else MAX_EVENT_BYTES)
        if kind == BATCH:
            documents = _batch(body)
        elif kind == STRUCTURED or (
            kind == "application/json" and "ce-specversion" not in request.headers
        ):
            documents = [body]
        elif kind == "application/json":
            documents = [_binary(request, body)]
        else:
            raise Problem(
                415,
                "SEND_CONTENT_TYPE",
                "this content type is not read",
                f"use {STRUCTURED}, {BATCH}, or application/json with ce- headers",
            )
        await self._rates.take(agency.id, len(documents))
        found: list[tuple[Feed, AnyEvent]] = []
        wrong: list[dict[str, Any]] = []
        for n, document in enumerate(documents):
            prefix = f"/{n}" if kind == BATCH else ""
            faults, taken = self._event(agency, document)
            wrong += issues(faults, prefix=prefix)
            if taken is not None:
                found.append(taken)
        if wrong:
            metrics.GATEWAY_EVENTS.labels(
                agency.feeds[0].id if agency.feeds else "none", "refused"
            ).inc(len(documents))
            mine = any(
                i["details"]["coding"][0]["code"] == "SEND_SOURCE_NOT_REGISTERED" for i in wrong
            )
            return outcome(403 if mine else 400, wrong)
        for feed in {f.id: f for f, _ in found}.values():
            await self._road.send(agency, feed, [e for f, e in found if f.id == feed.id])
        return receipt(e for _, e in found)

    def _event(
        self, agency: Agency, document: bytes
    ) -> tuple[list[Fault], tuple[Feed, AnyEvent] | None]:
        if not agency.feeds:
            return [
                Fault("/source", "source-not-registered", "the agency has no feed", "ask for one")
            ], None
        deep = _too_deep(document)
        if deep is not None:
            return [deep], None
        if faults := check(document):
            return faults, None
        source = json.loads(document)["source"]
        feed = next((f for f in agency.feeds if source in f.sources), agency.feeds[0])
        if source.endswith(TRACE_SOURCE_END):
            return [
                Fault(
                    "/source",
                    "source-not-registered",
                    "under this source only the trace speaks",
                    f"use one of {', '.join(_sources(feed))}",
                )
            ], None
        made = accept(document, [], agency, feed, self._clock.now())
        return (
            ([made.fault], None)
            if isinstance(made, Rejected)
            else ([], (feed, made.received.event))
        )

    async def fhir(self, request: Request) -> Response:
        """One FHIR R4 resource or Bundle. What is right in a Bundle is sent; what is not stands in the answer."""
        from services.intake import fhir

        agency = self.agency(request)
        feed = self._feed(agency, request)
        body = await body_of(request, MAX_EVENT_BYTES)
        await self._rates.take(agency.id)
        made = fhir.translate(body, self._sender(agency, feed), self._clock.now())
        said = [*issues(made.faults), *issues(made.notes, "information")]
        if made.faults:
            metrics.GATEWAY_EVENTS.labels(feed.id, "refused").inc()
        if made.faults and not made.events:
            return outcome(400, said)
        await self._road.send(agency, feed, made.events)
        return receipt(made.events, said)

    async def hl7v2(self, request: Request) -> Response:
        """One HL7 v2 message in ER7; the answer is an ACK."""
        from services.intake import hl7v2

        agency = self.agency(request)
        feed = self._feed(agency, request)
        body = (await body_of(request, MAX_EVENT_BYTES)).strip(b"\x0b\x1c\r\n ")
        # segments end with a carriage return; a text tool may have made line feeds of them
        body = body.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
        await self._rates.take(agency.id)
        made = hl7v2.translate(body, self._sender(agency, feed))
        stored = True
        if made.faults:
            metrics.GATEWAY_EVENTS.labels(feed.id, "refused").inc()
        else:
            try:
                await self._road.send(agency, feed, made.events)
            except Problem:
                stored = False
        _, answer = acknowledge(body, made.faults, self._clock.now(), stored=stored)
        status = 200 if stored else 503
        return Response(answer, status_code=status, media_type="application/hl7-v2; charset=utf-8")

    def _feed(self, agency: Agency, request: Request) -> Feed:
        wanted = request.query_params.get("feed")
        feeds = [f for f in agency.feeds if wanted in (None, f.id)]
        if len(feeds) != 1:
            raise Problem(
                400,
                "SEND_FEED",
                "which of the agency's feeds is meant is not clear",
                f"add ?feed= with one of {', '.join(f.id for f in agency.feeds)}",
            )
        return feeds[0]

    def _sender(self, agency: Agency, feed: Feed) -> Sender:
        return Sender(
            agency.id, agency.kind, _sources(feed)[0], self._settings.pseudonym_key.encode()
        )


def _sources(feed: Feed) -> list[str]:
    return [s for s in feed.sources if not s.endswith(TRACE_SOURCE_END)]


def _too_deep(document: bytes) -> Fault | None:
    deepest = level = 0
    quoted = escaped = False
    # counted on the bytes, before anything that recurses has seen them
    for sign in document:
        if quoted:
            quoted = escaped or sign != 0x22
            escaped = not escaped and sign == 0x5C
        elif sign == 0x22:
            quoted = True
        elif sign in (0x7B, 0x5B):
            level += 1
            deepest = max(deepest, level)
        elif sign in (0x7D, 0x5D):
            level -= 1
    if deepest <= MAX_DEPTH:
        return None
    return Fault(
        "",
        "nested-too-deeply",
        f"more than {MAX_DEPTH} levels",
        "send structured facts, not documents",
    )


def _batch(body: bytes) -> list[bytes]:
    deep = _too_deep(body)
    try:
        listed = json.loads(body) if deep is None else None
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not listed:
        raise Problem(
            400,
            "SEND_JSON_INVALID",
            "not a JSON list of events",
            f"send a list of 1 to {MAX_BATCH} events",
        )
    if len(listed) > MAX_BATCH:
        raise Problem(
            413,
            "SEND_BATCH_TOO_LARGE",
            f"{len(listed)} events, the limit is {MAX_BATCH}",
            "send smaller batches",
        )
    return [json.dumps(each).encode() for each in listed]


def _binary(request: Request, body: bytes) -> bytes:
    headers = [
        (f"ce_{k[3:]}", unquote(v).encode())
        for k, v in request.headers.items()
        if k.startswith("ce-")
    ]
    try:
        return structured(body, [*headers, ("content-type", b"application/json")])
    except (ValueError, RecursionError) as error:
        raise Problem(
            400,
            "SEND_JSON_INVALID",
            "the body is not JSON",
            "send the event's data as JSON in UTF-8",
        ) from error


def create_app(
    settings: Settings,
    registry: Registry,
    doorkeeper: Doorkeeper,
    road: Road | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The application."""
    way = road or Road(settings)
    gateway = Gateway(settings, registry, doorkeeper, way, clock or clock_from(settings.clock))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await way.close()

    app = FastAPI(
        title="Crisis Liaison gateway",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )

    def door(path: str, act: Callable[[Request], Awaitable[Response]]) -> None:
        async def served(request: Request) -> Response:
            begin = perf_counter()
            try:
                answer = await act(request)
            except Problem as problem:
                said = issue(problem.code, problem.message, problem.remedy)
                answer = outcome(problem.status, [said], problem.retry_after)
            for name in _KEPT_HEADERS:
                value = request.headers.get(name, "")
                if value.isascii() and value.isprintable() and 0 < len(value) <= 100:
                    answer.headers[name] = value
            answer.headers["Cache-Control"] = "no-store"
            metrics.GATEWAY_REQUESTS.labels(path, f"{answer.status_code // 100}xx").inc()
            metrics.GATEWAY_SECONDS.labels(path).observe(perf_counter() - begin)
            return answer

        app.add_api_route(path, served, methods=["POST"], response_model=None)

    door("/events", gateway.events)
    door("/fhir", gateway.fhir)
    door("/hl7v2", gateway.hl7v2)

    @app.get("/livez")
    async def livez() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        failing = await run_checks({"kafka": way.check})
        return JSONResponse(
            {"status": "not-ready" if failing else "ready"}, status_code=503 if failing else 200
        )

    return app


async def run_gateway(settings: Settings) -> None:
    """Serve until a signal ends it. Raises SettingsError."""
    configure(settings.log_level, "gateway")
    registry = load_registry(settings.registry_path)
    doorkeeper = Doorkeeper(
        load(settings.gateway_credentials_path, registry), registry, settings.gateway_client_header
    )
    road = Road(settings)
    health = HealthServer(settings.metrics_host, settings.metrics_port, {"kafka": road.check})
    await health.start()
    app = create_app(settings, registry, doorkeeper, road)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.gateway_host,
            port=settings.gateway_port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=10,
            limit_concurrency=200,
            h11_max_incomplete_event_size=32_768,
        )
    )
    try:
        await server.serve()
    finally:
        await health.stop()
