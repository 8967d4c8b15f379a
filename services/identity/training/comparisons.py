"""What training compares: this package's own levels, field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.identity.described import Birth
from services.identity.likeness.birth import age_level, birth_level
from services.identity.likeness.levels import address_level, code_level, postcode_level, value_level
from services.identity.likeness.names import name_level
from services.identity.score import BY_FREQUENCY


@dataclass(frozen=True)
class Comparison:
    """One field: its columns, how a pair of them compares, and which levels a name's frequency adds
    to.
    """

    field: str
    columns: tuple[str, ...]
    level: Callable[..., str]
    levels: tuple[str, ...]
    by_frequency: frozenset[str] = frozenset()


def _one(value: str) -> frozenset[str]:
    return frozenset({value} - {""})


def _birth(text: str) -> Birth | None:
    if text:
        return Birth(int(text[:4]), int(text[4:6]), int(text[6:8]))
    return None


def comparisons_of(as_of: date) -> tuple[Comparison, ...]:
    """Every field that is compared; apparent ages are as at the day."""

    def birth(one: str, age_one: str, other: str, age_other: str) -> str:
        first, second = _birth(one), _birth(other)
        # dates before ages: an age is a guess
        if first and second:
            return birth_level(first, second)
        if first and age_other:
            return age_level(int(age_other), first, as_of)
        if second and age_one:
            return age_level(int(age_one), second, as_of)
        return "absent"

    return (
        Comparison(
            "given",
            ("given",),
            lambda one, other: name_level(one, other, True),
            (
                "exact",
                "nickname",
                "part",
                "edit",
                "skeleton",
                "phonetic",
                "near",
                "initial",
                "differs",
            ),
            BY_FREQUENCY,
        ),
        Comparison(
            "family",
            ("family",),
            lambda one, other: name_level(one, other, False),
            ("exact", "part", "edit", "skeleton", "phonetic", "near", "initial", "differs"),
            BY_FREQUENCY,
        ),
        Comparison(
            "birth",
            ("birth", "apparent_age"),
            birth,
            (
                "exact",
                "swapped",
                "digit",
                "year",
                "parts",
                "age-2",
                "age-5",
                "age-9",
                "same-years",
                "differs",
            ),
        ),
        Comparison(
            "postcode",
            ("postcode",),
            lambda one, other: postcode_level(_one(one), _one(other)),
            ("exact", "typo", "sector", "outward", "differs"),
            frozenset({"exact"}),
        ),
        Comparison("address", ("address",), address_level, ("exact", "near", "differs")),
        Comparison(
            "phone",
            ("phone",),
            lambda one, other: value_level(_one(one), _one(other)),
            ("exact", "differs"),
        ),
        Comparison(
            "nhs_number",
            ("nhs_number",),
            lambda one, other: code_level(_one(one), _one(other)),
            ("exact", "digit", "differs"),
        ),
        Comparison(
            "identifier",
            ("identifier",),
            lambda one, other: code_level(_one(one), _one(other)),
            ("exact", "digit", "differs"),
        ),
        Comparison(
            "sex",
            ("sex",),
            lambda one, other: value_level(_one(one), _one(other)),
            ("exact", "differs"),
        ),
    )
