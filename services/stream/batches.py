"""A batch of Kafka's records and its place in the topics, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.ledger.events import store as event_store
from services.ledger.transaction import PostgresLedger
from services.orchestration.batch import Place, Record, TakenIn, read, take_in
from services.orchestration.settling import Settling


class Hole(Exception):
    """Records may be missing between the cursor and what came: they are read straight from Kafka
    before going on.
    """

    def __init__(self, place: Place, cursor: int, following: int) -> None:
        super().__init__(f"{place[0]}[{place[1]}] is to be read from {cursor} to {following - 1}")
        self.place, self.cursor, self.following = place, cursor, following


@dataclass
class Applied:
    """What a committed batch did, for metrics and limits."""

    outcome: TakenIn
    below_cursor: list[str] = field(default_factory=list)
    """Feed of each record that had been applied before."""
    outcomes: list[tuple[str, bool]] = field(default_factory=list)
    """(feed, good) in order, for the poison limit."""


class Batches:
    """Applies batches of records. One for a worker."""

    def __init__(
        self,
        ledger: PostgresLedger,
        settling: Settling,
        reach: Callable[[str], None],
        guard: bool = True,
    ) -> None:
        self.ledger, self.settling, self.registry = ledger, settling, settling.registry
        self._reach, self._guard = reach, guard

    async def apply(
        self, records: Sequence[Record], now: datetime, poison: bool = False
    ) -> Applied:
        """Apply the records in one transaction. Raises Hole before anything is written.

        With `poison` the records are put into quarantine unread: the last resort for a record that
        breaks its handler.
        """
        async with self.ledger.transaction() as transaction:
            connection = transaction.connection
            cursors = await event_store.lock_cursors(connection, (r.place for r in records))
            self._reach("after-cursor")
            fresh, repeated = following_cursor(records, cursors, self._guard)
            batch = read(fresh, self.registry, now, poison)
            outcome = await take_in(transaction, self.settling, batch, now, self._reach)
            following = cursors | {record.place: record.offset + 1 for record in fresh}
            await event_store.advance(connection, following)
            self._reach("before-commit")
        self._reach("after-commit")
        below = [self._feed(record) for record in repeated]
        return Applied(outcome, below, self._outcomes(fresh, outcome))

    def _outcomes(self, fresh: Sequence[Record], outcome: TakenIn) -> list[tuple[str, bool]]:
        outcomes = []
        for record in fresh:
            place = (record.topic, record.partition, record.offset)
            outcomes.append((self._feed(record), place not in outcome.rejected_at))
        return outcomes

    def _feed(self, record: Record) -> str:
        return self.registry.feeds_by_topic[record.topic][1].id


def following_cursor(
    records: Sequence[Record], cursors: Mapping[Place, int], guard: bool = True
) -> tuple[list[Record], list[Record]]:
    """The records that follow the cursors, and those below them, which are repeats. Raises Hole
    for one above, unless whoever read the log has seen that nothing lies between.
    """
    following = dict(cursors)
    fresh: list[Record] = []
    repeated: list[Record] = []
    for record in sorted(records, key=lambda queued: (queued.place, queued.offset)):
        expected = following[record.place]
        if record.offset < expected:
            repeated.append(record)
            continue
        start = record.offset if record.preceding is None else record.preceding
        if start > expected and guard:
            raise Hole(record.place, cursors[record.place], _end_of(record.place, records))
        following[record.place] = record.offset + 1
        fresh.append(record)
    return fresh, repeated


def _end_of(place: Place, records: Sequence[Record]) -> int:
    return max(record.offset for record in records if record.place == place) + 1
