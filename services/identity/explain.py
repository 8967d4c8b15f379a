"""Why the matcher decided as it did: the weights of each candidate, field by field, as a waterfall.

The same scorer and the same decision as live, run once more on what is given; nothing is estimated
apart. All weights are bits: 1 bit says twice as likely to be this person.
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
    description: Described,
    people: Mapping[str, Described],
    scorer: Scorer,
    population: int,
    died: Collection[str] = (),
    separated: Collection[str] = (),
) -> Explanation:
    """Decide on the people and say why. `population` as for `decide_scored`. Deterministic."""
    model = scorer.model
    scores = [scorer.score(description, person, person_id) for person_id, person in people.items()]
    decided = decide_scored(description, scores, model, population, died, separated)
    start = -prior_of(population)
    candidates = tuple(
        _waterfall(
            score,
            start,
            veto(score, description, score.person_id in died, score.person_id in separated),
        )
        for score in decided.scores
    )
    return Explanation(
        decided.verdict,
        GRADES[decided.verdict],
        decided.rule,
        model.version,
        attach_at(model, population),
        model.possible,
        model.margin,
        candidates,
    )


def _waterfall(score: Score, start: float, veto_reason: str | None) -> Waterfall:
    running, steps = start, []
    for item in score.evidence:
        running += _bits(item)
        steps.append(Step(item.field, item.level, _bits(item), running))
    return Waterfall(score.person_id, start, tuple(steps), start + score.weight, veto_reason)


def _bits(evidence: FieldEvidence) -> float:
    return evidence.weight or 0.0


def lines(explanation: Explanation) -> list[str]:
    """For a terminal or the audit: levels and weights, never what anybody is called."""
    text = [
        f"decision: {explanation.verdict} (FHIR grade: {explanation.grade or 'none'}), rule {explanation.rule},"
        f" model {explanation.model_version}",
        f"attaches from {explanation.attach_at:+.1f} bits with the second {explanation.margin:.1f} behind; possible from"
        f" {explanation.possible_at:+.1f}",
    ]
    if not explanation.candidates:
        text.append("nobody on file shares a key with the description")
    for number, candidate in enumerate(explanation.candidates, start=1):
        headline = f"{number}. {candidate.person_id}: {candidate.total:+.2f} bits"
        if candidate.veto:
            headline += f", never attached: {candidate.veto}"
        text.append(headline)
        text.append(
            f"   {'anybody on file':<18}{'':<12}{candidate.start:+8.2f}{candidate.start:+9.2f}"
        )
        text += [
            f"   {step.field:<18}{step.level:<12}{step.bits:+8.2f}{step.running:+9.2f}"
            for step in candidate.steps
        ]
    return text
