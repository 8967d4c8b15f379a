"""The agency registry: one versioned file that says which agencies, areas, desks and feeds there are.

All look-ups are pure and deterministic. `load_registry()` reads the shipped London, whose entries are to be verified
by each agency before use (`verified: false`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, PrivateAttr, ValidationError, model_validator

from schemas.boundaries import Boundaries, BoundariesError, read_boundaries
from schemas.codes import AgencyKind
from schemas.envelope import Source
from schemas.model import Closed, Phone, ShortText, Slug

DeskRole = Literal[
    "police-control",
    "police-supervisor",
    "ambulance-control",
    "mental-health-crisis",
    "amhp",
    "custody",
    "emergency-department",
    "professional-standards",
    "family-liaison",
    "frequent-contact",
    "record-keeping",
    "mental-health-board",
    "operations",
    "ambulance-supervisor",
    "mental-health-supervisor",
    "amhp-supervisor",
    "emergency-department-supervisor",
    "operations-supervisor",
    "tactical-manager",
    "strategic-on-call",
]

Level = Literal["supervisor", "tactical", "strategic"]
"""Rungs of the ladder above a desk: duty supervisor, tactical or on-call manager, strategic on-call."""

SUPERVISOR_OF: dict[AgencyKind, DeskRole] = {
    "police": "police-supervisor",
    "ambulance": "ambulance-supervisor",
    "mental-health-trust": "mental-health-supervisor",
    "local-authority": "amhp-supervisor",
    "acute-trust": "emergency-department-supervisor",
    "operations": "operations-supervisor",
}
"""The duty supervisor's desk of an agency of each kind."""

MANAGERS: frozenset[DeskRole] = frozenset({"tactical-manager", "strategic-on-call"})
"""Desks above the supervisor, which an agency of any kind may have."""

_WORKING: dict[AgencyKind, frozenset[DeskRole]] = {
    "police": frozenset(
        {
            "police-control",
            "police-supervisor",
            "custody",
            "professional-standards",
            "family-liaison",
            "frequent-contact",
            "record-keeping",
        }
    ),
    "ambulance": frozenset(
        {"ambulance-control", "professional-standards", "frequent-contact", "record-keeping"}
    ),
    "mental-health-trust": frozenset(
        {
            "mental-health-crisis",
            "professional-standards",
            "family-liaison",
            "frequent-contact",
            "record-keeping",
        }
    ),
    "local-authority": frozenset({"amhp", "record-keeping"}),
    "acute-trust": frozenset({"emergency-department", "record-keeping"}),
    "operations": frozenset({"operations", "mental-health-board"}),
}

ROLES_OF: dict[AgencyKind, frozenset[DeskRole]] = {
    kind: roles | {SUPERVISOR_OF[kind]} | MANAGERS for kind, roles in _WORKING.items()
}
"""Which desks an agency of each kind may have; it must have at least one."""


TRACE_SOURCE_END = "/pds-trace"
"""The end of the source under which this product itself says, on an agency's feed, what a trace of an NHS number found. It
is no sign that the agency's own feed lives."""


class RegistryError(ValueError):
    """The agency registry cannot be used as it is."""


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
    desks: Annotated[tuple[Desk, ...], Field(min_length=1)]
    feeds: tuple[Feed, ...] = ()
    contacts: tuple[Contact, ...] = ()
    record_url: (
        Annotated[str, Field(pattern=r"^https://[^\s{}]+\{reference\}[^\s{}]*$", max_length=300)]
        | None
    ) = None
    """Where the agency's own record of an incident opens in its own system, `{reference}` standing for the reference."""


class Registry(Closed):
    """The whole file. `zone` names the region whose crises have one writer at a time."""

    version: Annotated[int, Field(ge=1)]
    name: ShortText
    zone: Slug
    timezone: Literal["Europe/London"] = "Europe/London"
    areas: Annotated[tuple[Area, ...], Field(min_length=1)]
    boundaries: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+\.geojson$")] | None = None
    """A GeoJSON file beside this one, or one that is shipped: where the areas lie, by their code. Without it a place without an
    area has none."""
    agencies: Annotated[tuple[Agency, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        areas = {area.id for area in self.areas}
        _unique("area", (area.id for area in self.areas))
        _unique("agency", (agency.id for agency in self.agencies))
        _unique("desk", (desk.id for agency in self.agencies for desk in agency.desks))
        feeds = [feed for agency in self.agencies for feed in agency.feeds]
        _unique("feed", (feed.id for feed in feeds))
        _unique("topic", (feed.topic for feed in feeds))
        _unique("source", (source for feed in feeds for source in feed.sources))
        for agency in self.agencies:
            for desk in agency.desks:
                if desk.role not in ROLES_OF[agency.kind]:
                    raise ValueError(f"desk {desk.id}: a {agency.kind} has no {desk.role} desk")
                served = set(agency.areas) or areas
                if not set(desk.areas) <= served:
                    lost = sorted(set(desk.areas) - served)
                    raise ValueError(
                        f"desk {desk.id}: {lost} are not areas of {agency.id}; correct the desk or the agency"
                    )
            if not set(agency.areas) <= areas:
                raise ValueError(
                    f"agency {agency.id}: {sorted(set(agency.areas) - areas)} are not in `areas`; add them"
                )
        for role in ("police-control", "ambulance-control", "mental-health-crisis", "operations"):
            for area in sorted(areas):
                if not any(
                    area in (d.areas or a.areas or areas)
                    for a in self.agencies
                    for d in a.desks
                    if d.role == role
                ):
                    raise ValueError(
                        f"area {area}: no {role} desk serves it, so its alerts would reach nobody; add one"
                    )
        return self

    _boundaries: Boundaries | None = PrivateAttr(default=None)

    @property
    def outlines(self) -> Boundaries | None:
        """Where the areas lie; None where the file names no boundaries."""
        return self._boundaries

    @cached_property
    def _area_of_code(self) -> dict[str, str]:
        return {area.code: area.id for area in self.areas if area.code is not None}

    def area_at(self, latitude: float, longitude: float) -> str | None:
        """The area that a place (WGS84 degrees) is in; None outside all, or where the registry has no boundaries."""
        code = None if self._boundaries is None else self._boundaries.code_at(latitude, longitude)
        return None if code is None else self._area_of_code.get(code)

    @cached_property
    def agencies_by_id(self) -> dict[str, Agency]:
        """By agency id."""
        return {agency.id: agency for agency in self.agencies}

    @cached_property
    def feeds_by_topic(self) -> dict[str, tuple[Agency, Feed]]:
        """The agency and feed behind a topic."""
        return {feed.topic: (agency, feed) for agency in self.agencies for feed in agency.feeds}

    @cached_property
    def feeds_by_id(self) -> dict[str, tuple[Agency, Feed]]:
        """The agency and feed of a feed id."""
        return {feed.id: (agency, feed) for agency in self.agencies for feed in agency.feeds}

    @cached_property
    def desks_by_id(self) -> dict[str, tuple[Agency, Desk]]:
        """The agency and desk of a desk id."""
        return {desk.id: (agency, desk) for agency in self.agencies for desk in agency.desks}

    def topics(self) -> dict[str, int]:
        """Every feed topic and its partitions."""
        return {topic: feed.partitions for topic, (_, feed) in self.feeds_by_topic.items()}

    def alert_topics(self) -> dict[str, int]:
        """The topic on which each agency receives its alerts."""
        return {f"alerts.{agency.id}": 1 for agency in self.agencies}

    def every_topic(self) -> dict[str, int]:
        """All topics of this product and their partitions."""
        return self.topics() | self.alert_topics() | self.receipt_topics()

    def receipt_topics(self) -> dict[str, int]:
        """The topic on which each agency that sends events reads what became of them."""
        return {f"receipts.{agency.id}": 1 for agency in self.agencies if agency.feeds}

    def desks_for(
        self, roles: Iterable[str], area: str | None, agencies: Iterable[str] = ()
    ) -> tuple[tuple[Agency, Desk], ...]:
        """Desks of the roles that serve the area, in order of desk id.

        An unknown area addresses every desk of the role: too many rather than none. Where `agencies` names agencies of
        a role's kind, only theirs of that role are addressed.
        """
        wanted, named = set(roles), set(agencies)
        known = area if any(a.id == area for a in self.areas) else None
        chosen: dict[str, tuple[Agency, Desk]] = {}
        for role in wanted:
            of_role = [(a, d) for a in self.agencies for d in a.desks if d.role == role]
            restricted = [(a, d) for a, d in of_role if a.id in named]
            for agency, desk in restricted or of_role:
                serves = desk.areas or agency.areas
                if known is None or not serves or known in serves:
                    chosen[desk.id] = (agency, desk)
            if restricted and not any(d.role == role for _, d in chosen.values()):
                chosen |= {desk.id: (agency, desk) for agency, desk in restricted}
        return tuple(chosen[key] for key in sorted(chosen))

    def desks_above(self, agency: str, level: Level, area: str | None = None) -> tuple[str, ...]:
        """Ids of the agency's desks of the level that serve the area, or all of them where none does. KeyError."""
        found = self.agencies_by_id[agency]
        role = {"supervisor": SUPERVISOR_OF[found.kind], "tactical": "tactical-manager"}.get(
            level, "strategic-on-call"
        )
        of_level = [d for d in found.desks if d.role == role]
        serving = [d for d in of_level if area is None or not d.areas or area in d.areas]
        return tuple(sorted(d.id for d in serving or of_level))


def _unique(kind: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in ids:
        if value in seen:
            raise ValueError(f"{kind} {value} stands twice; every {kind} needs a name of its own")
        seen.add(value)


def load_registry(path: Path | None = None) -> Registry:
    """The registry in the file, or the shipped London. Raises RegistryError naming file, place and remedy."""
    name = str(path) if path else "london.yaml (shipped)"
    try:
        text = (path or resources.files("schemas") / "registries" / "london.yaml").read_text(
            encoding="utf-8"
        )
        registry = Registry.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise RegistryError(f"{name} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise RegistryError(f"{name} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = "/" + "/".join(str(part) for part in first["loc"])
        raise RegistryError(
            f"{name} at {place}: {first['msg'].removeprefix('Value error, ')}"
        ) from error
    if registry.boundaries is not None:
        shipped = resources.files("schemas") / "registries" / registry.boundaries
        beside = path.parent / registry.boundaries if path else shipped
        registry._boundaries = _read(
            registry, beside if beside.is_file() or not shipped.is_file() else shipped
        )
    return registry


def _read(registry: Registry, file: Traversable) -> Boundaries:
    """Raises RegistryError, also where an area has no outline: its incidents would be nobody's."""
    try:
        found = read_boundaries(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RegistryError(
            f"{file.name}, which the registry names as boundaries, cannot be read: {error}"
        ) from error
    except (BoundariesError, UnicodeDecodeError) as error:
        raise RegistryError(f"{file.name}: {error}") from error
    for area in registry.areas:
        if area.code not in found.outlines:
            raise RegistryError(
                f"area {area.id}: {file.name} has no outline of code {area.code}; add one or correct the code"
            )
    return found
