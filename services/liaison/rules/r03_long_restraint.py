"""R03: restraint must not last: reviewed in time, short, and ended at a sign of danger to life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.liaison.crisis.facts import Crisis, Force
from services.liaison.disclosure.vocabulary import SIGN_WORDS
from services.liaison.finding import Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.restraint import (
    AT_ONCE,
    crisis_signs_since,
    danger_since,
    evidence_of,
)
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import both, either, without


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Restraint of somebody in a crisis or in danger that lasts without review, lasts too long at
    all, or with a sign of danger to life. Handcuffs at an arrest, with neither, are ordinary police
    work.

    Each is a stage of one condition: the first raises the alert, a later one worsens it.
    """
    signs = crisis_signs_since(crisis)
    for force in crisis.forces:
        if not force.is_restraint:
            continue
        concerned = either(signs, danger_since(force))
        if not concerned:
            continue
        end = force.spans[0][1]
        evidence = evidence_of(force)
        # before there is a sign of a crisis or of danger no limit counts as passed
        begin = concerned[0][0]
        stages = sorted(
            (max(at, begin), name, reason) for at, name, reason in _stages(force, policy)
        )
        for number, (at, name, reason) in enumerate(stages):
            following = min([end, *(later for later, _, _ in stages[number + 1 : number + 2])])
            if at >= following:
                continue
            crew_there = both(((at, following),), crisis.ambulance_on_scene)
            alone = without(((at, following),), crisis.ambulance_on_scene)
            for stretches, moment in ((crew_there, "crew-there"), (alone, None)):
                for stretch in stretches:
                    yield RULE.finds(
                        policy,
                        anchor=force.started.event,
                        holds=stretch,
                        stage=name,
                        moment=moment,
                        headlines=dict.fromkeys(RULE.recipients, reason.rstrip(".")),
                        reason=reason,
                        evidence=evidence,
                        act_by=at,
                        relies_on=(force.agency,),
                    )


def _stages(force: Force, policy: Policy) -> Iterator[tuple[datetime, str, str]]:
    begun = force.started.at
    danger = force.first_of(AT_ONCE)
    if danger is not None:
        sign, mark = danger
        reason = f"Restraint since {clock(begun)} and a sign of danger to life: {SIGN_WORDS[sign]}."
        yield max(mark.at, begun), f"sign: {sign.value}", reason
    review = RULE.limit(policy, "restraint_review_within")
    # the restraint itself is the first look at the person
    reviews = [begun, *sorted(mark.at for mark in force.reviews)]
    following = [*reviews[1:], force.spans[0][1]]
    unreviewed = [at for at, then in zip(reviews, following, strict=True) if then - at > review]
    if unreviewed:
        minutes = int(review.total_seconds() // 60)
        reason = f"Restraint since {clock(begun)}; not reviewed for {minutes} minutes."
        yield unreviewed[0] + review, "no-review", reason
    limit = RULE.limit(policy, "restraint_limit")
    minutes = int(limit.total_seconds() // 60)
    reason = f"Restraint has lasted {minutes} minutes, since {clock(begun)}."
    yield begun + limit, f"{minutes}-minutes", reason


RULE = rule(__name__, condition)
