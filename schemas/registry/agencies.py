"""What the registry says of one agency: its desks, its feeds, the areas it serves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.codes import AgencyKind
from schemas.envelope import Source
from schemas.model import Closed, Phone, ShortText, Slug
from schemas.registry.roles import ROLES_OF, DeskRole

# The end of the source under which this product itself says, on an agency's feed, what a trace of
# an NHS number found. It is no sign that the agency's own feed lives.
TRACE_SOURCE_END = "/pds-trace"


class Area(Closed):
    """A part of the zone, e.g. a London borough."""

    id: Slug
    name: ShortText
    code: Annotated[str, Field(pattern=r"^[A-Z][0-9]{8}$")] | None = None
    """ONS GSS code."""


class Contact(Closed):
    """How to reach the agency for a purpose."""

    purpose: Literal["supervisor", "integration", "privacy"]
    phone: Phone | None = None
    email: ShortText | None = None


class Desk(Closed):
    """An operating position: alerts go to desks, and alarm load is counted per desk."""

    id: Slug
    name: ShortText
    role: DeskRole
    areas: tuple[Slug, ...] = ()
    """Areas it serves; empty: all of its agency's."""
    takes_unknown_area: bool = False
    """It takes the alerts of its role whose area is unknown, or no area of its agency."""
    phone: Phone | None = None
    """Where other desks ring it. It is shown to every desk that shares an alert with it: the control
    room's line, no person's.
    """


class Feed(Closed):
    """One stream of events of an agency, on its own topic."""

    id: Slug
    topic: Annotated[str, Field(pattern=r"^feed\.[a-z0-9-]+$")]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    """CloudEvents sources that may appear on it."""
    partitions: Annotated[int, Field(ge=1, le=64)] = 1
    heartbeat_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    silent_after_seconds: Annotated[int, Field(ge=5, le=7200)] = 60
    """After this long without anything the feed is silent and rule R30 says so."""
    mental_health_specialties: tuple[ShortText, ...] = ()
    """The system's own codes in PV1-10 (HL7 v2) that are mental-health care, beside treatment functions 700 to 727."""


class Agency(Closed):
    """A police force, ambulance service, trust or council."""

    id: Slug
    name: ShortText
    kind: AgencyKind
    code: Annotated[str, Field(max_length=10)] | None = None
    """ODS or force code."""
    verified: bool = False
    areas: tuple[Slug, ...] = ()
    """Areas it covers; empty: the whole zone."""
    answers_for_place: bool = True
    """It answers for what happens in its areas. False: only where it has an incident or is named, as the railways' police
    or a neighbour's ambulance service."""
    desks: Annotated[tuple[Desk, ...], Field(min_length=1)]
    feeds: tuple[Feed, ...] = ()
    contacts: tuple[Contact, ...] = ()
    record_url: (
        Annotated[str, Field(pattern=r"^https://[^\s{}]+\{reference\}[^\s{}]*$", max_length=300)]
        | None
    ) = None
    """Where the agency's own record of an incident opens in its own system, `{reference}`
    standing for the reference.
    """


def agency_fits(agency: Agency, areas: set[str]) -> None:
    """Raises ValueError where the agency has a desk that none of its kind has, or an unknown
    area.
    """
    served = set(agency.areas) or areas
    for desk in agency.desks:
        if desk.role not in ROLES_OF[agency.kind]:
            raise ValueError(f"desk {desk.id}: a {agency.kind} has no {desk.role} desk")
        # a desk for an area that its agency does not cover is a slip in one of the two
        lost = sorted(set(desk.areas) - served)
        if lost:
            raise ValueError(
                f"desk {desk.id}: {lost} are not areas of {agency.id}; "
                "correct the desk or the agency"
            )
    unknown = sorted(set(agency.areas) - areas)
    if unknown:
        raise ValueError(f"agency {agency.id}: {unknown} are not in `areas`; add them")
