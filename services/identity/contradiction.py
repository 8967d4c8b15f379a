"""Whether two descriptions cannot be of one person: the evidence against, where matching weighs the
evidence for.

Two incidents at one address may be one man's or two people's. Each agency describes whom it meets,
in haste: what is missing says nothing, and a slip of the pen, a short form, another script, an
alias or a guessed age is no contradiction. Evidence for one person (the same given name, the same
birthday) is weighed against it. What relatives share (surname, home, telephone) speaks for nobody,
so it weighs little or nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from rapidfuzz.distance import JaroWinkler

from schemas.person import PersonDescriptor
from services.identity.described import Birth, Described, Name, described
from services.identity.likeness import normalise
from services.identity.likeness.birth import GENERATION, birth_level
from services.identity.likeness.levels import code_level
from services.identity.likeness.names import name_level
from services.identity.person import FieldEvidence

# Of the age; seldom more. Twice as much contradicts a little, beyond that much.
A_GUESS_IS_OUT_BY = 0.2
# Both are out, seldom to opposite sides.
TWO_GUESSES = 1.5
# Jaro and Winkler's likeness from which two names may be two romanisations of one, or one badly
# heard.
SIMILAR = 0.7


class Ground(StrEnum):
    """What speaks most for two people."""

    NUMBERS = "numbers"
    NAMES = "names"
    BIRTH = "birth"
    SEX = "sex"


Field = Literal["nhs_number", "identifier", "given", "family", "birth", "sex"]
GROUND_OF: Mapping[Field, Ground] = {
    "nhs_number": Ground.NUMBERS,
    "identifier": Ground.NUMBERS,
    "given": Ground.NAMES,
    "family": Ground.NAMES,
    "birth": Ground.BIRTH,
    "sex": Ground.SEX,
}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Why two descriptions are of two people: levels and weights, never what anybody is called."""

    ground: Ground
    weight: float
    """Bits: the further below zero, the surer."""
    evidence: tuple[FieldEvidence, ...]


@dataclass(frozen=True)
class Weights:
    """Bits of each level of each field, and from where on two descriptions are two people's."""

    version: str
    two_people: float
    levels: Mapping[Field, Mapping[str, float]]
    certainty: Mapping[str, float]
    """The share of the weight that counts, by how sure an agency is that it describes the person in
    the incident.
    """


@cache
def weights() -> Weights:
    """The weights that the product carries."""
    text = files("services.identity").joinpath("contradiction.json").read_text(encoding="utf-8")
    document = json.loads(text)
    levels = {field: document[field] for field in GROUND_OF}
    return Weights(document["version"], document["two_people"], levels, document["certainty"])


def contradiction(
    left: PersonDescriptor,
    right: PersonDescriptor,
    *,
    as_of: date | None = None,
    two_people: float | None = None,
) -> Contradiction | None:
    """Why these two cannot be one person, or None where they may be.

    `as_of` is the day of the events: apparent ages are as at it, and beside a date of birth say
    nothing without it. `two_people` are the bits from which on it is so, the weights' own without
    it. The same whichever description comes first. Never raises.
    """
    evidence = evidence_between(left, right, as_of=as_of)
    # the less sure of the two decides: who describes a stranger in the dark contradicts little
    certain = min(weights().certainty[descriptor.certainty] for descriptor in (left, right))
    weight = certain * sum(bits for _, _, bits in evidence)
    if two_people is None:
        two_people = weights().two_people
    if weight > two_people:
        return None
    heaviest, _, _ = min(evidence, key=lambda item: item[2])
    fields = tuple(FieldEvidence(field, level, bits) for field, level, bits in evidence)
    return Contradiction(GROUND_OF[heaviest], weight, fields)


# (field, level, bits) of every field.
Evidence = tuple[tuple[Field, str, float], ...]


# linking compares the same incidents again with each event of one of them
@lru_cache(50_000)
def evidence_between(
    left: PersonDescriptor, right: PersonDescriptor, *, as_of: date | None = None
) -> Evidence:
    """How each field of two descriptions compares and what that weighs; `absent`, and nothing,
    where one does not say.
    """
    one, other = _comparable(left), _comparable(right)
    given_name, family = _name_levels(_names_of(left), _names_of(right))
    levels: tuple[tuple[Field, str], ...] = (
        ("nhs_number", _number_level(one, other)),
        ("identifier", _identifier_level(left, right)),
        ("given", given_name),
        ("family", family),
        ("birth", _birth_level(one, other, as_of)),
        ("sex", _sex_level(one, other)),
    )
    return tuple((field, level, weights().levels[field][level]) for field, level in levels)


@lru_cache(20_000)
def _comparable(descriptor: PersonDescriptor) -> Described:
    return described((descriptor,))


@lru_cache(20_000)
def _names_of(descriptor: PersonDescriptor) -> tuple[Name, ...]:
    """All names of a description. Many are called by their middle name, so that it is a given name
    of its own here.
    """
    names = dict.fromkeys(_each_name(descriptor))
    # half a name compares only where there is no whole one: it would agree with too many
    whole = tuple(name for name in names if all(name))
    return whole or tuple(name for name in names if any(name))


def _each_name(descriptor: PersonDescriptor) -> Iterator[Name]:
    for name in descriptor.names:
        family = normalise.name(name.family or "")
        for given_name in (name.given, name.middle):
            yield normalise.name(given_name or ""), family


def _number_level(left: Described, right: Described) -> str:
    level = code_level(left.nhs_numbers, right.nhs_numbers)
    both_verified = left.nhs_verified and right.nhs_verified
    if both_verified and level in {"digit", "differs"}:
        return "verified-differs"
    return level


def _identifier_level(left: PersonDescriptor, right: PersonDescriptor) -> str:
    """Of identifiers of one system; those of two systems say nothing of each other."""
    systems = {identifier.system for identifier in left.identifiers} & {
        identifier.system for identifier in right.identifiers
    }
    one, other = (
        frozenset(
            f"{identifier.system}|{identifier.value}"
            for identifier in descriptor.identifiers
            if identifier.system in systems
        )
        for descriptor in (left, right)
    )
    return code_level(one, other)


def _sex_level(left: Described, right: Described) -> str:
    if not left.sex or not right.sex:
        return "absent"
    if left.sex == right.sex:
        return "exact"
    return "differs"


def _birth_level(left: Described, right: Described, as_of: date | None) -> str:
    """Of dates of birth where both have one, else of ages."""
    if left.births and right.births:
        bits = weights().levels["birth"]
        levels = [_dates_level(one, other) for one in left.births for other in right.births]
        return max(levels, key=lambda level: bits[level])
    one, other = _age(left, as_of), _age(right, as_of)
    if one is None or other is None:
        return "absent"
    guesses = (not left.births) + (not right.births)
    return _ages_level(one, other, guesses)


def _dates_level(one: Birth, other: Birth) -> str:
    if not one.whole or not other.whole:
        return _years_level(abs(one.year - other.year))
    level = birth_level(one, other)
    if level != "same-years":
        return level
    shared = (one.year == other.year) + (one.month == other.month) + (one.day == other.day)
    if shared:
        return "one-part"
    return level


def _years_level(apart: int) -> str:
    """Of births of which one is known, or entered, by its year alone."""
    if apart == 0:
        return "year"
    if apart <= 2:
        return "age-near"
    if apart < GENERATION:
        return "age-off"
    return "age-far"


def _age(person: Described, as_of: date | None) -> int | None:
    if not person.births:
        return person.apparent_age
    if as_of is None:
        return None
    return as_of.year - person.births[0].year


def _ages_level(one: int, other: int, guesses: int) -> str:
    """Of two ages of which one or both are guessed by looking: a guess is out by a fifth, of a
    child's by three years.
    """
    tolerance = max(3.0, max(one, other) * A_GUESS_IS_OUT_BY)
    if guesses > 1:
        tolerance *= TWO_GUESSES
    apart = abs(one - other)
    if apart <= tolerance / 2:
        return "age"
    if apart <= tolerance:
        return "age-near"
    if apart <= 2 * tolerance:
        return "age-off"
    return "age-far"


def _name_levels(left: tuple[Name, ...], right: tuple[Name, ...]) -> tuple[str, str]:
    """The levels of given and family name that speak most for one person, of all names of both, in
    either order.
    """
    pairs = [
        pair
        for one in left
        for other in right
        for pair in ((one, other), (_turned(one), other), (one, _turned(other)))
    ]
    levels = [
        (_one_name(one[0], other[0], is_given=True), _one_name(one[1], other[1], is_given=False))
        for one, other in pairs
    ]
    given_name, family = weights().levels["given"], weights().levels["family"]
    return max(
        levels,
        key=lambda level: (given_name[level[0]] + family[level[1]], level),
        default=("absent", "absent"),
    )


def _turned(name: Name) -> Name:
    return name[1], name[0]


def _one_name(one: str, other: str, is_given: bool) -> str:
    # likeness is not the same from both sides for every pair of texts
    first, second = sorted((one, other))
    return _ordered_level(first, second, is_given)


@lru_cache(100_000)
def _ordered_level(first: str, second: str, is_given: bool) -> str:
    level = name_level(first, second, is_given)
    if level == "differs" and JaroWinkler.similarity(first, second) >= SIMILAR:
        return "similar"
    return level
