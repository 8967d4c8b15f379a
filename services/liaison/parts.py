"""The subjects of the incidents that are settled: what each said, who it is held to be, and where
it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from schemas.person import PersonDescriptor
from services.identity.decide import identity_keys
from services.identity.person import UNKNOWN, IdentityDecision, PersonOnFile
from services.liaison.crisis.corrections import Effective, counted
from services.liaison.crisis.division import SubjectEvents, divide, newest_descriptor
from services.liaison.crisis.subjects import day_of, described_key, local_keys
from services.liaison.linking.candidates import link_keys
from services.liaison.linking.contacts import ContactRow, contact_keys
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.linking.sighting import Sighting, sighting
from services.liaison.linking.subjects import Description, Likeness, contradict, likeness
from services.liaison.settlement import IncidentFile, IncidentSettled, Key


@dataclass(frozen=True)
class Part:
    """One subject of an incident."""

    file: IncidentFile
    subject: SubjectEvents
    identity: IdentityDecision
    person: PersonOnFile | None
    """The person attached."""
    keys_of_further: frozenset[str] = frozenset()
    """Those of the incident's further subjects, whom the incident's row is found by too."""

    @property
    def key(self) -> SubjectKey:
        """The subject's name."""
        return self.subject.key

    @property
    def incident(self) -> Key:
        """The incident's name."""
        return self.subject.incident

    @property
    def events(self) -> Effective:
        """What is said of the subject."""
        return self.subject.events

    @property
    def crisis_id(self) -> str | None:
        """Where the subject is now; None for a new one."""
        if self.subject.subject:
            return self.file.crisis_ids.get(self.subject.subject)
        return self.file.crisis_id

    @cached_property
    def sighting(self) -> Sighting:
        """What linking needs of it."""
        return sighting(self.events, self.identity.person_id, self.key)

    @cached_property
    def contact_keys(self) -> frozenset[str]:
        """What it shares with others about the same person, telephone or property."""
        return contact_keys(self.events, self.identity.person_id)

    @cached_property
    def description(self) -> Description:
        """What is known of whom it is."""
        on_file: tuple[PersonDescriptor, ...] = ()
        if self.person is not None:
            on_file = self.person.descriptors
        return Description(
            self.identity.person_id, self.subject.descriptor, on_file, day_of(self.events)
        )

    @cached_property
    def keys(self) -> frozenset[str]:
        """Coarse keys under which it is found."""
        described = {described_key(key) for key in identity_keys(self.subject.descriptor)}
        return link_keys(self.sighting) | local_keys(self.events) | described

    def contradicts(self, other: Part) -> bool:
        """Whether the two are two people. What a log says of nobody in particular contradicts none
        of whom it is about.
        """
        if self.description.is_silent or other.description.is_silent:
            return False
        return contradict(self.description, other.description)

    def likeness(self, other: Part) -> Likeness:
        """What their descriptions say of whether the two are one person."""
        return likeness(self.description, other.description)

    def row(self, contact: ContactRow | None) -> IncidentSettled:
        """What is written of it."""
        return IncidentSettled(
            key=self.incident,
            opened_at=self.sighting.opened_at,
            last_seen_at=self.sighting.last_seen_at,
            keys=tuple(sorted(self.keys | self.keys_of_further)),
            contact=None if self.subject.subject else contact,
            subject=self.subject.subject,
        )


def parts_of(file: IncidentFile, people: Mapping[str, PersonOnFile]) -> list[Part]:
    """The subjects of an incident, the log's own part first."""
    events = counted(file.events)
    divided = divide(file.key, events)
    # nearly every incident: no second look at whose words are whose
    if len(divided) == 1:
        return [_part(file, divided[0], file.identity or UNKNOWN, people)]
    log, *further = [
        _part(file, subject, _identity_of(file, subject, events), people) for subject in divided
    ]
    keys = frozenset().union(*(part.keys for part in further))
    return [replace(log, keys_of_further=keys), *further]


def _part(
    file: IncidentFile,
    subject: SubjectEvents,
    identity: IdentityDecision,
    people: Mapping[str, PersonOnFile],
) -> Part:
    person = None
    if identity.person_id is not None:
        person = people.get(identity.person_id)
    return Part(file, subject, identity, person)


def _identity_of(file: IncidentFile, subject: SubjectEvents, events: Effective) -> IdentityDecision:
    """Whom one of several subjects is: what was decided of it; the incident's own decision is of
    whom it described last.
    """
    if subject.subject in file.identities:
        return file.identities[subject.subject]
    if file.identity is not None and subject.descriptor == newest_descriptor(events):
        return file.identity
    return UNKNOWN
