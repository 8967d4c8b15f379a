"""How alike two codes, places or telephones are, as a level a model gives a weight to. Names:
`names`; births: `birth`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from rapidfuzz import fuzz

from services.identity.likeness.normalise import outward

ValueLevel = Literal["exact", "differs", "absent"]
CodeLevel = Literal["exact", "digit", "differs", "absent"]
PostcodeLevel = Literal["exact", "sector", "typo", "outward", "differs", "absent"]
AddressLevel = Literal["exact", "near", "differs", "absent"]


def _one_character_apart(one: str, other: str) -> bool:
    if len(one) != len(other):
        return False
    return sum(a != b for a, b in zip(one, other, strict=True)) == 1


def value_level(described: frozenset[str], on_file: frozenset[str]) -> ValueLevel:
    """exact where one value is in both, differs, or absent."""
    if not described or not on_file:
        return "absent"
    if described & on_file:
        return "exact"
    return "differs"


def code_level(described: frozenset[str], on_file: frozenset[str]) -> CodeLevel:
    """As `value_level`, and digit where two are one figure apart."""
    level = value_level(described, on_file)
    if level == "differs" and _any_pair(_one_character_apart, described, on_file):
        return "digit"
    return level


def _any_pair(
    agree: Callable[[str, str], bool], described: frozenset[str], on_file: frozenset[str]
) -> bool:
    return any(agree(one, other) for one in described for other in on_file)


def _whole(code: str) -> bool:
    """A whole UK postcode, not its outward part alone."""
    return outward(code) != code


def _typo_within_district(one: str, other: str) -> bool:
    same_district = outward(one) == outward(other)
    return _whole(one) and _whole(other) and same_district and _one_character_apart(one, other)


def _one_sector(one: str, other: str) -> bool:
    return _whole(one) and _whole(other) and one[:-2] == other[:-2]


def _typo(one: str, other: str) -> bool:
    return len(one) >= 4 and _one_character_apart(one, other)


def _one_district(one: str, other: str) -> bool:
    return outward(one) == outward(other)


# In the order in which they are tried.
_POSTCODE_LEVELS: tuple[tuple[PostcodeLevel, Callable[[str, str], bool]], ...] = (
    ("typo", _typo_within_district),
    ("sector", _one_sector),
    ("typo", _typo),
    ("outward", _one_district),
)


def postcode_level(described: frozenset[str], on_file: frozenset[str]) -> PostcodeLevel:
    """exact, sector, typo (one character), outward, differs, or absent."""
    level = value_level(described, on_file)
    if level != "differs":
        return level
    for near, agree in _POSTCODE_LEVELS:
        if _any_pair(agree, described, on_file):
            return near
    return "differs"


def address_level(described: str, on_file: str) -> AddressLevel:
    """exact, near, differs, by the words in any order; absent."""
    if not described or not on_file:
        return "absent"
    alike = fuzz.token_sort_ratio(described, on_file)
    if alike >= 92:
        return "exact"
    if alike >= 75:
        return "near"
    return "differs"
