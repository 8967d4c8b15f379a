"""What linking needs to know of one agency's incident, and how it is read off the incident's
events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.codes import Nature
from schemas.events import care, detention, incident, response
from schemas.place import Location
from schemas.received import Received, models_of
from services.liaison.crisis.corrections import counted
from services.liaison.linking.nature import category_of
from services.liaison.linking.place import read_street, street_key
from services.liaison.time.spans import FOREVER

# The name of a subject: (agency, reference) of its incident, and which of the incident's where
# there are several.
Key = tuple[str, ...]

# Two subjects, in no order.
Pair = frozenset[tuple[str, str]] | frozenset[Key]


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
    cross_references: frozenset[tuple[str, ...]]
    """Other agencies' incidents that this one names."""
    postcode: str | None = None
    """In capitals, without spaces."""
    usrn: str | None = None
    requests: frozenset[str] = frozenset()
    """Numbers of requests that are passed from one room to another: a place of safety asked for,
    and accepted.
    """
    request_names: frozenset[tuple[str, ...]] = frozenset()
    """(agency, number) of its own requests for help: another room may name one instead of the
    incident.
    """


# Nearness is told from places known to about a house or a junction; the middle of a square of a
# kilometre is near to nobody [assumption].
EXACT_WITHIN_METRES = 100


def _coordinates(place: Location) -> tuple[float | None, float | None]:
    """Coordinates as sent; those of a grid reference or Plus Code only where its square is small."""
    if place.latitude is not None and place.longitude is not None:
        return place.latitude, place.longitude
    point = place.point
    if point is None or point.within_metres > EXACT_WITHIN_METRES:
        return None, None
    return point.latitude, point.longitude


def place_keys(sighting: Sighting) -> tuple[str, ...]:
    """Names of the sighting's place, the most exact first; empty where it has none in words."""
    keys = []
    if sighting.uprn is not None:
        keys.append(f"uprn:{sighting.uprn}")
    street = street_key(read_street(sighting.street))
    if street is not None:
        keys.append(f"street:{street}")
    if sighting.postcode is not None:
        keys.append(f"postcode:{sighting.postcode}")
    if sighting.usrn is not None:
        keys.append(f"usrn:{sighting.usrn}")
    return tuple(keys)


def _lasts(received: Received) -> bool:
    """Whether the record goes on until it is ended: whatever happens to the person meanwhile is
    part of it.
    """
    return isinstance(received.event.data, detention.CustodyData | care.AbsenceData)


def sighting(events: Iterable[Received], person_id: str | None, key: Key | None = None) -> Sighting:
    """One subject's sighting for linking. `person_id` is the person attached, never one that is
    only possible; `key` names the subject where its incident has several.

    An incident all of whose events were retracted still has a sighting, without place or person, so
    that it links to nothing. Raises ValueError where no event belongs to an incident.
    """
    statements = counted(events)
    of_record = [received for received in statements if received.record_key is not None]
    named = of_record or _ever_of_record(statements.given)
    if not named or named[0].record_key is None:
        raise ValueError("a sighting needs at least one event that belongs to an incident")
    traces = Traces()
    for received in of_record:
        if type(received.event.data) in TELLING:
            traces.take(received)
    # whoever is in custody or absent is there until it ends: what they do meanwhile links to it
    last_seen_at = named[-1].event.time
    if of_record and _lasts(named[0]) and not traces.ended:
        last_seen_at = FOREVER
    people: frozenset[str] = frozenset()
    if person_id is not None and of_record:
        people = frozenset({person_id})
    place, category = traces.place, None
    latitude, longitude = _coordinates(place)
    if traces.nature is not None:
        category = category_of(traces.nature)
    return Sighting(
        key=key or named[0].record_key,
        agency_kind=named[0].agency_kind,
        opened_at=named[0].event.time,
        last_seen_at=last_seen_at,
        uprn=place.uprn,
        street=place.street,
        latitude=latitude,
        longitude=longitude,
        category=category,
        people=people,
        cross_references=frozenset(traces.references),
        postcode=_plain_postcode(place.postcode),
        usrn=place.usrn,
        requests=frozenset(traces.requests),
        request_names=frozenset(traces.request_names),
    )


def _plain_postcode(postcode: str | None) -> str | None:
    if postcode is None:
        return None
    return postcode.replace(" ", "").upper()


def _ever_of_record(statements: Iterable[Received]) -> list[Received]:
    """What was said of the record and taken back since, in order."""
    named = [received for received in statements if received.record_key is not None]
    return sorted(named, key=lambda received: received.order)


# The kinds of statements that say something of it: few of those of a long crisis.
TELLING = models_of(
    incident.IncidentFacts,
    incident.IncidentLinked,
    care.WelfareConcernRaised,
    detention.CustodyArrived,
    care.AbsenceReported,
    care.ReferralSent,
    detention.PlaceOfSafetyData,
    response.AssistanceRequested,
    detention.CustodyReleased,
    care.AbsenceEnded,
)


@dataclass(slots=True)
class Traces:
    """What the statements of an incident say of place, nature and other incidents; the newest
    counts.
    """

    place: Location = field(default_factory=Location)
    nature: Nature | None = None
    references: set[tuple[str, str]] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)
    request_names: set[tuple[str, str]] = field(default_factory=set)
    ended: bool = False

    def take(self, received: Received) -> None:
        """The next statement."""
        match received.event.data:
            case incident.IncidentFacts() as facts:
                # an update that says nothing of the place or nature takes neither back
                self.place = facts.location or self.place
                self.nature = facts.nature or self.nature
                self.references.update((link.agency, link.reference) for link in facts.linked)
            case incident.IncidentLinked(linked=link):
                self.references.add((link.agency, link.reference))
            case care.WelfareConcernRaised():
                # a call opened as something graver stays that
                self.nature = self.nature or Nature.WELFARE_CONCERN
            case (
                detention.CustodyArrived(incident=str(reference))
                | care.AbsenceReported(incident=str(reference))
                | care.ReferralSent(incident=str(reference))
            ):
                self.references.add((received.agency, reference))
            case detention.PlaceOfSafetyData(site=site, request=request):
                self.requests.add(f"{site}/{request}")
            case response.AssistanceRequested(request=str(request)):
                self.request_names.add((received.agency, request))
            case detention.CustodyReleased() | care.AbsenceEnded():
                self.ended = True
