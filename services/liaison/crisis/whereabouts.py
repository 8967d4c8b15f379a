"""Where the person of a crisis is: one fact, told by whoever moves, receives or loses them.

A unit that leaves takes the person along only where it says so. Where nobody has said where the
person went, they are where they were: at the scene, until somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.codes import AgencyKind, PlaceOfSafetyKind, ResourceKind
from schemas.events import care, detention, incident, response
from schemas.model import Closed
from schemas.received import Mark
from services.liaison.time.spans import FOREVER


class Place(StrEnum):
    """Where the person is."""

    SCENE = "scene"
    CREW = "crew"
    """With a crew of a health service, on the way."""
    POLICE = "police"
    """In a police vehicle, on the way."""
    DEPARTMENT = "department"
    PLACE_OF_SAFETY = "place-of-safety"
    CUSTODY = "custody"
    WARD = "ward"
    GONE = "gone"
    """Released, escaped, walked out or absent."""
    UNKNOWN = "unknown"


# Where somebody looks after the person. In a police vehicle the police are alone with them.
HAS_PERSON = frozenset(
    {Place.CREW, Place.DEPARTMENT, Place.PLACE_OF_SAFETY, Place.CUSTODY, Place.WARD}
)

# With whom the person is when a resource takes them along.
TAKEN_BY: Mapping[ResourceKind, Place] = {
    ResourceKind.POLICE_UNIT: Place.POLICE,
    ResourceKind.AMBULANCE: Place.CREW,
    ResourceKind.RAPID_RESPONSE_CAR: Place.CREW,
    ResourceKind.MENTAL_HEALTH_JOINT_RESPONSE_CAR: Place.CREW,
    ResourceKind.STREET_TRIAGE: Place.CREW,
    ResourceKind.CRISIS_TEAM: Place.CREW,
    ResourceKind.SECURE_TRANSPORT: Place.CREW,
}

# Where the person is at a place of safety of each kind.
SITES: Mapping[PlaceOfSafetyKind, Place] = {
    PlaceOfSafetyKind.HBPOS: Place.PLACE_OF_SAFETY,
    PlaceOfSafetyKind.EMERGENCY_DEPARTMENT: Place.DEPARTMENT,
    PlaceOfSafetyKind.POLICE_STATION: Place.CUSTODY,
    # kept at home nobody of health has the person: the home is the scene
    PlaceOfSafetyKind.HOME: Place.SCENE,
    PlaceOfSafetyKind.CARE_HOME: Place.PLACE_OF_SAFETY,
    PlaceOfSafetyKind.OTHER: Place.PLACE_OF_SAFETY,
}

# Where the person is when a detention has ended so; None: where they were.
DETENTION_ENDS: Mapping[str, Place | None] = {
    "released": Place.GONE,
    "admitted": Place.WARD,
    "section-2": Place.WARD,
    "section-3": Place.WARD,
    "arrested": Place.CUSTODY,
    "lapsed": None,
    "other": None,
}

# The same of an absence.
ABSENCE_ENDS: Mapping[str, Place | None] = {
    "returned": Place.WARD,
    "retaken": Place.WARD,
    "found": Place.UNKNOWN,
    "discharged": None,
    "other": None,
}

# The same of an incident that the police close.
POLICE_CLOSE: Mapping[str, Place | None] = {
    "resolved": None,
    "conveyed": Place.POLICE,
    "detained": Place.POLICE,
    "arrested": Place.CUSTODY,
    "referred": None,
    "no-trace": None,
    "no-further-action": None,
    "duplicate": None,
    "other": None,
}

# The same of one that the ambulance service closes. Another agency's record closed moves nobody.
AMBULANCE_CLOSES: Mapping[str, Place | None] = {
    "resolved": None,
    "conveyed": Place.CREW,
    "detained": None,
    "arrested": None,
    "referred": None,
    "no-trace": None,
    "no-further-action": None,
    "duplicate": None,
    "other": None,
}


@dataclass(frozen=True, slots=True)
class Stay:
    """The person was at a place from one event until another."""

    since: Mark
    until: datetime
    place: Place


@dataclass(slots=True)
class Whereabouts:
    """Takes events in the order of occurrence, and says where the person was."""

    moves: list[tuple[Mark, Place]] = field(default_factory=list)

    def take(self, data: Closed, agency_kind: AgencyKind, mark: Mark) -> None:
        """The next event."""
        place = place_after(data, agency_kind)
        if isinstance(data, incident.IncidentClosed) and self._is_with_somebody():
            # closing says less of where the person is than whoever received them
            place = None
        if place is not None:
            self._move(place, mark)

    def police_arrive(self, mark: Mark) -> None:
        """Police are on scene again after they had left: the person is taken to be where they were
        called to.
        """
        # before anybody has said where the person is they are at the scene by definition,
        # and need no word of it
        if self.moves:
            self._move(Place.SCENE, mark)

    def build(self) -> tuple[Stay, ...]:
        """One stay after the other; before the first nobody has said where the person is."""
        stays = []
        until = FOREVER
        for mark, place in reversed(self.moves):
            # two words of one instant: the later by order counts, and the earlier was
            # never a stay
            if mark.at < until:
                stays.append(Stay(mark, until, place))
            until = mark.at
        return tuple(reversed(stays))

    def _is_with_somebody(self) -> bool:
        return bool(self.moves) and self.moves[-1][1] in HAS_PERSON

    def _move(self, place: Place, mark: Mark) -> None:
        if not self.moves or self.moves[-1][1] is not place:
            self.moves.append((mark, place))


def place_after(data: Closed, agency_kind: AgencyKind) -> Place | None:
    """Where the person is once this has happened; None where it says nothing of that."""
    match data:
        case response.ResourceLeft(kind=kind, with_person=True):
            return TAKEN_BY[kind]
        case detention.DetentionDetained(kept_at=site) if site is not None:
            return SITES[site.kind]
        case detention.DetentionConveyed(by=vehicle):
            return TAKEN_BY[vehicle]
        case detention.DetentionArrived(at=site) | detention.DetentionHandedOver(at=site):
            return SITES[site.kind]
        case detention.DetentionMoved(to=site):
            return SITES[site.kind]
        case detention.DetentionEscaped() | detention.CustodyReleased() | care.AbsenceReported():
            return Place.GONE
        case detention.DetentionEnded(outcome=outcome):
            return DETENTION_ENDS[outcome]
        case detention.CustodyArrived():
            return Place.CUSTODY
        case care.AbsenceEnded(outcome=outcome):
            return ABSENCE_ENDS[outcome]
        case incident.IncidentClosed(outcome=outcome):
            if agency_kind == "police":
                return POLICE_CLOSE[outcome]
            if agency_kind == "ambulance":
                return AMBULANCE_CLOSES[outcome]
            return None
        case _:
            # whatever else happens moves nobody
            return None
