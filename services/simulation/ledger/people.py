"""The register of people in memory, and what people and the matcher decided of it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.identity.candidates import gather
from services.identity.decide import identity_keys
from services.identity.frequency import ALL, LEAST_REGISTER, known, stored
from services.identity.known import Candidate, candidate_of
from services.identity.model import Frequencies
from services.identity.register import RecordLink
from services.liaison.settlement import Key
from services.orchestration.ledger import (
    DecisionKept,
    DescribedPerson,
    NewReview,
    RecordLinkKept,
    RecordVerdict,
    RegisterRow,
    ReviewKept,
    Shortlist,
)
from services.orchestration.matching import values_to_know
from services.simulation.ledger.tables import Index, Journal, Log, Table


@dataclass(frozen=True, slots=True)
class Review:
    """A review, open or undone."""

    review: NewReview
    decided_at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What a person decided of two records, open or undone."""

    link: RecordLink
    actor: str
    reason: str
    decided_at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None

    @property
    def records(self) -> frozenset[Key]:
        """Both."""
        return frozenset({self.link.kept, self.link.other})


class MemoryPeople:
    """Records by person and by identity key."""

    def __init__(self, journal: Journal) -> None:
        self.register: Table[Key, RegisterRow] = Table(journal)
        self.decisions: Table[Key, DecisionKept] = Table(journal)
        self.decided: Log[tuple[Key, DecisionKept, datetime]] = Log(journal)
        """Every decision about a person, in order."""
        self.reviewed: Table[int, Review] = Table(journal)
        self.links: Table[int, Link] = Table(journal)
        # as a sequence of PostgreSQL: a number that was given and taken back is not given again
        self._review_numbers = itertools.count(1)
        self._link_numbers = itertools.count(1)
        self._of_person: Index[str, Key] = Index(journal)
        self._holders: Index[int, Key] = Index(journal)
        self._counts: Table[tuple[str, str], int] = Table(journal)
        self._candidates: dict[str, Candidate] = {}

    def forget_who_was_known(self) -> None:
        """The register is another one: who is behind its records is made anew."""
        self._candidates.clear()

    async def record_links(self, records: Collection[Key]) -> tuple[RecordLink, ...]:
        """What people decided of these records and has not been undone, in the order of the
        decisions.
        """
        return tuple(
            row.link
            for row in self.links.rows.values()
            if row.undone_at is None and not row.records.isdisjoint(records)
        )

    async def people_of_records(self, records: Collection[Key]) -> dict[Key, str]:
        """The person of each record that is on file."""
        rows = self.register.some(records)
        return {record: row.person_id for record, row in rows.items()}

    async def records_of_people(self, people: Collection[str]) -> set[Key]:
        """The records that are counted to these people."""
        return set(self._of_person.under(people))

    async def keep_records(self, rows: Iterable[RegisterRow]) -> set[int]:
        """Write these records; gives the identity keys under which any of them was found before or
        is now.
        """
        keys: set[int] = set()
        for row in rows:
            earlier = self.register.rows.get(row.record)
            former_keys: frozenset[int] = frozenset()
            former_values: frozenset[tuple[str, str]] = frozenset()
            if earlier is not None:
                former_keys, former_values = earlier.keys, earlier.values
                self._of_person.discard(earlier.person_id, row.record)
            self._of_person.add(row.person_id, row.record)
            self._holders.move(row.record, former_keys, row.keys)
            self._count(former_values, row.values)
            self.register.put(row.record, row)
            keys |= former_keys | row.keys
        self.forget_who_was_known()
        return keys

    def _count(
        self, earlier: frozenset[tuple[str, str]], present: frozenset[tuple[str, str]]
    ) -> None:
        steps = [(value, 1) for value in present - earlier]
        steps += [(value, -1) for value in earlier - present]
        for value, step in steps:
            self._counts.put(value, self._counts.rows.get(value, 0) + step)

    async def shortlists(
        self, described: Mapping[Key, DescribedPerson]
    ) -> AsyncGenerator[Shortlist, None]:
        """Whom to weigh for each description, all at once."""
        candidates: dict[Key, list[Candidate]] = {}
        for incident, person in described.items():
            keys = identity_keys(person.descriptor)
            records = gather({key: self._holders.at(key) for key in keys})
            people = {self.register.rows[record].person_id for record in records}
            candidates[incident] = [self._candidate(person_id) for person_id in sorted(people)]
        yield Shortlist(candidates, self._frequencies(values_to_know(described, candidates)))

    def _candidate(self, person_id: str) -> Candidate:
        candidate = self._candidates.get(person_id)
        if candidate is None:
            records = sorted(self._of_person.at(person_id))
            candidate = candidate_of(person_id, (self.register.rows[r].known for r in records))
            self._candidates[person_id] = candidate
        return candidate

    def _frequencies(self, values: Collection[tuple[str, str]]) -> Frequencies:
        if len(self.register.rows) < LEAST_REGISTER:
            return Frequencies()
        counts = {stored(*value): self._counts.rows.get(value, 0) for value in values}
        counts[ALL] = sum(bool(row.values) for row in self.register.rows.values())
        return known(values, counts)

    async def identity_decisions(self, incidents: Collection[Key]) -> dict[Key, DecisionKept]:
        """The decision that stands for each incident that has one."""
        return dict(self.decisions.some(incidents))

    async def replace_decisions(self, decisions: Mapping[Key, DecisionKept], now: datetime) -> None:
        """Close the decisions that stand for these incidents, and keep these."""
        for incident, decision in decisions.items():
            self.decisions.put(incident, decision)
            self.decided.append((incident, decision, now))

    async def reviews(self, incidents: Collection[Key]) -> dict[Key, tuple[ReviewKept, ...]]:
        """What people decided of these incidents and has not been undone."""
        by_key: dict[Key, tuple[ReviewKept, ...]] = {}
        for number, row in self.reviewed.rows.items():
            review = row.review
            if row.undone_at is None and review.incident in incidents:
                one = ReviewKept(
                    number, review.verdict, review.record, review.actor, row.decided_at
                )
                by_key[review.incident] = (*by_key.get(review.incident, ()), one)
        return by_key

    async def keep_review(self, review: NewReview, now: datetime) -> int:
        """Keep it; gives its number."""
        number = next(self._review_numbers)
        self.reviewed.put(number, Review(review, now))
        return number

    async def undo_review(
        self, review_id: int, actor: str, now: datetime
    ) -> tuple[Key, str] | None:
        """Close it; gives the incident and the person it was about. None where it is not open."""
        row = self.reviewed.rows.get(review_id)
        if row is None or row.undone_at is not None:
            return None
        self.reviewed.put(review_id, replace(row, undone_by=actor, undone_at=now))
        return row.review.incident, row.review.person_id

    async def open_record_link(self, one: Key, two: Key) -> RecordLinkKept | None:
        """What was decided of the two records, whichever was named first, and has not been undone."""
        for number, row in self.links.rows.items():
            if row.undone_at is None and row.records == {one, two}:
                verdict: RecordVerdict = "same" if row.link.same else "different"
                return RecordLinkKept(
                    number, row.link.kept, row.link.other, verdict, row.actor, row.decided_at
                )
        return None

    async def keep_record_link(
        self, link: RecordLink, actor: str, reason: str, now: datetime
    ) -> int:
        """Keep it; gives its number."""
        number = next(self._link_numbers)
        self.links.put(number, Link(link, actor, reason, now))
        return number

    async def undo_record_link(
        self, link_id: int, actor: str, reason: str, now: datetime
    ) -> tuple[Key, Key] | None:
        """Close it; gives its two records. None where it is not open."""
        row = self.links.rows.get(link_id)
        if row is None or row.undone_at is not None:
            return None
        self.links.put(link_id, replace(row, undone_by=actor, undone_at=now))
        return row.link.kept, row.link.other
