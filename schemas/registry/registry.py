"""The agencies, areas, desks and feeds of one zone. All look-ups are pure and deterministic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from schemas.boundaries import Boundaries
from schemas.model import Closed, ShortText, Slug
from schemas.place import Box
from schemas.receipts import AUDIT_TOPIC
from schemas.registry.agencies import Agency, Area, Desk, Feed, agency_fits
from schemas.registry.postcodes import Postcodes
from schemas.registry.roles import SERVED_EVERYWHERE, DeskRole, Level, role_of
from schemas.registry.sites import Site

# How far outside its areas (some 35 km east, 55 km north) an agency of the zone may still attend.
# What is farther away is no place but a mistake: degrees exchanged, zeros, eastings.
BEYOND_DEGREES = 0.5


class RegistryError(ValueError):
    """The agency registry cannot be used as it is."""


class Registry(Closed):
    """The whole file. `zone` names the region whose crises have one writer at a time."""

    version: Annotated[int, Field(ge=1)]
    name: ShortText
    zone: Slug
    timezone: Literal["Europe/London"] = "Europe/London"
    areas: Annotated[tuple[Area, ...], Field(min_length=1)]
    boundaries: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+\.geojson$")] | None = None
    """A GeoJSON file beside this one, or one that is shipped: where the areas lie, by their
    code. Without it a place without an area has none.
    """
    postcodes: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+\.csv$")] | None = None
    """A table beside this file, or one that is shipped: in which areas a postcode lies, by their
    code. Without it a place with a postcode alone has none.
    """
    agencies: Annotated[tuple[Agency, ...], Field(min_length=1)]
    sites: tuple[Site, ...] = ()
    """Places to which many people come every day."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _unique("area", (area.id for area in self.areas))
        _unique("agency", (agency.id for agency in self.agencies))
        _unique("desk", (desk.id for agency in self.agencies for desk in agency.desks))
        feeds = [feed for agency in self.agencies for feed in agency.feeds]
        _unique("feed", (feed.id for feed in feeds))
        _unique("topic", (feed.topic for feed in feeds))
        _unique("source", (source for feed in feeds for source in feed.sources))
        _unique("place of a site", (place for site in self.sites for place in site.places))
        areas = {area.id for area in self.areas}
        for agency in self.agencies:
            agency_fits(agency, areas)
        for role in SERVED_EVERYWHERE:
            self._all_areas_served(role, areas)
        return self

    def _all_areas_served(self, role: DeskRole, areas: set[str]) -> None:
        """Raises ValueError for an area that no desk of the role serves."""
        served: set[str] = set()
        for agency, desk in self._desks_of(role):
            # who is there only where it is named serves no area by itself
            if agency.answers_for_place:
                served |= set(desk.areas or agency.areas or areas)
        for area in sorted(areas - served):
            raise ValueError(
                f"area {area}: no {role} desk serves it, so its alerts would reach nobody; add one"
            )

    # not of the file itself: read beside it, after it was found to be sound
    _boundaries: Boundaries | None = PrivateAttr(default=None)
    _postcodes: Postcodes | None = PrivateAttr(default=None)

    @property
    def outlines(self) -> Boundaries | None:
        """Where the areas lie; None where the file names no boundaries."""
        return self._boundaries

    @cached_property
    def box(self) -> Box | None:
        """Where a place that an agency of the zone speaks of can be; None without boundaries."""
        if self._boundaries is None:
            return None
        west, south, east, north = self._boundaries.bounds()
        return Box(
            south - BEYOND_DEGREES,
            west - BEYOND_DEGREES,
            north + BEYOND_DEGREES,
            east + BEYOND_DEGREES,
        )

    @cached_property
    def busy_places(self) -> frozenset[str]:
        """The places of its sites, as linking names places."""
        return frozenset(place for site in self.sites for place in site.places)

    @cached_property
    def _area_of_code(self) -> dict[str, str]:
        return {area.code: area.id for area in self.areas if area.code is not None}

    def with_agencies(self, agencies: tuple[Agency, ...]) -> Self:
        """The same zone with these agencies; nothing is checked anew."""
        registry = self.model_copy(update={"agencies": agencies})
        for name, member in vars(type(self)).items():
            # what was worked out of the former ones came along
            if isinstance(member, cached_property):
                vars(registry).pop(name, None)
        return registry

    def area_at(self, latitude: float, longitude: float) -> str | None:
        """The area that a place (WGS84 degrees) is in; None outside all, or where the registry
        has no boundaries.
        """
        if self._boundaries is None:
            return None
        code = self._boundaries.code_at(latitude, longitude)
        if code is None:
            return None
        return self._area_of_code.get(code)

    def areas_near(self, latitude: float, longitude: float, within_metres: float) -> list[str]:
        """The areas that a place (WGS84 degrees), known to `within_metres`, may be in, the nearest
        first.
        """
        if self._boundaries is None:
            return []
        codes = self._boundaries.codes_near(latitude, longitude, within_metres)
        return [self._area_of_code[code] for code in codes if code in self._area_of_code]

    def areas_of_postcode(self, postcode: str) -> tuple[str, ...]:
        """The areas that the postcode lies in, the likeliest first: several where it spans a border
        or is newer than the table. None where it is elsewhere, or the registry has no table.
        """
        if self._postcodes is None:
            return ()
        codes = self._postcodes.codes_of(postcode)
        return tuple(self._area_of_code[code] for code in codes if code in self._area_of_code)

    def lies_in(self, area: str, latitude: float, longitude: float, within_metres: float) -> bool:
        """Whether a place (WGS84 degrees), known to `within_metres`, is in the area or so near to it
        that it may be. Of an area without an outline nothing is known against it.
        """
        code = next((area_.code for area_ in self.areas if area_.id == area), None)
        if self._boundaries is None or code is None:
            return True
        return self._boundaries.may_hold(code, latitude, longitude, within_metres)

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
        return self.topics() | self.alert_topics() | self.receipt_topics() | {AUDIT_TOPIC: 1}

    def receipt_topics(self) -> dict[str, int]:
        """The topic on which each agency that sends events reads what became of them."""
        return {f"receipts.{agency.id}": 1 for agency in self.agencies if agency.feeds}

    def is_area(self, area: str | None) -> bool:
        """Whether the registry has the area."""
        return area in self._area_ids

    @cached_property
    def _area_ids(self) -> frozenset[str]:
        return frozenset(area.id for area in self.areas)

    def desks_for(
        self,
        roles: Iterable[str],
        area: str | None,
        agencies: Iterable[str] = (),
        involved: Iterable[str] = (),
    ) -> tuple[tuple[Agency, Desk], ...]:
        """Desks of the roles for an area, in order of desk id.

        Of each role: the desks of the agencies that are named; else of those that are involved; else of those that answer
        for the place. Of an agency the desks that serve the area; where none does, or the area is unknown, the one that
        takes unknown areas, and where none is named for that all of them: too many rather than none.
        """
        named, taking_part = frozenset(agencies), frozenset(involved)
        desks: dict[str, tuple[Agency, Desk]] = {}
        for role in set(roles):
            for agency, desk in self._desks_of_role(role, area, named, taking_part):
                desks[desk.id] = (agency, desk)
        return tuple(desks[key] for key in sorted(desks))

    def desks_for_any(
        self,
        roles: Sequence[str],
        areas: tuple[str | None, ...],
        agencies: Iterable[str] = (),
        involved: Iterable[str] = (),
    ) -> tuple[tuple[Agency, Desk], ...]:
        """Desks for something that is in one of several areas: those of each."""
        # nearly always it is one
        if len(areas) == 1:
            return self.desks_for(roles, areas[0], agencies, involved)
        named, taking_part = frozenset(agencies), frozenset(involved)
        desks = {
            desk.id: (agency, desk)
            for area in areas
            for agency, desk in self.desks_for(roles, area, named, taking_part)
        }
        return tuple(desks[key] for key in sorted(desks))

    def _desks_of_role(
        self, role: str, area: str | None, named: frozenset[str], involved: frozenset[str]
    ) -> list[tuple[Agency, Desk]]:
        of_role = self._desks_of(role)
        for_named = [pair for pair in of_role if pair[0].id in named]
        if for_named:
            return self._each_for(for_named, area)
        pairs: list[tuple[Agency, Desk]] = []
        # a role that agencies of several kinds have is one service each: police and trust have professional standards
        for kind in dict.fromkeys(agency.kind for agency, _ in of_role):
            service = [pair for pair in of_role if pair[0].kind == kind]
            taking_part = [pair for pair in service if pair[0].id in involved]
            # who is in the crisis is asked before who would answer for the place: they
            # have the person
            if taking_part:
                pairs += self._each_for(taking_part, area)
            else:
                answering = [pair for pair in service if pair[0].answers_for_place]
                pairs += self._for_place(answering, area)
        return pairs

    def _each_for(
        self, desks: Sequence[tuple[Agency, Desk]], area: str | None
    ) -> list[tuple[Agency, Desk]]:
        """For each of the agencies the desks that it has for the area."""
        pairs = []
        for holder in dict.fromkeys(agency.id for agency, _ in desks):
            holding = [pair for pair in desks if pair[0].id == holder]
            serving = []
            if self.is_area(area):
                serving = [pair for pair in holding if _serves(*pair, area)]
            # too many rather than none
            pairs += serving or _without_area(holding)
        return pairs

    def _for_place(
        self, desks: Sequence[tuple[Agency, Desk]], area: str | None
    ) -> list[tuple[Agency, Desk]]:
        """Desks that serve the area; those that take an unknown one."""
        if self.is_area(area):
            return [pair for pair in desks if _serves(*pair, area)]
        return _without_area(desks)

    def _desks_of(self, role: str) -> Sequence[tuple[Agency, Desk]]:
        return self._desks_by_role.get(role, ())

    @cached_property
    def _desks_by_role(self) -> dict[str, list[tuple[Agency, Desk]]]:
        """In the order of the file."""
        by_role: dict[str, list[tuple[Agency, Desk]]] = {}
        for agency in self.agencies:
            for desk in agency.desks:
                by_role.setdefault(desk.role, []).append((agency, desk))
        return by_role

    @cached_property
    def _desks_of_holder(self) -> dict[tuple[str, DeskRole], list[Desk]]:
        """By agency and role, in the order of the file."""
        by_holder: dict[tuple[str, DeskRole], list[Desk]] = {}
        for agency in self.agencies:
            for desk in agency.desks:
                by_holder.setdefault((agency.id, desk.role), []).append(desk)
        return by_holder

    def desks_above(self, agency: str, level: Level, area: str | None = None) -> tuple[str, ...]:
        """Ids of the agency's desks of the level that serve the area, or all of them where none
        does. KeyError.
        """
        holder = self.agencies_by_id[agency]
        role = role_of(level, holder.kind)
        of_level = self._desks_of_holder.get((agency, role), ())
        serving = [
            desk for desk in of_level if area is None or not desk.areas or area in desk.areas
        ]
        # where no supervisor has the area all of them are told: one of them knows whose it
        # is
        return tuple(sorted(desk.id for desk in serving or of_level))


def _without_area(desks: Sequence[tuple[Agency, Desk]]) -> list[tuple[Agency, Desk]]:
    """The desks that take an unknown area; those of the agency that has such a desk of another role; else all."""
    takers = [pair for pair in desks if pair[1].takes_unknown_area]
    if takers:
        return takers
    of_taker = [
        (agency, desk)
        for agency, desk in desks
        if any(other.takes_unknown_area for other in agency.desks)
    ]
    return of_taker or list(desks)


def _serves(agency: Agency, desk: Desk, area: str | None) -> bool:
    areas = desk.areas or agency.areas
    return not areas or area in areas


def _unique(kind: str, candidates: Iterable[str]) -> None:
    earlier: set[str] = set()
    for value in candidates:
        # by name, so that whoever keeps the file finds it at once
        if value in earlier:
            raise ValueError(f"{kind} {value} stands twice; every {kind} needs a name of its own")
        earlier.add(value)
