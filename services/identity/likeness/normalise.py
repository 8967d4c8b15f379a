"""What agencies write, brought to one form before it is compared. The original is kept elsewhere."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby

import jellyfish
from anyascii import anyascii

_TITLES = frozenset(
    {"mr", "mrs", "ms", "miss", "mx", "dr", "sir", "prof", "rev", "fr", "sister", "lord", "lady"}
)
_PLACEHOLDERS = frozenset(
    {
        "unknown",
        "unk",
        "male",
        "female",
        "man",
        "woman",
        "nk",
        "not known",
        "notknown",
        "john doe",
        "jane doe",
        "baby boy",
        "baby girl",
        "unknown male",
        "unknown female",
        "na",
        "none",
        "anon",
        "anonymous",
        "refused",
    }
)
_UK_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
_NO_FIXED_ABODE = "ZZ99"
_VOWELS = str.maketrans("", "", "aeiouwy")


@lru_cache(200_000)
def name(text: str) -> str:
    """A name in lower-case ASCII letters and single spaces, without titles. Empty for a placeholder
    ("unknown male").
    """
    latin = anyascii(text.casefold()).casefold()
    letters = "".join(_letter(character) for character in latin)
    words = [word for word in letters.split() if word not in _TITLES]
    joined = " ".join(words)
    if joined in _PLACEHOLDERS or all(word in _PLACEHOLDERS for word in words):
        return ""
    return joined


def _letter(character: str) -> str:
    """O'Brien is one word, Ann-Marie two."""
    if character.isalnum():
        return character
    if character in "'`’":
        return ""
    return " "


@lru_cache(200_000)
def sound(text: str) -> str:
    """How a name sounds in English (metaphone); the name itself where that leaves nothing."""
    return jellyfish.metaphone(text).replace(" ", "") or text


@lru_cache(200_000)
def skeleton(text: str) -> str:
    """The consonants, doubles once: Mohammed, Muhammad and mhmd are one."""
    bare = text.replace("ph", "f").replace("ck", "k").replace(" ", "").translate(_VOWELS)
    return "".join(consonant for consonant, _ in groupby(bare)) or text


def postcode(text: str) -> str:
    """Upper case without spaces; empty for the codes of no fixed abode (ZZ99 3VZ and its kin)."""
    code = "".join(text.upper().split())
    if code.startswith(_NO_FIXED_ABODE):
        return ""
    return code


def outward(code: str) -> str:
    """The outward part of a UK postcode; the whole of another country's."""
    if _UK_POSTCODE.fullmatch(code):
        return code[:-3]
    return code


def phone(text: str) -> str:
    """The last ten digits: the same for 07… and +447…; empty with fewer than seven."""
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) >= 7:
        return digits[-10:]
    return ""
