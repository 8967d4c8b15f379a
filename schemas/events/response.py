"""Resources on their way and at the scene, help asked for, force used, harm done."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.codes import ClinicalSign, ForceKind, ResourceKind, RestraintPosition, StandDownReason
from schemas.events.catalogue import event_type
from schemas.events.incident import IncidentData
from schemas.model import Reference, Slug


class ResourceData(IncidentData):
    """Something one resource did for an incident."""

    resource: Reference
    """Call sign."""
    kind: ResourceKind


@event_type("resource.assigned")
class ResourceAssigned(ResourceData):
    """A resource was sent."""


@event_type("resource.on-scene")
class ResourceOnScene(ResourceData):
    """A resource arrived at the scene."""


@event_type("resource.left")
class ResourceLeft(ResourceData):
    """A resource left the scene."""

    handover_to: Slug | None = None
    """Agency to whom the person was handed over, where that is documented."""
    with_person: bool = False
    """The resource took the person along."""


@event_type("resource.stood-down")
class ResourceStoodDown(ResourceData):
    """A resource was stood down before it arrived."""

    reason: StandDownReason


@event_type("assistance.requested")
class AssistanceRequested(IncidentData):
    """The agency asked another service to come."""

    of: Literal["ambulance", "police", "mental-health"]
    request: Reference | None = None


@event_type("assistance.cancelled")
class AssistanceCancelled(IncidentData):
    """The request was cancelled, by whichever side recorded it."""

    of: Literal["ambulance", "police", "mental-health"]
    request: Reference | None = None
    reason: StandDownReason


class ForceData(IncidentData):
    """One continuous use of force or restraint on the person."""

    force: Reference
    """The agency's reference for this use of force; the same in started, reviewed and ended."""


@event_type("force.started")
class ForceStarted(ForceData):
    """Restraint or other force began."""

    kinds: Annotated[tuple[ForceKind, ...], Field(min_length=1, max_length=9)]
    position: RestraintPosition | None = None
    signs: Annotated[tuple[ClinicalSign, ...], Field(max_length=13)] = ()


@event_type("force.reviewed")
class ForceReviewed(ForceData):
    """The need for it, the position and the person's condition were reviewed."""

    position: RestraintPosition | None = None
    signs: Annotated[tuple[ClinicalSign, ...], Field(max_length=13)] = ()
    vitals_checked: bool = False


@event_type("force.ended")
class ForceEnded(ForceData):
    """It ended."""

    injury: bool | None = None


@event_type("harm.reported")
class HarmReported(IncidentData):
    """Death, serious injury or self-harm during or after contact (Police Reform Act 2002 s12; SI
    2020/2 reg 9).
    """

    harm: Literal["death", "serious-injury", "self-harm", "suicide-attempt"]
    after_contact: bool = True
