"""How two dates of birth compare, at the precision of the coarser one."""

from __future__ import annotations

from datetime import date
from typing import Literal

from services.identity.described import Birth

# Years that are at least between a parent and a child.
GENERATION = 13
# exact; swapped (day and month); digit (one figure wrong); year (all that is known agrees); parts
# (two of day, month and year, and less than a generation between); same-years (not even that, but
# less than a generation between); an apparent age within 2, 5 or 9 years; differs; absent (one of
# them does not say).
BirthLevel = Literal[
    "exact",
    "swapped",
    "digit",
    "year",
    "parts",
    "same-years",
    "age-2",
    "age-5",
    "age-9",
    "differs",
    "absent",
]


def birth_level(one: Birth, other: Birth) -> BirthLevel:
    """How two births compare."""
    if not one.whole or not other.whole:
        if one.year == other.year:
            return "year"
        return _apart(one, other)
    if one == other:
        return "exact"
    # 3/4 and 4/3: American forms, and fingers
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "swapped"
    if _one_slip(_figures(one), _figures(other)):
        return "digit"
    level = _apart(one, other)
    # a father and a son of one birthday share two parts as well, so only within a generation
    if level == "same-years" and _shared_parts(one, other) == 2:
        return "parts"
    return level


def _figures(born: Birth) -> str:
    return f"{born.year:04d}{born.month:02d}{born.day:02d}"


def _one_slip(one: str, other: str) -> bool:
    """One figure is another, or two neighbours changed places."""
    wrong = [place for place in range(len(one)) if one[place] != other[place]]
    if len(wrong) == 1:
        return True
    if len(wrong) != 2 or wrong[1] != wrong[0] + 1:
        return False
    first, second = wrong
    return one[first] == other[second] and one[second] == other[first]


def _shared_parts(one: Birth, other: Birth) -> int:
    return (one.year == other.year) + (one.month == other.month) + (one.day == other.day)


def _apart(one: Birth, other: Birth) -> BirthLevel:
    if abs(one.year - other.year) < GENERATION:
        return "same-years"
    return "differs"


def age_level(apparent: int, born: Birth, as_of: date) -> BirthLevel:
    """How an apparent age agrees with a birth: within 2, 5 or 9 years."""
    years_out = abs(as_of.year - born.year - apparent)
    if years_out <= 2:
        return "age-2"
    if years_out <= 5:
        return "age-5"
    if years_out <= 9:
        return "age-9"
    return "differs"
