"""How alike two names are, as a level a model gives a weight to."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from nicknames import NickNamer
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from services.identity.likeness.normalise import skeleton, sound

_NICKNAMES = NickNamer()
# Spellings and short forms that the nicknames package, which is centred on the United States,
# does not hold.
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
# Jaro and Winkler's likeness.
NEAR = 0.88
_VARIANT_OF = {spelling: group[0] for group in _VARIANTS for spelling in group}


# exact; part (one of several names); nickname (given names); edit (a slip of the pen); skeleton
# (the consonants); phonetic (by ear); near (alike in letters); initial; differs; absent (one of
# them does not say).
NameLevel = Literal[
    "exact",
    "part",
    "nickname",
    "edit",
    "skeleton",
    "phonetic",
    "near",
    "initial",
    "differs",
    "absent",
]


def _first_word(name: str) -> str:
    return name.split(" ", 1)[0]


@lru_cache(100_000)
def roots(given_name: str) -> frozenset[str]:
    """The full names that a given name may be short for, and itself."""
    first = _first_word(given_name)
    names = {given_name, first} | set(_NICKNAMES.canonicals_of(first))
    return frozenset({_VARIANT_OF.get(name, name) for name in names} - {""})


@lru_cache(100_000)
def _short_for(one: str, other: str) -> bool:
    one, other = _first_word(one), _first_word(other)
    if one in _VARIANT_OF and _VARIANT_OF[one] == _VARIANT_OF.get(other):
        return True
    return other in _NICKNAMES.canonicals_of(one) or one in _NICKNAMES.canonicals_of(other)


@lru_cache(500_000)
def name_level(one: str, other: str, is_given: bool) -> NameLevel:
    """The strongest level that two given names, or two family names, reach."""
    if not one or not other:
        return "absent"
    # Mary Jane and Maryjane: where a name is written apart is the clerk's choice
    if one.replace(" ", "") == other.replace(" ", ""):
        return "exact"
    if is_given and _short_for(one, other):
        return "nickname"
    if min(len(one), len(other)) == 1:
        if one[0] == other[0]:
            return "initial"
        return "differs"
    if _share_a_word(one, other):
        return "part"
    if _one_slip(one, other):
        return "edit"
    return _by_sound(one, other)


def _share_a_word(one: str, other: str) -> bool:
    shared = set(one.split()) & set(other.split())
    return any(len(word) > 2 and word.isalpha() for word in shared)


def _one_slip(one: str, other: str) -> bool:
    """One slip of the pen, or two in a long name."""
    shorter = min(len(one), len(other))
    distance = DamerauLevenshtein.distance(one, other, score_cutoff=2)
    return (distance == 1 and shorter > 3) or (distance == 2 and shorter > 6)


def _by_sound(one: str, other: str) -> NameLevel:
    # two consonants are too few to tell Ronnie from Rayan
    if len(skeleton(one)) > 2 and skeleton(one) == skeleton(other):
        return "skeleton"
    if len(sound(one)) > 1 and sound(one) == sound(other):
        return "phonetic"
    if JaroWinkler.similarity(one, other) >= NEAR:
        return "near"
    return "differs"
