"""How much the evidence says that a description is of a person on file: bits of weight, field by
field.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import product

from services.identity.described import Described, Name
from services.identity.likeness.birth import age_level, birth_level
from services.identity.likeness.levels import (
    ValueLevel,
    address_level,
    code_level,
    postcode_level,
    value_level,
)
from services.identity.likeness.names import name_level
from services.identity.model import Frequencies, Model, pair_of
from services.identity.person import FieldEvidence

GIVEN_EVIDENCE = frozenset({"exact", "nickname", "part"})
# Levels of a name that weigh the more the rarer the name is.
BY_FREQUENCY = frozenset({"exact", "nickname", "part", "edit", "skeleton", "phonetic", "near"})
# Bits that a rare name, not written exactly alike, can be surprising at most.
MOST_FUZZY_SURPRISE = 11.0
# Levels that are a name written badly, unless what was said is a name of its own: then it may be
# a brother's.
SLIPS = frozenset({"edit", "skeleton", "phonetic"})
# One in 500 on file, and never fewer than 50, are many who are called so.
ONE_IN, MANY = 500, 50


@dataclass(frozen=True, slots=True)
class Score:
    """The weight of one candidate and what it is made of."""

    person_id: str
    weight: float
    evidence: tuple[FieldEvidence, ...]
    names_given: bool
    """The given name speaks for this person: not only the family's name, home and birthday."""
    relatives_name: bool
    """The given name is written otherwise and many are called by either spelling: Mohammed may be
    Muhammad, or his brother.
    """

    def level(self, field: str) -> str:
        """The level of a field; absent where it was not compared."""
        levels = (item.level for item in self.evidence if item.field == field)
        return next(levels, "absent")


def values_weighed(
    description: Described, people: Iterable[Described]
) -> frozenset[tuple[str, str]]:
    """(kind, value) of the names and postcodes whose frequency the weights against these people
    depend on. Of most people who share a key little is like what was said, so that these are
    few."""
    values = {("given", part) for name in description.names for part in name if part}
    values |= {("postcode", code) for code in description.postcodes}
    for person in people:
        for name, other in product(description.names, person.names):
            for order in (name, _turned(name)):
                values |= _values_alike(order, other)
    return frozenset(values)


def _values_alike(name: Name, other: Name) -> set[tuple[str, str]]:
    given_alike = name_level(name[0], other[0], True) in BY_FREQUENCY
    family_alike = name_level(name[1], other[1], False) in BY_FREQUENCY
    values = set[tuple[str, str]]()
    if given_alike:
        values |= {("given", name[0]), ("given", other[0])}
    if family_alike:
        values |= {("family", name[1]), ("family", other[1])}
    if given_alike and family_alike:
        values |= {("pair", pair_of(name)), ("pair", pair_of(other))}
    return values


def _turned(name: Name) -> Name:
    return name[1], name[0]


@dataclass(slots=True)
class _Names:
    """How two names compare, and what that weighs."""

    bits: float
    evidence: list[FieldEvidence]
    given_speaks: bool
    relatives_name: bool


class Scorer:
    """Scores descriptions against people with one model and one register's frequencies."""

    def __init__(self, model: Model, frequencies: Frequencies, as_of: date | None = None) -> None:
        self.model, self.frequencies, self.as_of = model, frequencies, as_of
        # an event is weighed against a hundred people: what is the same for many of them is made
        # once
        self._plain = {
            field: {
                level: FieldEvidence(field, level, model.bits(field, level)) for level in levels
            }
            for field, levels in model.levels.items()
        }
        self._compared: dict[tuple[str, str, str], FieldEvidence] = {}

    def _name(self, kind: str, described: str, on_file: str) -> FieldEvidence:
        evidence = self._compared.get((kind, described, on_file))
        if evidence is None:
            evidence = self._compare(kind, described, on_file)
            self._compared[kind, described, on_file] = evidence
        return evidence

    def _compare(self, kind: str, described: str, on_file: str) -> FieldEvidence:
        level = name_level(described, on_file, kind == "given")
        # a name that differs says as much whether it is rare or common
        if level not in BY_FREQUENCY:
            return self._plain[kind][level]
        surprise = self.frequencies.surprise(kind, on_file, self.model)
        if level != "exact":
            # of two spellings the commoner one counts: a slip is as likely from it to the rare one
            as_described = self.frequencies.surprise(kind, described, self.model)
            surprise = min(surprise, as_described, MOST_FUZZY_SURPRISE)
        return FieldEvidence(kind, level, max(-3.0, self.model.bits(kind, level, surprise)))

    def _called_both(self, described: Name, on_file: Name) -> float:
        """Bits to take back where many are called by both names, and each by itself was weighed as
        if they were not.
        """
        # no register, no counting: every name is as common as the model says
        if not self.frequencies.people:
            return 0.0
        by_itself = 0.0
        for kind, one, other in zip(("given", "family"), described, on_file, strict=True):
            by_itself += min(
                self.frequencies.surprise(kind, one, self.model),
                self.frequencies.surprise(kind, other, self.model),
            )
        together = min(
            self.frequencies.pair_surprise(described), self.frequencies.pair_surprise(on_file)
        )
        return min(0.0, together - by_itself)

    def _slip(self, level: str, described: str) -> bool:
        if level not in SLIPS or not self.frequencies.people:
            return False
        return not self.frequencies.is_a_name(described)

    def _relatives_name(self, level: str, described: str, on_file: str) -> bool:
        counts = self.frequencies.given
        many = max(MANY, self.frequencies.people / ONE_IN)
        return level == "nickname" and min(counts[described], counts[on_file]) >= many

    def _two_names(self, described: Name, on_file: Name) -> _Names:
        given_name = self._name("given", described[0], on_file[0])
        family = self._name("family", described[1], on_file[1])
        evidence = [given_name, family]
        bits = (given_name.weight or 0.0) + (family.weight or 0.0)
        if given_name.level in BY_FREQUENCY and family.level in BY_FREQUENCY:
            common = self._called_both(described, on_file)
            if common:
                evidence.append(FieldEvidence("name_pair", "common", common))
                bits += common
        return _Names(
            bits,
            evidence,
            given_name.level in GIVEN_EVIDENCE or self._slip(given_name.level, described[0]),
            self._relatives_name(given_name.level, described[0], on_file[0]),
        )

    def _turned_names(self, described: Name, on_file: Name) -> _Names:
        names = self._two_names(_turned(described), on_file)
        names.evidence.append(FieldEvidence("name_order", "turned", self.model.swapped))
        names.bits += self.model.swapped
        return names

    def _names(self, description: Described, person: Described) -> _Names:
        """The pair of names, in either order, that speaks most for this person."""
        pairs = list(product(description.names, person.names))
        if not pairs:
            evidence = [self._plain["given"]["absent"], self._plain["family"]["absent"]]
            return _Names(0.0, evidence, False, False)
        compared = [
            names for pair in pairs for names in (self._two_names(*pair), self._turned_names(*pair))
        ]
        best = max(compared, key=lambda names: names.bits)
        if len(pairs) > 1:
            choices = len(pairs) - 1
            bits = max(-4.0, self.model.alias * choices)
            best.evidence.append(FieldEvidence("aliases", str(choices), bits))
        return best

    def _birth(self, description: Described, person: Described) -> FieldEvidence:
        levels = [
            birth_level(one, other) for one, other in product(description.births, person.births)
        ]
        age = description.apparent_age
        if not levels and age is not None and self.as_of is not None:
            levels = [age_level(age, born, self.as_of) for born in person.births]
        bits = self.model.levels["birth"]
        level = max(levels, key=lambda level: bits[level], default="absent")
        return self._plain["birth"][level]

    def _place(self, description: Described, person: Described) -> list[FieldEvidence]:
        level = postcode_level(description.postcodes, person.postcodes)
        evidence = [self._plain["postcode"][level]]
        if level == "exact":
            shared = description.postcodes & person.postcodes
            surprise = min(
                self.frequencies.surprise("postcode", code, self.model) for code in shared
            )
            bits = self.model.bits("postcode", level, surprise)
            evidence = [FieldEvidence("postcode", level, bits)]
        if description.address and person.address:
            near = address_level(description.address, person.address)
            evidence.append(self._plain["address"][near])
        return evidence

    def score(self, description: Described, person: Described, person_id: str) -> Score:
        """The weight against one person. Ethnicity is no part of it: it is in neither."""
        names = self._names(description, person)
        evidence = (
            *names.evidence,
            self._birth(description, person),
            *self._place(description, person),
            self._plain["phone"][value_level(description.phones, person.phones)],
            self._plain["nhs_number"][code_level(description.nhs_numbers, person.nhs_numbers)],
            self._plain["identifier"][code_level(description.identifiers, person.identifiers)],
            self._plain["sex"][_sex_level(description.sex, person.sex)],
        )
        weight = sum(item.weight or 0.0 for item in evidence)
        return Score(person_id, weight, evidence, names.given_speaks, names.relatives_name)


def _sex_level(described: str, on_file: str) -> ValueLevel:
    return value_level(frozenset({described} - {""}), frozenset({on_file} - {""}))
