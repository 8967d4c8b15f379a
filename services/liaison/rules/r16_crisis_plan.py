"""R16: a person with a crisis plan or an open care episode is subject of a police or ambulance incident."""

from __future__ import annotations

from collections.abc import Iterator

from services.liaison.crisis.facts import Crisis
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import FOREVER, both, open_end, spans


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Only for a person who is attached. A second incident of the same crisis raises no second alert."""
    if crisis.person is None:
        return
    reports = sorted(
        i.reported
        for i in crisis.incidents
        if i.reported is not None and i.kind in {"police", "ambulance"}
    )
    if not reports:
        return
    first = reports[0]
    pathways = [
        (max(p.opened_at, first.at), FOREVER if p.closed_at is None else p.closed_at, p)
        for p in crisis.person.pathways
    ]
    standing = both(spans((a, b) for a, b, _ in pathways), crisis.open_police_or_ambulance)
    for start, end in standing:
        known = [p for a, b, p in pathways if a <= start < b]
        plan = any(p.facts.crisis_plan is not None for p in known)
        yield Finding(
            rule=RULE.id,
            anchor=first.event,
            holds_from=start,
            until=open_end(end),
            urgency=RULE.urgency,
            title=RULE.title if plan else "Known to mental-health services",
            reason=(
                "The person has a crisis plan with a mental-health trust."
                if plan
                else "The person has an open care episode with a mental-health trust."
            ),
            next_step=RULE.next_step,
            recipients=RULE.recipients,
            evidence=(Evidence(f"Incident reported at {clock(first.at)}", first.at, first.event),),
            acknowledge_within=policy.acknowledge_within(RULE.urgency),
            act_by=start + RULE.limit(policy, "crisis_plan_opened_within"),
            agencies=tuple(sorted({p.agency for p in known})),
        )


RULE = rule(__name__, condition)
