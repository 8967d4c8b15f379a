"""How alike two names are, as a level a model gives a weight to."""

from __future__ import annotations

from functools import lru_cache

from nicknames import NickNamer
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from services.identity.normalise import skeleton, sound

_NICKNAMES = NickNamer()
_VARIANTS = (
    ("mohammed", "muhammad", "mohamed", "mohammad", "muhammed", "mohamad", "mhmd", "mohd"),
    ("zofia", "zosia", "sofia"),
    ("aleksandra", "ola"),
    ("malgorzata", "gosia"),
    ("katarzyna", "kasia"),
    ("yusuf", "yousef", "yousuf", "youssef", "yusif"),
    ("hussein", "hussain", "husain", "hossein"),
    ("ahmed", "ahmad", "axmed"),
    ("fatima", "fatma", "fatimah", "faadumo"),
    ("siobhan", "shivaun", "chevonne"),
)
"""Spellings and short forms that the nicknames package, which is centred on the United States, does not hold."""
_VARIANT_OF = {spelling: group[0] for group in _VARIANTS for spelling in group}


@lru_cache(100_000)
def roots(given: str) -> frozenset[str]:
    """The full names that a given name may be short for, and itself."""
    first = given.split(" ", 1)[0]
    found = {given, first} | set(_NICKNAMES.canonicals_of(first))
    return frozenset({_VARIANT_OF.get(n, n) for n in found} - {""})


@lru_cache(100_000)
def _short_for(one: str, other: str) -> bool:
    one, other = one.split(" ", 1)[0], other.split(" ", 1)[0]
    if one in _VARIANT_OF and _VARIANT_OF[one] == _VARIANT_OF.get(other):
        return True
    return other in _NICKNAMES.canonicals_of(one) or one in _NICKNAMES.canonicals_of(other)


@lru_cache(500_000)
def name_level(one: str, other: str, given: bool) -> str:
    """The strongest of: exact, part, nickname (given names), edit, skeleton, phonetic, near, initial, differs; absent."""
    if not one or not other:
        return "absent"
    if one == other or one.replace(" ", "") == other.replace(" ", ""):
        return "exact"
    if given and _short_for(one, other):
        return "nickname"
    if len(one) == 1 or len(other) == 1:
        return "initial" if one[0] == other[0] else "differs"
    parts = set(one.split()) & set(other.split())
    if any(len(p) > 2 and p.isalpha() for p in parts):
        return "part"
    distance = DamerauLevenshtein.distance(one, other, score_cutoff=2)
    if min(len(one), len(other)) > 3 and (
        distance == 1 or (distance == 2 and min(len(one), len(other)) > 6)
    ):
        return "edit"
    # two consonants are too few to tell Ronnie from Rayan
    if len(skeleton(one)) > 2 and skeleton(one) == skeleton(other):
        return "skeleton"
    if len(sound(one)) > 1 and sound(one) == sound(other):
        return "phonetic"
    if JaroWinkler.similarity(one, other) >= 0.88:
        return "near"
    return "differs"
