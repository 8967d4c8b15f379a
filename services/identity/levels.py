"""How alike two codes, places or telephones are, as a level a model gives a weight to. Names: `names`; births: `birth`."""

from __future__ import annotations

from collections.abc import Callable

from rapidfuzz import fuzz

from services.identity.normalise import outward


def _near(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def value_level(said: frozenset[str], held: frozenset[str]) -> str:
    """exact where one value is in both, differs, or absent."""
    return "absent" if not said or not held else "exact" if said & held else "differs"


def code_level(said: frozenset[str], held: frozenset[str]) -> str:
    """As `value_level`, and digit where two are one figure apart."""
    level = value_level(said, held)
    return "digit" if level == "differs" and any(_near(a, b) for a in said for b in held) else level


def _full(code: str) -> bool:
    """A whole UK postcode, not its outward part alone."""
    return outward(code) != code


_POSTCODE_LEVELS: tuple[tuple[str, Callable[[str, str], bool]], ...] = (
    ("typo", lambda a, b: _full(a) and _full(b) and _near(a, b) and outward(a) == outward(b)),
    ("sector", lambda a, b: _full(a) and _full(b) and a[:-2] == b[:-2]),
    ("typo", lambda a, b: len(a) >= 4 and (_near(a, b))),
    ("outward", lambda a, b: outward(a) == outward(b)),
)


def postcode_level(said: frozenset[str], held: frozenset[str]) -> str:
    """exact, sector, typo (one character), outward, differs, or absent."""
    level = value_level(said, held)
    if level != "differs":
        return level
    return next(
        (n for n, agrees in _POSTCODE_LEVELS if any(agrees(a, b) for a in said for b in held)),
        "differs",
    )


def address_level(said: str, held: str) -> str:
    """exact, near, differs, by the words in any order; absent."""
    if not said or not held:
        return "absent"
    alike = fuzz.token_sort_ratio(said, held)
    return "exact" if alike >= 92 else "near" if alike >= 75 else "differs"
