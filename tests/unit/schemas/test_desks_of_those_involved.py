"""An alert goes to the desks of those involved, else of those who answer for the place, never to every force of the area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from schemas.registry import Registry, load_registry
from tests.own_registry import own_registry

MINISTRY: dict[str, Any] = {
    "id": "mdp",
    "name": "The ministry's police",
    "kind": "police",
    "answers_for_place": False,
    "desks": [
        {"id": "mdp-control", "name": "Ministry's control", "role": "police-control"},
        {"id": "mdp-supervisor", "name": "Ministry's supervisor", "role": "police-supervisor"},
    ],
    "feeds": [{"id": "mdp-cad", "topic": "feed.mdp-cad", "sources": ["/mdp/cad"]}],
}
NEIGHBOUR: dict[str, Any] = {
    "id": "eeast",
    "name": "A neighbour's ambulance service",
    "kind": "ambulance",
    "answers_for_place": False,
    "desks": [
        {"id": "eeast-mental-health", "name": "Its desk", "role": "ambulance-control"},
        {"id": "eeast-supervisor", "name": "Its supervisor", "role": "ambulance-supervisor"},
    ],
}


def extended(registry: Registry, *agencies: dict[str, Any]) -> Registry:
    """The registry with these agencies more."""
    document = registry.model_dump(mode="json", exclude_none=True)
    document["agencies"] += agencies
    return Registry.model_validate(document)


def told(
    registry: Registry,
    role: str,
    area: str | None,
    named: Sequence[str] = (),
    involved: Sequence[str] = (),
) -> list[str]:
    return [desk.id for _, desk in registry.desks_for([role], area, named, involved)]


TWO_FORCES = extended(own_registry(), MINISTRY, NEIGHBOUR)


def test_a_second_force_is_not_told_of_what_is_not_its_own() -> None:
    assert told(TWO_FORCES, "police-control", "lambeth") == ["met-control-central-south"]
    assert told(TWO_FORCES, "police-control", "lambeth", involved=["met"]) == [
        "met-control-central-south"
    ]
    assert told(TWO_FORCES, "ambulance-control", "lambeth") == ["las-mental-health"]


def test_a_force_that_would_answer_for_every_place_is_told_everywhere() -> None:
    """The positive control: without `answers_for_place: false` the ministry's desk gets every police alert."""
    everywhere = extended(own_registry(), MINISTRY | {"answers_for_place": True})
    assert told(everywhere, "police-control", "lambeth") == [
        "mdp-control",
        "met-control-central-south",
    ]


def test_the_force_whose_incident_is_in_the_crisis_is_told_and_the_force_of_the_place_is_not() -> (
    None
):
    assert told(TWO_FORCES, "police-control", "lambeth", involved=["mdp", "las"]) == ["mdp-control"]
    assert told(TWO_FORCES, "ambulance-control", "lambeth", involved=["eeast"]) == [
        "eeast-mental-health"
    ]


def test_two_forces_that_take_part_are_both_told() -> None:
    assert told(TWO_FORCES, "police-control", "lambeth", involved=["mdp", "met"]) == [
        "mdp-control",
        "met-control-central-south",
    ]


def test_the_persons_own_trust_comes_before_the_boroughs() -> None:
    assert told(TWO_FORCES, "mental-health-crisis", "lambeth") == ["slam-crisis"]
    assert told(TWO_FORCES, "mental-health-crisis", "lambeth", involved=["met", "oxleas"]) == [
        "oxleas-crisis"
    ]


def test_whom_the_rule_names_comes_before_who_takes_part() -> None:
    assert told(TWO_FORCES, "mental-health-crisis", "lambeth", ["elft"], ["oxleas"]) == [
        "elft-crisis"
    ]


def test_a_role_of_several_services_is_asked_for_each_service() -> None:
    desks = told(TWO_FORCES, "professional-standards", "lambeth", involved=["oxleas"])
    assert desks == ["las-patient-safety", "met-professional-standards", "oxleas-patient-safety"]


@pytest.mark.parametrize("area", [None, "atlantis"])
def test_an_unknown_area_goes_to_one_desk_a_service(area: str | None) -> None:
    assert told(TWO_FORCES, "police-control", area) == ["met-control-central-west"]
    assert told(TWO_FORCES, "police-control", area, involved=["mdp"]) == ["mdp-control"]
    assert told(TWO_FORCES, "mental-health-crisis", area) == ["slam-crisis"]
    assert told(TWO_FORCES, "ambulance-control", area) == ["las-mental-health"]


def test_where_no_desk_takes_an_unknown_area_all_are_told_rather_than_none() -> None:
    document = own_registry().model_dump(mode="json", exclude_none=True)
    for agency in document["agencies"]:
        for desk in agency["desks"]:
            desk.pop("takes_unknown_area")
    assert len(told(Registry.model_validate(document), "mental-health-crisis", None)) == 8


def test_an_agency_that_answers_for_no_place_staffs_no_area() -> None:
    document = own_registry().model_dump(mode="json", exclude_none=True)
    for agency in document["agencies"]:
        if agency["id"] == "las":
            agency["answers_for_place"] = False
    with pytest.raises(ValueError, match="no ambulance-control desk serves it"):
        Registry.model_validate(document)


LONDON = load_registry()


@pytest.mark.parametrize("area", sorted(area.id for area in LONDON.areas))
def test_in_every_area_of_london_one_force_one_ambulance_service_one_trust_and_a_department_answer(
    area: str,
) -> None:
    for role in ("police-control", "ambulance-control", "mental-health-crisis", "amhp"):
        assert len(told(LONDON, role, area)) == 1, role
    assert 1 <= len(told(LONDON, "emergency-department", area)) <= 3


def test_london_has_the_forces_and_ambulance_services_that_meet_there() -> None:
    assert {"met", "colp", "btp"} == {a.id for a in LONDON.agencies if a.kind == "police"}
    assert {"las", "eeast", "secamb", "scas"} == {
        a.id for a in LONDON.agencies if a.kind == "ambulance"
    }
    assert told(LONDON, "police-control", "city-of-london") == ["colp-control"]
    assert told(LONDON, "police-control", "city-of-london", involved=["met"]) == [
        "met-control-central-west"
    ]
    assert told(LONDON, "police-control", None) == ["met-control-central-west"]
