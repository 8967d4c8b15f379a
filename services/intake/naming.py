"""What an event names that the registry does not have, and coordinates that do not lie in the area
beside them: nothing is joined by it, or another desk found; so its sender is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from rapidfuzz import process

from schemas.events.catalogue import EventData
from schemas.events.incident import IncidentLink
from schemas.place import Location
from schemas.registry import Registry
from services.intake.faults import Fault


def unknown_names(data: EventData, registry: Registry) -> tuple[Fault, ...]:
    """One fault for each agency and area that is not in the registry, and for coordinates that are
    not in the area named. The event counts all the same.
    """
    return tuple(_unknown(data, registry))


def _unknown(data: EventData, registry: Registry) -> Iterator[Fault]:
    for pointer, link in _links(data):
        if link.agency not in registry.agencies_by_id:
            near = process.extractOne(link.agency, list(registry.agencies_by_id), score_cutoff=70)
            hint = ""
            if near is not None:
                hint = f"; did you mean `{near[0]}`?"
            yield Fault(
                f"{pointer}/agency",
                "agency-unknown",
                "the agency is not in the registry, so nothing is joined by this link",
                f"use an agency's id in the agency registry{hint}",
            )
    location = vars(data).get("location")
    if isinstance(location, Location) and location.area is not None:
        yield from _area(location, location.area, registry)


def _area(location: Location, area: str, registry: Registry) -> Iterator[Fault]:
    if not registry.is_area(area):
        yield Fault(
            "/data/location/area",
            "area-unknown",
            "the area is not in the registry",
            "use an area's id in the agency registry",
        )
        return
    for fields, point in location.points.items():
        if not registry.lies_in(area, *point):
            yield Fault(
                f"/data/location/{fields[0]}",
                "coordinates-outside-area",
                "this place is not in the area that is named beside it; the area counts",
                _where(registry.area_at(point.latitude, point.longitude)),
            )


def _where(area: str | None) -> str:
    if area is None:
        return (
            "it lies in no area of the registry; send the place and its own area, or leave one out"
        )
    return f"it lies in {area}; send the place and its own area, or leave one out"


def _links(data: EventData) -> Iterator[tuple[str, IncidentLink]]:
    linked = vars(data).get("linked")
    if isinstance(linked, IncidentLink):
        yield "/data/linked", linked
    elif isinstance(linked, tuple):
        for number, link in enumerate(linked):
            if isinstance(link, IncidentLink):
                yield f"/data/linked/{number}", link
