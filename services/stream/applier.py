"""What stands between the queue of records and the ledger: retry, gap fill, the last resort, the
poison limit.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from aiokafka.errors import KafkaError

from services.ledger.alerts.metrics import COUNTS
from services.ledger.events import logs as log_store
from services.ledger.events import store as event_store
from services.ledger.feeds import feed_states
from services.ledger.transaction import PostgresLedger
from services.orchestration.batch import Place, Record
from services.orchestration.feeds import stop_feed
from services.orchestration.parking import reason_of
from services.orchestration.settling import Settled
from services.runtime import metrics, postgres
from services.runtime.clock import Clock
from services.runtime.logging import logger
from services.runtime.settings import Settings
from services.stream import log_reader
from services.stream.batches import Applied, Batches, Hole
from services.stream.log_reader import Cut, LogReader, LogTrouble, Unreadable
from services.stream.poison import PoisonLimit

OUTAGE = (KafkaError, *postgres.OUTAGE)
"""Failures that pass: nothing in the records makes them. They are retried for as long as they last.
"""


HALF_TRIES = 2
"""Attempts at each half of a batch of which something breaks its handler."""
FILL_SECONDS = 2.0
"""How long everybody waits for the partition in which records are missing."""
ACCEPTANCE = timedelta(minutes=5)
"""For so long after somebody accepted a loss the worker moves on over what was deleted."""
MENDINGS = 5
"""Times that a hole may be read without getting any further."""


def passes(error: Exception) -> bool:
    """Whether a failure passes by itself: it is waited out, and is never taken for poison."""
    return isinstance(error, KafkaError) or postgres.passes(error)


def count_settled(settled: Settled) -> None:
    """Count what settling did, once it is committed."""
    metrics.CRISES_BOUNDED.inc(len(settled.bounded))
    for item in settled.asked.values():
        metrics.EVIDENCE_ASKED.labels(item).inc()
    COUNTS.count(settled.changes)
    for failure in settled.failures:
        metrics.CRISES_PARKED.inc()
        logger().critical("crisis.parked", reason=reason_of(failure))


class Applier:
    """Applies records whatever happens; never raises but for cancellation."""

    def __init__(self, batches: Batches, clock: Clock, settings: Settings) -> None:
        self._batches, self._clock, self._settings = batches, clock, settings
        self._limits: defaultdict[str, PoisonLimit] = defaultdict(
            lambda: PoisonLimit(
                settings.poison_consecutive, settings.poison_ratio, settings.poison_window
            )
        )
        self.stopped: set[str] = set()
        """Feeds that are stopped; their records stay where they are."""
        self.aside: set[Place] = set()
        """Partitions whose records are read by the sweep until they have caught up."""
        self._fruitless: Counter[Place] = Counter()
        self._stops_known: set[str] = set()
        """As the ledger had them at the last look: what is missing there now goes on."""
        self.last_progress = time.monotonic()
        self.failing: str | None = None
        """What the present batch fails with; None while all is well."""

    async def apply(self, records: Sequence[Record]) -> None:
        """Bring the records into the ledger, in order, however long that takes."""
        await self._bring(records, filled=False)

    async def _bring(self, records: Sequence[Record], filled: bool) -> None:
        """A record that breaks its handler is found by halves and put into quarantine, alone. Of
        records that were read to fill a hole, what passes and a further hole are raised."""
        parts = [list(records)]
        tries = self._settings.handler_retries
        while parts:
            part = parts.pop()
            if await self._taken(part, tries, filled):
                continue
            # all of it was tried long enough to know that this does not pass
            tries = HALF_TRIES
            if len(part) == 1:
                await self._set_aside(part[0], filled)
                continue
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
        self.failing = None
        self.last_progress = time.monotonic()

    async def _taken(
        self, records: Sequence[Record], tries: int, filled: bool, poison: bool = False
    ) -> bool:
        """Whether they are in the ledger, or wait with their feed or their partition. What passes
        by itself is waited out and is no try."""
        delay = 0.05
        while tries > 0:
            records = [record for record in records if not self._waits(record, filled)]
            if not records:
                return True
            try:
                await self._once(records, poison)
                return True
            except asyncio.CancelledError:
                raise
            except Hole as hole:
                if filled:
                    raise
                await self._mend_now(hole)
                # these are in the ledger now, or are read by the sweep
                records = [record for record in records if record.place != hole.place]
            except Exception as error:
                if filled and passes(error):
                    raise
                await self._failed(error, delay)
                delay = min(delay * 2, 2.0)
                if not passes(error):
                    tries -= 1
        return False

    async def _set_aside(self, record: Record, filled: bool) -> None:
        """Into quarantine, unread; kept for replay. Where not even that can be done its feed is
        stopped, and no other."""
        logger().error("record.failed", offset=record.offset, topic=record.topic)
        if not await self._taken([record], self._settings.handler_retries, filled, poison=True):
            reason = "a record of it can be neither applied nor set aside"
            await self._stop(self.feed_of(record.place), reason)

    def _waits(self, record: Record, filled: bool) -> bool:
        if self.feed_of(record.place) in self.stopped:
            return True
        # what is read to fill a hole is what its partition waits for
        return record.place in self.aside and not filled

    @property
    def ledger(self) -> PostgresLedger:
        """Where the records go."""
        return self._batches.ledger

    @property
    def topics(self) -> tuple[str, ...]:
        """Those of all feeds."""
        return tuple(self._batches.registry.feeds_by_topic)

    def now(self) -> datetime:
        """The time by which records are judged."""
        return self._clock.now()

    def feed_of(self, place: Place) -> str:
        """The feed whose events stand there."""
        return self._batches.registry.feeds_by_topic[place[0]][1].id

    async def _failed(self, error: Exception, delay: float) -> None:
        self.failing = type(error).__name__
        metrics.BATCH_FAILURES.inc()
        logger().error("batch.failed", reason=reason_of(error))
        await asyncio.sleep(delay)

    async def _once(self, records: Sequence[Record], poison: bool = False) -> None:
        started = time.perf_counter()
        now = self._clock.now()
        result = await self._batches.apply(records, now, poison)
        metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
        metrics.BATCH_RECORDS.observe(len(records))
        stamps = [r.timestamp for r in records if r.timestamp is not None]
        if stamps and any(
            t.kind == "raised"
            for change in result.outcome.settled.changes
            for t in change.transitions
        ):
            # the oldest record of the batch: an upper bound for every alert of it
            metrics.EVENT_TO_ALERT_SECONDS.observe(max(0.0, time.time() - min(stamps)))
        await self._count(result)

    async def _count(self, applied: Applied) -> None:
        outcome = applied.outcome
        for feed in outcome.accepted:
            metrics.EVENTS_ACCEPTED.labels(feed).inc()
        for feed in [*applied.below_cursor, *outcome.repeated]:
            metrics.EVENTS_REPEATED.labels(feed).inc()
        for feed, code in outcome.rejected:
            metrics.EVENTS_REJECTED.labels(feed, code).inc()
        for feed, name in outcome.left_out:
            metrics.FIELDS_LEFT_OUT.labels(feed, name).inc()
        count_settled(outcome.settled)
        for feed, good in applied.outcomes:
            reason = self._limits[feed].note(good)
            if reason is not None and feed not in self.stopped:
                await self._stop(feed, reason)

    async def _stop(self, feed: str, reason: str) -> None:
        self.stopped.add(feed)
        logger().critical("feed.stopped", feed=feed, reason=reason)
        # what is stopped here and is not said in the ledger would be told to nobody
        await postgres.patiently(lambda: self._keep_stopped(feed, reason))
        # from now on its absence there says that somebody had it resumed
        self._stops_known.add(feed)

    async def _keep_stopped(self, feed: str, reason: str) -> None:
        async with self._batches.ledger.transaction() as transaction:
            await transaction.lock_zone()
            await stop_feed(transaction, feed, reason, self._clock.now())

    async def _mend_now(self, hole: Hole) -> None:
        """Fill the hole, if that is quickly done. Otherwise its partition is set aside and nobody
        waits for it: the sweep brings it in.
        """
        place = hole.place
        metrics.HOLES.labels(place[0]).inc()
        logger().warning("hole.found", topic=place[0], partition=place[1], detail=str(hole))
        try:
            async with asyncio.timeout(FILL_SECONDS):
                await self.fill(place, hole.following)
        except LogTrouble as trouble:
            await self.stop_for(trouble)
        except (Hole, *OUTAGE) as error:
            self.aside.add(place)
            logger().error("hole.waits", topic=place[0], error=type(error).__name__)

    async def mend(self, place: Place) -> None:
        """Bring in all that the log has and the ledger lacks, however long it takes. What fails is
        tried again by the next sweep, and what gets no further stops the feed.
        """
        try:
            before = await self.cursor(place)
            end = await self._fill_to_hole(place)
            after = await self.cursor(place)
        except LogTrouble as trouble:
            await self.stop_for(trouble)
        except OUTAGE as error:
            self.aside.add(place)
            logger().warning("mending.waits", topic=place[0], error=type(error).__name__)
        else:
            if after >= end or after > before:
                self.aside.discard(place)
                del self._fruitless[place]
                return
            self._fruitless[place] += 1
            if self._fruitless[place] >= MENDINGS:
                reason = f"nothing between {after} and {end} can be brought into the ledger"
                await self.stop_for(LogTrouble(place, reason))

    async def _fill_to_hole(self, place: Place) -> int:
        """Fill it; gives the offset up to which it read or should have."""
        try:
            return await self.fill(place, None)
        except Hole as hole:
            # the sweep alone reads here until it is through
            self.aside.add(place)
            logger().warning("mending.waits", topic=place[0], error="Hole")
            return hole.following

    async def stop_for(self, trouble: LogTrouble) -> None:
        """Stop the feed: somebody must decide how to go on. Every other one goes on."""
        place = trouble.place
        self.aside.discard(place)
        feed = self.feed_of(place)
        metrics.LOG_TROUBLES.labels(feed, trouble.kind).inc()
        logger().critical(trouble.action, feed=feed, detail=str(trouble))
        if feed not in self.stopped:
            await self._stop(feed, str(trouble))

    async def fill(self, place: Place, following: int | None) -> int:
        """Read what stands between the cursor and there (or the end) straight from Kafka and apply
        it; gives the offset up to which it read. Raises LogTrouble, Hole, OUTAGE.
        """
        async with log_reader.opened(self._settings, place) as log:
            beginning, end = await log.bounds()
            cursor = await self.cursor(place)
            if cursor >= end:
                # one that lies beyond the end is the sweep's to judge
                return end
            if 0 < cursor < beginning:
                await self._go_on_without(Cut(place, cursor, beginning), cursor, beginning)
                cursor = beginning
            if cursor < beginning:
                await self._skip(place, 0, beginning, "before the first use of the topic")
            first = max(cursor, beginning)
            last = end if following is None else min(following, end)
            while first < last:
                try:
                    if not await self._read(log, place, first, last):
                        return last
                    break
                except Unreadable as unreadable:
                    first = await self._go_on_behind(unreadable, log, first, end)
            return last

    async def _read(self, log: LogReader, place: Place, first: int, last: int) -> bool:
        """Apply what stands there. False where its feed is stopped meanwhile. Raises Unreadable."""
        async for records in log.batches(first, last, self._settings.batch_max):
            await self._bring(records, filled=True)
            if self.feed_of(place) in self.stopped:
                # its records stay where they are: the cursor must not pass over them
                return False
            metrics.GAP_FILLED.labels(place[0]).inc(len(records))
        await self._pass(place, first, log.position)
        return True

    async def _go_on_without(self, cut: Cut, cursor: int, beginning: int) -> None:
        """Move on over what was deleted, where somebody has said so. Raises the cut."""
        by = await self._loss_accepted_by(cut)
        await self._skip(cut.place, cursor, beginning, f"deleted unread; {by} goes on without")

    async def _go_on_behind(
        self, unreadable: Unreadable, log: LogReader, first: int, end: int
    ) -> int:
        """Move on over a batch that cannot be decoded, where somebody has said so, and give where to
        read on. Raises it."""
        place, offset = unreadable.place, unreadable.offset
        by = await self._loss_accepted_by(unreadable)
        following = await log.behind(unreadable, end)
        # what lies between the cursor and the batch holds nothing
        await self._pass(place, first, offset)
        reason = f"cannot be read ({unreadable.fault}); {by} goes on without"
        await self._skip(place, offset, following, reason)
        return following

    async def _loss_accepted_by(self, trouble: LogTrouble) -> str:
        feed = self.feed_of(trouble.place)
        since = self._clock.now() - ACCEPTANCE
        by = await log_store.loss_accepted_by(self.ledger.pool, feed, since)
        if by is None:
            raise trouble
        logger().warning("log.loss_accepted", feed=feed, detail=str(trouble))
        return by

    async def follow(self) -> None:
        """What is stopped or goes on is said in the ledger, also by others."""
        known = frozenset(self._stops_known)
        async with self.ledger.pool.acquire() as connection:
            states = await feed_states(connection)
        stopped = {feed for feed, state in states.items() if state.stopped_at is not None}
        # what was stopped here while the ledger was read may be missing in what was read
        stopped_meanwhile = self._stops_known - known
        self.stopped -= known - stopped
        self.stopped |= stopped
        self._stops_known = stopped | stopped_meanwhile

    async def cursors(self) -> dict[Place, int]:
        """Offset of the record that the ledger takes next, of every partition."""
        return await event_store.cursors(self._batches.ledger.pool)

    async def cursor(self, place: Place) -> int:
        """The same of one partition."""
        return (await self.cursors()).get(place, 0)

    async def _pass(self, place: Place, first: int, following: int) -> None:
        """Move the cursor over offsets that hold nothing."""
        async with self._batches.ledger.pool.acquire() as connection, connection.transaction():
            cursor = (await event_store.lock_cursors(connection, [place]))[place]
            if first <= cursor < following:
                await event_store.advance(connection, {place: following})

    async def _skip(self, place: Place, first: int, following: int, reason: str) -> None:
        """Move the cursor over offsets that nobody can read, and record it."""
        async with self._batches.ledger.pool.acquire() as connection, connection.transaction():
            cursor = (await event_store.lock_cursors(connection, [place]))[place]
            if first <= cursor < following:
                now = self._clock.now()
                await event_store.skip(connection, place, cursor, following, reason, now)
                await event_store.advance(connection, {place: following})
