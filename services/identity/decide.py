"""Whom is an event about? Decided on the whole set of candidates, with nobody on file as a
candidate of its own.

A wrong attachment is worse than none (invariant 4). Vetoes come before the score, and each has a
test that fails without it:

* two valid different NHS numbers (vaccination service, Mavis #1968);
* the family guard: relatives and twins share surname, home and birthday, so a person is attached
  only with positive
  evidence of the given name, the exact NHS number, or an agency's own exact number that two of
  birthday, surname and home bear out (every confident error measured was a relative); and where
  many write the given name in two ways, either may be a relative's, and only a birthday or a number
  that agrees tells them apart;
* fewer than two independent groups of evidence, of which names or the number must be one: telephone
  and place, alone or
  together, attach nobody;
* a number alone never attaches: date of birth or name must agree with it (NHS Master Person Service
  cross-check);
* a pair that a person has separated; a person who has died.

Outcomes in FHIR's match grades: attached `certain`, possible and many `possible`, unknown
`certainly-not`; insufficient has none.
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
from services.identity.person import UNKNOWN, IdentityDecision, Outcome, PersonOnFile
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
        if self.scores:
            return self.scores[0]
        return None


FAMILY_SPEAKS = frozenset({"exact", "part", "edit", "skeleton"})
BIRTH_AGREES = frozenset({"exact", "swapped", "digit"})
# A year or an apparent age is shared by hundreds of thousands: weight, but no group of its own.
BIRTH_SPEAKS = BIRTH_AGREES | {"parts"}
PLACE_SPEAKS = frozenset({"exact", "sector", "typo", "outward"})


def _groups(score: Score) -> int:
    """Independent groups of evidence that speak for the person."""
    level = score.level
    groups = (
        score.names_given or level("family") in FAMILY_SPEAKS,
        level("birth") in BIRTH_SPEAKS,
        level("postcode") in PLACE_SPEAKS or level("address") == "exact",
        level("nhs_number") == "exact" or level("identifier") in {"exact", "digit"},
        level("phone") == "exact",
    )
    return sum(groups)


def _at_home(score: Score) -> bool:
    return "exact" in {score.level("postcode"), score.level("address")}


def _one_lifetime(score: Score) -> bool:
    """The births do not contradict: two of one name at one address are a parent and a child, and a
    generation apart.
    """
    if score.level("birth") == "same-years":
        whole_name = score.level("given") == score.level("family") == "exact"
        return whole_name and _at_home(score)
    return score.level("birth") != "differs"


def _number_not_confirmed(score: Score) -> bool:
    """A number needs a birthday or a name that agrees, and none that contradicts."""
    if score.level("birth") in {"differs", "same-years"}:
        return True
    name_agrees = score.names_given and score.level("family") != "differs"
    return not (score.level("birth") in BIRTH_AGREES or name_agrees)


def _own_number(score: Score) -> bool:
    """An agency's own number is one person's as the NHS number is; two other kinds of evidence must
    bear it out.
    """
    if score.level("identifier") != "exact":
        return False
    borne_out_by = (
        score.level("birth") in BIRTH_AGREES,
        score.level("family") not in {"differs", "absent"},
        _at_home(score),
    )
    return sum(borne_out_by) >= 2


def _may_be_a_relative(score: Score, number: bool, own_number: bool, verified: bool) -> bool:
    """Nothing tells the person from somebody of the same surname, home and birthday."""
    if number or own_number:
        # a number that nobody verified may have been read off a relative's card
        return not (score.names_given or own_number or verified)
    if not score.names_given:
        return True
    # two brothers may bear two spellings of one name; home, telephone and surname are theirs
    # together
    if score.relatives_name and score.level("birth") not in BIRTH_AGREES:
        return True
    # Anna may be short for Savannah, and is her sister where the birthdays agree but for the year
    return score.level("given") != "exact" and score.level("birth") == "parts"


def _half_a_name(score: Score, groups: int) -> bool:
    """Chris for Christian or for Christopher, and no surname to tell: with half a name, three kinds
    of evidence.
    """
    no_surname = score.level("family") in {"absent", "differs"}
    return groups < 3 and no_surname and score.level("given") != "exact"


def veto(
    score: Score, description: Described, died: bool = False, separated: bool = False
) -> str | None:
    """Why this person cannot be attached whatever the weight, or None."""
    if separated:
        return "separated-by-a-person"
    # one digit wrong is a contradiction too: the check digit makes a slip all but impossible
    if score.level("nhs_number") in {"differs", "digit"}:
        return "nhs-number-contradicts"
    if died:
        return "deceased"
    return _too_little(score, description)


def _too_little(score: Score, description: Described) -> str | None:
    """Why what agrees may be somebody else's as well: first the surest sign of it."""
    number, own_number = score.level("nhs_number") == "exact", _own_number(score)
    if number and _number_not_confirmed(score):
        return "number-not-confirmed"
    if _may_be_a_relative(score, number, own_number, description.nhs_verified):
        return "family-guard"
    # evidence of one kind may all be of one mistake
    groups = _groups(score)
    if groups < 2:
        return "one-group-of-evidence"
    if not number and _half_a_name(score, groups):
        return "half-a-name"
    borne_out = number or (own_number and score.names_given)
    if not borne_out and not _one_lifetime(score):
        return "birth-differs"
    # a household shares place and telephone; with the surname, only a whole given name tells its
    # members apart
    if score.level("sex") == "differs" and score.level("given") != "exact":
        return "family-guard"
    return None


def insufficient(description: Described) -> bool:
    """Too little to look for anybody: no number, and not two of name, birth, place and telephone."""
    if description.nhs_numbers or description.identifiers:
        return False
    if any(given_name and family for given_name, family in description.names):
        return False
    kinds = (
        bool(description.names),
        bool(description.births),
        description.apparent_age is not None,
        bool(description.postcodes),
        bool(description.phones),
    )
    return sum(kinds) < 2


def prior_of(population: int) -> float:
    """Bits of meeting one person by chance among so many; registers below a thousand count as a
    thousand.
    """
    return log2(max(population, 1000))


def attach_at(model: Model, population: int) -> float:
    """Bits over the odds of not being on file at which a person is attached.

    Of a register larger than the model was judged for, one more for each doubling: then more
    descriptions lie near the threshold, and of those that do a share is wrong (docs/identity.md,
    ten million).
    """
    return model.attach + max(0.0, log2(max(population, 1) / model.population))


def population_of(model: Model, frequencies: Frequencies) -> int:
    """How many may be meant: all whom the register holds, and never fewer than the model reckons
    with.
    """
    return max(model.population, frequencies.people)


def decide_scored(
    description: Described,
    scores: Iterable[Score],
    model: Model,
    population: int,
    died: Collection[str] = (),
    separated: Collection[str] = (),
) -> Decided:
    """The decision on scored candidates; the same in whatever order they come."""
    prior = prior_of(population)
    # of equals the first by id, so that the answer does not hang on the order they came in
    ranked = tuple(sorted(scores, key=lambda score: (-score.weight, score.person_id)))
    if insufficient(description):
        return Decided("insufficient", "insufficient-evidence", ranked, 0.0)
    if not ranked:
        return Decided("unknown", "not-on-file", (), 0.0)

    def vetoed(score: Score) -> str | None:
        person_id = score.person_id
        return veto(score, description, person_id in died, person_id in separated)

    # sixty bits are certainty by any measure, and beyond a thousand the power overflows
    odds = [2.0 ** min(60.0, score.weight - prior) for score in ranked]
    probability = odds[0] / (1.0 + sum(odds))
    holder = _holder_of_verified_number(description, ranked)
    if holder is not None and vetoed(holder) is None:
        others = (score for score in ranked if score is not holder)
        return Decided("attach", "verified-nhs-number", (holder, *others), probability)
    best = ranked[0]
    # over the odds of meeting somebody like that by chance
    weight = best.weight - prior
    if weight < model.possible and best.level("nhs_number") != "exact":
        return Decided("unknown", "not-on-file", ranked, probability)
    rivals = [score for score in ranked[1:] if score.person_id not in separated]
    if any(best.weight - score.weight < model.margin for score in rivals):
        return Decided("many", "several-fit", ranked, probability)
    why = vetoed(best)
    if why is None and weight >= attach_at(model, population):
        return Decided("attach", "weight-of-evidence", ranked, probability)
    return Decided("possible", why or "not-enough-weight", ranked, probability)


def _holder_of_verified_number(description: Described, scores: Iterable[Score]) -> Score | None:
    """The only one who has the number that was verified, where the birthday agrees."""
    if not description.nhs_verified:
        return None
    holders = [score for score in scores if score.level("nhs_number") == "exact"]
    # two on file with one number: one of the records is wrong, and it is not known which
    if len(holders) != 1 or holders[0].level("birth") != "exact":
        return None
    return holders[0]


@lru_cache(20_000)
def identity_keys(descriptor: PersonDescriptor | None) -> frozenset[int]:
    """Hashed keys under which a descriptor and the people it may be about are found together."""
    if descriptor is None:
        return frozenset()
    return frozenset(hashed(key) for key in keys_of(described([descriptor])))


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
    candidates = (
        Candidate(person.person_id, described_once(person.descriptors), person.died_on)
        for person in people
    )
    return decide_among(descriptor, candidates, separated, as_of, frequencies)


def decide_among(
    descriptor: PersonDescriptor | None,
    candidates: Iterable[Candidate],
    separated: Collection[str] = (),
    as_of: date | None = None,
    frequencies: Frequencies = NO_REGISTER,
    model: Model | None = None,
) -> IdentityDecision:
    """Decide on the people who share keys with the descriptor. Deterministic, and independent of
    their order.

    `separated` are people of whom a person has said that the event is not about them. `as_of` is
    the day of the event, for apparent ages. Where no register's `frequencies` are at hand every
    name counts as a common one. The shipped model without another. Never raises.
    """
    if descriptor is None:
        return UNKNOWN
    model = model or shipped()
    description = described_once((descriptor,))
    scorer = Scorer(model, frequencies, as_of)
    people = list(candidates)
    scores = [scorer.score(description, person.known, person.person_id) for person in people]
    # on the day of the event: who died last week may be the person of last month's record
    died = {person.person_id for person in people if _had_died(person, as_of)}
    population = population_of(model, frequencies)
    decided = decide_scored(description, scores, model, population, died, separated)
    return identity_decision(decided, model)


def _had_died(person: Candidate, as_of: date | None) -> bool:
    if person.died_on is None:
        return False
    return as_of is None or person.died_on < as_of


# What a verdict means for the incident.
OUTCOMES: Mapping[Verdict, Outcome] = {
    "attach": "attached",
    "possible": "possible",
    "many": "possible",
    "unknown": "unknown",
    "insufficient": "unknown",
}
MOST_CANDIDATES = 10


def identity_decision(decided: Decided, model: Model) -> IdentityDecision:
    """The decision as it is kept with the incident."""
    outcome = OUTCOMES[decided.verdict]
    if outcome == "unknown":
        return IdentityDecision(outcome, None, (), (), decided.rule, model.version)
    ids = tuple(score.person_id for score in decided.scores[:MOST_CANDIDATES])
    attached = None
    if outcome == "attached":
        attached = ids[0]
    return IdentityDecision(
        outcome=outcome,
        person_id=attached,
        candidates=ids,
        evidence=decided.scores[0].evidence,
        rule=decided.rule,
        matcher_version=model.version,
    )


__all__ = [
    "GRADES",
    "NO_REGISTER",
    "OUTCOMES",
    "Decided",
    "attach_at",
    "decide",
    "decide_among",
    "decide_scored",
    "described_once",
    "identity_decision",
    "identity_keys",
    "insufficient",
    "population_of",
    "prior_of",
    "veto",
]
