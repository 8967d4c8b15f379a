"""Incidents: one agency's own record of something that happens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.codes import (
    AmbulanceCategory,
    ClinicalSign,
    CrisisIndicator,
    Nature,
    PoliceGrade,
    RiskLevel,
    StandDownReason,
)
from schemas.events.catalogue import EventData, event_type
from schemas.model import CORE, Closed, Reference, ShortText, Slug
from schemas.person import Caller, PersonDescriptor
from schemas.place import Location


class IncidentLink(Closed):
    """Another agency's incident, named by its own reference."""

    agency: Slug
    reference: Reference


class CodedValue(Closed):
    """A code of a triage or command-and-control system, as it was entered."""

    system: Annotated[str, Field(max_length=40)]
    """E.g. `ampds`, `nhs-pathways`, `nicl`."""
    code: Annotated[str, Field(max_length=40)]


class IncidentData(EventData):
    """Data of an event that belongs to one of the sender's own incidents."""

    incident: Reference
    """The sender's own reference of the incident."""


class IncidentFacts(IncidentData):
    """What is known of an incident; on an update, only what changed."""

    nature: Nature | None = None
    indicators: Annotated[tuple[CrisisIndicator, ...], Field(max_length=11)] = ()
    """Signs of a mental-health crisis that this agency has seen or coded."""
    opening_code: CodedValue | None = None
    location: Location | None = None
    person: PersonDescriptor | None = None
    caller: Caller | None = None
    linked: Annotated[tuple[IncidentLink, ...], Field(max_length=20)] = ()
    ambulance_category: AmbulanceCategory | None = None
    """Ambulance services only."""
    police_grade: PoliceGrade | None = None
    """Police forces only."""
    risk_to_self: RiskLevel | None = None
    risk_to_responders: RiskLevel | None = None
    signs: Annotated[tuple[ClinicalSign, ...], Field(max_length=13)] = ()
    """Physical signs that were seen or told of, whether or not force is used."""


@event_type("incident.reported")
class IncidentReported(IncidentFacts):
    """An agency opened an incident: a call was taken or an officer reported it."""

    nature: Nature
    channel: Literal[
        "999", "101", "111", "officer", "agency", "walk-in", "online", "alarm", "other"
    ] = "other"


@event_type("incident.updated")
class IncidentUpdated(IncidentFacts):
    """Something about the incident became known or changed."""


@event_type("incident.linked")
class IncidentLinked(IncidentData):
    """The agency learnt another agency's reference for the same crisis."""

    linked: IncidentLink


@event_type("incident.graded")
class IncidentGraded(IncidentData):
    """The agency gave the incident a response category or grade. The last one by occurrence
    counts.
    """

    ambulance_category: Annotated[AmbulanceCategory | None, Field(json_schema_extra=CORE)] = None
    police_grade: Annotated[PoliceGrade | None, Field(json_schema_extra=CORE)] = None
    code: CodedValue | None = None
    reason: StandDownReason | None = None
    """Why it is not (any longer) higher, where one was given: `police-present` is the one this
    product watches for.
    """
    assessed_by_clinician: bool = False
    """A clinician documented an assessment of the person, on scene or by telephone, at this
    instant.
    """


@event_type("incident.transferred")
class IncidentTransferred(IncidentData):
    """The agency passed the incident to another one to respond."""

    to_agency: Slug
    reason: ShortText | None = None


@event_type("incident.declined")
class IncidentDeclined(IncidentData):
    """The agency decided not to respond (e.g. the Right Care Right Person threshold is not met)."""

    reason: Literal["threshold-not-met", "police-present", "other-agency", "no-resource", "other"]
    referred_to: Slug | None = None
    """The agency the caller was referred to."""
    caller_told: bool | None = None


@event_type("incident.closed")
class IncidentClosed(IncidentData):
    """The agency closed its incident."""

    attended: bool
    outcome: Literal[
        "resolved",
        "conveyed",
        "detained",
        "arrested",
        "referred",
        "no-trace",
        "no-further-action",
        "duplicate",
        "other",
    ]
