"""/metrics, /livez and /readyz of a service without a web of its own. Readiness is progress, not a
running process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from services.runtime.clock import Clock, ClockWatch, SystemClock
from services.runtime.exposition.registries import CONTENT_TYPE, ServiceName, exposition
from services.runtime.logging import logger

Check = Callable[[], Awaitable[str | None]]
"""Gives None when all is well, else one sentence that says what is not."""

CHECK_TIMEOUT_SECONDS = 3.0
CLOCK_SECONDS = 1.0
"""Between two looks at the machine's clock."""


async def run_checks(checks: Mapping[str, Check]) -> dict[str, str]:
    """The failing checks, with what they say. A check that hangs or raises has failed."""
    failing: dict[str, str] = {}
    for name, check in checks.items():
        try:
            problem = await asyncio.wait_for(check(), CHECK_TIMEOUT_SECONDS)
        except TimeoutError:
            problem = f"no answer within {CHECK_TIMEOUT_SECONDS:g} s"
        except Exception as error:
            problem = f"{type(error).__name__}"
        if problem is not None:
            failing[name] = problem
    return failing


class MachineClock:
    """Watches the machine's clock for readiness: looked at often enough, it was never set back unseen."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._watch = ClockWatch()

    def look(self) -> None:
        """Once more; that it was set back is logged once."""
        if self._watch.look(self._clock.now()):
            logger().error("clock.set-back", detail=self._watch.trouble)

    async def check(self) -> str | None:
        """What readiness says of it."""
        self.look()
        return self._watch.trouble


class HealthServer:
    """Serves the three addresses until it is stopped, and watches the machine's clock meanwhile."""

    def __init__(
        self,
        service: ServiceName,
        host: str,
        port: int,
        ready: Mapping[str, Check],
        machine_clock: Clock | None = None,
    ) -> None:
        self._service = service
        self._host, self._port = host, port
        self._machine_clock = MachineClock(machine_clock)
        self._ready = {**ready, "clock": self._machine_clock.check}
        self._watching: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None

    async def _watch_clock(self) -> None:
        while True:
            self._machine_clock.look()
            await asyncio.sleep(CLOCK_SECONDS)

    async def failing(self) -> dict[str, str]:
        """What readiness says: the failing checks in words."""
        return await run_checks(self._ready)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=exposition(self._service), headers={"Content-Type": CONTENT_TYPE})

    async def _livez(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _: web.Request) -> web.Response:
        failing = await self.failing()
        return web.json_response(
            {"status": "not-ready" if failing else "ready", "failing": failing},
            status=503 if failing else 200,
        )

    async def start(self) -> None:
        """Listen. A port of 0 switches the server off."""
        if not self._port:
            return
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._watching = asyncio.create_task(self._watch_clock())

    async def stop(self) -> None:
        """Stop listening."""
        if self._watching is not None:
            self._watching.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
