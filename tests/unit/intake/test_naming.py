"""What an event names that the registry does not have is told with its place; the event counts all the same."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.naming import unknown_names
from tests.own_registry import own_registry
from tests.unit.liaison.script import AMBULANCE, event, minute

FACTS: dict[str, Any] = {"incident": "LAS-1", "nature": "medical"}


def names(kind: str, data: dict[str, Any]) -> list[tuple[str, str]]:
    received = event(AMBULANCE, kind, minute(0), "e1", data)
    faults = unknown_names(received.event.data, own_registry())
    return [(fault.code, fault.pointer) for fault in faults]


def link(agency: str) -> dict[str, str]:
    return {"agency": agency, "reference": "CAD-1"}


@pytest.mark.parametrize(
    ("kind", "data", "found"),
    [
        (
            "incident.reported",
            FACTS | {"linked": [link("met"), link("mps")]},
            [("agency-unknown", "/data/linked/1/agency")],
        ),
        (
            "incident.linked",
            {"incident": "LAS-1", "linked": link("mps")},
            [("agency-unknown", "/data/linked/agency")],
        ),
        (
            "incident.reported",
            FACTS | {"location": {"area": "atlantis"}},
            [("area-unknown", "/data/location/area")],
        ),
        ("incident.reported", FACTS | {"linked": [link("met")]}, []),
        ("incident.linked", {"incident": "LAS-1", "linked": link("met")}, []),
        ("incident.reported", FACTS | {"location": {"area": "lambeth"}}, []),
        ("incident.reported", FACTS | {"location": {"postcode": "SE5 8AZ"}}, []),
    ],
)
def test_an_agency_or_area_that_is_not_there_is_named_with_its_place(
    kind: str, data: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert names(kind, data) == found


MAUDSLEY = {"latitude": 51.4690, "longitude": -0.0910}


@pytest.mark.parametrize(
    ("location", "found"),
    [
        (MAUDSLEY | {"area": "southwark"}, []),
        # across the road: a place on a border is in either
        (MAUDSLEY | {"area": "lambeth"}, []),
        (MAUDSLEY | {"area": "camden"}, ["/data/location/latitude"]),
        # so unsure are they that the place may be in Camden after all
        (MAUDSLEY | {"area": "camden", "precision_metres": 6000}, []),
        # without an area nothing is claimed
        (MAUDSLEY, []),
        ({"plus_code": "9C3XFW95+HH", "area": "southwark"}, []),
        ({"plus_code": "9C3XFW95+HH", "area": "camden"}, ["/data/location/plus_code"]),
        ({"grid_reference": "TQ 32 76", "area": "southwark"}, []),
        ({"grid_reference": "TQ 326 762", "area": "camden"}, ["/data/location/grid_reference"]),
        # each way of saying where it is is asked
        (
            MAUDSLEY | {"grid_reference": "TQ 53 89", "area": "southwark"},
            ["/data/location/grid_reference"],
        ),
    ],
)
def test_coordinates_outside_the_area_beside_them_are_named(
    location: dict[str, Any], found: list[str]
) -> None:
    expected = [("coordinates-outside-area", pointer) for pointer in found]
    assert names("incident.reported", FACTS | {"location": location}) == expected


def test_the_sender_is_told_in_which_area_the_coordinates_lie() -> None:
    received = event(
        AMBULANCE,
        "incident.reported",
        minute(0),
        "e1",
        FACTS | {"location": MAUDSLEY | {"area": "camden"}},
    )
    (fault,) = unknown_names(received.event.data, own_registry())
    assert "it lies in" in fault.remedy
    assert "lambeth" in fault.remedy or "southwark" in fault.remedy


def test_a_name_that_is_nearly_one_is_suggested() -> None:
    received = event(
        AMBULANCE, "incident.reported", minute(0), "e1", FACTS | {"linked": [link("mett")]}
    )
    (fault,) = unknown_names(received.event.data, own_registry())
    assert "did you mean `met`?" in fault.remedy
