"""The fold: from events in any order of arrival to the facts of one crisis, and to what linking needs of an incident."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from schemas.codes import Nature
from schemas.events import care, detention, incident
from schemas.place import Location
from schemas.received import Received
from services.identity.person import IdentityDecision, PersonOnFile
from services.liaison.crisis.corrections import Effective, counted
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Contact, SiteReport
from services.liaison.crisis.scene import Key
from services.liaison.crisis.state import Folding
from services.liaison.crisis.subjects import SITE_REPORTS_COUNT
from services.liaison.linking.link import Sighting
from services.liaison.time.spans import FOREVER

_TAKEN = frozenset({"conveyed", "detained", "arrested"})

_LINKING_NATURE = {
    Nature.MENTAL_HEALTH_CRISIS: "crisis",
    Nature.SUICIDAL: "crisis",
    Nature.SELF_HARM: "crisis",
    Nature.WELFARE_CONCERN: "welfare",
    Nature.MISSING: "welfare",
    Nature.DISTURBANCE: "disturbance",
    Nature.VIOLENCE: "disturbance",
    Nature.MEDICAL: "medical",
    Nature.TRAFFIC_COLLISION: "collision",
    Nature.TRAFFIC_STOP: "traffic",
    Nature.FIRE: "fire",
    Nature.CRIME: "property",
    Nature.ADMINISTRATIVE: "administrative",
}


__all__ = ["Crisis", "Folds", "fold", "sighting"]


class Folds:
    """Folds that go on: an event that occurs after all the others is taken alone, not with all before it once more.

    What is held is used only while the events it was made of are, one by one, the first of those that are given; so it can
    be out of date and never wrong: the result is the same as of `fold` (a property test). Of so many crises at most, the
    latest used.
    """

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._held: OrderedDict[str, tuple[list[Received], Folding]] = OrderedDict()

    def take(self, crisis_id: str, said: Effective) -> Folding:
        """A folding that has taken these events."""
        taken, folding = self._held.pop(crisis_id, ([], None))
        count = len(taken)
        if folding is None or said[:count] != taken:
            folding, count = Folding(), 0
        for received in said[count:]:
            folding.take(received)
        self._held[crisis_id] = (list(said), folding)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return folding


def fold(
    crisis_id: str,
    area: str | None,
    events: Iterable[Received],
    person: PersonOnFile | None,
    identity: IdentityDecision | None = None,
    contacts: tuple[Contact, ...] = (),
    site_reports: tuple[SiteReport, ...] = (),
    folds: Folds | None = None,
) -> Crisis:
    """The crisis that these events make, in whatever order and however often they came.

    `person` counts only if `identity` attaches it; with no decision given the caller vouches for it. Nothing of the
    result depends on when an event was received. `folds` spares what was folded before; the result is the same.
    """
    said = counted(events)
    attached = person
    outcome = "unknown" if person is None else "attached"
    if identity is not None:
        outcome = identity.outcome
        if identity.outcome != "attached" or (person and identity.person_id != person.person_id):
            attached = None
    folding = Folding() if folds is None else folds.take(crisis_id, said)
    if folds is None:
        for received in said:
            folding.take(received)
    detained = min((d.detained.at for d in folding.detentions.values()), default=None)
    believed = (
        ()
        if detained is None
        else tuple(r for r in site_reports if r.mark.at >= detained - SITE_REPORTS_COUNT)
    )
    return folding.crisis(crisis_id, area, attached, outcome, said.faults, contacts, believed)


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
        category=None if nature is None else _LINKING_NATURE.get(nature),
        people=frozenset() if person_id is None or not own else frozenset({person_id}),
        cross_references=frozenset(names),
    )
