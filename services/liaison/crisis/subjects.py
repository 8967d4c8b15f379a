"""What an incident's events say of whom it is about and in which area it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from schemas.events.care import AbsenceReported, FollowUpData
from schemas.events.detention import CustodyArrived, PlaceOfSafetyCapacity
from schemas.person import PersonDescriptor
from schemas.place import Location
from schemas.received import DESCRIBING, Mark, Received, models_of, models_with, stated
from schemas.registry import Registry
from services.liaison.crisis.corrections import effective
from services.liaison.crisis.records import SiteReport


def descriptor_of(events: Iterable[Received]) -> PersonDescriptor | None:
    """The newest descriptor of the person, after corrections; None where nothing is said."""
    received = describing(events)
    if received is None:
        return None
    person = stated(received.event.data, "person")
    if isinstance(person, PersonDescriptor):
        return person
    return None


def describing(events: Iterable[Received]) -> Received | None:
    """The event that described the person last, after corrections; None where nothing is said."""
    counted, _ = effective(events)
    for received in reversed(counted):
        data = received.event.data
        if type(data) in DESCRIBING and isinstance(stated(data, "person"), PersonDescriptor):
            return received
    return None


def day_of(events: Iterable[Received]) -> date | None:
    """The day the incident began: apparent ages are as at it, and who died later was alive."""
    # not the day on which it was written down: an incident that is entered late was that day
    # all the same
    began = min((received.event.time for received in events), default=None)
    if began is not None:
        return began.date()
    return None


_FOLLOW_UPS = models_of(FollowUpData)


def local_person_of(events: Iterable[Received]) -> tuple[str, str] | None:
    """(agency, local identifier) where the record is about a person on the sender's own books,
    after corrections.
    """
    for received in reversed(effective(events)[0]):
        data = received.event.data
        if type(data) in _FOLLOW_UPS and data.local_person is not None:
            return (received.agency, data.local_person)
    return None


def local_key(agency: str, local_person: str) -> str:
    """Key under which records about a person on an agency's own books are found when the register
    changes.
    """
    return f"local:{agency}/{local_person}"


def described_key(key: int) -> str:
    """Key under which records described alike are found when the register changes. `key` is one of
    `identity_keys`.
    """
    return f"described:{key}"


def local_keys(events: Iterable[Received]) -> frozenset[str]:
    """The key of the person on the sender's own books; empty where none is named."""
    named = local_person_of(events)
    if named is None:
        return frozenset()
    return frozenset({local_key(*named)})


# How old a report of free places may be, at the time of detention, to be believed. Sites report
# at least hourly.
SITE_REPORTS_COUNT = timedelta(hours=24)


def site_reports_of(events: Iterable[Received]) -> tuple[SiteReport, ...]:
    """What places of safety said of their free places, after corrections, in order."""
    return tuple(
        SiteReport(
            Mark(received.event.time, received.event.source, received.event.id),
            received.agency,
            capacity.site,
            capacity.total,
            capacity.free,
            capacity.for_under_18,
        )
        for received in effective(events)[0]
        if isinstance(capacity := received.event.data, PlaceOfSafetyCapacity)
    )


_PLACED = models_with("location", "area")


# A larger square of a grid reference, e.g. of a kilometre, may lie in several areas: each is named.
SMALL_SQUARE_METRES = 100


def areas_of(events: Iterable[Received], registry: Registry) -> tuple[str, ...]:
    """The area that was named last, after corrections; where a place has coordinates only, the area
    they lie in; where it has a postcode only, the areas that it spans. Empty is an unknown place."""
    counted, _ = effective(events)
    # the last that names one: a crisis that moves is the business of where it is now
    for received in reversed(counted):
        data = received.event.data
        if type(data) not in _PLACED:
            continue
        location = stated(data, "location")
        areas: tuple[str, ...] = ()
        if isinstance(data, AbsenceReported | CustodyArrived) and data.area is not None:
            areas = (data.area,)
        elif isinstance(location, Location):
            areas = _areas_of_place(location, registry)
        if areas:
            return areas
    return ()


def _areas_of_place(location: Location, registry: Registry) -> tuple[str, ...]:
    if location.area is not None:
        return (location.area,)
    point = location.point
    if point is not None:
        area = registry.area_at(point.latitude, point.longitude)
        areas: list[str] = []
        if area is not None:
            areas.append(area)
        if location.latitude is None and point.within_metres > SMALL_SQUARE_METRES:
            areas += [near for near in registry.areas_near(*point) if near != area]
        if areas:
            return tuple(areas)
    if location.postcode is not None:
        return registry.areas_of_postcode(location.postcode)
    return ()
