"""What open streams share: one listener, one look at the ledger a desk and change, however many
screens are open."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

import asyncpg

from services.console.view.board import Row, row_key
from services.console.view.list_filter import ListFilter
from services.ledger.alerts import desk as desk_ledger
from services.ledger.alerts.desk import AlertState
from services.ledger.feeds import FeedTrouble, feeds_in_trouble
from services.ledger.operators import sessions
from services.runtime.logging import logger

Answer = TypeVar("Answer")
Render = Callable[[Row], str]

POLL_SECONDS = 1.0
# For how long a count is believed.
PULSE_SECONDS = 2.0
# Changes of a desk that are kept for streams that are a little behind.
KEPT = 2000
DATABASE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One crisis's alerts at a desk as they are after a change, and their row as it is printed."""

    states: tuple[AlertState, ...]
    render: Render
    _printed: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    @property
    def sequence(self) -> int:
        """The newest change of any of them."""
        return max(state.sequence for state in self.states)

    def html(self, row: Row) -> str:
        """The row, printed once for all screens that have chosen the same of its alerts and have
        the same one speak for it."""
        key = (row.group, *(alert.alert_id for alert in row.alerts))
        if key not in self._printed:
            self._printed[key] = self.render(row)
        return self._printed[key]


def changes_of(states: Iterable[AlertState], render: Render) -> list[Change]:
    """What a look at the ledger gives, a change a crisis, by sequence."""
    crises: defaultdict[str, list[AlertState]] = defaultdict(list)
    for state in states:
        crises[row_key(state)].append(state)
    changes = [Change(tuple(members), render) for members in crises.values()]
    return sorted(changes, key=lambda change: change.sequence)


@dataclass
class DeskFeed:
    """The newest changes of one desk: all that came after `floor`, up to `newest`."""

    floor: int
    newest: int
    changes: deque[tuple[int, Change]] = field(default_factory=deque)
    streams: set[asyncio.Event] = field(default_factory=set)

    def after(self, place: int) -> list[Change] | None:
        """What changed after the place; None where that is longer ago than what is kept."""
        if place < self.floor:
            return None
        return [change for at, change in self.changes if at > place]

    def add(self, states: tuple[AlertState, ...], newest: int, render: Render) -> None:
        """Take in a look at the ledger."""
        for change in changes_of(states, render):
            self.changes.append((newest, change))
        self.newest = newest
        # a browser that comes back from before the floor is sent to the ledger: it may not
        # miss what fell off here
        while len(self.changes) > KEPT:
            self.floor = self.changes.popleft()[0]


class Hub:
    """Knows the newest change, fetches it once a desk and wakes the streams. One for a process.

    `rights` counts how often it was told that sessions or grants changed: streams then look again
    at what they may show.
    """

    def __init__(self, pool: asyncpg.Pool, dsn: str, render: Callable[[str, Row], str]) -> None:
        self._pool, self._dsn, self._render = pool, dsn, render
        self._nudge = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._desks: dict[str, DeskFeed] = {}
        self._counts: dict[object, tuple[float, object]] = {}
        self.rights = 0
        self.ledger = True
        self.closing = False

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        """End every stream; the browsers come back to whoever answers then. May be called from a
        signal handler."""
        # before anything is woken: a stream that wakes must find that it is over
        self.closing = True
        self._loop.call_soon_threadsafe(self._wake)

    async def stop(self) -> None:
        """End the streams and stop listening."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def subscribe(self, desk: str) -> tuple[DeskFeed, asyncio.Event]:
        """The desk's changes, and an event that is set when there is something to look at."""
        event = asyncio.Event()
        feed = self._desks.get(desk)
        if feed is None:
            # nothing is kept yet: a floor above every place sends the first look to the ledger
            feed = self._desks[desk] = DeskFeed(floor=1 << 62, newest=-1)
            self._nudge.set()
        feed.streams.add(event)
        return feed, event

    def unsubscribe(self, desk: str, event: asyncio.Event) -> None:
        """Stop waking this one; a desk that nobody watches is forgotten."""
        feed = self._desks.get(desk)
        if feed is not None:
            # the last one out takes the desk along: a night of desks looked at once
            # would be asked for all night
            feed.streams.discard(event)
            if not feed.streams:
                del self._desks[desk]

    def _wake(self) -> None:
        for feed in self._desks.values():
            for event in feed.streams:
                event.set()

    def _heard(self, *_: object) -> None:
        self._nudge.set()

    def _rights_changed(self, *_: object) -> None:
        self.rights += 1
        self._wake()

    async def _run(self) -> None:
        listening: asyncpg.Connection | None = None
        try:
            while not self.closing:
                try:
                    if listening is None or listening.is_closed():
                        listening = await asyncpg.connect(self._dsn, timeout=5)
                        await listening.add_listener(desk_ledger.CHANNEL, self._heard)
                        await listening.add_listener(sessions.CHANNEL, self._rights_changed)
                        # what was told while nobody listened
                        self._rights_changed()
                    # a notice may be lost, and several may come as one: what
                    # counts is the sequence in the ledger
                    await self._look()
                    self.ledger = True
                except DATABASE_ERRORS as error:
                    # the screens say so: a list that stands still must not look
                    # like a quiet night
                    self.ledger = False
                    logger().warning("console.listen_failed", error=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._nudge.wait(), POLL_SECONDS)
                self._nudge.clear()
        finally:
            if listening is not None:
                # not closed in order: it may be the very connection that hangs
                listening.terminate()

    async def _look(self) -> None:
        newest = await desk_ledger.last_sequence(self._pool)
        for desk, feed in list(self._desks.items()):
            if feed.newest == newest:
                continue
            # the first look only learns where it is: what was there before is on the
            # page already
            if feed.newest < 0:
                feed.floor = feed.newest = newest
            else:
                states, reached = await desk_ledger.alerts_changed(self._pool, desk, feed.newest)
                feed.add(states, reached, partial(self._render, desk))
            for event in feed.streams:
                event.set()

    async def _cached(self, key: object, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        now = self._loop.time()
        count = self._counts.get(key)
        if count is not None and count[0] > now:
            return cast("Answer", count[1])
        answer = await ask()
        # a key of a desk that nobody watches any more would stay for ever
        self._counts = {name: value for name, value in self._counts.items() if value[0] > now}
        self._counts[key] = (now + PULSE_SECONDS, answer)
        return answer

    async def total(self, desk: str, list_filter: ListFilter) -> int:
        """How many rows the list has; asked of the ledger at most once in `PULSE_SECONDS` for all who
        filter alike."""
        actor = ""
        if list_filter.show == "mine":
            actor = list_filter.actor
        key = (desk, list_filter.show, list_filter.urgencies, actor)
        return await self._cached(
            key, lambda: desk_ledger.count_crises(self._pool, desk, *list_filter.arguments)
        )

    async def waiting(self, desk: str) -> dict[int, int]:
        """How many wait at the desk, by urgency. Never older than the last change."""
        feed = self._desks.get(desk)
        # the sequence is part of the key, so a count from before a change is never given
        # after it
        newest = 0
        if feed:
            newest = feed.newest
        return await self._cached(
            ("waiting", desk, newest), lambda: desk_ledger.count_waiting(self._pool, desk)
        )

    async def troubles(self) -> tuple[FeedTrouble, ...]:
        """The feeds that are silent or stopped."""
        return await self._cached("troubles", lambda: feeds_in_trouble(self._pool))
