"""R02: restraint of a person in a mental-health crisis is a medical emergency."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.codes import CrisisIndicator
from services.liaison.crisis.facts import Crisis
from services.liaison.finding import Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.restraint import evidence_of
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import both, either, held_for, open_end, since, without


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R02: restraint, a sign of a crisis or of acute behavioural disturbance, and no C1 within a minute."""
    first = min(
        (
            indicator.at
            for indicator in crisis.indicators
            if indicator.kind is not CrisisIndicator.RESTRAINT
        ),
        default=None,
    )
    for force in crisis.forces:
        if not force.is_restraint:
            continue
        concerned = both(force.spans, either(since(first), force.abd_spans))
        waiting = without(concerned, crisis.category_1)
        for start, end in held_for(waiting, RULE.limit(policy, "restraint_upgrade_within")):
            yield Finding(
                rule=RULE.id,
                anchor=force.started.event,
                holds_from=start,
                until=open_end(end),
                urgency=RULE.urgency,
                title=RULE.title,
                reason=f"A person in a mental-health crisis has been restrained since {clock(force.started.at)} "
                "and there is no category 1 response.",
                next_step=RULE.next_step,
                recipients=RULE.recipients,
                evidence=evidence_of(force),
                acknowledge_within=policy.acknowledge_within(RULE.urgency),
                relies_on=crisis.agencies("ambulance"),
                relies_on_services=("ambulance",),
            )


RULE = rule(__name__, condition)
