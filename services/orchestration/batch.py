"""A batch of records in one transaction: events, people, crises, alerts, deadlines and receipts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.events.keeping import EventCorrected
from schemas.received import SITE, Received, local_people_of
from schemas.registry import TRACE_SOURCE_END, Registry
from services.intake.accept import Accepted, Rejected, accept
from services.intake.corrections import misfits
from services.intake.faults import Fault
from services.intake.naming import unknown_names
from services.liaison.feeds import Timing, timing
from services.liaison.linking.contacts import AWAITING_PLACE
from services.liaison.settlement import Key
from services.orchestration.feeds import hear, look_at_names, look_at_rejections
from services.orchestration.ledger import Identity, Located, Quarantined, Receipts, Transaction
from services.orchestration.parking import settle_touched
from services.orchestration.register import register
from services.orchestration.settling import Settled, Settling

Place = tuple[str, int]
"""(topic, partition)"""


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
    preceding: int | None = None
    """Offset from which on no record lies before this one, as whoever read the log has seen: markers
    of transactions, aborted and compacted records. None: nothing is known of that.
    """

    @property
    def place(self) -> Place:
        """(topic, partition)."""
        return (self.topic, self.partition)


@dataclass
class Batch:
    """What intake made of some records: ready to be taken in."""

    located: list[Located] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)


@dataclass
class TakenIn:
    """What became of a batch, for whoever counts it."""

    accepted: list[str] = field(default_factory=list)
    """Feed of each new event."""
    repeated: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    """(feed, code)."""
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """(feed, field) of what could not be read in an event that counts."""
    rejected_at: set[tuple[str, int, int]] = field(default_factory=set)
    """(topic, partition, offset) of each of these."""
    settled: Settled = field(default_factory=Settled)


def _nothing(_: str) -> None:
    """Nobody asked to be told how far the batch is."""


def read(
    records: Iterable[Record], registry: Registry, now: datetime, poison: bool = False
) -> Batch:
    """Each record through intake.

    With `poison` they are put into quarantine unread: the last resort for a record that breaks its
    handler.
    """
    batch = Batch()
    for record in records:
        agency, feed = registry.feeds_by_topic[record.topic]
        judged: Accepted | Rejected
        if poison:
            judged = Rejected(_HANDLER_ERROR, record.body or b"")
        else:
            judged = accept(record.body, record.headers, agency, feed, now, registry.box)
        place = (record.topic, record.partition, record.offset)
        if isinstance(judged, Accepted):
            batch.located.append(Located(judged, *place))
        else:
            batch.quarantined.append(
                Quarantined(judged, feed.id, agency.id, *place, headers=tuple(record.headers))
            )
    return batch


_HANDLER_ERROR = Fault(
    "", "handler-error", "this event breaks its handler", "ours to mend; it is kept for replay"
)
_IDENTITY_REUSED = Fault(
    "/id",
    "identity-reused",
    "this source and id were used before for an event with other content",
    "give every event an id of its own; correct with event.corrected",
)


async def take_in(
    transaction: Transaction,
    settling: Settling,
    batch: Batch,
    now: datetime,
    reach: Callable[[str], None] = _nothing,
    *,
    replayed: bool = False,
) -> TakenIn:
    """Everything from events that were accepted, or not, to alerts and receipts. `reach` is told
    when the events are kept and when all is settled. What is `replayed` from the quarantine says
    nothing of how its feed is now."""
    registry = settling.registry
    outcome = TakenIn()
    if not batch.located and not batch.quarantined:
        return outcome
    # before any row that deadlines write too, so that the two cannot wait for each other
    await transaction.lock_zone()
    receipts = await _insert(transaction, batch, registry, outcome)
    await _set_aside(transaction, receipts.rejected, outcome, now)
    timings = _timings(batch.located, now)
    if timings and not replayed:
        await hear(transaction, timings, registry, settling.policy, now)
    strangers = _strangers(receipts.new, registry)
    if strangers:
        feeds = {
            e.accepted.received.feed
            for e in receipts.new
            if e.accepted.received.identity in strangers
        }
        await look_at_names(transaction, feeds, settling.policy, now)
    reach("after-events")
    incidents, people = await _touched(transaction, receipts.new)
    incidents |= await register(transaction, people, now)
    if incidents:
        outcome.settled = await settle_touched(transaction, settling, incidents, now)
    receipts.crisis_of, receipts.changes = outcome.settled.crisis_of, outcome.settled.changes
    receipts.asked = outcome.settled.asked
    receipts.unfit = strangers | await _unfit_corrections(transaction, receipts.new)
    await transaction.give_receipts(receipts, now)
    reach("after-settle")
    return outcome


async def _insert(
    transaction: Transaction, batch: Batch, registry: Registry, outcome: TakenIn
) -> Receipts:
    """Insert what is new. The same identity with the same content is a repeat, with other content a
    rejection.
    """
    receipts = Receipts(rejected=list(batch.quarantined))
    first: dict[Identity, Located] = {}
    again: list[Located] = []
    for located in batch.located:
        if first.setdefault(located.accepted.received.identity, located) is not located:
            again.append(located)
    inserted = await transaction.insert_events(list(first.values())) if first else set()
    for identity, located in first.items():
        if identity in inserted:
            receipts.new.append(located)
            feed = located.accepted.received.feed
            outcome.accepted.append(feed)
            outcome.left_out += [(feed, name) for name in located.accepted.left_out]
        else:
            again.append(located)
    if not again:
        return receipts
    hashes = await transaction.content_hashes({e.accepted.received.identity for e in again})
    for located in again:
        accepted = located.accepted
        if hashes[accepted.received.identity] == accepted.content_hash:
            receipts.repeated.append(located)
            outcome.repeated.append(accepted.received.feed)
        else:
            receipts.rejected.append(_reused(located, registry))
    return receipts


def _strangers(new: Sequence[Located], registry: Registry) -> dict[Identity, Sequence[Fault]]:
    """What events name that the registry does not have, for their receipts."""
    strangers: dict[Identity, Sequence[Fault]] = {}
    for located in new:
        event = located.accepted.received.event
        names = unknown_names(event.data, registry)
        if names:
            strangers[event.identity] = names
    return strangers


async def _unfit_corrections(
    transaction: Transaction, new: Sequence[Located]
) -> dict[Identity, Sequence[Fault]]:
    """Why each of these corrections changes nothing, for its receipt."""
    corrections: dict[Identity, EventCorrected] = {}
    for located in new:
        event = located.accepted.received.event
        if isinstance(event.data, EventCorrected):
            corrections[event.identity] = event.data
    if not corrections:
        return {}
    targets = {identity: (identity[0], data.corrects) for identity, data in corrections.items()}
    kinds = await transaction.corrected_kinds(set(targets.values()))
    return {
        identity: misfits(kinds[targets[identity]], data.data)
        for identity, data in corrections.items()
    }


def _reused(located: Located, registry: Registry) -> Quarantined:
    agency, feed = registry.feeds_by_id[located.accepted.received.feed]
    rejected = Rejected(_IDENTITY_REUSED, located.accepted.body)
    place = (located.topic, located.partition, located.offset)
    return Quarantined(rejected, feed.id, agency.id, *place)


async def _set_aside(
    transaction: Transaction, quarantined: Sequence[Quarantined], outcome: TakenIn, now: datetime
) -> None:
    if not quarantined:
        return
    await transaction.insert_rejections(quarantined, now)
    for entry in quarantined:
        outcome.rejected.append((entry.feed, entry.rejected.fault.code))
        outcome.rejected_at.add((entry.topic, entry.partition, entry.offset))
    await look_at_rejections(transaction, {entry.feed for entry in quarantined}, now)


def _timings(located: Iterable[Located], now: datetime) -> dict[str, Timing | None]:
    """How each feed's events stand to our clock. What a trace asked for was not said by the feed
    itself.
    """
    by_feed: dict[str, list[Received]] = {}
    for entry in located:
        received = entry.accepted.received
        if not received.event.source.endswith(TRACE_SOURCE_END):
            by_feed.setdefault(received.feed, []).append(received)
    return {feed: timing(events, now) for feed, events in by_feed.items()}


async def _touched(transaction: Transaction, new: Sequence[Located]) -> tuple[set[Key], set[Key]]:
    """The incidents and the local people (agency, local identifier) that new events are about."""
    incidents: set[Key] = set()
    people: set[Key] = set()
    if not new:
        return incidents, people
    for located in new:
        received = located.accepted.received
        if received.record_key is not None:
            incidents.add(received.record_key)
        people |= {(received.agency, person) for person in local_people_of(received) or ()}
    corrected, people_corrected = await transaction.place_corrections(
        [located.accepted.received.identity for located in new]
    )
    incidents |= corrected
    sites = {incident for incident in incidents if incident[1].startswith(SITE)}
    if sites:
        # a place of safety is of no crisis: what it says concerns those who wait for one
        incidents -= sites
        incidents |= await transaction.incidents_under_contact(AWAITING_PLACE)
    return incidents, people | people_corrected
