"""Detention under ss 135 and 136 of the Mental Health Act 1983, places of safety, and police
custody.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.codes import (
    ClinicalSign,
    ConsultedRole,
    DetentionPower,
    PlaceOfSafetyKind,
    ResourceKind,
)
from schemas.events.catalogue import EventData, event_type
from schemas.events.incident import IncidentData
from schemas.model import Closed, Instant, Reference, ShortText, Slug
from schemas.person import PersonDescriptor


class DetentionData(IncidentData):
    """One detention; the same reference in all its events."""

    detention: Reference


class Site(Closed):
    """A place of safety."""

    site: Slug
    kind: PlaceOfSafetyKind


@event_type("detention.consulted")
class DetentionConsulted(DetentionData):
    """A professional was consulted before s136 was used, or it was not practicable (s136(1C))."""

    role: ConsultedRole | None = None
    practicable: bool = True
    reason_not_practicable: ShortText | None = None


@event_type("detention.detained")
class DetentionDetained(DetentionData):
    """The person was detained. For s136 the 24-hour clock does not start here but on arrival
    (s136(2A)).
    """

    power: DetentionPower
    kept_at: Site | None = None
    """Where the person is kept at a place of safety they are already at: then the clock starts
    now.
    """
    person: PersonDescriptor | None = None


@event_type("detention.conveyed")
class DetentionConveyed(DetentionData):
    """The person is on the way to a place of safety."""

    by: ResourceKind
    to: Site | None = None
    reason_not_ambulance: Literal["not-available", "refused", "risk", "other"] | None = None
    """Why the conveyance is not by ambulance, where it is not."""
    signs: Annotated[tuple[ClinicalSign, ...], Field(max_length=13)] = ()
    """Physical signs seen of the person when the journey began."""


@event_type("detention.arrived")
class DetentionArrived(DetentionData):
    """Arrival at a place of safety. The first one starts the 24-hour clock; later moves do not
    restart it (s136(3)).
    """

    at: Site


@event_type("detention.handed-over")
class DetentionHandedOver(DetentionData):
    """The place of safety took responsibility; police may leave."""

    at: Site


@event_type("detention.assessment-started")
class DetentionAssessmentStarted(DetentionData):
    """The assessment by a doctor and an AMHP began."""


@event_type("detention.assessed")
class DetentionAssessed(DetentionData):
    """The assessment ended."""

    outcome: Literal[
        "discharged-home",
        "informal-admission",
        "section-2",
        "section-3",
        "community-follow-up",
        "other",
    ]


@event_type("detention.extended")
class DetentionExtended(DetentionData):
    """The period was extended by up to 12 hours because of the person's condition (s136B)."""

    until: Instant
    authorised_by: Literal["registered-medical-practitioner", "unknown"] = "unknown"
    because_of_condition: bool
    superintendent_approved: bool | None = None


@event_type("detention.moved")
class DetentionMoved(DetentionData):
    """Moved to another place of safety; the clock goes on."""

    to: Site


@event_type("detention.escaped")
class DetentionEscaped(DetentionData):
    """The person escaped; may be retaken within the limits of s138."""


@event_type("detention.ended")
class DetentionEnded(DetentionData):
    """The detention under s135 or s136 ended."""

    outcome: Literal[
        "released", "admitted", "section-2", "section-3", "arrested", "lapsed", "other"
    ]


class PlaceOfSafetyData(IncidentData):
    """A request for a place at one site."""

    request: Reference
    site: Slug


@event_type("place-of-safety.requested")
class PlaceOfSafetyRequested(PlaceOfSafetyData):
    """A place was asked for."""


@event_type("place-of-safety.accepted")
class PlaceOfSafetyAccepted(PlaceOfSafetyData):
    """The site accepted."""


@event_type("place-of-safety.refused")
class PlaceOfSafetyRefused(PlaceOfSafetyData):
    """The site refused."""

    reason: Literal["full", "acuity", "physical-health", "out-of-area", "staffing", "other"]


@event_type("place-of-safety.capacity")
class PlaceOfSafetyCapacity(EventData):
    """A site's state, sent on change and at least hourly."""

    site: Slug
    total: Annotated[int, Field(ge=0, le=100)]
    free: Annotated[int, Field(ge=0, le=100)]
    for_under_18: bool = False


class CustodyData(EventData):
    """One custody record."""

    custody: Reference


@event_type("custody.arrived")
class CustodyArrived(CustodyData):
    """A detainee arrived at a custody suite."""

    incident: Reference | None = None
    suite: Slug
    person: PersonDescriptor | None = None
    vulnerable: bool | None = None
    area: Slug | None = None
    """Area of the agency registry in which the suite is: whose desks are told."""


@event_type("custody.risk-assessed")
class CustodyRiskAssessed(CustodyData):
    """The custody risk assessment was done (PACE Code C 3.6)."""

    mental_health_disclosed: bool | None = None
    self_harm_risk: bool | None = None


@event_type("custody.health-checked")
class CustodyHealthChecked(CustodyData):
    """A health-care professional saw the detainee (half-hourly under SI 2017/1036 reg 4)."""

    asleep: bool = False


@event_type("custody.reviewed")
class CustodyReviewed(CustodyData):
    """The custody officer reviewed the detention (SI 2017/1036 reg 5, 6)."""

    inspector_authority: bool | None = None
    """An inspector or above authorised the police station as place of safety (SI 2017/1036 reg
    2).
    """
    imminent_risk: bool | None = None
    """Imminent risk of serious injury or death to the person or another (reg 2)."""
    no_other_place: bool | None = None
    """No other place of safety in the force's area can reasonably be expected to detain the
    person (reg 2).
    """
    health_professional_available: bool | None = None
    """A health-care professional is there and available (reg 2, 4)."""
    asleep: bool = False


@event_type("custody.appropriate-adult-arranged")
class CustodyAppropriateAdultArranged(CustodyData):
    """An appropriate adult was arranged (PACE Code C 1.4, 3.15)."""


@event_type("custody.interview-planned")
class CustodyInterviewPlanned(CustodyData):
    """An interview or charge is scheduled."""

    at: Instant


@event_type("custody.released")
class CustodyReleased(CustodyData):
    """Released from custody."""

    pre_release_risk_assessed: bool | None = None
    referred_to: Slug | None = None
