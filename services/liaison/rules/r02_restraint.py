"""R02: restraint of a person in a mental-health crisis is a medical emergency."""

from __future__ import annotations

from collections.abc import Iterator

from services.liaison.crisis.facts import Crisis
from services.liaison.finding import Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.restraint import crisis_signs_since, evidence_of
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import both, either, held_for, without


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Restraint, a sign of a crisis or of acute behavioural disturbance, and no category 1 within a
    minute.
    """
    signs = crisis_signs_since(crisis)
    for force in crisis.forces:
        if not force.is_restraint:
            continue
        # a restraint that is a sign by itself would make every arrest an emergency: another
        # sign is asked for, or one of acute behavioural disturbance (RCEM, FFLM)
        concerned = both(force.spans, either(signs, force.abd_spans))
        waiting = without(concerned, crisis.category_1)
        for stretch in held_for(waiting, RULE.limit(policy, "restraint_upgrade_within")):
            yield RULE.finds(
                policy,
                anchor=force.started.event,
                holds=stretch,
                headlines={
                    "ambulance-control": f"Restrained since {clock(force.started.at)} and not category 1",
                    "police-supervisor": f"Restrained since {clock(force.started.at)}; the ambulance call is not category 1",
                },
                reason=f"A person in a mental-health crisis has been restrained since {clock(force.started.at)} "
                "and there is no category 1 response.",
                evidence=evidence_of(force),
                act_by=stretch[0] + RULE.limit(policy, "crew_there_within"),
                relies_on=crisis.agencies("ambulance"),
                relies_on_services=("ambulance",),
            )


RULE = rule(__name__, condition)
