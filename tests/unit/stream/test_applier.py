"""What fails and passes is waited out; what breaks its handler is set aside alone, however much else is in the batch."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Any
from unittest.mock import Mock

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError

from services.orchestration.batch import Record, TakenIn
from services.orchestration.feeds import stop_feed
from services.runtime import postgres
from services.runtime.clock import SystemClock
from services.runtime.settings import Settings
from services.stream import applier as module
from services.stream.applier import MENDINGS, Applier
from services.stream.batches import Applied, Hole
from tests.own_registry import own_registry

REGISTRY = own_registry()
POLICE, AMBULANCE = "feed.met-cad", "feed.las-cad"

PASSING = [
    asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
    asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    asyncpg.SerializationError("could not serialize access"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.DiskFullError("could not extend file"),
    asyncpg.InterfaceError("connection is closed"),
    ConnectionRefusedError(),
    KafkaConnectionError(),
]


class _Transaction:
    """Keeps what is written of feeds."""

    def __init__(self, states: dict[str, Any]) -> None:
        self._states = states

    async def lock_zone(self) -> None:
        """Nobody else is there."""

    async def feed_states(self) -> dict[str, Any]:
        return self._states

    async def save_feed_states(self, states: Sequence[Any]) -> None:
        self._states |= {state.feed: state for state in states}

    async def set_deadlines(self, kind: str, due: dict[str, datetime | None]) -> None:
        """Looked at by nobody here."""


def _depth() -> int:
    """How many calls are under way."""
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


class Ledger:
    """Batches that fail as they are told to."""

    def __init__(self, fails: Callable[[Record, bool], Exception | None]) -> None:
        self.registry, self.ledger, self._fails = REGISTRY, self, fails
        self.kept: list[int] = []
        self.quarantined: list[int] = []
        self.batches = 0
        self.depths: Counter[int] = Counter()
        self.feeds: dict[str, Any] = {}

    def transaction(self) -> AbstractAsyncContextManager[_Transaction]:
        return nullcontext(_Transaction(self.feeds))

    async def apply(
        self, records: Sequence[Record], now: datetime, poison: bool = False
    ) -> Applied:
        """All of them or none."""
        self.batches += 1
        self.depths[_depth()] += 1
        for record in records:
            error = self._fails(record, poison)
            if error is not None:
                raise error
        (self.quarantined if poison else self.kept).extend(record.offset for record in records)
        feed = REGISTRY.feeds_by_topic[records[0].topic][1].id
        return Applied(TakenIn(), outcomes=[(feed, not poison) for _ in records])


def applier(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Applier:
    real = asyncio.sleep

    async def at_once(_: float) -> None:
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    monkeypatch.setattr("services.stream.applier.logger", Mock)
    monkeypatch.setattr("services.runtime.postgres.logger", Mock)
    return Applier(ledger, SystemClock(), Settings(environment="test"))  # type: ignore[arg-type]


def records(count: int, topic: str = POLICE) -> list[Record]:
    return [Record(topic, 0, offset, b"{}", ()) for offset in range(count)]


def poisonous(*offsets: int) -> Callable[[Record, bool], Exception | None]:
    """These break their handler and can be set aside."""

    def fails(record: Record, poison: bool) -> Exception | None:
        return ZeroDivisionError() if record.offset in offsets and not poison else None

    return fails


async def test_the_record_that_breaks_its_handler_is_found_among_many_and_the_rest_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ledger = Ledger(poisonous(7, 311))
    await applier(ledger, monkeypatch).apply(records(500))
    assert ledger.quarantined == [7, 311]
    assert ledger.kept == [offset for offset in range(500) if offset not in {7, 311}], "in order"
    assert ledger.batches < 60, "by halves, not one by one"


class _PassesLater:
    """Fails so many times, and then no more."""

    def __init__(self, error: Exception, times: int) -> None:
        self._error, self._left = error, times

    def __call__(self, record: Record, poison: bool) -> Exception | None:
        self._left -= 1
        return self._error if self._left >= 0 else None


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
async def test_what_passes_is_waited_out_and_is_no_poison(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(_PassesLater(error, 40))
    await applier(ledger, monkeypatch).apply(records(3))
    assert (ledger.kept, ledger.quarantined) == ([0, 1, 2], [])


async def test_taken_for_a_bug_the_same_would_stop_the_feed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control."""
    monkeypatch.setattr(module, "passes", lambda _: False)
    ledger = Ledger(_PassesLater(PASSING[0], 40))
    worker = applier(ledger, monkeypatch)
    await worker.apply(records(3))
    assert ledger.kept == []
    assert worker.stopped == {"met-cad"}


def test_a_value_that_no_column_holds_does_not_pass() -> None:
    """asyncpg calls it an InterfaceError, as it does a closed connection."""

    class RefusedValue(asyncpg.InterfaceError, ValueError):
        """As asyncpg's own DataError."""

    error = RefusedValue("invalid input for query argument $1")
    assert isinstance(error, postgres.OUTAGE)
    assert not postgres.passes(error)


async def test_what_cannot_be_set_aside_for_long_makes_no_deeper_and_deeper_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outage = _PassesLater(PASSING[1], 400)

    def fails(record: Record, poison: bool) -> Exception | None:
        return outage(record, poison) if poison else ZeroDivisionError()

    ledger = Ledger(fails)
    await applier(ledger, monkeypatch).apply(records(1))
    assert ledger.quarantined == [0]
    assert max(ledger.depths) - min(ledger.depths) <= 2


async def test_what_can_never_be_set_aside_stops_its_own_feed_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(record: Record, _: bool) -> Exception | None:
        return ZeroDivisionError() if record.topic == POLICE else None

    ledger = Ledger(fails)
    worker = applier(ledger, monkeypatch)
    await worker.apply([*records(3), *records(3, AMBULANCE)])
    assert worker.stopped == {"met-cad"}
    assert ledger.feeds["met-cad"].stopped_reason is not None
    assert ledger.kept == [0, 1, 2], "the ambulance service's"


async def test_that_a_feed_is_stopped_is_said_in_the_ledger_also_when_the_ledger_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = [PASSING[5]] * 3

    async def not_yet(*given: Any) -> None:
        if away:
            raise away.pop()
        await stop_feed(*given)

    monkeypatch.setattr(module, "stop_feed", not_yet)
    ledger = Ledger(poisonous(*range(40)))
    worker = applier(ledger, monkeypatch)
    await worker.apply(records(40))
    assert worker.stopped == {"met-cad"}
    assert ledger.feeds["met-cad"].stopped_reason == "20 rejected in a row"
    assert len(ledger.quarantined) == 20, "what comes after stays where it is"


class _Connections:
    """A pool whose connections nobody asks anything."""

    def acquire(self) -> AbstractAsyncContextManager[None]:
        return nullcontext(None)


async def stopped_and_resumed(
    monkeypatch: pytest.MonkeyPatch, read_before: bool = False
) -> tuple[Applier, Ledger]:
    """A worker that stopped a feed, which somebody had resumed before the worker looked again.
    `read_before`: a look that was under way had read the ledger before the feed was stopped."""
    ledger = Ledger(poisonous(*range(40)))
    monkeypatch.setattr(ledger, "pool", _Connections(), raising=False)
    worker = applier(ledger, monkeypatch)
    interrupted = read_before

    async def states(_: object) -> dict[str, Any]:
        nonlocal interrupted
        of_then = dict(ledger.feeds)
        if interrupted:
            interrupted = False
            await worker.apply(records(40))
        return of_then

    monkeypatch.setattr(module, "feed_states", states)
    await worker.follow()
    if not read_before:
        await worker.apply(records(40))
    return worker, ledger


async def test_a_feed_that_is_resumed_before_the_worker_looked_again_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, ledger = await stopped_and_resumed(monkeypatch)
    assert worker.stopped == {"met-cad"}
    ledger.feeds.clear()
    await worker.follow()
    assert worker.stopped == set()


async def test_without_knowing_its_own_stops_the_worker_would_stand_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, ledger = await stopped_and_resumed(monkeypatch)
    worker._stops_known.clear()
    ledger.feeds.clear()
    await worker.follow()
    await worker.follow()
    assert worker.stopped == {"met-cad"}


async def test_a_look_that_read_before_the_feed_was_stopped_does_not_let_it_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, ledger = await stopped_and_resumed(monkeypatch, read_before=True)
    assert worker.stopped == {"met-cad"}
    ledger.feeds.clear()
    await worker.follow()
    assert worker.stopped == set()


def mended(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cursors: Sequence[int]
) -> tuple[Applier, Ledger]:
    """A worker whose log cannot be read for this reason, at these places of the cursor."""
    ledger = Ledger(poisonous())
    worker = applier(ledger, monkeypatch)
    places = iter(cursors)

    async def fill(*_: Any) -> int:
        raise error

    async def cursor(_: Any) -> int:
        return next(places)

    monkeypatch.setattr(worker, "fill", fill)
    monkeypatch.setattr(worker, "cursor", cursor)
    return worker, ledger


PLACE = (POLICE, 0)
HOLE = Hole(PLACE, 5, 9)


async def test_a_hole_that_repeats_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, ledger = mended(monkeypatch, HOLE, [5] * 2 * MENDINGS)
    for _ in range(MENDINGS - 1):
        await worker.mend(PLACE)
    assert worker.stopped == set()
    assert PLACE in worker.aside, "the sweep goes on with it"
    await worker.mend(PLACE)
    assert worker.stopped == {"met-cad"}
    assert "nothing between 5 and 9" in ledger.feeds["met-cad"].stopped_reason


async def test_a_hole_behind_which_the_cursor_moves_is_none_that_repeats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, _ = mended(monkeypatch, HOLE, range(20))
    for _ in range(10):
        await worker.mend(PLACE)
    assert worker.stopped == set()


async def test_brokers_that_are_away_are_no_hole_however_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, _ = mended(monkeypatch, KafkaConnectionError(), [5] * 40)
    for _ in range(20):
        await worker.mend(PLACE)
    assert worker.stopped == set()
    assert PLACE in worker.aside
