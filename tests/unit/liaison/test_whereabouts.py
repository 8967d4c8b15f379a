"""Where the person is: one fact, told by whoever moves, receives or loses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from schemas.codes import PlaceOfSafetyKind, ResourceKind
from schemas.events.care import AbsenceEnded
from schemas.events.detention import DetentionEnded
from schemas.events.incident import IncidentClosed
from services.liaison.crisis import whereabouts
from services.liaison.crisis.whereabouts import HAS_PERSON, Place
from tests.unit.liaison.script import Script, minute
from tests.unit.schemas.test_vocabularies import undecided

TABLES: dict[str, tuple[Any, Any]] = {
    "TAKEN_BY": (whereabouts.TAKEN_BY, ResourceKind),
    "SITES": (whereabouts.SITES, PlaceOfSafetyKind),
    "DETENTION_ENDS": (
        whereabouts.DETENTION_ENDS,
        get_args(DetentionEnded.model_fields["outcome"].annotation),
    ),
    "ABSENCE_ENDS": (
        whereabouts.ABSENCE_ENDS,
        get_args(AbsenceEnded.model_fields["outcome"].annotation),
    ),
    "POLICE_CLOSE": (
        whereabouts.POLICE_CLOSE,
        get_args(IncidentClosed.model_fields["outcome"].annotation),
    ),
    "AMBULANCE_CLOSES": (
        whereabouts.AMBULANCE_CLOSES,
        get_args(IncidentClosed.model_fields["outcome"].annotation),
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_where_the_person_is_for_every_member(name: str) -> None:
    table, members = TABLES[name]
    assert not undecided(
        f"liaison.crisis.whereabouts.{name}", table, members, "where the person is then"
    )


HBPOS = {"site": "maudsley", "kind": "health-based-place-of-safety"}
ED = {"site": "st-thomas", "kind": "emergency-department"}


def scene() -> Script:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    return crisis.police("resource.on-scene", 5, resource="MX1", kind="police-unit")


def place_at(crisis: Script, at: float) -> Place | None:
    stays = crisis.crisis().whereabouts
    return next((stay.place for stay in stays if stay.since.at <= minute(at) < stay.until), None)


MOVES: dict[str, tuple[Callable[[Script], Script], Place | None]] = {
    "a crew leaves with the person": (
        lambda crisis: crisis.ambulance(
            "resource.left", 20, resource="A1", kind="ambulance", with_person=True
        ),
        Place.CREW,
    ),
    "a crew leaves without the person": (
        lambda crisis: crisis.ambulance("resource.left", 20, resource="A1", kind="ambulance"),
        None,
    ),
    "police leave with the person": (
        lambda crisis: crisis.police(
            "resource.left", 20, resource="MX1", kind="police-unit", with_person=True
        ),
        Place.POLICE,
    ),
    "conveyed by ambulance": (
        lambda crisis: crisis.police(
            "detention.conveyed", 20, detention="D-1", by="ambulance", to=HBPOS
        ),
        Place.CREW,
    ),
    "arrived": (
        lambda crisis: crisis.police("detention.arrived", 20, detention="D-1", at=ED),
        Place.DEPARTMENT,
    ),
    "moved": (
        lambda crisis: crisis.police("detention.moved", 20, detention="D-1", to=HBPOS),
        Place.PLACE_OF_SAFETY,
    ),
    "kept at a department": (
        lambda crisis: crisis.police(
            "detention.detained", 20, detention="D-1", power="s136", kept_at=ED
        ),
        Place.DEPARTMENT,
    ),
    "escaped": (lambda crisis: crisis.police("detention.escaped", 20, detention="D-1"), Place.GONE),
    "admitted": (
        lambda crisis: crisis.police("detention.ended", 20, detention="D-1", outcome="admitted"),
        Place.WARD,
    ),
    "in custody": (
        lambda crisis: crisis.say(
            "met-custody", "custody.arrived", 20, custody="C-1", suite="brixton"
        ),
        Place.CUSTODY,
    ),
    "conveyed, as the ambulance service closes its call": (
        lambda crisis: crisis.ambulance("incident.closed", 20, attended=True, outcome="conveyed"),
        Place.CREW,
    ),
    "graded": (
        lambda crisis: crisis.ambulance("incident.graded", 20, ambulance_category="C2"),
        None,
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_an_event_says_where_the_person_is_or_nothing_of_it(name: str) -> None:
    tell, place = MOVES[name]
    crisis = tell(scene())
    assert place_at(crisis, 19) is None
    assert place_at(crisis, 20) == place


def test_closing_a_call_says_less_than_whoever_received_the_person() -> None:
    crisis = scene().police("detention.arrived", 20, detention="D-1", at=ED)
    crisis.police("incident.closed", 30, attended=True, outcome="conveyed")
    assert place_at(crisis, 30) is Place.DEPARTMENT


def test_when_the_police_meet_the_person_again_they_are_where_they_were_called_to() -> None:
    crisis = scene().police(
        "resource.left", 20, resource="MX1", kind="police-unit", with_person=True
    )
    crisis.police("resource.on-scene", 90, resource="MX2", kind="police-unit")
    assert place_at(crisis, 89) is Place.POLICE
    assert place_at(crisis, 90) is Place.SCENE


def test_where_nobody_but_the_police_is_with_the_person_nobody_has_them() -> None:
    assert HAS_PERSON.isdisjoint({Place.SCENE, Place.POLICE, Place.GONE, Place.UNKNOWN})
