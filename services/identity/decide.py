"""Whom is an event about? Decided on the whole set of candidates, with nobody on file as a candidate of its own.

A wrong attachment is worse than none (invariant 4). Vetoes come before the score, and each has a test that fails
without it:

* two valid different NHS numbers (vaccination service, Mavis #1968);
* the family guard: relatives and twins share surname, home and birthday, so a person is attached only with positive
  evidence of the given name, the exact NHS number, or an agency's own exact number that two of birthday, surname
  and home bear out (every confident error measured was a relative); and where many write the given name in two ways, either
  may be a relative's, and only a birthday or a number that agrees tells them apart;
* fewer than two independent groups of evidence, of which names or the number must be one: telephone and place, alone or
  together, attach nobody;
* a number alone never attaches: date of birth or name must agree with it (NHS Master Person Service cross-check);
* a pair that a person has separated; a person who has died.

Outcomes in FHIR's match grades: attached `certain`, possible and many `possible`, unknown `certainly-not`; insufficient
has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import log2
from typing import Literal

from schemas.person import PersonDescriptor
from services.identity.candidates import hashed, keys_of
from services.identity.described import Described, described
from services.identity.known import Candidate
from services.identity.model import Frequencies, Model, shipped
from services.identity.person import UNKNOWN, IdentityDecision, PersonOnFile
from services.identity.score import Score, Scorer

Verdict = Literal["attach", "possible", "many", "unknown", "insufficient"]
GRADES: Mapping[Verdict, str | None] = {
    "attach": "certain",
    "possible": "possible",
    "many": "possible",
    "unknown": "certainly-not",
    "insufficient": None,
}
NO_REGISTER = Frequencies()


@dataclass(frozen=True, slots=True)
class Decided:
    """The outcome, why, and every candidate that was weighed, the likeliest first."""

    verdict: Verdict
    rule: str
    scores: tuple[Score, ...]
    probability: float
    """Of the likeliest, among the others and nobody on file. Not calibrated on outcomes."""

    @property
    def best(self) -> Score | None:
        """The likeliest candidate."""
        return self.scores[0] if self.scores else None


def _groups(score: Score) -> int:
    """Independent groups of evidence that speak for the person."""
    named = score.names_given or (score.level("family") in {"exact", "part", "edit", "skeleton"})
    # a year or an apparent age is shared by hundreds of thousands: weight, but no group of its own
    born = score.level("birth") in {"exact", "swapped", "digit", "parts"}
    placed = (
        score.level("postcode") in {"exact", "sector", "typo", "outward"}
        or score.level("address") == "exact"
    )
    numbered = score.level("nhs_number") == "exact" or score.level("identifier") in {
        "exact",
        "digit",
    }
    return named + born + placed + numbered + (score.level("phone") == "exact")


def _one_lifetime(score: Score) -> bool:
    """The births do not contradict: two of one name at one address are a parent and a child, and a generation apart."""
    if score.level("birth") == "same-years":
        named = score.level("given") == score.level("family") == "exact"
        return named and "exact" in {score.level("postcode"), score.level("address")}
    return score.level("birth") != "differs"


def veto(score: Score, said: Described, died: bool = False, separated: bool = False) -> str | None:
    """Why this person cannot be attached whatever the weight, or None."""
    if separated:
        return "separated-by-a-person"
    if score.level("nhs_number") in {"differs", "digit"}:
        return "nhs-number-contradicts"
    if died:
        return "deceased"
    number = score.level("nhs_number") == "exact"
    agreeing = score.level("birth") in {"exact", "swapped", "digit"}
    if number and not (agreeing or (score.names_given and score.level("family") != "differs")):
        return "number-not-confirmed"
    if number and score.level("birth") in {"differs", "same-years"}:
        return "number-not-confirmed"
    # an agency's own number is one person's as the NHS number is; two other kinds of evidence must bear it out
    placed = score.level("postcode") == "exact" or score.level("address") == "exact"
    borne_out = agreeing + (score.level("family") not in {"differs", "absent"}) + placed
    own_number = score.level("identifier") == "exact" and borne_out >= 2
    if not score.names_given and not (number and said.nhs_verified) and not own_number:
        return "family-guard"
    # two brothers may bear two spellings of one name; home, telephone and surname are theirs together
    if score.relatives_name and not (agreeing or number or own_number):
        return "family-guard"
    if (groups := _groups(score)) < 2:
        return "one-group-of-evidence"
    # Chris for Christian or for Christopher, and no surname to tell: with half a name, three kinds of evidence
    if (
        groups < 3
        and score.level("family") in {"absent", "differs"}
        and score.level("given") != "exact"
        and not number
    ):
        return "half-a-name"
    if not number and not (own_number and score.names_given) and not _one_lifetime(score):
        return "birth-differs"
    # Anna may be short for Savannah, and is her sister where the birthdays agree but for the year
    if (
        score.level("given") != "exact"
        and score.level("birth") == "parts"
        and not (number or own_number)
    ):
        return "family-guard"
    # a household shares place and telephone; with the surname, only a whole given name tells its members apart
    if score.level("sex") == "differs" and score.level("given") != "exact":
        return "family-guard"
    return None


def insufficient(said: Described) -> bool:
    """Too little to look for anybody: no number, and not two of name, birth, place and telephone."""
    if said.nhs_numbers or said.identifiers:
        return False
    named = any(g and f for g, f in said.names)
    some = sum(
        (
            bool(said.names),
            bool(said.births),
            said.apparent_age is not None,
            bool(said.postcodes),
            bool(said.phones),
        )
    )
    return not named and some < 2


def prior_of(population: int) -> float:
    """Bits of meeting one person by chance among so many; registers below a thousand count as a thousand."""
    return log2(max(population, 1000))


def attach_at(model: Model, population: int) -> float:
    """Bits over the odds of not being on file at which a person is attached.

    Of a register larger than the model was judged for, one more for each doubling: then more descriptions lie near the
    threshold, and of those that do a share is wrong (docs/identity.md, ten million).
    """
    return model.attach + max(0.0, log2(max(population, 1) / model.population))


def population_of(model: Model, frequencies: Frequencies) -> int:
    """How many may be meant: all whom the register holds, and never fewer than the model reckons with."""
    return max(model.population, frequencies.people)


def decide_scored(
    said: Described,
    scores: Iterable[Score],
    model: Model,
    population: int,
    died: Collection[str] = (),
    separated: Collection[str] = (),
) -> Decided:
    """The decision on scored candidates; the same in whatever order they come."""
    prior = prior_of(population)
    ranked = tuple(sorted(scores, key=lambda s: (-s.weight, s.person_id)))
    if insufficient(said):
        return Decided("insufficient", "insufficient-evidence", ranked, 0.0)
    if not ranked:
        return Decided("unknown", "not-on-file", (), 0.0)
    odds = [2.0 ** min(60.0, s.weight - prior) for s in ranked]
    total = 1.0 + sum(odds)
    best, probability = ranked[0], odds[0] / total
    holders = [s for s in ranked if s.level("nhs_number") == "exact"]
    if said.nhs_verified and len(holders) == 1 and holders[0].level("birth") == "exact":
        one = holders[0]
        if veto(one, said, one.person_id in died, one.person_id in separated) is None:
            ranked = (one, *(s for s in ranked if s is not one))
            return Decided("attach", "verified-nhs-number", ranked, odds[0] / total)
    if best.weight - prior < model.possible and best.level("nhs_number") != "exact":
        return Decided("unknown", "not-on-file", ranked, probability)
    why = veto(best, said, best.person_id in died, best.person_id in separated)
    near = [
        s
        for s in ranked[1:]
        if best.weight - s.weight < model.margin and s.person_id not in separated
    ]
    if best.weight - prior >= attach_at(model, population) and why is None and not near:
        return Decided("attach", "weight-of-evidence", ranked, probability)
    if near:
        return Decided("many", "several-fit", ranked, probability)
    return Decided("possible", why or "not-enough-weight", ranked, probability)


@lru_cache(20_000)
def identity_keys(descriptor: PersonDescriptor | None) -> frozenset[int]:
    """Hashed keys under which a descriptor and the people it may be about are found together."""
    if descriptor is None:
        return frozenset()
    return frozenset(hashed(k) for k in keys_of(described([descriptor])))


@lru_cache(50_000)
def described_once(descriptors: tuple[PersonDescriptor, ...]) -> Described:
    """What descriptors of one person say together; kept, since people are compared again and again."""
    return described(descriptors)


def decide(
    descriptor: PersonDescriptor | None,
    people: Iterable[PersonOnFile],
    separated: Collection[str] = (),
    as_of: date | None = None,
    frequencies: Frequencies = NO_REGISTER,
) -> IdentityDecision:
    """Decide on people as the register holds them; as `decide_among`."""
    candidates = (Candidate(p.person_id, described_once(p.descriptors), p.died_on) for p in people)
    return decide_among(descriptor, candidates, separated, as_of, frequencies)


def decide_among(
    descriptor: PersonDescriptor | None,
    candidates: Iterable[Candidate],
    separated: Collection[str] = (),
    as_of: date | None = None,
    frequencies: Frequencies = NO_REGISTER,
    model: Model | None = None,
) -> IdentityDecision:
    """Decide on the people who share keys with the descriptor. Deterministic, and independent of their order.

    `separated` are people of whom a person has said that the event is not about them. `as_of` is the day of the event,
    for apparent ages. Where no register's `frequencies` are at hand every name counts as a common one. The shipped model
    without another. Never raises.
    """
    if descriptor is None:
        return UNKNOWN
    model = model or shipped()
    said = described_once((descriptor,))
    scorer = Scorer(model, frequencies, as_of)
    on_file = list(candidates)
    scores = [scorer.score(said, c.known, c.person_id) for c in on_file]
    died = {
        c.person_id
        for c in on_file
        if c.died_on is not None and (as_of is None or c.died_on < as_of)
    }
    found = decide_scored(said, scores, model, population_of(model, frequencies), died, separated)
    ids = (
        tuple(s.person_id for s in found.scores[:10])
        if found.verdict in {"attach", "possible", "many"}
        else ()
    )
    attached = found.verdict == "attach" and found.best is not None
    return IdentityDecision(
        outcome="attached"
        if attached
        else "possible"
        if found.verdict in {"possible", "many"}
        else "unknown",
        person_id=ids[0] if attached else None,
        candidates=ids,
        evidence=found.best.evidence if found.best and ids else (),
        rule=found.rule,
        matcher_version=model.version,
    )


__all__ = [
    "GRADES",
    "NO_REGISTER",
    "Decided",
    "attach_at",
    "decide",
    "decide_among",
    "decide_scored",
    "described_once",
    "identity_keys",
    "insufficient",
    "population_of",
    "prior_of",
    "veto",
]
