"""The gateway's web application and service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from schemas.registry import Registry, load_registry
from services.gateway.answers import Problem, issue, outcome
from services.gateway.doorkeeping import DoorkeeperOfFile
from services.gateway.doors import AnyDoorkeeper, Gateway
from services.gateway.road import Road
from services.runtime import metrics
from services.runtime.clock import Clock, clock_from
from services.runtime.health import HealthServer, MachineClock, run_checks
from services.runtime.settings import Settings

_KEPT_HEADERS = ("x-request-id", "x-correlation-id")
Act = Callable[[Request], Awaitable[Response]]


def create_app(
    settings: Settings,
    registry: Registry,
    doorkeeper: AnyDoorkeeper,
    road: Road | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The application."""
    way = road or Road(settings)
    machine_clock = MachineClock()
    gateway = Gateway(settings, registry, doorkeeper, way, clock or clock_from(settings.clock))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        """What is under way is sent before the process ends."""
        yield
        await way.close()

    app = FastAPI(
        title="Crisis Liaison gateway",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )

    paths = {"/events": gateway.events, "/fhir": gateway.fhir, "/hl7v2": gateway.hl7v2}
    for path, act in paths.items():
        app.add_api_route(path, _served(path, act), methods=["POST"], response_model=None)

    @app.get("/livez")
    async def livez() -> JSONResponse:
        """The process runs."""
        return JSONResponse({"status": "alive"})

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """The brokers answer, and the machine's clock goes on."""
        failing = await run_checks({"kafka": way.check, "clock": machine_clock.check})
        if failing:
            return JSONResponse({"status": "not-ready"}, status_code=503)
        return JSONResponse({"status": "ready"})

    return app


def _served(path: str, act: Act) -> Act:
    """The door with what every answer has: a refusal in words, the request's ids, its figures."""

    async def served(request: Request) -> Response:
        begin = perf_counter()
        try:
            answer = await act(request)
        except Problem as problem:
            issues = [issue(problem.code, problem.message, problem.remedy)]
            answer = outcome(problem.status, issues, problem.retry_after)
        for name in _KEPT_HEADERS:
            value = request.headers.get(name, "")
            # given back only where it cannot break the header that it becomes
            if value.isascii() and value.isprintable() and 0 < len(value) <= 100:
                answer.headers[name] = value
        answer.headers["Cache-Control"] = "no-store"
        metrics.GATEWAY_REQUESTS.labels(path, f"{answer.status_code // 100}xx").inc()
        metrics.GATEWAY_SECONDS.labels(path).observe(perf_counter() - begin)
        return answer

    return served


async def run_gateway(settings: Settings) -> None:
    """Serve until a signal ends it. Raises SettingsError."""
    registry = load_registry(settings.registry_path)
    doorkeeper = DoorkeeperOfFile(
        settings.gateway_credentials_path, registry, settings.gateway_client_header
    )
    road = Road(settings)
    health = HealthServer(
        "gateway", settings.metrics_host, settings.metrics_port, {"kafka": road.check}
    )
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
