"""What an incident's events say of whom it is about and in which area it is."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.person import PersonDescriptor
from schemas.received import Received
from services.liaison.corrections import effective


def descriptor_of(events: Iterable[Received]) -> PersonDescriptor | None:
    """The newest descriptor of the person, after corrections; None where nothing is said."""
    counted, _ = effective(events)
    for received in reversed(counted):
        person = getattr(received.event.data, "person", None)
        if isinstance(person, PersonDescriptor):
            return person
    return None


def area_of(events: Iterable[Received]) -> str | None:
    """The area that was named last, after corrections; None addresses every area."""
    counted, _ = effective(events)
    for received in reversed(counted):
        location = getattr(received.event.data, "location", None)
        if location is not None and location.area is not None:
            area: str = location.area
            return area
    return None
