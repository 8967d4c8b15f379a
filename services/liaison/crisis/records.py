"""Facts of agencies' own records other than incidents, and of what happens around an incident:
custody, absence, referral, follow-up, welfare check, family, harm, refusal to respond, places of
safety, and earlier contacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from schemas.codes import (
    AbsenceKind,
    AgencyKind,
    ConsultedRole,
    LegalStatus,
    PlaceOfSafetyKind,
    ReferralPriority,
    RiskLevel,
)
from schemas.received import Mark

# (agency, reference) of a record.
Key = tuple[str, str]

# The receiver that a force names when it has referred a death or serious injury: no health
# service, and no feed.
IOPC = "iopc"


@dataclass(frozen=True, slots=True)
class RiskAssessment:
    """The custody risk assessment, each time it was done (PACE Code C 3.6)."""

    mark: Mark
    mental_health_disclosed: bool | None
    self_harm_risk: bool | None


@dataclass(frozen=True, slots=True)
class CustodyReview:
    """A custody officer's review (SI 2017/1036 reg 5, 6)."""

    mark: Mark
    inspector_authority: bool | None
    asleep: bool
    imminent_risk: bool | None = None
    no_other_place: bool | None = None
    health_professional_available: bool | None = None


@dataclass(frozen=True, slots=True)
class Custody:
    """One custody record."""

    key: Key
    opened: Mark
    incident: str | None = None
    """Reference of the same force's incident."""
    arrived: Mark | None = None
    suite: str | None = None
    vulnerable: bool | None = None
    risk_assessments: tuple[RiskAssessment, ...] = ()
    health_checks: tuple[tuple[Mark, bool], ...] = ()
    """When a health-care professional saw the detainee, and whether asleep."""
    reviews: tuple[CustodyReview, ...] = ()
    appropriate_adult: Mark | None = None
    interviews: tuple[tuple[Mark, datetime], ...] = ()
    """When it was said, and for when the interview or charge is planned."""
    released: Mark | None = None
    pre_release_risk_assessed: bool | None = None
    referred_to: str | None = None
    date_of_birth: date | None = None
    apparent_age: int | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """One absence: without leave, missing, or a walk-out."""

    key: Key
    agency_kind: AgencyKind
    opened: Mark
    incident: str | None = None
    reported: Mark | None = None
    kind: AbsenceKind | None = None
    legal_status: LegalStatus | None = None
    power_valid_until: datetime | None = None
    """Until when the person may be retaken (s18)."""
    grades: tuple[tuple[Mark, RiskLevel], ...] = ()
    ended: Mark | None = None
    outcome: str | None = None
    last_seen_at: datetime | None = None
    photo_held: bool | None = None


@dataclass(frozen=True, slots=True)
class Referral:
    """One referral, as sender and receiver tell it. Named by the sender."""

    key: Key
    opened: Mark
    incident: str | None = None
    sent: Mark | None = None
    to_agency: str | None = None
    priority: ReferralPriority | None = None
    acknowledged: Mark | None = None
    outcomes: tuple[tuple[Mark, str, str], ...] = ()
    """When, by which agency, and what: accepted, declined, signposted, seen,
    emergency-services-notified, other.
    """


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One follow-up that must happen by an instant."""

    key: Key
    opened: Mark
    local_person: str | None = None
    due: Mark | None = None
    by: datetime | None = None
    kind: Literal["post-discharge", "post-crisis", "post-self-harm", "other"] | None = None
    completed: Mark | None = None


@dataclass(frozen=True, slots=True)
class WelfareCheck:
    """A request to see to a person's welfare, and what came of it."""

    incident: Key
    raised: Mark
    risk: RiskLevel
    checked: tuple[tuple[Mark, bool], ...]
    """When, and whether the person was seen."""


@dataclass(frozen=True, slots=True)
class FamilyContact:
    """An attempt to reach family, a carer or the nearest relative (later: nominated person), or a
    contact made.
    """

    incident: Key
    mark: Mark
    relation: str
    outcome: Literal["contact-attempted", "contacted", "called-back"]


@dataclass(frozen=True, slots=True)
class Harm:
    """Death, serious injury, self-harm or suicide attempt."""

    incident: Key
    mark: Mark
    harm: Literal["death", "serious-injury", "self-harm", "suicide-attempt"]
    after_contact: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """An agency declined to respond, or passed the incident to another."""

    incident: Key
    agency_kind: AgencyKind
    mark: Mark
    kind: Literal["declined", "transferred"]
    reason: str | None
    to_agency: str | None
    """The agency the caller was referred to, or the incident was passed to; None where that was not
    said.
    """
    caller_told: bool | None


@dataclass(frozen=True, slots=True)
class PlaceRequest:
    """A place of safety that was asked for at one site."""

    incident: Key
    request: str
    site: str
    requested: Mark
    accepted: Mark | None
    refused: tuple[Mark, str] | None


@dataclass(frozen=True, slots=True)
class Consultation:
    """A professional was consulted before s136 was used, or it was said not to be practicable
    (s136(1C)).
    """

    mark: Mark
    role: ConsultedRole | None
    practicable: bool
    reason_given: bool


@dataclass(frozen=True, slots=True)
class Extension:
    """The detention period was extended (s136B)."""

    mark: Mark
    until: datetime
    by_practitioner: bool
    because_of_condition: bool
    superintendent_approved: bool | None


@dataclass(frozen=True, slots=True)
class SiteVisit:
    """Arrival at, move to, or handover to a place of safety."""

    mark: Mark
    site: str
    kind: PlaceOfSafetyKind


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What a place of safety said of its free places."""

    mark: Mark
    agency: str
    site: str
    total: int
    free: int
    for_under_18: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """An incident outside this crisis that is about the same person, telephone or property."""

    key: Key
    agency_kind: AgencyKind
    crisis: str
    """Names the other crisis whatever order its incidents were heard in: contacts of one crisis
    share it.
    """
    opened_at: datetime
    crisis_at: datetime | None
    """When it first showed a sign of a mental-health crisis; None: none."""
    police_left_at: datetime | None
    completed_at: datetime | None
    """For a follow-up: when it was completed."""
    by: Literal["person", "property", "telephone"]
    """The strongest that is shared."""
    other_person: bool = False
    """It is attached to another person than this crisis."""
