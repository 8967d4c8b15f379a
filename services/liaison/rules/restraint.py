"""R02 and R03: restraint of a person in a mental-health crisis is a medical emergency, and must not last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import ABD_SIGNS, ClinicalSign, CrisisIndicator
from services.liaison.crisis.facts import Crisis, Force
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.rule import clock, rule
from services.liaison.time.spans import both, either, held_for, open_end, since, without

AT_ONCE = frozenset(
    {ClinicalSign.CANNOT_BREATHE, ClinicalSign.SUDDEN_CALM, ClinicalSign.UNRESPONSIVE}
)
"""Signs after which nobody waits for a limit."""
_TOLD = ABD_SIGNS | AT_ONCE


def _started(force: Force) -> Evidence:
    kinds = ", ".join(k.value for k in force.kinds)
    position = f", {force.position.value}" if force.position else ""
    return Evidence(
        f"Restraint since {clock(force.started.at)}: {kinds}{position}",
        force.started.at,
        force.started.event,
    )


def _signs(force: Force) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"Sign: {sign.value}", mark.at, mark.event)
        for sign, mark in force.signs
        if sign in _TOLD
    )


def emergency(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R02: restraint, a sign of a crisis or of acute behavioural disturbance, and no C1 within a minute."""
    first = min(
        (i.at for i in crisis.indicators if i.kind is not CrisisIndicator.RESTRAINT), default=None
    )
    for force in crisis.forces:
        if not force.is_restraint:
            continue
        concerned = both(force.spans, either(since(first), force.abd_spans))
        waiting = without(concerned, crisis.category_1)
        for start, end in held_for(waiting, policy.limit("R02", "restraint_upgrade_within")):
            yield Finding(
                rule=EMERGENCY.id,
                anchor=force.started.event,
                holds_from=start,
                until=open_end(end),
                urgency=EMERGENCY.urgency,
                title=EMERGENCY.title,
                reason=f"A person in a mental-health crisis has been restrained since {clock(force.started.at)} "
                "and there is no category 1 response.",
                next_step=EMERGENCY.next_step,
                recipients=EMERGENCY.recipients,
                evidence=(_started(force), *_signs(force)),
                acknowledge_within=policy.acknowledge_within(EMERGENCY.urgency),
                relies_on=crisis.agencies("ambulance"),
                relies_on_services=("ambulance",),
            )


def duration(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R03: restraint that lasts without review, lasts too long at all, or with a sign of danger to life.

    Each is a stage of one condition: the first raises the alert, a later one worsens it.
    """
    for force in crisis.forces:
        if not force.is_restraint:
            continue
        end = force.spans[0][1]
        stages = sorted(s for s in _stages(force, policy) if s[0] < end)
        evidence = (_started(force), *_signs(force)) if stages else ()
        for number, (at, stage, said) in enumerate(stages):
            following = stages[number + 1][0] if number + 1 < len(stages) else end
            if at >= following:
                continue
            yield Finding(
                rule=DURATION.id,
                anchor=force.started.event,
                holds_from=at,
                until=open_end(following),
                urgency=DURATION.urgency,
                title=DURATION.title,
                reason=said,
                next_step=DURATION.next_step,
                recipients=DURATION.recipients,
                evidence=evidence,
                acknowledge_within=policy.acknowledge_within(DURATION.urgency),
                stage=stage,
                relies_on=(force.agency,),
            )


def _stages(force: Force, policy: Policy) -> Iterator[tuple[datetime, str, str]]:
    danger = force.first_of(AT_ONCE)
    begun = force.started.at
    if danger is not None:
        said = f"Restraint since {clock(begun)} and a sign of danger to life: {danger[0].value}."
        yield max(danger[1].at, begun), f"sign: {danger[0].value}", said
    review = policy.limit("R03", "restraint_review_within")
    reviews = [begun, *sorted(m.at for m in force.reviews)]
    following = [*reviews[1:], force.spans[0][1]]
    unreviewed = [at for at, then in zip(reviews, following, strict=True) if then - at > review]
    if unreviewed:
        minutes = int(review.total_seconds() // 60)
        said = f"Restraint since {clock(begun)}; not reviewed for {minutes} minutes."
        yield unreviewed[0] + review, "no-review", said
    limit = policy.limit("R03", "restraint_limit")
    minutes = int(limit.total_seconds() // 60)
    yield (
        begun + limit,
        f"{minutes}-minutes",
        f"Restraint has lasted {minutes} minutes, since {clock(begun)}.",
    )


EMERGENCY = rule("R02", emergency)

DURATION = rule("R03", duration)
