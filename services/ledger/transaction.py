"""The ledger's port in PostgreSQL: each method is one of the package's functions, in one
transaction of one connection.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import asyncpg

from schemas.received import Received
from schemas.registry import Registry
from services.identity.register import LocalRecord, RecordLink
from services.ledger import audit, deadlines, feeds
from services.ledger.alerts import store as alert_store
from services.ledger.crises import parked as parked_store
from services.ledger.crises import place_days, talk, tallies
from services.ledger.crises import store as crisis_store
from services.ledger.decisions import identity_decisions, incident_links, record_links, reviews
from services.ledger.events import store as event_store
from services.ledger.events.decoded import Decoded
from services.ledger.people import register
from services.ledger.people.shortlist import shortlists
from services.ledger.zone import lock_zone
from services.liaison.alert import Alert, AlertChange
from services.liaison.alert.talk import DeskMessage, MessageView
from services.liaison.crisis.corrections import Effective, counted
from services.liaison.linking.contacts import ContactRow, Echo
from services.liaison.linking.decisions import LinkDecision, LinkVerdict
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.settlement import Key, Settlement
from services.liaison.tally import Counts, Tally
from services.orchestration.ledger import (
    ContactNames,
    DeadlineKind,
    DecisionKept,
    DescribedPerson,
    FeedState,
    Identity,
    LinkNames,
    Located,
    NewReview,
    Quarantined,
    Receipts,
    RecordLinkKept,
    RegisterRow,
    ReviewKept,
    Shortlist,
)
from services.orchestration.parked import Parked
from services.orchestration.receipts import messages
from services.runtime import postgres
from services.runtime.postgres import Connection


class PostgresTransaction:
    """What is read and written on one connection, inside a transaction that somebody else begins
    and ends.
    """

    def __init__(self, connection: Connection, registry: Registry, decoded: Decoded) -> None:
        self.connection = connection
        self._registry, self.decoded = registry, decoded
        self._feed_states: dict[str, FeedState] | None = None
        self._parked: Mapping[str, Parked] | None = None

    async def lock_zone(self) -> None:
        await lock_zone(self.connection, self._registry.zone)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        try:
            async with self.connection.transaction():
                yield
        except BaseException:
            # what was read of them may be what was taken back
            self._feed_states = None
            self._parked = None
            raise

    def passes(self, error: Exception) -> bool:
        return postgres.passes(error)

    async def audit(
        self, action: str, actor: str, subject: str, detail: Mapping[str, Any], at: datetime
    ) -> None:
        await audit.write(self.connection, action, actor, subject, detail, at)

    # -- events
    # -------------------------------------------------------------------------------------------------------

    async def insert_events(self, located: Sequence[Located]) -> set[Identity]:
        inserted = await event_store.insert_events(self.connection, located)
        for event in located:
            received = event.accepted.received
            if received.identity in inserted:
                self.decoded.keep(received, event.accepted.body)
        return inserted

    async def content_hashes(self, identities: Collection[Identity]) -> dict[Identity, bytes]:
        return await event_store.content_hashes(self.connection, identities)

    async def insert_rejections(self, quarantined: Sequence[Quarantined], now: datetime) -> None:
        await event_store.insert_rejections(self.connection, quarantined, now)

    async def corrected_kinds(self, targets: Collection[Identity]) -> dict[Identity, str | None]:
        return await event_store.corrected_kinds(self.connection, targets)

    async def place_corrections(self, identities: Sequence[Identity]) -> tuple[set[Key], set[Key]]:
        return await event_store.place_corrections(self.connection, identities)

    async def events_of(self, incidents: Collection[Key]) -> dict[Key, Effective]:
        events = await crisis_store.events_of(self.connection, incidents, self.decoded)
        return {incident: counted(statements) for incident, statements in events.items()}

    async def site_events(self, since: datetime) -> Sequence[Received]:
        return await crisis_store.site_events(self.connection, since, self.decoded)

    async def give_receipts(self, receipts: Receipts, now: datetime) -> None:
        await event_store.put_in_outbox(self.connection, messages(receipts, self._registry, now))

    # -- people
    # -------------------------------------------------------------------------------------------------------

    async def local_records(self, records: Collection[Key]) -> list[LocalRecord]:
        return await register.records_of(self.connection, records, self.decoded)

    async def tied_records(self, records: Collection[Key]) -> set[Key]:
        return await register.tied_records(self.connection, records)

    async def record_links(self, records: Collection[Key]) -> tuple[RecordLink, ...]:
        return await record_links.links_of(self.connection, records)

    async def people_of_records(self, records: Collection[Key]) -> dict[Key, str]:
        return await register.people_of_records(self.connection, records)

    async def records_of_people(self, people: Collection[str]) -> set[Key]:
        return await register.records_of_people(self.connection, people)

    async def keep_records(self, rows: Sequence[RegisterRow]) -> set[int]:
        return await register.keep_records(self.connection, rows)

    async def incidents_linked(self, names: Collection[str], seen_since: datetime) -> set[Key]:
        return await register.incidents_linked(self.connection, names, seen_since)

    def shortlists(
        self, described: Mapping[Key, DescribedPerson]
    ) -> AsyncGenerator[Shortlist, None]:
        return shortlists(self.connection, described, self.decoded)

    async def identity_decisions(self, incidents: Collection[Key]) -> dict[Key, DecisionKept]:
        return await identity_decisions.standing(self.connection, incidents)

    async def replace_decisions(self, decisions: Mapping[Key, DecisionKept], now: datetime) -> None:
        await identity_decisions.replace(self.connection, decisions, now)

    async def reviews(self, incidents: Collection[Key]) -> dict[Key, tuple[ReviewKept, ...]]:
        return await reviews.open_reviews(self.connection, incidents)

    async def keep_review(self, review: NewReview, now: datetime) -> int:
        return await reviews.insert_review(self.connection, review, now)

    async def undo_review(
        self, review_id: int, actor: str, now: datetime
    ) -> tuple[Key, str] | None:
        return await reviews.close_review(self.connection, review_id, actor, now)

    async def open_record_link(self, one: Key, two: Key) -> RecordLinkKept | None:
        return await record_links.open_link(self.connection, one, two)

    async def keep_record_link(
        self, link: RecordLink, actor: str, reason: str, now: datetime
    ) -> int:
        return await record_links.insert_link(self.connection, link, actor, reason, now)

    async def undo_record_link(
        self, link_id: int, actor: str, reason: str, now: datetime
    ) -> tuple[Key, Key] | None:
        return await record_links.close_link(self.connection, link_id, actor, reason, now)

    async def incidents_alerted_about(self, people: Collection[str]) -> set[Key]:
        return await record_links.incidents_alerted_about(self.connection, people)

    # -- crises
    # -------------------------------------------------------------------------------------------------------

    async def neighbourhood(
        self, incidents: Collection[Key], names: LinkNames
    ) -> dict[Key, str | None]:
        return await crisis_store.neighbourhood(self.connection, incidents, names)

    async def incidents_of(self, crises: Collection[str]) -> dict[Key, str | None]:
        return await crisis_store.incidents_of(self.connection, crises)

    async def further_subjects(self, incidents: Collection[Key]) -> dict[Key, dict[str, str]]:
        """Of incidents that are about several people, the crisis of each further subject."""
        return await crisis_store.further_subjects(self.connection, incidents)

    async def subjects_together(self, subject: SubjectKey) -> tuple[SubjectKey, ...]:
        return await crisis_store.subjects_together(self.connection, subject)

    async def contact_rows(self, incidents: Collection[Key]) -> dict[Key, ContactRow]:
        return await crisis_store.contact_rows(self.connection, incidents)

    async def contacts(self, names: ContactNames) -> list[ContactRow]:
        return await crisis_store.contacts(self.connection, names)

    async def incidents_under_contact(self, name: str) -> set[Key]:
        return await crisis_store.incidents_under_contact(self.connection, name)

    async def echoed(self, echoes: Sequence[Echo]) -> set[str]:
        return await crisis_store.echoed(self.connection, echoes)

    async def link_decisions(self, incidents: Collection[Key]) -> list[LinkDecision]:
        return await incident_links.decisions(self.connection, incidents)

    async def keep_link_decision(
        self,
        pair: tuple[SubjectKey, SubjectKey],
        verdict: LinkVerdict,
        actor: str,
        reason: str,
        now: datetime,
    ) -> None:
        await incident_links.keep(self.connection, pair, verdict, actor, reason, now)

    async def save_crises(self, settlement: Settlement, now: datetime) -> None:
        members = [m for crisis in settlement.crises for m in crisis.members if not m.subject]
        counts = await place_days.changes_by(self.connection, members)
        await crisis_store.save_crises(self.connection, settlement, self._registry.zone, now)
        await place_days.add(self.connection, counts)

    async def incidents_by_day(
        self, places: Collection[str], since: date
    ) -> Mapping[str, Mapping[date, int]]:
        return await place_days.by_day(self.connection, places, since)

    async def save_tallies(
        self, counts: Mapping[str, Tally | None], dissolved: Collection[str]
    ) -> None:
        await tallies.save(self.connection, counts, dissolved, self._registry.zone)

    async def tally_counts(self, since: datetime, until: datetime) -> Counts:
        return await tallies.counts(self.connection, self._registry.zone, since, until)

    async def parked(self) -> Mapping[str, Parked]:
        # the zone is locked, so nobody else writes them: read once a transaction
        if self._parked is None:
            self._parked = await parked_store.parked(self.connection, self._registry.zone)
        return self._parked

    async def park(self, rows: Sequence[Parked]) -> None:
        await parked_store.park(self.connection, rows, self._registry.zone)
        self._parked = None

    async def unpark(self, crises: Collection[str]) -> None:
        await parked_store.unpark(self.connection, crises)
        self._parked = None

    # -- alerts
    # -------------------------------------------------------------------------------------------------------

    async def alerts(
        self,
        *,
        crises: Collection[str] = (),
        feeds: Collection[str] = (),
        ids: Collection[str] = (),
    ) -> list[Alert]:
        return await alert_store.load(self.connection, crises=crises, feeds=feeds, ids=ids)

    async def alert_subjects(self, ids: Collection[str]) -> list[tuple[str | None, str | None]]:
        return await alert_store.subjects(self.connection, ids)

    async def monitor_alerts(self) -> list[str]:
        return await alert_store.of_neither(self.connection)

    async def alerts_in_hand(self, desk: str, actor: str) -> list[str]:
        return await alert_store.in_hand(self.connection, desk, actor)

    async def save_alerts(self, changes: Sequence[AlertChange], now: datetime) -> int:
        return await alert_store.save(self.connection, changes, self._registry, now)

    async def desk_messages(self, crisis: str) -> Sequence[DeskMessage]:
        return await talk.desk_messages(self.connection, crisis)

    async def message_views(self, crisis: str) -> Sequence[MessageView]:
        return await talk.message_views(self.connection, crisis)

    async def desks_told(self, crisis: str) -> frozenset[str]:
        return await talk.desks_told(self.connection, crisis)

    async def keep_desk_message(self, message: DeskMessage) -> bool:
        return await talk.keep_desk_message(self.connection, message)

    async def keep_views(self, views: Sequence[MessageView]) -> Sequence[MessageView]:
        return await talk.keep_views(self.connection, views)

    # -- feeds and deadlines
    # ------------------------------------------------------------------------------------------

    async def feed_states(self) -> Mapping[str, FeedState]:
        # the zone is locked, so nobody else writes them: read once a transaction
        if self._feed_states is None:
            self._feed_states = await feeds.feed_states(self.connection)
        return self._feed_states

    async def save_feed_states(self, states: Sequence[FeedState]) -> None:
        await feeds.save_feed_states(self.connection, states)
        if self._feed_states is not None:
            self._feed_states |= {state.feed: state for state in states}

    async def rejected_at(self, feed: str, since: datetime) -> tuple[datetime, ...]:
        return await feeds.rejected_at(self.connection, feed, since)

    async def set_deadlines(self, kind: DeadlineKind, due: Mapping[str, datetime | None]) -> None:
        await deadlines.set_deadlines(self.connection, kind, due, self._registry.zone)

    async def begin_deadline(self, kind: DeadlineKind, subject: str, at: datetime) -> None:
        await deadlines.begin(self.connection, kind, subject, at, self._registry.zone)

    async def bring_forward(
        self, kind: DeadlineKind, subjects: Collection[str], at: datetime
    ) -> None:
        await deadlines.bring_forward(self.connection, kind, subjects, at)

    async def take_deadlines(self, now: datetime, limit: int) -> list[tuple[DeadlineKind, str]]:
        return await deadlines.take(self.connection, self._registry.zone, now, limit)


class PostgresLedger:
    """Begins transactions on a pool's connections. One for a process: it keeps the events that were
    decoded last.
    """

    def __init__(self, pool: asyncpg.Pool, registry: Registry) -> None:
        self.pool, self.registry = pool, registry
        self.decoded = Decoded(registry)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """Kept where it ends well, taken back where it ends with an exception."""
        async with self.pool.acquire() as connection, connection.transaction():
            yield self.within(connection)

    def within(self, connection: Connection) -> PostgresTransaction:
        """In a transaction that the caller has begun on this connection."""
        return PostgresTransaction(connection, self.registry, self.decoded)

    async def oldest_deadline(self) -> datetime | None:
        """When the first deadline is due, of any kind."""
        return await deadlines.oldest(self.pool, self.registry.zone)
