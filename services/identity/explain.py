"""Why the matcher decided as it did: the weights of each candidate, field by field, as a waterfall.

The same scorer and the same decision as live, run once more on what is given; nothing is estimated apart. All weights are
bits: 1 bit says twice as likely to be this person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.identity.decide import GRADES, Verdict, attach_at, decide_scored, prior_of, veto
from services.identity.described import Described
from services.identity.person import FieldEvidence
from services.identity.score import Score, Scorer


@dataclass(frozen=True, slots=True)
class Step:
    """One field's part in the weight."""

    field: str
    level: str
    bits: float
    running: float
    """The weight after this step, the odds of not being on file included."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One candidate, from the odds against anybody to the weight that is decided on."""

    person_id: str
    start: float
    """Minus the bits of one person among all whom the register may hold."""
    steps: tuple[Step, ...]
    total: float
    """Over the odds of not being on file."""
    veto: str | None
    """Why this person could not be attached whatever the weight."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with all that it was made of."""

    verdict: Verdict
    grade: str | None
    """FHIR's match grade."""
    rule: str
    model_version: str
    attach_at: float
    possible_at: float
    margin: float
    """Bits that the second must be behind the first."""
    candidates: tuple[Waterfall, ...]
    """The likeliest first."""


def explain(
    said: Described,
    people: Mapping[str, Described],
    scorer: Scorer,
    population: int,
    died: Collection[str] = (),
    separated: Collection[str] = (),
) -> Explanation:
    """Decide on the people and say why. `population` as for `decide_scored`. Deterministic."""
    model = scorer.model
    scores = [scorer.score(said, held, i) for i, held in people.items()]
    found = decide_scored(said, scores, model, population, died, separated)
    start = -prior_of(population)
    candidates = tuple(
        _waterfall(s, start, veto(s, said, s.person_id in died, s.person_id in separated))
        for s in found.scores
    )
    return Explanation(
        found.verdict,
        GRADES[found.verdict],
        found.rule,
        model.version,
        attach_at(model, population),
        model.possible,
        model.margin,
        candidates,
    )


def _waterfall(score: Score, start: float, why: str | None) -> Waterfall:
    running, steps = start, []
    for each in score.evidence:
        running += _bits(each)
        steps.append(Step(each.field, each.level, _bits(each), running))
    return Waterfall(score.person_id, start, tuple(steps), start + score.weight, why)


def _bits(evidence: FieldEvidence) -> float:
    return evidence.weight or 0.0


def lines(found: Explanation) -> list[str]:
    """For a terminal or the audit: levels and weights, never what anybody is called."""
    said = [
        f"decision: {found.verdict} (FHIR grade: {found.grade or 'none'}), rule {found.rule}, model {found.model_version}",
        f"attaches from {found.attach_at:+.1f} bits with the second {found.margin:.1f} behind; possible from"
        f" {found.possible_at:+.1f}",
    ]
    if not found.candidates:
        said.append("nobody on file shares a key with the description")
    for number, each in enumerate(found.candidates, start=1):
        said.append(
            f"{number}. {each.person_id}: {each.total:+.2f} bits"
            + (f", never attached: {each.veto}" if each.veto else "")
        )
        said.append(f"   {'anybody on file':<18}{'':<12}{each.start:+8.2f}{each.start:+9.2f}")
        said += [
            f"   {s.field:<18}{s.level:<12}{s.bits:+8.2f}{s.running:+9.2f}" for s in each.steps
        ]
    return said
