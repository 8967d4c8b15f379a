"""A batch of records in one transaction: events, people, crises, alerts, deadlines, messages and the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg

from schemas.received import SITE, Received
from schemas.registry import TRACE_SOURCE_END, Registry
from services.identity.model import Model
from services.intake.accept import Accepted, Rejected, accept
from services.intake.faults import Fault
from services.ledger.crises import store as crisis_store
from services.ledger.crises.settling import Beside, Settling
from services.ledger.deadlines import set_deadlines
from services.ledger.events import receipts
from services.ledger.events import store as event_store
from services.ledger.events.receipts import Receipts
from services.ledger.events.store import Located, Place, Quarantined
from services.ledger.people.register import register
from services.liaison.alert import AlertChange
from services.liaison.feeds import Timing, timing
from services.liaison.policy import Policy
from services.liaison.rules.r30_silence import RULE as FEED_RULE
from services.liaison.settlement import Key
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Record:
    """A message as Kafka delivered it."""

    topic: str
    partition: int
    offset: int
    body: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: float | None = None
    """When the broker or the producer stamped it, in seconds since 1970."""

    @property
    def place(self) -> Place:
        """(topic, partition)."""
        return (self.topic, self.partition)


class Hole(Exception):
    """Records are missing between the cursor and what came: they are read straight from Kafka before going on."""

    def __init__(self, place: Place, first: int, following: int) -> None:
        super().__init__(
            f"offsets {first} to {following - 1} of {place[0]}[{place[1]}] are missing"
        )
        self.place, self.first, self.following = place, first, following


@dataclass
class BatchResult:
    """What a committed batch did, for metrics and limits."""

    accepted: list[str] = field(default_factory=list)
    """Feed of each new event."""
    repeated: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    """(feed, code)."""
    outcomes: list[tuple[str, bool]] = field(default_factory=list)
    """(feed, good) in order, for the poison limit."""
    changes: Sequence[AlertChange] = ()


def _quarantined(record: Record, rejected: Rejected, registry: Registry) -> Quarantined:
    agency, feed = registry.feeds_by_topic[record.topic]
    return Quarantined(rejected, feed.id, agency.id, record.topic, record.partition, record.offset)


class Batch:
    """Applies batches. One for a worker; holds the cache of decoded events."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        registry: Registry,
        policy: Policy,
        reach: Callable[[str], None],
        guard: bool = True,
        shadow: Beside | None = None,
        model: Model | None = None,
    ) -> None:
        self.pool, self.registry, self.policy, self.shadow = pool, registry, policy, shadow
        self._reach, self._guard = reach, guard
        self.settling = Settling(registry, policy, shadow, model)
        self.decoded = self.settling.decoded

    async def apply(
        self, records: Sequence[Record], now: datetime, poison: bool = False
    ) -> BatchResult:
        """Apply the records in one transaction. Raises Hole before anything is written.

        With `poison` the records are put into quarantine unread: the last resort for a record that breaks its handler.
        """
        result = BatchResult()
        async with self.pool.acquire() as connection, connection.transaction():
            places = await event_store.lock_cursors(connection, (r.place for r in records))
            self._reach("after-cursor")
            fresh = self._fresh(records, places, result)
            located, quarantined = self._read(fresh, now, poison)
            await self._store(connection, located, quarantined, result, now)
            self._reach("after-events")
            await event_store.advance(connection, places)
            self._reach("before-commit")
        self._reach("after-commit")
        bad = {(q.topic, q.partition, q.offset) for q in quarantined}
        result.outcomes = [
            (
                self.registry.feeds_by_topic[r.topic][1].id,
                (r.topic, r.partition, r.offset) not in bad,
            )
            for r in fresh
        ]
        return result

    def _fresh(
        self, records: Sequence[Record], places: dict[Place, int], result: BatchResult
    ) -> list[Record]:
        """Records at the cursor; moves the cursor. Below it: repeats. Above it: a hole."""
        fresh = []
        for record in sorted(records, key=lambda r: (r.place, r.offset)):
            expected = places[record.place]
            if record.offset < expected:
                result.repeated.append(self.registry.feeds_by_topic[record.topic][1].id)
                continue
            if record.offset > expected and self._guard:
                raise Hole(record.place, expected, record.offset)
            places[record.place] = record.offset + 1
            fresh.append(record)
        return fresh

    def _read(
        self, fresh: Sequence[Record], now: datetime, poison: bool
    ) -> tuple[list[Located], list[Quarantined]]:
        located: list[Located] = []
        quarantined: list[Quarantined] = []
        for record in fresh:
            agency, feed = self.registry.feeds_by_topic[record.topic]
            if poison:
                fault = Fault(
                    "",
                    "handler-error",
                    "this event breaks its handler",
                    "ours to mend; it is kept for replay",
                )
                quarantined.append(
                    _quarantined(record, Rejected(fault, record.body or b""), self.registry)
                )
                continue
            read = accept(record.body, record.headers, agency, feed, now)
            if isinstance(read, Accepted):
                located.append(Located(read, record.topic, record.partition, record.offset))
            else:
                quarantined.append(_quarantined(record, read, self.registry))
        return located, quarantined

    async def _store(
        self,
        connection: Connection,
        located: list[Located],
        quarantined: list[Quarantined],
        result: BatchResult,
        now: datetime,
    ) -> None:
        if located or quarantined:
            # before any other row that deadlines write too, so that the two cannot wait for each other
            await crisis_store.lock_zone(connection, self.registry.zone)
        told = Receipts()
        new = await self._insert(connection, located, quarantined, result, told)
        if quarantined:
            await event_store.insert_rejections(connection, quarantined, now)
            result.rejected += [(q.feed, q.rejected.fault.code) for q in quarantined]
            await look_at_rejections(connection, {q.feed for q in quarantined}, now)
        feeds: dict[str, list[Received]] = {}
        for received in (e.accepted.received for e in located):
            if not received.event.source.endswith(TRACE_SOURCE_END):
                feeds.setdefault(received.feed, []).append(received)
        if feeds:
            heard_now = {feed: timing(said, now) for feed, said in feeds.items()}
            await hear(connection, heard_now, self.registry, self.policy, now)
        touched, changed = await self._touched(connection, new)
        touched |= await register(connection, changed, self.decoded, now)
        if touched:
            result.changes = await self.settle(connection, touched, now, told)
        told.new, told.rejected, told.changes = new, quarantined, result.changes
        await receipts.save(connection, told, self.registry, now)
        self._reach("after-settle")

    async def _insert(
        self,
        connection: Connection,
        located: list[Located],
        quarantined: list[Quarantined],
        result: BatchResult,
        said: Receipts,
    ) -> list[Located]:
        """Insert what is new. The same identity with the same content is a repeat, with other content a rejection."""
        first: dict[tuple[str, str], Located] = {}
        for each in located:
            first.setdefault(each.accepted.received.event.identity, each)
        if not first:
            return []
        inserted = await event_store.insert_events(connection, list(first.values()))
        for each in first.values():
            if each.accepted.received.event.identity in inserted:
                self.decoded.keep((each.topic, each.partition, each.offset), each.accepted.received)
        held = {i: e.accepted.content_hash for i, e in first.items() if i in inserted}
        held |= await event_store.content_hashes(
            connection, [i for i in first if i not in inserted]
        )
        new = []
        for each in located:
            identity = each.accepted.received.event.identity
            if first[identity] is each and identity in inserted:
                new.append(each)
                result.accepted.append(each.accepted.received.feed)
            elif held[identity] == each.accepted.content_hash:
                said.repeated.append(each)
                result.repeated.append(each.accepted.received.feed)
            else:
                why = "this source and id were used before for an event with other content"
                fault = Fault(
                    "/id",
                    "identity-reused",
                    why,
                    "give every event an id of its own; correct with event.corrected",
                )
                record = Record(each.topic, each.partition, each.offset, each.accepted.body, ())
                quarantined.append(
                    _quarantined(record, Rejected(fault, each.accepted.body), self.registry)
                )
        return new

    async def _touched(
        self, connection: Connection, new: list[Located]
    ) -> tuple[set[Key], set[Key]]:
        """The incidents and the local people (agency, local identifier) that new events are about."""
        received = [e.accepted.received for e in new]
        touched: set[Key] = {r.record_key for r in received if r.record_key is not None}
        changed: set[Key] = {
            (r.agency, p) for r in received for p in event_store.local_people(r) or ()
        }
        if received:
            incidents, people = await event_store.place_corrections(
                connection, [r.event.identity for r in received]
            )
            touched |= incidents
            changed |= people
        sites = {key for key in touched if key[1].startswith(SITE)}
        if sites:
            touched = (touched - sites) | await crisis_store.awaiting_place(connection)
        return touched, changed

    async def settle(
        self, connection: Connection, touched: set[Key], now: datetime, said: Receipts | None = None
    ) -> Sequence[AlertChange]:
        """As `Settling.settle`."""
        return await self.settling.settle(connection, touched, now, said)

    async def settle_crises(
        self, connection: Connection, crises: Sequence[str], now: datetime
    ) -> Sequence[AlertChange]:
        """As `Settling.settle_crises`."""
        return await self.settling.settle_crises(connection, crises, now)

    async def look_in_shadow(
        self, connection: Connection, crises: Sequence[str], now: datetime
    ) -> None:
        """As `Settling.look_in_shadow`."""
        await self.settling.look_in_shadow(connection, crises, now)


async def hear(
    connection: Connection,
    heard_now: dict[str, Timing],
    registry: Registry,
    policy: Policy,
    now: datetime,
) -> None:
    """The feeds gave a sign of life: silence begins later. A feed that was silent, or whose trouble is over, is looked at
    at once. One statement for all of them."""
    ordered = sorted(heard_now)
    late_from, backlog_from, ahead_from, lasts = (
        FEED_RULE.limit(policy, name)
        for name in ("late_from", "backlog_from", "ahead_from", "trouble_lasts")
    )
    rows = await connection.fetch(
        """INSERT INTO feed_state AS s
               (feed, last_heard_at, late_since, late_seconds, ahead_since, ahead_seconds)
           SELECT f, $2, CASE WHEN late > $5 THEN $2::timestamptz END, coalesce(late, -1),
                  CASE WHEN ahead > $6 THEN $2::timestamptz END, ahead
             FROM unnest($1::text[], $3::float8[], $4::float8[]) AS x(f, late, ahead)
           ON CONFLICT (feed) DO UPDATE SET
               last_heard_at = greatest(s.last_heard_at, excluded.last_heard_at),
               late_since = CASE WHEN excluded.late_seconds < 0 THEN s.late_since
                                 WHEN excluded.late_since IS NOT NULL THEN coalesce(s.late_since, excluded.late_since) END,
               late_seconds = CASE WHEN excluded.late_seconds < 0 THEN s.late_seconds ELSE excluded.late_seconds END,
               ahead_since = CASE WHEN excluded.ahead_since IS NOT NULL
                                  THEN coalesce(s.ahead_since, excluded.ahead_since) END,
               ahead_seconds = excluded.ahead_seconds
           RETURNING feed, silent_since, late_since, ahead_since, late_seconds, troubled, look_again_at""",
        ordered,
        now,
        [heard_now[f].late for f in ordered],
        [heard_now[f].ahead for f in ordered],
        late_from.total_seconds(),
        ahead_from.total_seconds(),
    )
    due: dict[str, datetime | None] = {}
    for row in rows:
        instants = [
            now + timedelta(seconds=registry.feeds_by_id[row["feed"]][1].silent_after_seconds)
        ]
        backlog = row["late_seconds"] >= backlog_from.total_seconds()
        troubles = {
            "late": None if backlog else row["late_since"],
            "backlog": row["late_since"] if backlog else None,
            "clock": row["ahead_since"],
        }
        over = row["troubled"] in troubles and troubles[row["troubled"]] is None
        if row["silent_since"] is not None or over:
            instants.append(now)
        if row["look_again_at"] is not None:
            instants.append(row["look_again_at"])
        begun = [since + lasts for since in troubles.values() if since is not None]
        instants += [at for at in begun if row["troubled"] is None or at > now]
        due[row["feed"]] = min(instants)
    await set_deadlines(connection, "feed", due, registry.zone)


async def look_at_rejections(connection: Connection, feeds: set[str], now: datetime) -> None:
    """Something of these feeds was rejected: have each looked at when it is next heard. A feed that was never heard is
    not connected."""
    await connection.execute(
        """UPDATE feed_state SET look_again_at = least(look_again_at, $2)
            WHERE feed = ANY($1::text[]) AND last_heard_at IS NOT NULL""",
        sorted(feeds),
        now,
    )
    await connection.execute(
        "UPDATE deadline SET due_at = $2 WHERE kind = 'feed' AND subject = ANY($1::text[]) AND due_at > $2",
        sorted(feeds),
        now,
    )
