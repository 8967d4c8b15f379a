"""What linking needs to know of one agency's incident, and how it is read off the incident's events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.codes import Nature
from schemas.events import care, detention, incident
from schemas.place import Location
from schemas.received import Received
from services.liaison.crisis.corrections import counted
from services.liaison.linking.nature import category_of
from services.liaison.linking.place import read_street, street_key
from services.liaison.time.spans import FOREVER

Key = tuple[str, str]
"""(agency, reference): the name of one incident."""

Pair = frozenset[Key]
"""Two incidents, in no order."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What linking needs to know of one agency's incident."""

    key: Key
    agency_kind: str
    opened_at: datetime
    last_seen_at: datetime
    """When the incident last had an event; not before `opened_at`."""
    uprn: str | None
    street: str | None
    latitude: float | None
    longitude: float | None
    category: str | None
    """Coarse nature, one of `services.liaison.nature.NATURES`; None where it is not known."""
    people: frozenset[str]
    """Ids of the persons attached by identity, never of those merely possible."""
    cross_references: frozenset[Key]
    """Other agencies' incidents that this one names."""


def place_keys(sighting: Sighting) -> tuple[str, ...]:
    """Names of the sighting's place, the most exact first; empty where it has none in words."""
    keys = []
    if sighting.uprn is not None:
        keys.append(f"uprn:{sighting.uprn}")
    if (street := street_key(read_street(sighting.street))) is not None:
        keys.append(f"street:{street}")
    return tuple(keys)


def _lasts(received: Received) -> bool:
    """Whether the record goes on until it is ended: whatever happens to the person meanwhile is part of it."""
    return isinstance(received.event.data, detention.CustodyData | care.AbsenceData)


def sighting(events: Iterable[Received], person_id: str | None) -> Sighting:
    """One incident's sighting for linking. `person_id` is the person attached, never one that is only possible.

    An incident all of whose events were retracted still has a sighting, without place or person, so that it links to
    nothing. Raises ValueError where no event belongs to an incident.
    """
    said = counted(events)
    own = [r for r in said if r.record_key is not None]
    named = own or sorted(
        (r for r in said.given if r.record_key is not None), key=lambda r: r.order
    )
    if not named or named[0].record_key is None:
        raise ValueError("a sighting needs at least one event that belongs to an incident")
    place: Location | None = None
    nature: Nature | None = None
    names: set[Key] = set()
    ended = False
    for received in own:
        match received.event.data:
            case incident.IncidentFacts() as facts:
                place = facts.location or place
                nature = facts.nature or nature
                names.update((each.agency, each.reference) for each in facts.linked)
            case incident.IncidentLinked(linked=other):
                names.add((other.agency, other.reference))
            case care.WelfareConcernRaised():
                nature = nature or Nature.WELFARE_CONCERN
            case (
                detention.CustodyArrived(incident=str(own_incident))
                | care.AbsenceReported(incident=str(own_incident))
            ):
                names.add((received.agency, own_incident))
            case care.ReferralSent(incident=str(own_incident)):
                names.add((received.agency, own_incident))
            case detention.CustodyReleased() | care.AbsenceEnded():
                ended = True
    return Sighting(
        key=named[0].record_key,
        agency_kind=named[0].agency_kind,
        opened_at=named[0].event.time,
        last_seen_at=named[-1].event.time if ended or not own or not _lasts(named[0]) else FOREVER,
        uprn=None if place is None else place.uprn,
        street=None if place is None else place.street,
        latitude=None if place is None else place.latitude,
        longitude=None if place is None else place.longitude,
        category=None if nature is None else category_of(nature),
        people=frozenset() if person_id is None or not own else frozenset({person_id}),
        cross_references=frozenset(names),
    )
