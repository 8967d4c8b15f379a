"""The ledger as the orchestration sees it: what is read and written in one transaction.

PostgreSQL keeps it in production (`services.ledger`), memory in replay and backtest
(`services.simulation`). Both are held to one contract test
(`tests/integration/test_ledger_contract.py`): what either writes of the same events is equal. An
adapter looks up and keeps; what a look-up is for, and what follows from it, is decided here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

from schemas.person import PersonDescriptor
from schemas.received import Received
from services.identity.known import Candidate, Known
from services.identity.model import Frequencies
from services.identity.person import Item
from services.identity.register import LocalRecord, RecordLink
from services.intake.accept import Accepted, Rejected
from services.intake.faults import Fault
from services.liaison.alert import Alert, AlertChange
from services.liaison.crisis.corrections import Effective
from services.liaison.linking.contacts import ContactRow, Echo
from services.liaison.linking.decisions import LinkDecision, LinkVerdict
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.settlement import Key, Settlement
from services.liaison.tally import Counts, Tally
from services.orchestration.parked import ParkedCrises
from services.orchestration.talk import Talk

Identity = tuple[str, str]
"""CloudEvents (source, id)."""
DeadlineKind = Literal["crisis", "feed", "alert", "monitor"]
ReviewVerdict = Literal["same", "different", "cannot-tell"]
RecordVerdict = Literal["same", "different"]


@dataclass(frozen=True, slots=True)
class Located:
    """An accepted event and where it stands in Kafka."""

    accepted: Accepted
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A rejected message and where it stands in Kafka."""

    rejected: Rejected
    feed: str
    agency: str
    topic: str
    partition: int
    offset: int
    headers: Sequence[tuple[str, bytes]] = ()
    """As it came; a binary-mode event is not whole without them."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something on its way out; sent again, it is the same message."""

    message_id: str
    topic: str
    key: bytes
    headers: Mapping[str, str]
    body: bytes
    created_at: datetime


@dataclass
class Receipts:
    """What is to be said of one batch."""

    new: list[Located] = field(default_factory=list)
    repeated: list[Located] = field(default_factory=list)
    rejected: list[Quarantined] = field(default_factory=list)
    crisis_of: Mapping[Key, str] = field(default_factory=dict)
    """The crisis of each incident that was settled."""
    changes: Sequence[AlertChange] = ()
    unfit: Mapping[Identity, Sequence[Fault]] = field(default_factory=dict)
    """Why corrections of this batch do not fit what they correct, and what events name that the
    registry does not have.
    """
    asked: Mapping[Identity, Item] = field(default_factory=dict)
    """What would decide whom an event of this batch describes, of whom it is not sure."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is kept of a feed between its batches."""

    feed: str
    last_heard_at: datetime | None = None
    silent_since: datetime | None = None
    stopped_at: datetime | None = None
    stopped_reason: str | None = None
    late_since: datetime | None = None
    """Since when the newest event of every batch was late; None: it is not."""
    late_seconds: float = 0.0
    ahead_since: datetime | None = None
    """Since when the newest event of every batch lay in the future; None: it does not."""
    ahead_seconds: float = 0.0
    unknown_since: datetime | None = None
    """Since when it has named what the agency registry does not have."""
    unknown_at: datetime | None = None
    """When it did so last."""
    troubled: str | None = None
    """backlog, late, clock or rejected: the trouble that stands although the feed is heard."""
    look_again_at: datetime | None = None
    """When its troubles must be looked at again, however often it is heard until then."""


@dataclass(frozen=True, slots=True)
class DescribedPerson:
    """A description whose person is sought."""

    descriptor: PersonDescriptor | None
    as_of: date | None
    """Day of the event, for apparent ages."""
    apart: Collection[str] = ()
    """People of whom a person has said that it is not about them."""


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The people to weigh for some descriptions, by incident, and how common is what is weighed."""

    candidates: Mapping[Key, Sequence[Candidate]]
    frequencies: Frequencies


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One organisation's record of a person as the register keeps it."""

    record: Key
    person_id: str
    known: Known
    keys: frozenset[int]
    """Identity keys under which it is found."""
    values: frozenset[tuple[str, str]]
    """What is counted of it (`identity.frequency.values_of`)."""


@dataclass(frozen=True, slots=True)
class DecisionKept:
    """Whom an incident is about, as it stands in the ledger."""

    outcome: str
    person_id: str | None
    evidence: Mapping[str, Any]
    """In JSON values: rule, candidates, evidence."""
    matcher_version: str

    @property
    def candidates(self) -> tuple[str, ...]:
        """People whom it may be about."""
        return tuple(self.evidence.get("candidates", ()))

    def says_the_same(self, other: DecisionKept) -> bool:
        """Whatever version of the matcher says it."""
        mine = (self.outcome, self.person_id, self.evidence)
        return mine == (other.outcome, other.person_id, other.evidence)


@dataclass(frozen=True, slots=True)
class ReviewKept:
    """What a person decided of whom an incident is about; not undone."""

    review_id: int
    verdict: ReviewVerdict
    record: Key
    """A record of the person meant: the person's own id changes when records merge, the record does
    not.
    """
    actor: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class NewReview:
    """The same, on its way into the ledger."""

    incident: Key
    person_id: str
    record: Key
    verdict: ReviewVerdict
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordLinkKept:
    """What a person decided of two records; not undone."""

    link_id: int
    kept: Key
    other: Key
    verdict: RecordVerdict
    actor: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class LinkNames:
    """Under what incidents are looked for that may link."""

    lately: Sequence[str]
    """Of incidents seen since `seen_since`."""
    ever: Sequence[str]
    seen_since: datetime


@dataclass(frozen=True, slots=True)
class ContactNames:
    """Under what other incidents are looked for that a rule may count, each kind as far back as a
    rule counts.
    """

    people: Sequence[str]
    people_since: datetime
    places: Sequence[str]
    places_since: datetime


class Events(Protocol):
    """Events as they came, and what was set aside."""

    async def insert_events(self, located: Sequence[Located]) -> set[Identity]:
        """Insert those that are new and return their identities."""

    async def content_hashes(self, identities: Collection[Identity]) -> dict[Identity, bytes]:
        """The content of events that are in the ledger."""

    async def insert_rejections(self, quarantined: Sequence[Quarantined], now: datetime) -> None:
        """Put messages into quarantine with the reason."""

    async def place_corrections(self, identities: Sequence[Identity]) -> tuple[set[Key], set[Key]]:
        """Give new corrections the record or the person of what they correct, and corrections that
        waited for a new event its own; then the corrections of these. Returns the incidents and the
        local people that changed."""

    async def corrected_kinds(self, targets: Collection[Identity]) -> dict[Identity, str | None]:
        """Type of the event that each target is, or that it corrects in the end; None for one that
        is not there.
        """

    async def events_of(self, incidents: Collection[Key]) -> dict[Key, Effective]:
        """All events of incidents, with their corrections. One of which nothing was said is not in
        it.
        """

    async def site_events(self, since: datetime) -> Sequence[Received]:
        """What places of safety said of their free places since an instant."""

    async def give_receipts(self, receipts: Receipts, now: datetime) -> None:
        """Put what is to be said of a batch into the outbox (`orchestration.receipts.messages`)."""


class People(Protocol):
    """The register of people, folded from what NHS organisations say, and what people decided of
    it.
    """

    async def local_records(self, records: Collection[Key]) -> list[LocalRecord]:
        """Each record as all its events make it, in order; one of which nothing was said is not in
        it.
        """

    async def tied_records(self, records: Collection[Key]) -> set[Key]:
        """The records that a merge or a split names beside one of these, these among them where
        there is one.
        """

    async def record_links(self, records: Collection[Key]) -> tuple[RecordLink, ...]:
        """What people decided of these records and has not been undone, in the order of the
        decisions.
        """

    async def people_of_records(self, records: Collection[Key]) -> dict[Key, str]:
        """The person of each record that is on file."""

    async def records_of_people(self, people: Collection[str]) -> set[Key]:
        """The records that are counted to these people."""

    async def keep_records(self, rows: Sequence[RegisterRow]) -> set[int]:
        """Write these records; gives the identity keys under which any of them was found before or
        is now.
        """

    async def incidents_linked(self, names: Collection[str], seen_since: datetime) -> set[Key]:
        """Incidents under one of these link keys that were seen since."""

    def shortlists(
        self, described: Mapping[Key, DescribedPerson]
    ) -> AsyncGenerator[Shortlist, None]:
        """Whom to weigh for each description, some at a time. The transaction is the caller's again
        after each.
        """

    async def identity_decisions(self, incidents: Collection[Key]) -> dict[Key, DecisionKept]:
        """The decision that stands for each incident that has one."""

    async def replace_decisions(self, decisions: Mapping[Key, DecisionKept], now: datetime) -> None:
        """Close the decisions that stand for these incidents, and keep these. Nothing is deleted."""

    async def reviews(self, incidents: Collection[Key]) -> dict[Key, tuple[ReviewKept, ...]]:
        """What people decided of these incidents and has not been undone, in the order of the
        decisions.
        """

    async def keep_review(self, review: NewReview, now: datetime) -> int:
        """Keep it; gives its number."""

    async def undo_review(
        self, review_id: int, actor: str, now: datetime
    ) -> tuple[Key, str] | None:
        """Close it; gives the incident and the person it was about. None where it is not open."""

    async def open_record_link(self, one: Key, two: Key) -> RecordLinkKept | None:
        """What was decided of the two records, whichever was named first, and has not been undone."""

    async def keep_record_link(
        self, link: RecordLink, actor: str, reason: str, now: datetime
    ) -> int:
        """Keep it; gives its number."""

    async def undo_record_link(
        self, link_id: int, actor: str, reason: str, now: datetime
    ) -> tuple[Key, Key] | None:
        """Close it; gives its two records. None where it is not open."""

    async def incidents_alerted_about(self, people: Collection[str]) -> set[Key]:
        """Incidents that are, or may be, about these people and whose crisis has an alert that
        stands.
        """


class Crises(Protocol):
    """Incidents, the crises they are in, and what is counted of them."""

    async def neighbourhood(
        self, incidents: Collection[Key], names: LinkNames
    ) -> dict[Key, str | None]:
        """These incidents, those that may link to them or of whom a person has decided with them,
        and all of the crises of these and of their scenes; each with its crisis."""

    async def incidents_of(self, crises: Collection[str]) -> dict[Key, str | None]:
        """The incidents of crises and of all others of their scenes, each with its crisis."""

    async def further_subjects(self, incidents: Collection[Key]) -> dict[Key, dict[str, str]]:
        """Of incidents that are about several people, the crisis of each further subject."""

    async def subjects_together(self, subject: SubjectKey) -> tuple[SubjectKey, ...]:
        """The subjects of the crisis that this one is in, in order; empty where there is no such
        subject.
        """

    async def contact_rows(self, incidents: Collection[Key]) -> dict[Key, ContactRow]:
        """What other crises may have counted of these incidents until now."""

    async def contacts(self, names: ContactNames) -> list[ContactRow]:
        """Incidents under these contact keys that were opened since."""

    async def incidents_under_contact(self, name: str) -> set[Key]:
        """Incidents with this contact key."""

    async def echoed(self, echoes: Sequence[Echo]) -> set[str]:
        """Crises that count an incident which is new or changed."""

    async def link_decisions(self, incidents: Collection[Key]) -> Sequence[LinkDecision]:
        """What people decided about subjects of these incidents, whoever the other is."""

    async def keep_link_decision(
        self,
        pair: tuple[SubjectKey, SubjectKey],
        verdict: LinkVerdict,
        actor: str,
        reason: str,
        now: datetime,
    ) -> None:
        """Keep what a person decided about two subjects; it replaces what was decided of them
        before.
        """

    async def save_crises(self, settlement: Settlement, now: datetime) -> None:
        """Write crises and their incidents, and count the incidents at their places."""

    async def incidents_by_day(
        self, places: Collection[str], since: date
    ) -> Mapping[str, Mapping[date, int]]:
        """How many incidents were opened at these places, by day, from that day on."""

    async def save_tallies(
        self, tallies: Mapping[str, Tally | None], dissolved: Collection[str]
    ) -> None:
        """Write what each crisis counts for; one that counts for nothing any more is taken out."""

    async def tally_counts(self, since: datetime, until: datetime) -> Counts:
        """As `services.liaison.tally.count` over the crises of the zone."""


class Alerts(Protocol):
    """Alerts, their log and what was disclosed."""

    async def alerts(
        self,
        *,
        crises: Collection[str] = (),
        feeds: Collection[str] = (),
        ids: Collection[str] = (),
    ) -> list[Alert]:
        """Every alert of the crises and feeds, and those of the ids, standing or not."""

    async def alert_subjects(self, ids: Collection[str]) -> list[tuple[str | None, str | None]]:
        """(crisis, feed) of each alert that there is."""

    async def monitor_alerts(self) -> list[str]:
        """Alerts that are about no crisis and no feed: those of the weekly monitor (R27)."""

    async def alerts_in_hand(self, desk: str, actor: str) -> list[str]:
        """Alerts that this person holds at the desk, in order."""

    async def save_alerts(self, changes: Sequence[AlertChange], now: datetime) -> int:
        """Write alerts, disclosures, the log and the messages that go out. Gives the newest
        sequence of the log; 0 where nothing was recorded. Call it last: the log's place is held
        until the transaction ends."""


class Feeds(Protocol):
    """What is known of how each feed is."""

    async def feed_states(self) -> Mapping[str, FeedState]:
        """Of every feed that was ever heard or stopped, by feed."""

    async def save_feed_states(self, states: Sequence[FeedState]) -> None:
        """Write them."""

    async def rejected_at(self, feed: str, since: datetime) -> tuple[datetime, ...]:
        """When something of the feed was rejected since, in order; the first thousand."""


class Deadlines(Protocol):
    """The instants at which something must be looked at again."""

    async def set_deadlines(self, kind: DeadlineKind, due: Mapping[str, datetime | None]) -> None:
        """Set or take away the instants at which subjects must be looked at again."""

    async def begin_deadline(self, kind: DeadlineKind, subject: str, at: datetime) -> None:
        """Set it where there is none."""

    async def bring_forward(
        self, kind: DeadlineKind, subjects: Collection[str], at: datetime
    ) -> None:
        """Have those that are due later looked at by then; one that is not set stays so."""

    async def take_deadlines(self, now: datetime, limit: int) -> list[tuple[DeadlineKind, str]]:
        """Take away what is due, the longest overdue first: (kind, subject)."""


class Transaction(Events, People, Crises, ParkedCrises, Alerts, Talk, Feeds, Deadlines, Protocol):
    """Everything within one transaction: all of it is kept, or nothing."""

    async def lock_zone(self) -> None:
        """One writer a zone: held until the transaction ends. Before anything is written."""

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """What is done inside is taken back where it ends with an exception; what was done before
        stays.
        """

    def passes(self, error: Exception) -> bool:
        """Whether a failure passes by itself: nothing in what is worked on makes it."""

    async def audit(
        self, action: str, actor: str, subject: str, detail: Mapping[str, Any], at: datetime
    ) -> None:
        """Keep one record of what somebody did."""


class Ledger(Protocol):
    """Where transactions begin."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Kept where it ends well, taken back where it ends with an exception."""

    async def oldest_deadline(self) -> datetime | None:
        """When the first deadline is due, of any kind."""
