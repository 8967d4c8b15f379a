"""The console's web application."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware

from schemas.registry import load_registry
from services.console.access import session_list, sign_in
from services.console.access.doors import Anybody
from services.console.access.headers import SecurityHeaders
from services.console.access.provider import Provider
from services.console.access.refusal import Locked, Refused
from services.console.access.sessions import cookie_names
from services.console.live.hub import DATABASE_ERRORS, Hub
from services.console.pages import (
    alert_commands,
    break_glass,
    crisis,
    desk,
    former_addresses,
    governance,
    people,
    regrouping,
    rules,
    search,
    shift,
    supervision,
    wall,
)
from services.console.pages.identity import blind_review, review
from services.console.view.desks import Desks, desks_of_registry
from services.console.view.map import BoroughMap
from services.console.view.rendering import CSRF, render_row, trouble
from services.identity.model import load_model
from services.ledger.transaction import PostgresLedger
from services.liaison.disclosure.staffing import check_staffing
from services.liaison.policy import load_policy
from services.orchestration.settling import Settling
from services.runtime.clock import Clock, clock_from
from services.runtime.exposition.registries import CONTENT_TYPE, exposition
from services.runtime.health import MachineClock, run_checks
from services.runtime.migrations import at_head
from services.runtime.postgres import create_pool
from services.runtime.settings import Settings

FOLDER = Path(__file__).parent
SHUTDOWN_SECONDS = 3
SIGN_IN_SECONDS = 600
ROOMS = (
    sign_in.router,
    session_list.router,
    desk.router,
    alert_commands.router,
    crisis.router,
    review.router,
    blind_review.router,
    search.router,
    people.router,
    regrouping.router,
    shift.router,
    supervision.router,
    wall.router,
    governance.router,
    rules.router,
    break_glass.router,
    former_addresses.router,
)


def create_app(
    settings: Settings, desks: Desks, clock: Clock | None = None, machine_clock: Clock | None = None
) -> FastAPI:
    """The application; it opens its pool when it starts and closes its streams when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool: asyncpg.Pool = await create_pool(settings.postgres_dsn, max_size=10)
        hub = Hub(pool, settings.postgres_dsn, lambda desk, row: render_row(row, desks, desk, CSRF))
        app.state.pool, app.state.hub = pool, hub
        app.state.ledger = PostgresLedger(pool, app.state.registry)
        hub.start()
        yield
        await hub.stop()
        pool.terminate()

    app = FastAPI(
        title="Crisis Liaison console",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.settings, app.state.desks = settings, desks
    app.state.registry = load_registry(settings.registry_path)
    app.state.policy = load_policy(settings.policy_path)
    app.state.clock = clock or clock_from(settings.clock)
    app.state.machine_clock = MachineClock(machine_clock)
    app.state.settling = Settling(
        app.state.registry, app.state.policy, model=load_model(settings.identity_model_path)
    )
    app.state.map = None
    if app.state.registry.outlines is not None:
        app.state.map = BoroughMap(app.state.registry.outlines)
    check_staffing(app.state.registry, app.state.policy)
    app.state.provider = None
    if settings.oidc_issuer:
        app.state.provider = Provider(settings)
    live = settings.environment == "live"
    app.state.session_cookie, sign_in_cookie = cookie_names(live)
    # holds state, nonce and PKCE verifier on the way to the identity provider and back; the session
    # itself is in the ledger
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings.console_secret or secrets.token_urlsafe(32),
        session_cookie=sign_in_cookie,
        max_age=SIGN_IN_SECONDS,
        same_site="lax",
        https_only=live,
    )
    app.add_middleware(SecurityHeaders, provider=settings.oidc_issuer.rstrip("/"), live=live)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    for room in ROOMS:
        app.include_router(room)
    for path, handler in (("/livez", _livez), ("/readyz", _readyz), ("/metrics", _metrics)):
        app.add_api_route(path, handler, dependencies=[Anybody])
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Locked, _locked)
    app.add_exception_handler(RequestValidationError, _badly)
    app.add_exception_handler(HTTPException, _not_found)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _unavailable)
    return app


async def _livez() -> JSONResponse:
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> JSONResponse:
    async def ledger() -> str | None:
        return await at_head(request.app.state.pool)

    checks = {"ledger": ledger, "clock": request.app.state.machine_clock.check}
    failing = await run_checks(checks)
    if failing:
        return JSONResponse({"status": "not-ready", "failing": failing}, 503)
    return JSONResponse({"status": "ready", "failing": failing}, 200)


async def _metrics() -> Response:
    return Response(exposition("console"), media_type=CONTENT_TYPE)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return trouble(request, error.status, error.reason)


async def _locked(request: Request, error: Exception) -> Response:
    assert isinstance(error, Locked)
    accepted = request.headers.get("accept", "")
    if "application/json" in accepted or "text/event-stream" in accepted:
        # a script cannot follow to a page: it loads its own page again, and is led on there
        return trouble(request, 423, "locked")
    if error.desk is None:
        return RedirectResponse("/", 303)
    return RedirectResponse(f"/desks/{error.desk}/locked", 303)


async def _badly(request: Request, _: Exception) -> Response:
    return trouble(request, 422, "badly")


async def _not_found(request: Request, error: Exception) -> Response:
    status = 404
    if isinstance(error, HTTPException):
        status = error.status_code
    return trouble(request, status, "not_found")


async def _unavailable(request: Request, _: Exception) -> Response:
    return trouble(request, 503, "unavailable")


class Server(uvicorn.Server):
    """uvicorn does not stop while a stream is open; so the streams are ended first."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        self.end_streams()
        super().handle_exit(sig, frame)

    def end_streams(self) -> None:
        """Let every open stream end."""
        hub = getattr(getattr(self.config.app, "state", None), "hub", None)
        if hub is not None:
            hub.close()


async def run_console(
    settings: Settings, desks: Desks | None = None, stop: asyncio.Event | None = None
) -> None:
    """Serve until a signal, or until `stop` is set."""
    if desks is None:
        desks = desks_of_registry(settings)
    config = uvicorn.Config(
        create_app(settings, desks),
        host=settings.console_host,
        port=settings.console_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = Server(config)

    if stop is None:
        await server.serve()
        return

    async def end_when_set(event: asyncio.Event) -> None:
        await event.wait()
        server.end_streams()
        server.should_exit = True

    waiting = asyncio.create_task(end_when_set(stop))
    try:
        await server.serve()
    finally:
        waiting.cancel()
