"""R03: restraint must not last: reviewed in time, short, and ended at a sign of danger to life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.liaison.crisis.facts import Crisis, Force
from services.liaison.finding import Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.restraint import AT_ONCE, evidence_of
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import open_end


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R03: restraint that lasts without review, lasts too long at all, or with a sign of danger to life.

    Each is a stage of one condition: the first raises the alert, a later one worsens it.
    """
    for force in crisis.forces:
        if not force.is_restraint:
            continue
        end = force.spans[0][1]
        stages = sorted(entry for entry in _stages(force, policy) if entry[0] < end)
        evidence = evidence_of(force) if stages else ()
        for number, (at, stage, reason) in enumerate(stages):
            following = stages[number + 1][0] if number + 1 < len(stages) else end
            if at >= following:
                continue
            yield Finding(
                rule=RULE.id,
                anchor=force.started.event,
                holds_from=at,
                until=open_end(following),
                urgency=RULE.urgency,
                title=RULE.title,
                reason=reason,
                next_step=RULE.next_step,
                recipients=RULE.recipients,
                evidence=evidence,
                acknowledge_within=policy.acknowledge_within(RULE.urgency),
                stage=stage,
                relies_on=(force.agency,),
            )


def _stages(force: Force, policy: Policy) -> Iterator[tuple[datetime, str, str]]:
    danger = force.first_of(AT_ONCE)
    begun = force.started.at
    if danger is not None:
        reason = f"Restraint since {clock(begun)} and a sign of danger to life: {danger[0].value}."
        yield max(danger[1].at, begun), f"sign: {danger[0].value}", reason
    review = RULE.limit(policy, "restraint_review_within")
    reviews = [begun, *sorted(mark.at for mark in force.reviews)]
    following = [*reviews[1:], force.spans[0][1]]
    unreviewed = [at for at, then in zip(reviews, following, strict=True) if then - at > review]
    if unreviewed:
        minutes = int(review.total_seconds() // 60)
        reason = f"Restraint since {clock(begun)}; not reviewed for {minutes} minutes."
        yield unreviewed[0] + review, "no-review", reason
    limit = RULE.limit(policy, "restraint_limit")
    minutes = int(limit.total_seconds() // 60)
    yield (
        begun + limit,
        f"{minutes}-minutes",
        f"Restraint has lasted {minutes} minutes, since {clock(begun)}.",
    )


RULE = rule(__name__, condition)
