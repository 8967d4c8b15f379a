"""What the fold of a crisis's events establishes: the facts that rules are conditions over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import zip_longest

from schemas.codes import (
    ABD_SIGNS,
    AgencyKind,
    AmbulanceCategory,
    ClinicalSign,
    CrisisIndicator,
    DetentionPower,
    ForceKind,
    Nature,
    PlaceOfSafetyKind,
    ResourceKind,
    RestraintPosition,
    RiskLevel,
)
from schemas.person import Caller, PersonDescriptor
from schemas.place import Location
from schemas.received import Mark
from services.identity.person import Outcome, PathwayOnFile, PersonOnFile
from services.liaison.crisis.records import (
    Absence,
    Consultation,
    Contact,
    Custody,
    Extension,
    FamilyContact,
    FollowUp,
    Harm,
    PlaceRequest,
    Referral,
    Refusal,
    SiteReport,
    SiteVisit,
    WelfareCheck,
)
from services.liaison.crisis.whereabouts import HAS_PERSON, Stay
from services.liaison.time.spans import FOREVER, NEVER, Spans, since, spans

__all__ = ["Mark"]


@dataclass(frozen=True, slots=True)
class IncidentState:
    """One agency's own record, as it stands after all that is known."""

    key: tuple[str, str]
    kind: AgencyKind
    opened_at: datetime
    last_seen_at: datetime
    reported: Mark | None
    nature: Nature | None
    category: AmbulanceCategory | None
    closed: Mark | None
    attended: bool | None
    """Whether the agency says it attended; None while the incident is open."""
    outcome: str | None = None
    """What the agency closed it with."""
    crisis_at: datetime | None = None
    """When the agency first stated a sign of a mental-health crisis of this incident."""
    first_assigned: Mark | None = None
    """When the agency first sent a resource, or one was on scene."""
    police_left: Mark | None = None
    """When a police unit of it left last, or the police closed it having attended."""
    person: PersonDescriptor | None = None
    """Whom the agency says it is about: the last statement."""
    caller: Caller | None = None
    caller_at: Mark | None = None
    """When the caller was recorded."""
    linked: tuple[tuple[str, str], ...] = ()
    """Other agencies' incidents that this one names."""
    has_location: bool = False
    risk_to_self: RiskLevel | None = None
    risk_to_responders: RiskLevel | None = None
    date_of_birth: date | None = None
    """The last that the agency stated."""
    apparent_age: int | None = None
    """Years, as it looked: the last that the agency stated."""
    channel: str | None = None
    """How the agency came to know of it; None where its report has not come."""
    named: bool = False
    """The agency has said a name, an NHS number or an identifier of the person, in whatever
    statement.
    """
    ethnicity_stated: bool = False
    """The same of the ethnic category."""
    high_risk_at: datetime | None = None
    """When a high risk to the person was first stated."""
    opened_again: Mark | None = None
    """When it was reported anew after it had been closed, the last time; it counts from then."""
    open_before: Spans = NEVER
    """When it was open before it was opened again."""
    place: Location | None = None
    """Where it is: the last statement."""
    place_at: Mark | None = None
    """When that was said."""
    restricted: bool = False
    """The agency holds the person's record as restricted: where they are is disclosed to nobody."""

    @property
    def last_opened_at(self) -> datetime:
        """Since when it is, or was last, open."""
        if self.opened_again is not None:
            return self.opened_again.at
        return self.opened_at

    @property
    def open_spans(self) -> Spans:
        """When it was open."""
        return (*self.open_before, (self.last_opened_at, end_of(self.closed)))


@dataclass(frozen=True, slots=True)
class Indicator:
    """One independent sign of a mental-health crisis, from its first statement on."""

    kind: CrisisIndicator
    at: datetime
    event: tuple[str, str] | None
    """None where the sign comes from the register of care pathways."""
    strong: bool
    basis: str
    """What makes it independent: one basis counts once. `call:<agency>` for a coding by the
    agency's own call-taking.
    """


@dataclass(frozen=True, slots=True)
class Attendance:
    """A continuous presence of police at the scene: from the first unit's arrival until no unit
    remains.
    """

    begun: Mark
    ended: Mark | None
    handed_over: bool
    """A unit documented the handover of the person to an agency."""
    person_taken: bool
    """The person left with the police: a unit took them, or they were conveyed, detained elsewhere
    or arrested.
    """

    @property
    def spans(self) -> Spans:
        """When police were there."""
        return ((self.begun.at, end_of(self.ended)),)


@dataclass(frozen=True, slots=True)
class Unit:
    """One resource that is at the scene or on its way."""

    agency: str
    call_sign: str
    kind: ResourceKind
    there: bool
    """False: on its way."""
    since: datetime


@dataclass(frozen=True, slots=True)
class Force:
    """One continuous use of force or restraint."""

    agency: str
    reference: str
    started: Mark
    ended: Mark | None
    kinds: tuple[ForceKind, ...]
    position: RestraintPosition | None
    """The worst position recorded: prone if it ever was."""
    reviews: tuple[Mark, ...]
    signs: tuple[tuple[ClinicalSign, Mark], ...]
    end_recorded: bool = True
    """The agency said when it ended; False where only the closing of the incident ended it."""
    injury: bool | None = None
    """Whether anybody was hurt, as recorded at its end (Use of Force Act s6); None where that was
    not said.
    """

    @property
    def spans(self) -> Spans:
        """When it went on."""
        return ((self.started.at, end_of(self.ended)),)

    @property
    def is_restraint(self) -> bool:
        """The person is held: by hand, by handcuffs, at the limbs, on the ground, prone, or with a
        spit guard on.
        """
        return self.position is RestraintPosition.PRONE or not RESTRAINT_KINDS.isdisjoint(
            self.kinds
        )

    def first_of(self, signs: frozenset[ClinicalSign]) -> tuple[ClinicalSign, Mark] | None:
        """The first of these signs that was observed."""
        return next((observed for observed in self.signs if observed[0] in signs), None)

    @property
    def abd_spans(self) -> Spans:
        """Since when a sign was seen after which restraint is a medical emergency (RCEM, FFLM)."""
        first = self.first_of(ABD_SIGNS)
        if first is None:
            return NEVER
        return since(first[1].at)


def end_of(mark: Mark | None) -> datetime:
    """When a thing ended; FOREVER while it goes on."""
    if mark is None:
        return FOREVER
    return mark.at


RESTRAINT_KINDS = frozenset(
    {
        ForceKind.PHYSICAL_RESTRAINT,
        ForceKind.HANDCUFFS,
        ForceKind.LIMB_RESTRAINT,
        ForceKind.GROUND_RESTRAINT,
        ForceKind.SPIT_GUARD,
    }
)


@dataclass(frozen=True, slots=True)
class Conveyance:
    """One journey to a place of safety."""

    mark: Mark
    by: ResourceKind
    reason_given: bool
    to: PlaceOfSafetyKind | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Detention:
    """One detention under s135 or s136."""

    agency: str
    reference: str
    power: DetentionPower
    detained: Mark
    kept_at: PlaceOfSafetyKind | None
    conveyed: tuple[Conveyance, ...]
    arrived: Mark | None
    """The first arrival at a place of safety."""
    handed_over: Mark | None
    ended: Mark | None
    incident: tuple[str, str] = ("", "")
    consultations: tuple[Consultation, ...] = ()
    visits: tuple[SiteVisit, ...] = ()
    """Arrivals at and moves to places of safety, in order; for a person kept where they were, that
    site first.
    """
    handovers: tuple[SiteVisit, ...] = ()
    assessment_started: Mark | None = None
    assessed: tuple[Mark, str] | None = None
    extensions: tuple[Extension, ...] = ()
    escaped: Mark | None = None
    """The first escape."""
    outcome: str | None = None
    """How the detention ended."""
    escapes: tuple[Mark, ...] = ()
    restated: tuple[Mark, ...] = ()
    """When it was said again, under the same reference, that the person was detained, and kept
    somewhere.
    """

    @property
    def clock_started(self) -> Mark | None:
        """Since when the 24 hours run: arrival at the first place of safety, or the decision to
        keep the person where they already were (s136(2A), s135(3ZA)). A move does not restart it
        (s136(3)).

        Where the arrival itself was not heard, the first thing that only happens at a place of
        safety stands for it: the clock started then at the latest.
        """
        if self.kept_at is not None:
            return self.detained
        proofs = (self.arrived, self.handed_over, self.assessment_started)
        marks = [mark for mark in proofs if mark is not None]
        return min((*marks, *(visit.mark for visit in self.visits)), default=None)

    @property
    def over(self) -> datetime:
        """When the detention ended; FOREVER while it goes on."""
        return end_of(self.ended)

    @property
    def away(self) -> Spans:
        """From each escape until the person is at a place of safety again, or the detention ended."""
        returns = sorted(visit.mark.at for visit in (*self.visits, *self.handovers))
        away = []
        for escape in self.escapes:
            # who is brought back is away no more, though nobody recorded that they were
            # found
            back = next((instant for instant in returns if instant > escape.at), FOREVER)
            away.append((escape.at, min(back, self.over)))
        return spans(away)

    @property
    def stays(self) -> tuple[tuple[SiteVisit, datetime], ...]:
        """Each stay at a place of safety, with when it ended: on to the next one, escaped, or the
        detention over.
        """
        stays = []
        escapes = [escape.at for escape in self.escapes]
        for visit, following in zip_longest(self.visits, self.visits[1:]):
            moved_on = FOREVER
            if following is not None:
                moved_on = following.mark.at
            escaped = next((at for at in escapes if at >= visit.mark.at), FOREVER)
            end = min(moved_on, escaped, self.over)
            if end > visit.mark.at:
                stays.append((visit, end))
        return tuple(stays)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A state of the ambulance response: since an event, until another."""

    since: Mark
    until: datetime
    state: str
    """The category (`C3`), or the reason of a stand-down (`police-present`)."""


@dataclass(frozen=True)
class Crisis:
    """One crisis: the incidents of all agencies that are about it, folded. Equal for any order of
    arrival.
    """

    crisis_id: str
    area: str | None
    opened_at: datetime | None
    """None where no event counts (all retracted)."""
    last_event_at: datetime | None
    person: PersonOnFile | None
    """The person attached; never one that is only possible."""
    identity: Outcome
    incidents: tuple[IncidentState, ...]
    indicators: tuple[Indicator, ...]
    """In order of time; the first statement of each basis."""
    attendances: tuple[Attendance, ...]
    ambulance_on_scene: Spans
    """An ambulance, rapid response car or mental-health joint response car (it carries a
    paramedic).
    """
    health_on_scene: Spans
    """Any resource that brings a clinician."""
    responding: Spans
    """A unit of any agency is on its way or there."""
    joint_response: Spans
    """A mental-health joint response car or street triage is on its way or there."""
    emergency: Spans
    """An open ambulance incident is graded C1 or C2 and was not stood down since."""
    category_1: Spans
    below_emergency: tuple[Stretch, ...]
    """No emergency grade, and an open ambulance incident is graded below."""
    stood_down: tuple[Stretch, ...]
    """Help was cancelled or not sent because police are present, or without sending, and nothing
    was sent since.
    """
    requested: tuple[Stretch, ...]
    """An ambulance was asked for, or the ambulance service has its own open incident."""
    assessments: tuple[Mark, ...]
    """An ambulance clinician documented an assessment."""
    forces: tuple[Force, ...]
    detentions: tuple[Detention, ...]
    open_police_or_ambulance: Spans
    """A police or ambulance incident of the crisis is open."""
    custodies: tuple[Custody, ...] = ()
    absences: tuple[Absence, ...] = ()
    referrals: tuple[Referral, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    welfare_checks: tuple[WelfareCheck, ...] = ()
    checks: tuple[tuple[tuple[str, str], Mark, bool], ...] = ()
    """Every record of a welfare check: incident, when, whether the person was seen; also where no
    concern was logged by itself."""
    police_asked: tuple[Mark, ...] = ()
    """The police were asked to help."""
    family: tuple[FamilyContact, ...] = ()
    harms: tuple[Harm, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    place_requests: tuple[PlaceRequest, ...] = ()
    consultations: tuple[tuple[tuple[str, str], Consultation], ...] = ()
    """Consultations before s136 by (agency, detention reference), also those without a detention
    yet.
    """
    site_reports: tuple[SiteReport, ...] = ()
    """What places of safety of the zone said of their free places, in order; only where a place is
    looked for.
    """
    contacts: tuple[Contact, ...] = ()
    """Incidents outside this crisis about the same person, telephone or property, in order of time.
    """
    signs: tuple[tuple[ClinicalSign, Mark], ...] = ()
    """Physical signs seen of the person, whoever said so, in order of time."""
    ambulance_coming: Spans = NEVER
    """An ambulance, rapid response car or mental-health joint response car is on its way."""
    whereabouts: tuple[Stay, ...] = ()
    """Where the person was, one place after the other."""
    further_areas: tuple[str, ...] = ()
    """Where it is known by a postcode that spans a border: the areas that it may be in beside `area`."""
    units: tuple[Unit, ...] = ()
    """Who is at the scene or on the way after the last event: those there first, by their time."""
    incidents_left_apart: bool = False
    """Incidents at its place were not added to it, since it is as large as a crisis may grow by
    place alone; or it is one that was not added."""
    faults: tuple[str, ...] = ()
    """Corrections that could not be applied, by event id: the uncorrected event counts."""

    @property
    def areas(self) -> tuple[str | None, ...]:
        """Every area that it may be in, the likeliest first; None alone where nothing is known."""
        return (self.area, *self.further_areas)

    @cached_property
    def clear_crisis(self) -> tuple[Indicator, ...]:
        """The signs that make it a clear crisis, ending with the one that completed it; empty where
        it is none.

        Two independent indicators, or one strong one: s135/s136, suicide attempt, restraint
        (liaison rule catalogue, conventions).
        """
        signs: list[Indicator] = []
        for indicator in self.indicators:
            # one is enough where it is a doctor's or a court's, or a life at once
            if indicator.strong:
                return (indicator,)
            signs.append(indicator)
            if len(signs) == 2:
                return tuple(signs)
        return ()

    @cached_property
    def somebody_there(self) -> Spans:
        """When police or a health service was on scene."""
        police = [stretch for attendance in self.attendances for stretch in attendance.spans]
        return spans([*police, *self.health_on_scene])

    @cached_property
    def detained(self) -> Spans:
        """When the person was detained under s135 or s136."""
        return spans([(detention.detained.at, detention.over) for detention in self.detentions])

    @cached_property
    def in_care(self) -> Spans:
        """When a crew, a department, a ward, a place of safety or custody had the person: no longer
        at the scene.
        """
        return spans(
            [(stay.since.at, stay.until) for stay in self.whereabouts if stay.place in HAS_PERSON]
        )

    def agencies(self, *kinds: AgencyKind) -> tuple[str, ...]:
        """The agencies of these kinds that have an incident in the crisis, sorted."""
        return tuple(
            sorted({incident.key[0] for incident in self.incidents if incident.kind in kinds})
        )

    def open_pathways(self, instant: datetime) -> tuple[PathwayOnFile, ...]:
        """Care pathways of the attached person that were open at the instant."""
        if self.person is None:
            return ()
        return tuple(pathway for pathway in self.person.pathways if pathway.open_at(instant))
