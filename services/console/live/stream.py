"""The live stream of a desk: server-sent events, resumed from the ledger, woken by NOTIFY with
polling as the net."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
from fastapi.sse import format_sse_event

from services.console.live.hub import DATABASE_ERRORS, POLL_SECONDS, Change, Hub, changes_of
from services.console.view.board import Row, row_of
from services.console.view.list_filter import ListFilter
from services.console.view.rendering import CSRF
from services.ledger.alerts.desk import alerts_changed
from services.ledger.feeds import FeedTrouble
from services.runtime.clock import Clock, SystemClock
from services.runtime.metrics import CONSOLE_STREAMS

HEARTBEAT_SECONDS = 5.0
RETRY_MILLISECONDS = 300


@dataclass(frozen=True, slots=True)
class Watcher:
    """What one stream is for. `still` says why it must end, or None; it is asked at each heartbeat
    and whenever sessions or grants changed."""

    desk: str
    list_filter: ListFilter
    csrf: str
    still: Callable[[], Awaitable[str | None]]
    feeds: Callable[[tuple[FeedTrouble, ...]], list[dict[str, str]]]
    render: Callable[[Row], str]


async def events(
    hub: Hub, pool: asyncpg.Pool, watcher: Watcher, after: int, clock: Clock
) -> AsyncIterator[bytes]:
    """The chosen changes after a sequence, then heartbeats. The id of each is a place to resume
    from."""
    feed, woken = hub.subscribe(watcher.desk)
    CONSOLE_STREAMS.inc()
    loop = asyncio.get_running_loop()
    beat_at, rights = 0.0, -1
    try:
        yield format_sse_event(comment="open", retry=RETRY_MILLISECONDS)
        woken.set()
        while not hub.closing:
            if rights != hub.rights or loop.time() >= beat_at:
                rights, why = hub.rights, None
                with suppress(*DATABASE_ERRORS):
                    why = await watcher.still()
                if why is not None:
                    yield format_sse_event(event="over", data_str=json.dumps({"why": why}))
                    return
            if woken.is_set():
                woken.clear()
                try:
                    changes, newest = await _since(
                        pool, feed.after(after), feed.newest, watcher, after
                    )
                except DATABASE_ERRORS:
                    changes, newest = [], after
                    woken.set()
                    await asyncio.sleep(POLL_SECONDS)
                for change in changes:
                    yield format_sse_event(
                        event="alert", id=str(change.sequence), data_str=_row(change, watcher)
                    )
                after = max(after, newest)
            if loop.time() >= beat_at:
                beat_at = loop.time() + HEARTBEAT_SECONDS
                yield format_sse_event(comment="beat")
                beat = await _heartbeat(hub, watcher, after, clock)
                yield format_sse_event(event="heartbeat", id=str(after), data_str=json.dumps(beat))
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), max(0.0, beat_at - loop.time()))
    finally:
        hub.unsubscribe(watcher.desk, woken)
        CONSOLE_STREAMS.dec()


async def _since(
    pool: asyncpg.Pool, changes: list[Change] | None, newest: int, watcher: Watcher, after: int
) -> tuple[list[Change], int]:
    if changes is not None:
        return changes, newest
    # the stream is further behind than what the hub has kept: the ledger has it all
    states, reached = await alerts_changed(pool, watcher.desk, after)
    return changes_of(states, watcher.render), reached


def _row(change: Change, watcher: Watcher) -> str:
    """The crisis's row, made of those of its alerts that the screen has chosen; with all of them,
    chosen or not, and the urgency of each that waits, nought for one that does not: those sound."""
    waiting = {state.alert_id: state.urgency * state.waiting for state in change.states}
    chosen = [state for state in change.states if watcher.list_filter.matches(state)]
    # a row that leaves the list stays until whoever is at it leaves it, and says what it is now
    row = row_of(chosen or change.states, watcher.list_filter.actor)
    return json.dumps(
        {
            "alerts": waiting,
            "row": row.key,
            "sequence": change.sequence,
            "order": row.order,
            "group": row.group,
            "shown": " ".join(alert.alert_id for alert in row.alerts),
            "html": change.html(row).replace(CSRF, watcher.csrf),
            "listed": bool(chosen),
        }
    )


async def _heartbeat(hub: Hub, watcher: Watcher, after: int, clock: Clock) -> dict[str, Any]:
    beat: dict[str, Any] = {
        "now": clock.now().isoformat(),
        "wall": SystemClock().now().isoformat(),
        "last": after,
        "ledger": True,
        "feeds": None,
        "total": None,
    }
    try:
        beat["feeds"] = watcher.feeds(await hub.troubles())
        beat["total"] = await hub.total(watcher.desk, watcher.list_filter)
    except DATABASE_ERRORS:
        beat["ledger"] = False
    return beat


async def pulse(
    hub: Hub, desk: str, still: Callable[[], Awaitable[str | None]], clock: Clock
) -> AsyncIterator[bytes]:
    """What a locked screen is told: how many alerts wait, by urgency. Nothing of any of them."""
    _, woken = hub.subscribe(desk)
    try:
        yield format_sse_event(comment="open", retry=RETRY_MILLISECONDS)
        while not hub.closing:
            woken.clear()
            why: str | None = None
            with suppress(*DATABASE_ERRORS):
                why = await still()
            if why in {"ended", "refused"}:
                yield format_sse_event(event="over", data_str=json.dumps({"why": why}))
                return
            pulse_now: dict[str, Any] = {
                "now": clock.now().isoformat(),
                "ledger": True,
                "waiting": None,
            }
            try:
                counts = await hub.waiting(desk)
                pulse_now["waiting"] = {str(urgency): count for urgency, count in counts.items()}
            except DATABASE_ERRORS:
                pulse_now["ledger"] = False
            yield format_sse_event(event="pulse", data_str=json.dumps(pulse_now))
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), HEARTBEAT_SECONDS)
    finally:
        hub.unsubscribe(desk, woken)
