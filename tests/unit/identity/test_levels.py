"""How two names, and two births, compare."""

from __future__ import annotations

import pytest

from services.identity.described import Birth
from services.identity.likeness.birth import birth_level
from services.identity.likeness.names import name_level
from services.identity.likeness.normalise import name, outward, postcode, skeleton


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("mohammed", "muhammad", "nickname"),
        ("elizabeth", "liz", "nickname"),
        ("siobhan", "shivaun", "nickname"),
        ("katarzyna", "katarzina", "edit"),
        ("z", "zofia", "initial"),
        ("maria jose", "maria", "part"),
        ("amir", "chidi", "differs"),
        ("", "amir", "absent"),
    ],
)
def test_levels_of_names(one: str, other: str, level: str) -> None:
    assert name_level(one, other, True) == level
    assert name_level(other, one, True) == level


def test_names_of_every_script_are_brought_to_letters() -> None:
    assert name("Dr Łucja O'Neill-Šarić") == "lucja oneill saric"
    assert name("محمد") == skeleton("mohammed") == "mhmd"
    assert name("Unknown Male") == ""
    assert postcode("zz99 3vz") == ""
    assert (outward("SE58AZ"), outward("SE5")) == ("SE5", "SE5")


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("ronnie", "rayan", "differs"),
        ("harold 2nd", "john 2nd", "differs"),
        ("maria jose", "maria ines", "part"),
    ],
)
def test_two_consonants_or_a_number_make_no_name(one: str, other: str, level: str) -> None:
    assert name_level(one, other, True) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ((1958, 3, 4), (1961, 7, 9), "same-years"),
        ((1958, 3, 4), (1985, 7, 9), "differs"),
        ((1958, 1, 1), (1960, 7, 9), "same-years"),
        ((1958, 1, 1), (1958, 7, 9), "year"),
        ((1958, 1, 1), (1990, 7, 9), "differs"),
        ((1958, 3, 4), (1971, 3, 4), "differs"),
        ((1958, 3, 4), (1968, 3, 4), "digit"),
        ((1958, 3, 4), (1969, 3, 4), "parts"),
    ],
)
def test_births_that_no_parent_and_child_can_have_are_told_from_those_they_can(
    one: tuple[int, int, int], other: tuple[int, int, int], level: str
) -> None:
    assert birth_level(Birth(*one), Birth(*other)) == level
