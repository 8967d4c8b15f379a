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
        incident.reported
        for incident in crisis.incidents
        if incident.reported is not None and incident.kind in {"police", "ambulance"}
    )
    if not reports:
        return
    first = reports[0]
    pathways = [
        (
            max(pathway.opened_at, first.at),
            FOREVER if pathway.closed_at is None else pathway.closed_at,
            pathway,
        )
        for pathway in crisis.person.pathways
    ]
    standing = both(
        spans((opened, closed) for opened, closed, _ in pathways), crisis.open_police_or_ambulance
    )
    for start, end in standing:
        open_pathways = [
            pathway for opened, closed, pathway in pathways if opened <= start < closed
        ]
        plan = any(pathway.facts.crisis_plan is not None for pathway in open_pathways)
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
            agencies=tuple(sorted({pathway.agency for pathway in open_pathways})),
        )


RULE = rule(__name__, condition)
