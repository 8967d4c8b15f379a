"""What a desk that has to act is told of the scene: where, who is there, whom it is about as they
look, and whom to ring back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from schemas.codes import ClinicalSign
from schemas.london_time import LONDON, clock, full_years
from schemas.person import PersonDescriptor
from schemas.place import Location
from services.liaison.crisis.facts import Crisis, IncidentState, Unit
from services.liaison.disclosure.sentence import once, together
from services.liaison.disclosure.vocabulary import (
    CALLER_WORDS,
    HAZARD_WORDS,
    NATURE_WORDS,
    SIGN_WORDS,
    UNIT_WORDS,
)


@dataclass(frozen=True, slots=True)
class PlaceStated:
    """Where one agency says that it is."""

    agency: str
    reference: str
    location: Location


def places_of(crisis: Crisis) -> tuple[PlaceStated, ...]:
    """Where the agencies say that it is, the newest statement first, each place once."""
    stated = [
        (incident.place_at, PlaceStated(*incident.key, incident.place))
        for incident in crisis.incidents
        if incident.place is not None and incident.place_at is not None
    ]
    stated.sort(key=lambda pair: pair[0], reverse=True)
    places: dict[Location, PlaceStated] = {}
    for _, place in stated:
        places.setdefault(place.location, place)
    return tuple(places.values())


def is_restricted(crisis: Crisis) -> bool:
    """Whether any agency, or the register, holds the person's record as restricted: one that says
    so is enough, another may not have heard of it yet.
    """
    if any(incident.restricted for incident in crisis.incidents):
        return True
    person = crisis.person
    return person is not None and any(descriptor.restricted for descriptor in person.descriptors)


def location_words(crisis: Crisis) -> dict[str, str]:
    """Address, hazards, coordinates with their precision, property number and area."""
    places = [place.location for place in places_of(crisis)]
    words: dict[str, str] = {}
    words |= together("Where", once(_address(place) for place in places))
    words |= together("Access hazard", once(word for place in places for word in _hazards(place)))
    words |= together("Coordinates", once(_coordinates(place) for place in places))
    words |= together("UPRN", once(place.uprn for place in places))
    areas = [area for area in crisis.areas if area]
    if areas:
        words["Area"] = " or ".join(areas)
    return words


def _address(place: Location) -> str:
    return ", ".join(part for part in (place.street, place.postcode) if part)


def _coordinates(place: Location) -> str:
    point = place.point
    if point is None:
        return ""
    precision = "precision not stated"
    if point.within_metres:
        precision = f"within {point.within_metres:.0f} m"
    return f"{point.latitude:.5f}, {point.longitude:.5f} ({precision})"


def _hazards(place: Location) -> Iterator[str]:
    return (HAZARD_WORDS[hazard] for hazard in place.access_hazards)


def restriction_words(crisis: Crisis) -> dict[str, str]:
    """The warning that stands where the place would."""
    if not is_restricted(crisis):
        return {}
    return {
        "Warning": (
            "The person's record is restricted: where they are, and a number to ring back, are not "
            "passed on. Ask the agency of the incident, and tell nobody where the person is."
        )
    }


def units_words(crisis: Crisis) -> dict[str, str]:
    """Who is there and who is on the way, by call sign."""
    there = [_unit(unit) for unit in crisis.units if unit.there]
    coming = [_unit(unit) for unit in crisis.units if not unit.there]
    return together("Units there", there) | together("Units on the way", coming)


def _unit(unit: Unit) -> str:
    return f"{UNIT_WORDS[unit.kind]} {unit.call_sign} since {clock(unit.since)}"


def police_reason_words(crisis: Crisis) -> dict[str, str]:
    """What the incidents of the police are about."""
    natures = [
        NATURE_WORDS[incident.nature]
        for incident in crisis.incidents
        if incident.kind == "police" and incident.nature is not None
    ]
    return together("Why the police are there", once(natures))


def description_words(crisis: Crisis) -> dict[str, str]:
    """Age and sex, as the register and each agency have them; where they differ, all of it."""
    if crisis.last_event_at is None:
        return {}
    on = crisis.last_event_at.astimezone(LONDON).date()
    descriptors: list[PersonDescriptor] = []
    if crisis.person is not None:
        descriptors += crisis.person.descriptors
    ages = [
        _age(descriptor.date_of_birth, descriptor.apparent_age, on) for descriptor in descriptors
    ]
    ages += [
        _age(incident.date_of_birth, incident.apparent_age, on) for incident in crisis.incidents
    ]
    descriptors += [incident.person for incident in crisis.incidents if incident.person is not None]
    return together(
        "Age and sex", (*once(ages), *once(_sex(descriptor) for descriptor in descriptors))
    )


def _age(born: date | None, apparent: int | None, on: date) -> str:
    if born is not None:
        return f"{full_years(born, on)} years"
    if apparent is not None:
        return f"looks {apparent}"
    return ""


def _sex(descriptor: PersonDescriptor) -> str:
    if descriptor.sex is None or descriptor.sex == "unknown":
        return ""
    return descriptor.sex


def signs_words(crisis: Crisis) -> dict[str, str]:
    """Each physical sign once, with when it was first seen."""
    first_seen: dict[ClinicalSign, datetime] = {}
    for sign, mark in crisis.signs:
        first_seen.setdefault(sign, mark.at)
    sentences = [f"{SIGN_WORDS[sign]} ({clock(at)})" for sign, at in first_seen.items()]
    return together("Physical signs", sentences)


def call_back_words(crisis: Crisis) -> dict[str, str]:
    """The numbers of those who rang, the latest first."""
    if is_restricted(crisis):
        return {}
    calls = sorted(
        (incident for incident in crisis.incidents if incident.caller_at is not None),
        key=_rang_at,
        reverse=True,
    )
    return together("Call-back number", once(_number(incident) for incident in calls))


def _rang_at(incident: IncidentState) -> tuple[datetime, tuple[str, str]]:
    if incident.caller_at is None:
        return (incident.opened_at, incident.key)
    return (incident.caller_at.at, incident.key)


def _number(incident: IncidentState) -> str:
    caller = incident.caller
    if caller is None or caller.phone is None:
        return ""
    words = f"{caller.phone} ({CALLER_WORDS[caller.relation]}"
    if caller.wants_call_back:
        words += ", wants to be rung back"
    return f"{words})"
