"""Events in memory, and what was set aside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from schemas.events.care import PersonMerged, PersonSplit
from schemas.received import SITE, Received, local_people_of, refers_to
from services.identity.register import LocalRecord, fold_local
from services.liaison.crisis.corrections import Effective, counted, effective
from services.liaison.settlement import Key
from services.orchestration.ledger import Identity, Located, Quarantined, Receipts
from services.simulation.ledger.tables import Index, Journal, Log, Table


class MemoryEvents:
    """As they came, by the incident or the record that each is about."""

    def __init__(self, journal: Journal) -> None:
        self.events: Table[Identity, Located] = Table(journal)
        self.rejections: Table[tuple[str, int, int], tuple[Quarantined, datetime]] = Table(journal)
        self.receipts: Log[tuple[Receipts, datetime]] = Log(journal)
        self._of_incident: Index[Key, Identity] = Index(journal)
        self._of_record: Index[Key, Identity] = Index(journal)
        self._of_sites: Index[str, Identity] = Index(journal)
        self._belongs: Table[Identity, tuple[Key | None, Collection[Key]]] = Table(journal)
        self._unplaced: Table[Identity, Identity] = Table(journal)
        """Corrections whose event is not there, or is about nothing itself yet, and that event."""
        self._waiting_for: Index[Identity, Identity] = Index(journal)
        self._ties: Index[Key, Key] = Index(journal)
        self._effective: dict[Key, Effective] = {}
        self._folded: dict[Key, LocalRecord] = {}

    def forget_what_was_made(self) -> None:
        """Something was taken back: what was made of the events is made anew."""
        self._effective.clear()
        self._folded.clear()

    async def insert_events(self, located: Sequence[Located]) -> set[Identity]:
        """Insert those that are new and return their identities."""
        inserted: set[Identity] = set()
        for event in located:
            received = event.accepted.received
            identity = received.identity
            if identity not in self.events.rows:
                self.events.put(identity, event)
                self._place(received)
                inserted.add(identity)
        return inserted

    def _place(self, received: Received) -> None:
        identity = received.identity
        if received.record_key is not None:
            self._belong(identity, received.record_key, ())
            return
        people = local_people_of(received)
        if people is not None:
            records = [(received.agency, person) for person in people]
            self._belong(identity, None, records)
            if isinstance(received.event.data, PersonMerged | PersonSplit):
                for record in records:
                    for other in records:
                        self._ties.add(record, other)
            return
        target = refers_to(received)
        if target is not None:
            corrected = (received.event.source, target)
            self._unplaced.put(identity, corrected)
            self._waiting_for.add(corrected, identity)

    def _belong(self, identity: Identity, incident: Key | None, records: Collection[Key]) -> None:
        self._belongs.put(identity, (incident, records))
        if incident is not None:
            self._of_incident.add(incident, identity)
            self._effective.pop(incident, None)
            if incident[1].startswith(SITE):
                self._of_sites.add(SITE, identity)
        for record in records:
            self._of_record.add(record, identity)
            self._folded.pop(record, None)

    async def content_hashes(self, identities: Collection[Identity]) -> dict[Identity, bytes]:
        """The content of events that are in the ledger."""
        accepted = self.events.some(identities)
        return {
            identity: kept_event.accepted.content_hash for identity, kept_event in accepted.items()
        }

    async def corrected_kinds(self, targets: Collection[Identity]) -> dict[Identity, str | None]:
        """Type of the event that each target is, or that it corrects in the end; None for one that
        is not there.
        """
        return {target: self._kind(target) for target in targets}

    def _kind(self, target: Identity) -> str | None:
        # a correction of a correction is in the end about the first event; a circle of them is
        # about nothing
        for _ in range(5):
            located = self.events.rows.get(target)
            if located is None:
                return None
            received = located.accepted.received
            following = refers_to(received)
            if following is None:
                return received.event.type
            target = (target[0], following)
        return None

    async def insert_rejections(self, quarantined: Sequence[Quarantined], now: datetime) -> None:
        """Put messages into quarantine with the reason."""
        for fault in quarantined:
            place = (fault.topic, fault.partition, fault.offset)
            if place not in self.rejections.rows:
                self.rejections.put(place, (fault, now))

    async def rejected_at(self, feed: str, since: datetime) -> tuple[datetime, ...]:
        """When something of the feed was rejected since, in order."""
        instants = [
            at
            for rejection, at in self.rejections.rows.values()
            if rejection.feed == feed and at >= since
        ]
        return tuple(sorted(instants)[:1000])

    async def place_corrections(self, identities: Sequence[Identity]) -> tuple[set[Key], set[Key]]:
        """Give new corrections the record or the person of what they correct, and corrections that
        waited for a new event its own; then the corrections of these."""
        incidents: set[Key] = set()
        people: set[Key] = set()
        fresh: Sequence[Identity] = identities if self._unplaced.rows else ()
        while fresh:
            placed = []
            for correction in self._placeable(fresh):
                incident, records = self._belongs.rows[self._unplaced.rows[correction]]
                self._waiting_for.discard(self._unplaced.rows[correction], correction)
                self._unplaced.remove(correction)
                self._belong(correction, incident, records)
                if incident is not None:
                    incidents.add(incident)
                people.update(records)
                placed.append(correction)
            fresh = placed
        return incidents, people

    def _placeable(self, fresh: Iterable[Identity]) -> list[Identity]:
        """Corrections among these, or of these, of which it is known now what they are about."""
        touched: dict[Identity, None] = {}
        for identity in fresh:
            if self._unplaced.rows.get(identity) in self._belongs.rows:
                touched[identity] = None
            if identity in self._belongs.rows:
                touched |= self._waiting_for.at(identity)
        return list(touched)

    async def events_of(self, incidents: Collection[Key]) -> dict[Key, Effective]:
        """All events of incidents, with their corrections."""
        events: dict[Key, Effective] = {}
        for incident in incidents:
            effective = self._effective.get(incident)
            if effective is None:
                identities = self._of_incident.at(incident)
                if not identities:
                    continue
                effective = self._effective[incident] = counted(self._received(identities))
            events[incident] = effective
        return events

    def _received(self, identities: Iterable[Identity]) -> list[Received]:
        rows = self.events.rows
        return [rows[identity].accepted.received for identity in identities]

    async def site_events(self, since: datetime) -> Sequence[Received]:
        """What places of safety said of their free places since an instant."""
        events = self._received(self._of_sites.at(SITE))
        return [received for received in events if received.event.time >= since]

    async def local_records(self, records: Collection[Key]) -> list[LocalRecord]:
        """Each record as all its events make it, in order."""
        return [self._record(record) for record in sorted(records) if self._of_record.at(record)]

    def _record(self, record: Key) -> LocalRecord:
        folded = self._folded.get(record)
        if folded is None:
            events, _ = effective(self._received(self._of_record.at(record)))
            folded = self._folded[record] = fold_local(*record, events)
        return folded

    async def tied_records(self, records: Collection[Key]) -> set[Key]:
        """The records that a merge or a split names beside one of these."""
        return set(self._ties.under(records))

    async def give_receipts(self, receipts: Receipts, now: datetime) -> None:
        """Keep what is to be said of a batch."""
        self.receipts.append((receipts, now))
