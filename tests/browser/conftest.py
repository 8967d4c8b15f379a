"""A console of its own a test, on a real PostgreSQL, in front of a real Chromium."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import asyncpg
import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from services.console.app import Server, create_app
from services.console.view.desks import desks_of
from services.runtime.clock import Clock, SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.migrations import migrate
from services.runtime.settings import Settings
from tests import patience
from tests.own_registry import own_registry

expect.set_options(timeout=patience.MILLISECONDS)

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_numbers = itertools.count(1)


class Console:
    """The console in a thread with a loop of its own; may be stopped and started again at the same address."""

    def __init__(self, dsn: str, clock: Clock | None = None) -> None:
        self.dsn, self._clock = dsn, clock or SystemClock()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = Settings(
            environment="test", postgres_dsn=self.dsn, console_secret="a secret of the tests"
        )
        app = create_app(settings, desks_of(own_registry()), self._clock)
        self._server = Server(
            uvicorn.Config(
                app, host="127.0.0.1", port=self.port, log_config=None, timeout_graceful_shutdown=3
            )
        )
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()))
        self._thread.start()

    def stop(self) -> None:
        self._server.end_streams()
        self._server.should_exit = True
        self._thread.join()

    async def ready(self) -> None:
        while not self._server.started:
            await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres() as server:
        yield server


@pytest.fixture
async def dsn(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    name = f"console_{next(_numbers)}"
    admin = await asyncpg.connect(postgres_server.dsn())
    await admin.execute(f"CREATE DATABASE {name}")
    connection = await asyncpg.connect(postgres_server.dsn(name))
    await migrate(connection, datetime.now(UTC))
    await connection.close()
    yield postgres_server.dsn(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def console(dsn: str) -> AsyncIterator[Console]:
    server = Console(dsn)
    server.start()
    await server.ready()
    yield server
    await asyncio.to_thread(server.stop)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        await chromium.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(patience.MILLISECONDS)
    yield made
    await made.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()
