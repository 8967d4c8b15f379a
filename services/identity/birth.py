"""How two dates of birth compare, at the precision of the coarser one."""

from __future__ import annotations

from datetime import date

from services.identity.described import Birth

GENERATION = 13
"""Years that are at least between a parent and a child."""


def birth_level(one: Birth, other: Birth) -> str:
    """exact, swapped (day and month), digit (one figure wrong), year (all that is known agrees), parts (two of day, month and
    year, and less than a generation between), same-years (not even that, but less than a generation between), differs."""
    if not one.whole or not other.whole:
        return "year" if one.year == other.year else _apart(one, other)
    if one == other:
        return "exact"
    if one.year == other.year and (one.month, one.day) == (other.day, other.month):
        return "swapped"
    figures = [f"{b.year:04d}{b.month:02d}{b.day:02d}" for b in (one, other)]
    wrong = [i for i, (a, b) in enumerate(zip(*figures, strict=True)) if a != b]
    if len(wrong) == 1:
        return "digit"
    if (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and figures[0][wrong[0]] == figures[1][wrong[1]]
        and figures[0][wrong[1]] == figures[1][wrong[0]]
    ):
        return "digit"
    same = (one.year == other.year) + (one.month == other.month) + (one.day == other.day)
    if same == 2 and abs(one.year - other.year) < GENERATION:
        return "parts"
    return _apart(one, other)


def _apart(one: Birth, other: Birth) -> str:
    return "same-years" if abs(one.year - other.year) < GENERATION else "differs"


def age_level(apparent: int, born: Birth, as_of: date) -> str:
    """How an apparent age agrees with a birth: within 2, 5 or 9 years."""
    off = abs(as_of.year - born.year - apparent)
    return "age-2" if off <= 2 else "age-5" if off <= 5 else "age-9" if off <= 9 else "differs"
