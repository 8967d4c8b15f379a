"""A desk is found by what somebody types of it."""

from __future__ import annotations

import pytest

from schemas.registry import load_registry
from services.console.view.desks import Desk, Desks, desks_of

DESKS = Desks.of(
    [
        Desk("las-mental-health", "Mental health desk", "las", "London Ambulance Service"),
        Desk("las-supervisor", "Supervisor", "las", "London Ambulance Service"),
        Desk("met-control-south", "Met control, South", "met", "Metropolitan Police"),
        Desk("slam-crisis", "Crisis line", "slam", "South London and Maudsley"),
    ]
)


@pytest.mark.parametrize(
    "words",
    [
        "las-mental-health",
        "London Ambulance Service: Mental health desk",
        "  london ambulance service:   mental health DESK ",
    ],
)
def test_a_desk_is_known_by_its_name_or_its_id(words: str) -> None:
    place = DESKS.typed(words)
    assert place is not None
    assert place.desk == "las-mental-health"


@pytest.mark.parametrize("words", ["", "Supervisor", "las", "Mental health desk at noon"])
def test_a_part_of_a_name_opens_no_desk(words: str) -> None:
    assert DESKS.typed(words) is None


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("maudsley", "slam-crisis"),
        ("ambulance mental", "las-mental-health"),
        ("met south", "met-control-south"),
        ("Maudsly", "slam-crisis"),
    ],
)
def test_what_is_like_it_is_offered_first(words: str, meant: str) -> None:
    assert DESKS.like(words)[0].desk == meant


def test_nothing_is_offered_for_nothing_and_for_what_no_desk_is_like() -> None:
    assert DESKS.like(" ") == []
    assert DESKS.like("xyzzy") == []


def test_no_two_desks_that_ship_are_called_alike() -> None:
    desks = desks_of(load_registry())
    for desk in desks.desks:
        place = desks.typed(desks.name(desk))
        assert place is not None, f"{desks.name(desk)} names more than one desk"
        assert place.desk == desk
