"""How much the evidence says that a description is of a person on file: bits of weight, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.identity.birth import age_level, birth_level
from services.identity.described import Described, Name
from services.identity.levels import address_level, code_level, postcode_level, value_level
from services.identity.model import Frequencies, Model, pair_of
from services.identity.names import name_level
from services.identity.person import FieldEvidence

GIVEN_EVIDENCE = frozenset({"exact", "nickname", "part"})
BY_FREQUENCY = frozenset({"exact", "nickname", "part", "edit", "skeleton", "phonetic", "near"})
"""Levels of a name that weigh the more the rarer the name is."""
MOST_FUZZY_SURPRISE = 11.0
"""Bits that a rare name, not written exactly alike, can be surprising at most."""
SLIPS = frozenset({"edit", "skeleton", "phonetic"})
"""Levels that are a name written badly, unless what was said is a name of its own: then it may be a brother's."""
ONE_IN, MANY = 500, 50
"""One in 500 on file, and never fewer than 50, are many who are called so."""


@dataclass(frozen=True, slots=True)
class Score:
    """The weight of one candidate and what it is made of."""

    person_id: str
    weight: float
    evidence: tuple[FieldEvidence, ...]
    names_given: bool
    """The given name speaks for this person: not only the family's name, home and birthday."""
    relatives_name: bool
    """The given name is written otherwise and many are called by either spelling: Mohammed may be Muhammad, or his brother."""

    def level(self, name: str) -> str:
        """The level of a field; absent where it was not compared."""
        return next((e.level for e in self.evidence if e.field == name), "absent")


def values_weighed(said: Described, held: Iterable[Described]) -> frozenset[tuple[str, str]]:
    """(kind, value) of the names and postcodes whose frequency the weights against these people depend on. Of most people who
    share a key little is like what was said, so that these are few."""
    found = {("given", name) for names in said.names for name in names if name}
    found |= {("postcode", p) for p in said.postcodes}
    for person in held:
        for given, family in said.names:
            for their_given, their_family in person.names:
                for one, two in ((given, family), (family, given)):
                    first = name_level(one, their_given, True) in BY_FREQUENCY
                    second = name_level(two, their_family, False) in BY_FREQUENCY
                    if first:
                        found |= {("given", one), ("given", their_given)}
                    if second:
                        found |= {("family", two), ("family", their_family)}
                    if first and second:
                        found |= {
                            ("pair", pair_of((one, two))),
                            ("pair", pair_of((their_given, their_family))),
                        }
    return frozenset(found)


class Scorer:
    """Scores descriptions against people with one model and one register's frequencies."""

    def __init__(self, model: Model, frequencies: Frequencies, as_of: date | None = None) -> None:
        self.model, self.frequencies, self.as_of = model, frequencies, as_of
        # an event is weighed against a hundred people: what is the same for many of them is made once
        self._plain = {
            f: {k: FieldEvidence(f, k, model.bits(f, k)) for k in levels}
            for f, levels in model.levels.items()
        }
        self._compared: dict[tuple[str, str, str], FieldEvidence] = {}

    def _name(self, kind: str, said: str, held: str) -> FieldEvidence:
        found = self._compared.get((kind, said, held))
        if found is None:
            found = self._compared[kind, said, held] = self._compare(kind, said, held)
        return found

    def _compare(self, kind: str, said: str, held: str) -> FieldEvidence:
        level = name_level(said, held, kind == "given")
        if level not in BY_FREQUENCY:
            return self._plain[kind][level]
        surprise = self.frequencies.surprise(kind, held, self.model)
        if level != "exact":
            # of two spellings the commoner one counts: a slip is as likely from it to the rare one
            surprise = min(
                surprise, self.frequencies.surprise(kind, said, self.model), MOST_FUZZY_SURPRISE
            )
        return FieldEvidence(kind, level, max(-3.0, self.model.bits(kind, level, surprise)))

    def _called_both(self, said: Name, held: Name, given: str, family: str) -> float:
        """Bits to take back where many are called by both names, and each by itself was weighed as if they were not."""
        if given not in BY_FREQUENCY or family not in BY_FREQUENCY or not self.frequencies.people:
            return 0.0
        alone = sum(
            min(
                self.frequencies.surprise(kind, s, self.model),
                self.frequencies.surprise(kind, h, self.model),
            )
            for kind, s, h in (("given", said[0], held[0]), ("family", said[1], held[1]))
        )
        both = min(self.frequencies.pair_surprise(said), self.frequencies.pair_surprise(held))
        return min(0.0, both - alone)

    def _slip(self, level: str, said: str) -> bool:
        return (
            level in SLIPS and not self.frequencies.is_a_name(said) and self.frequencies.people > 0
        )

    def _relatives_name(self, level: str, said: str, held: str) -> bool:
        seen = self.frequencies.given
        return level == "nickname" and min(seen[said], seen[held]) >= max(
            MANY, self.frequencies.people / ONE_IN
        )

    def _names(self, said: Described, held: Described) -> tuple[list[FieldEvidence], bool, bool]:
        best: tuple[float, list[FieldEvidence], bool, bool] | None = None
        for given, family in said.names:
            for their_given, their_family in held.names:
                for turned in (False, True):
                    one, two = (family, given) if turned else (given, family)
                    first, second = (
                        self._name("given", one, their_given),
                        self._name("family", two, their_family),
                    )
                    common = self._called_both(
                        (one, two), (their_given, their_family), first.level, second.level
                    )
                    bits = (first.weight or 0.0) + (second.weight or 0.0) + common
                    bits += self.model.swapped if turned else 0.0
                    if best is not None and bits <= best[0]:
                        continue
                    evidence = [first, second]
                    if common:
                        evidence.append(FieldEvidence("name_pair", "common", common))
                    if turned:
                        evidence.append(FieldEvidence("name_order", "turned", self.model.swapped))
                    named = first.level in GIVEN_EVIDENCE or self._slip(first.level, one)
                    best = (
                        bits,
                        evidence,
                        named,
                        self._relatives_name(first.level, one, their_given),
                    )
        if best is None:
            return [self._plain["given"]["absent"], self._plain["family"]["absent"]], False, False
        choices = len(said.names) * len(held.names) - 1
        if choices:
            best[1].append(
                FieldEvidence("aliases", str(choices), max(-4.0, self.model.alias * choices))
            )
        return best[1:]

    def _birth(self, said: Described, held: Described) -> FieldEvidence:
        levels = [birth_level(a, b) for a in said.births for b in held.births]
        if not levels and said.apparent_age is not None and self.as_of is not None:
            levels = [age_level(said.apparent_age, b, self.as_of) for b in held.births]
        level = max(levels, key=lambda lv: self.model.levels["birth"][lv], default="absent")
        return self._plain["birth"][level]

    def _place(self, said: Described, held: Described) -> list[FieldEvidence]:
        level = postcode_level(said.postcodes, held.postcodes)
        found = [self._plain["postcode"][level]]
        if level == "exact":
            shared = said.postcodes & held.postcodes
            surprise = min(self.frequencies.surprise("postcode", p, self.model) for p in shared)
            found = [FieldEvidence("postcode", level, self.model.bits("postcode", level, surprise))]
        if said.address and held.address:
            found.append(self._plain["address"][address_level(said.address, held.address)])
        return found

    def score(self, said: Described, held: Described, person_id: str) -> Score:
        """The weight against one person. Ethnicity is no part of it: it is in neither."""
        evidence, named, relatives = self._names(said, held)
        evidence.append(self._birth(said, held))
        evidence += self._place(said, held)
        sex = (
            "absent"
            if not said.sex or not held.sex
            else "exact"
            if said.sex == held.sex
            else "differs"
        )
        evidence += (
            self._plain["phone"][value_level(said.phones, held.phones)],
            self._plain["nhs_number"][code_level(said.nhs_numbers, held.nhs_numbers)],
            self._plain["identifier"][code_level(said.identifiers, held.identifiers)],
            self._plain["sex"][sex],
        )
        weight = sum(e.weight or 0.0 for e in evidence)
        return Score(person_id, weight, tuple(evidence), named, relatives)
