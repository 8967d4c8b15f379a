"""The live stream of a desk: server-sent events, resumed from the ledger, woken by NOTIFY with polling as the net."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import asyncpg
from fastapi.sse import format_sse_event

from services.console import alerts
from services.console.article import AlertState
from services.runtime.clock import Clock
from services.runtime.logging import logger
from services.runtime.metrics import CONSOLE_STREAMS

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
RETRY_MILLISECONDS = 300
DATABASE_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Hub:
    """Knows the newest sequence and wakes the streams when it moves. One for a process."""

    def __init__(self, pool: asyncpg.Pool, dsn: str) -> None:
        self._pool, self._dsn = pool, dsn
        self._waiting: set[asyncio.Event] = set()
        self._nudge = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._newest = -1
        self.closing = False

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        """End every stream; the browsers come back to whoever answers then. May be called from a signal handler."""
        self.closing = True
        self._loop.call_soon_threadsafe(self._wake)

    async def stop(self) -> None:
        """End the streams and stop listening."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def subscribe(self) -> asyncio.Event:
        """An event that is set when there is something to look at."""
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        """Stop waking this one."""
        self._waiting.discard(event)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()

    def _heard(self, *_: object) -> None:
        self._nudge.set()

    async def _run(self) -> None:
        listening: asyncpg.Connection | None = None
        try:
            while not self.closing:
                try:
                    if listening is None or listening.is_closed():
                        listening = await asyncpg.connect(self._dsn, timeout=5)
                        await listening.add_listener(alerts.CHANNEL, self._heard)
                    newest = await alerts.last_sequence(self._pool)
                    if newest != self._newest:
                        self._newest = newest
                        self._wake()
                except DATABASE_ERRORS as error:
                    logger().warning("console.listen_failed", error=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._nudge.wait(), POLL_SECONDS)
                self._nudge.clear()
        finally:
            if listening is not None:
                listening.terminate()


async def events(
    hub: Hub,
    pool: asyncpg.Pool,
    desk: str,
    after: int,
    clock: Clock,
    render: Callable[[AlertState], str],
    feeds: Callable[[tuple[alerts.FeedTrouble, ...]], list[dict[str, str]]],
) -> AsyncIterator[bytes]:
    """The desk's changes after a sequence, then heartbeats. The id of each is a place to resume from."""
    woken = hub.subscribe()
    CONSOLE_STREAMS.inc()
    loop = asyncio.get_running_loop()
    beat_at = 0.0
    try:
        yield format_sse_event(comment="open", retry=RETRY_MILLISECONDS)
        woken.set()
        while not hub.closing:
            if woken.is_set():
                woken.clear()
                try:
                    states, newest = await alerts.changed(pool, desk, after)
                except DATABASE_ERRORS:
                    states, newest = (), after
                    woken.set()
                    await asyncio.sleep(POLL_SECONDS)
                for state in states:
                    yield format_sse_event(event="alert", id=str(state.sequence), data_str=_alert(state, render))
                after = max(after, newest)
            if loop.time() >= beat_at:
                beat_at = loop.time() + HEARTBEAT_SECONDS
                yield format_sse_event(comment="beat")
                said = await _heartbeat(pool, desk, after, clock, feeds)
                yield format_sse_event(event="heartbeat", id=str(after), data_str=json.dumps(said))
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), max(0.0, beat_at - loop.time()))
    finally:
        hub.unsubscribe(woken)
        CONSOLE_STREAMS.dec()


def _alert(state: AlertState, render: Callable[[AlertState], str]) -> str:
    html = render(state) if state.visible else None
    return json.dumps({"alert": state.alert_id, "sequence": state.sequence, "order": state.order, "html": html})


async def _heartbeat(
    pool: asyncpg.Pool,
    desk: str,
    after: int,
    clock: Clock,
    feeds: Callable[[tuple[alerts.FeedTrouble, ...]], list[dict[str, str]]],
) -> dict[str, Any]:
    said: dict[str, Any] = {"now": clock.now().isoformat(), "last": after, "ledger": True, "feeds": None, "total": None}
    try:
        said["feeds"] = feeds(await alerts.troubles(pool))
        said["total"] = await alerts.total(pool, desk)
    except DATABASE_ERRORS:
        said["ledger"] = False
    return said
