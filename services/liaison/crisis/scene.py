"""Running state of the fold: incidents as their agencies tell them, and who is at the scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from schemas.codes import AgencyKind, AmbulanceCategory, Nature, ResourceKind, RiskLevel
from schemas.events.incident import IncidentFacts
from schemas.person import Caller, PersonDescriptor
from schemas.place import Location
from schemas.received import Mark
from services.liaison.crisis.facts import Attendance, IncidentState, Unit
from services.liaison.time.spans import FOREVER, spans

Key = tuple[str, str]

AMBULANCE_RESPONSE = frozenset(
    {
        ResourceKind.AMBULANCE,
        ResourceKind.RAPID_RESPONSE_CAR,
        ResourceKind.MENTAL_HEALTH_JOINT_RESPONSE_CAR,
    }
)
JOINT_RESPONSE = frozenset(
    {ResourceKind.MENTAL_HEALTH_JOINT_RESPONSE_CAR, ResourceKind.STREET_TRIAGE}
)


@dataclass(slots=True)
class IncidentBuilder:
    """One agency's own record, as far as it has been told."""

    key: Key
    kind: AgencyKind
    opened_at: datetime
    last_seen_at: datetime
    reported: Mark | None = None
    nature: Nature | None = None
    category: AmbulanceCategory | None = None
    closed: Mark | None = None
    attended: bool | None = None
    outcome: str | None = None
    crisis_at: datetime | None = None
    first_assigned: Mark | None = None
    police_left: Mark | None = None
    person: PersonDescriptor | None = None
    caller: Caller | None = None
    caller_at: Mark | None = None
    linked: dict[Key, None] = field(default_factory=dict)
    has_location: bool = False
    risk_to_self: RiskLevel | None = None
    risk_to_responders: RiskLevel | None = None
    date_of_birth: date | None = None
    apparent_age: int | None = None
    channel: str | None = None
    named: bool = False
    ethnicity_stated: bool = False
    high_risk_at: datetime | None = None
    opened_again: Mark | None = None
    open_before: list[tuple[datetime, datetime]] = field(default_factory=list)
    place: Location | None = None
    place_at: Mark | None = None
    restricted: bool = False

    def open_again(self, mark: Mark) -> None:
        """It is reported anew after it was closed: what comes of it counts from now."""
        if self.closed is None:
            return
        began = self.opened_at
        if self.opened_again is not None:
            began = self.opened_again.at
        self.open_before.append((began, self.closed.at))
        self.opened_again = mark
        # a call that is open again has not been attended
        self.closed = self.attended = self.outcome = None

    def is_about(self, person: PersonDescriptor | None) -> None:
        """Whom the agency says it is about. What a later statement leaves out of the age stays as
        it was.
        """
        if person is None:
            return
        self.person = person
        # what does not say whether it is restricted does not lift it
        if person.restricted is not None:
            self.restricted = person.restricted
        self.named = self.named or bool(person.names or person.nhs_number or person.identifiers)
        self.ethnicity_stated = self.ethnicity_stated or person.ethnicity is not None
        self.date_of_birth = person.date_of_birth or self.date_of_birth
        if person.apparent_age is not None:
            self.apparent_age = person.apparent_age

    def describe(self, data: IncidentFacts, mark: Mark) -> None:
        """What the agency says of caller, place, risk and other agencies' references."""
        self.describe_log(data, mark)
        self.risk_to_self = data.risk_to_self or self.risk_to_self
        if data.risk_to_self is RiskLevel.HIGH:
            self.high_risk_at = self.high_risk_at or mark.at
        self.risk_to_responders = data.risk_to_responders or self.risk_to_responders

    def describe_log(self, data: IncidentFacts, mark: Mark) -> None:
        """What is so for everybody whom the log is about: caller, place, other agencies'
        references.
        """
        if data.caller is not None:
            self.caller, self.caller_at = data.caller, self.caller_at or mark
        self.linked |= dict.fromkeys((link.agency, link.reference) for link in data.linked)
        if data.location is not None:
            self.has_location = True
            # the area alone takes no street back
            if self.place is None or data.location.is_exact:
                self.place, self.place_at = data.location.completed_by(self.place), mark

    def build(self) -> IncidentState:
        """The incident as it stands."""
        return IncidentState(
            self.key,
            self.kind,
            self.opened_at,
            self.last_seen_at,
            self.reported,
            self.nature,
            self.category,
            self.closed,
            self.attended,
            self.outcome,
            self.crisis_at,
            self.first_assigned,
            self.police_left,
            self.person,
            self.caller,
            self.caller_at,
            tuple(self.linked),
            self.has_location,
            self.risk_to_self,
            self.risk_to_responders,
            self.date_of_birth,
            self.apparent_age,
            self.channel,
            self.named,
            self.ethnicity_stated,
            self.high_risk_at,
            self.opened_again,
            spans(self.open_before),
            self.place,
            self.place_at,
            self.restricted,
        )


@dataclass(slots=True)
class AttendanceBuilder:
    """One presence of police at the scene, as far as it has been told."""

    begun: Mark
    ended: Mark | None = None
    handed_over: bool = False
    person_taken: bool = False

    def build(self) -> Attendance:
        """The attendance as it stands."""
        return Attendance(self.begun, self.ended, self.handed_over, self.person_taken)


@dataclass(slots=True)
class Presence:
    """Resources on their way and at the scene."""

    attendances: list[AttendanceBuilder] = field(default_factory=list)
    ambulance: list[tuple[datetime, datetime]] = field(default_factory=list)
    health: list[tuple[datetime, datetime]] = field(default_factory=list)
    joint: list[tuple[datetime, datetime]] = field(default_factory=list)
    responding: list[tuple[datetime, datetime]] = field(default_factory=list)
    _sent: dict[Key, tuple[Key, datetime]] = field(default_factory=dict)
    _police: dict[Key, tuple[Key, datetime]] = field(default_factory=dict)
    _there: dict[Key, tuple[ResourceKind, Key, datetime]] = field(default_factory=dict)
    _coming: dict[Key, tuple[ResourceKind, Key, datetime]] = field(default_factory=dict)
    ambulance_coming: list[tuple[datetime, datetime]] = field(default_factory=list)
    _police_coming: dict[Key, tuple[Key, datetime]] = field(default_factory=dict)

    @property
    def ambulance_sent(self) -> bool:
        """An ambulance response is on its way or there."""
        return any(
            kind in AMBULANCE_RESPONSE
            for units in (self._coming, self._there)
            for kind, _, _ in units.values()
        )

    @property
    def attendance(self) -> AttendanceBuilder | None:
        """The police attendance that goes on."""
        if self._police:
            return self.attendances[-1]
        return None

    def assigned(self, unit: Key, kind: ResourceKind, incident: Key, mark: Mark) -> None:
        """A resource was sent."""
        self._sent.setdefault(unit, (incident, mark.at))
        if kind is ResourceKind.POLICE_UNIT:
            if unit not in self._police:
                self._police_coming.setdefault(unit, (incident, mark.at))
        # a unit that is there already is not on its way, whatever comes late
        elif unit not in self._there:
            self._coming.setdefault(unit, (kind, incident, mark.at))

    def arrived(self, unit: Key, kind: ResourceKind, incident: Key, mark: Mark) -> None:
        """A resource is at the scene. Said again, it changes nothing."""
        self._sent.setdefault(unit, (incident, mark.at))
        if kind is ResourceKind.POLICE_UNIT:
            # a second unit joins the first: together they are one attendance until the last leaves
            if not self._police:
                self.attendances.append(AttendanceBuilder(mark))
            self._police_coming.pop(unit, None)
            self._police.setdefault(unit, (incident, mark.at))
            return
        # the journey ends where the stay begins, so that the two never count twice
        self._not_coming(unit, mark.at)
        self._there.setdefault(unit, (kind, incident, mark.at))

    def left(self, unit: Key, mark: Mark) -> None:
        """A resource left or was stood down."""
        if (sent := self._sent.pop(unit, None)) is not None:
            self.responding.append((sent[1], mark.at))
        self._police_coming.pop(unit, None)
        # the attendance ends with the last unit, whoever came first
        if unit in self._police:
            del self._police[unit]
            if not self._police:
                self.attendances[-1].ended = mark
            return
        self._not_coming(unit, mark.at)
        self._gone(unit, mark.at)

    def closed(self, incident: Key, mark: Mark) -> None:
        """The agency closed its incident: none of its resources is there any longer, said or
        unsaid.
        """
        units = [unit for unit, police in self._police.items() if police[0] == incident]
        units += [unit for unit, police in self._police_coming.items() if police[0] == incident]
        for resources in (self._there, self._coming):
            units += [unit for unit, resource in resources.items() if resource[1] == incident]
        units += [unit for unit, sent in self._sent.items() if sent[0] == incident]
        # sorted, so that what ends last does not hang on the order of arrival
        for unit in sorted(units):
            self.left(unit, mark)

    def units(self) -> tuple[Unit, ...]:
        """Who is there and who is on the way, those there first, by their time."""
        police = ResourceKind.POLICE_UNIT
        units = [Unit(*unit, police, True, at) for unit, (_, at) in self._police.items()]
        units += [Unit(*unit, kind, True, at) for unit, (kind, _, at) in self._there.items()]
        units += [Unit(*unit, police, False, at) for unit, (_, at) in self._police_coming.items()]
        units += [Unit(*unit, kind, False, at) for unit, (kind, _, at) in self._coming.items()]
        return tuple(sorted(units, key=_arrived_first))

    def so_far(self) -> Presence:
        """The same with what is still there, or on its way, left open. This one goes on as it was."""
        end = Presence(
            self.attendances,
            list(self.ambulance),
            list(self.health),
            list(self.joint),
            list(self.responding),
            dict(self._sent),
            {},
            dict(self._there),
            dict(self._coming),
            list(self.ambulance_coming),
        )
        # what is still open lasts until somebody says otherwise
        end.responding.extend((at, FOREVER) for _, at in self._sent.values())
        for unit in self._coming:
            end._not_coming(unit, FOREVER)
        for unit in self._there:
            end._gone(unit, FOREVER)
        return end

    def _not_coming(self, unit: Key, until: datetime) -> None:
        unit_coming = self._coming.pop(unit, None)
        if unit_coming is None:
            return
        kind, _, start = unit_coming
        if kind in JOINT_RESPONSE:
            self.joint.append((start, until))
        if kind in AMBULANCE_RESPONSE:
            self.ambulance_coming.append((start, until))

    def _gone(self, unit: Key, until: datetime) -> None:
        unit_there = self._there.pop(unit, None)
        if unit_there is None:
            return
        kind, _, start = unit_there
        if kind.is_health:
            self.health.append((start, until))
        if kind in AMBULANCE_RESPONSE:
            self.ambulance.append((start, until))
        if kind in JOINT_RESPONSE:
            self.joint.append((start, until))


def _arrived_first(unit: Unit) -> tuple[bool, datetime, str, str]:
    return (not unit.there, unit.since, unit.agency, unit.call_sign)
