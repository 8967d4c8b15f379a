"""An incident's subjects: one by default, several where the log says that it is about several
people.

A force may detain a father and his daughter under one log. What the log says under a detention's
reference is about the person detained; what it says of nobody in particular is about the person it
describes, or it is not known about which of them. Nothing here hangs on the order in which events
came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from schemas.events import detention
from schemas.person import PersonDescriptor
from schemas.received import DESCRIBING, Received, stated
from services.identity.contradiction import contradiction, evidence_between
from services.liaison.crisis.corrections import Effective

Key = tuple[str, str]
# (agency, reference) of the incident, which is its only subject's name or the log's own; (agency,
# reference, detention) of a further subject.
SubjectKey = tuple[str, ...]


# Bits for one person from which two detentions at once are one that was entered twice: as much as
# a given name.
_ENTERED_TWICE = 4.0


@dataclass(frozen=True, slots=True)
class SubjectEvents:
    """What an incident says of one subject; or, of a log about several people, what it says of none
    in particular.
    """

    key: SubjectKey
    events: Effective
    descriptor: PersonDescriptor | None
    """The newest that is about the subject."""

    @property
    def incident(self) -> Key:
        """The incident's name."""
        return incident_of(self.key)

    @property
    def subject(self) -> str:
        """Which of the incident's subjects; empty for its only one, or for the log itself."""
        return subject_of(self.key)

    @property
    def names(self) -> frozenset[SubjectKey]:
        """Every name it goes by: its own, and one for each of its detentions."""
        detentions = {
            received.event.data.detention
            for received in self.events
            if isinstance(received.event.data, detention.DetentionDetained)
        }
        return frozenset({self.key, *((*self.incident, reference) for reference in detentions)})


def incident_of(key: SubjectKey) -> Key:
    """The incident that a subject is of."""
    return (key[0], key[1])


def subject_of(key: SubjectKey) -> str:
    """Which subject of the incident; empty for its only one, or for the log itself."""
    if len(key) > 2:
        return key[2]
    return ""


def subject_key(agency: str, reference: str, subject: str = "") -> SubjectKey:
    """The name of an incident's only subject or of the log's own; or of a further one."""
    if subject:
        return (agency, reference, subject)
    return (agency, reference)


@dataclass(slots=True)
class _Detained:
    """One or more references of detentions that may be one person's."""

    reference: str
    descriptor: PersonDescriptor | None
    since: date
    under_way: bool
    """Detained, and not yet at a place of safety: nobody is detained twice at once."""
    references: set[str] = field(default_factory=set)


def divide(key: Key, events: Effective) -> tuple[SubjectEvents, ...]:
    """The subjects of an incident, the log's own part first."""
    references = {
        received.event.data.detention
        for received in events
        if type(received.event.data) is detention.DetentionDetained
    }
    whole = SubjectEvents(key, events, newest_descriptor(events))
    # most logs are about one person: only a second detention makes one look closer
    if len(references) < 2:
        return (whole,)
    people = _people_detained(events)
    if len(people) < 2:
        return (whole,)
    return _divided(key, events, people)


def _divided(key: Key, events: Effective, people: Sequence[_Detained]) -> tuple[SubjectEvents, ...]:
    owner = _owner_of_log(events, people)
    parts = []
    for person in people:
        if person is not owner:
            statements = [r for r in events if _detention_of(r) in person.references]
            parts.append(_part((*key, person.reference), statements))
    # what is left is the log's: its own statements, those of the person it describes, and a
    # consultation before a detention that never came, which is nobody's in particular
    of_a_person = {received.identity for part in parts for received in part.events}
    log = _part(key, [r for r in events if r.identity not in of_a_person])
    log.events.faults = events.faults
    log_given = tuple(r for r in events.given if r.identity not in of_a_person)
    # detentions may come before the log they are of has said anything: it stands for the incident
    # all the same, without place or person, as one that was taken back does
    log.events.given = log_given or events.given
    return (log, *parts)


def _owner_of_log(events: Effective, people: Iterable[_Detained]) -> _Detained | None:
    """Whom of the people detained the log itself describes; None where it describes nobody."""
    described = newest_descriptor([r for r in events if not _is_of_detention(r)])
    if described is None:
        return None
    for person in people:
        if _may_be_one(described, person.descriptor, person.since):
            return person
    return None


def newest_descriptor(events: Sequence[Received]) -> PersonDescriptor | None:
    """The last that is said of whom it is about, of events in order; None where nothing is said."""
    for received in reversed(events):
        data = received.event.data
        if type(data) not in DESCRIBING:
            continue
        person = stated(data, "person")
        if isinstance(person, PersonDescriptor):
            return person
    return None


def _part(key: SubjectKey, events: Sequence[Received]) -> SubjectEvents:
    statements = Effective(events)
    statements.given = tuple(events)
    return SubjectEvents(key, statements, newest_descriptor(statements))


def _is_of_detention(received: Received) -> bool:
    return isinstance(received.event.data, detention.DetentionData)


def _detention_of(received: Received) -> str | None:
    data = received.event.data
    if isinstance(data, detention.DetentionData):
        return data.detention
    return None


def _people_detained(events: Iterable[Received]) -> list[_Detained]:
    """Who was detained: two references are two people where their descriptions contradict one
    another, or where one was detained while the other was still on the way."""
    people: list[_Detained] = []
    for received in events:
        data = received.event.data
        if not isinstance(data, detention.DetentionData):
            continue
        if isinstance(data, detention.DetentionDetained):
            _detain(people, data, received.event.time.date())
        elif not isinstance(data, detention.DetentionConsulted):
            for person in people:
                if data.detention in person.references:
                    person.under_way = isinstance(data, detention.DetentionConveyed)
    return people


def _detain(people: list[_Detained], data: detention.DetentionDetained, day: date) -> None:
    same = _same_person(people, data, day)
    if same is None:
        same = _Detained(data.detention, data.person, day, True)
        people.append(same)
    same.references.add(data.detention)
    # the last that was said of them
    same.descriptor = data.person or same.descriptor
    same.under_way = data.kept_at is None


def _same_person(
    people: Iterable[_Detained], data: detention.DetentionDetained, day: date
) -> _Detained | None:
    # said again under its own reference it is the same detention, whatever the words
    for person in people:
        if data.detention in person.references:
            return person
    for person in people:
        if not _may_be_one(data.person, person.descriptor, day):
            continue
        # nobody is detained while they are on the way to a place of safety, unless it was entered
        # twice
        if not person.under_way or _are_one(data.person, person.descriptor, day):
            return person
    return None


def _are_one(one: PersonDescriptor | None, other: PersonDescriptor | None, day: date) -> bool:
    """Whether something speaks for one person: a detention that was entered twice."""
    if one is None or other is None:
        return False
    return sum(bits for _, _, bits in evidence_between(one, other, as_of=day)) >= _ENTERED_TWICE


def _may_be_one(one: PersonDescriptor | None, other: PersonDescriptor | None, day: date) -> bool:
    if one is None or other is None:
        return True
    return contradiction(one, other, as_of=day) is None
