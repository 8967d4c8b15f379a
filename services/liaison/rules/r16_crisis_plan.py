"""R16: a person with a crisis plan or an open care episode is subject of a police or ambulance
incident.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.liaison.crisis.facts import Crisis
from services.liaison.finding import Evidence, Finding, Wording
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import FOREVER, both, spans

_KNOWN = "Known to mental-health services"
_IN_CARE = "The person has an open care episode with a mental-health trust."
# That there is a plan is for whom the matrix allows the plan: not for the police where the person
# has refused to share it, and never for those above who are told none. A manager is not told
# either that the person is known.
_TOLD_LESS = Wording(frozenset({"crisis-plan"}), _KNOWN, _IN_CARE)
_TOLD_NOTHING = Wording(
    frozenset({"crisis-plan", "known-to-services"}),
    "What the desk below was told has not been read",
    "It is about the person, and is not disclosed to this desk.",
)
_WITH_PLAN: dict[str, Any] = {
    "reason": "The person has a crisis plan with a mental-health trust.",
    "wordings": (_TOLD_LESS, _TOLD_NOTHING),
}
# The police do not see what they would tell the officers (`disclosure.matrix.plan_refused`).
_NOT_SHARED: dict[str, Any] = {**_WITH_PLAN, "moment": "not-shared"}
_WITHOUT_PLAN: dict[str, Any] = {
    "title": _KNOWN,
    "reason": _IN_CARE,
    "wordings": (_TOLD_NOTHING,),
    "moment": "without-plan",
}


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Only for a person who is attached. A second incident of the same crisis raises no second
    alert.
    """
    if crisis.person is None:
        return
    reports = sorted(
        incident.reported
        for incident in crisis.incidents
        if incident.reported is not None and incident.kind in {"police", "ambulance"}
    )
    if not reports:
        return
    # the first report is the anchor: what a later one adds is about the same crisis
    first = reports[0]
    pathways = [
        (max(pathway.opened_at, first.at), pathway.closed_at or FOREVER, pathway)
        for pathway in crisis.person.pathways
    ]
    in_care = spans((opened, closed) for opened, closed, _ in pathways)
    for start, end in both(in_care, crisis.open_police_or_ambulance):
        open_pathways = [
            pathway for opened, closed, pathway in pathways if opened <= start < closed
        ]
        has_plan = any(pathway.facts.crisis_plan is not None for pathway in open_pathways)
        words = _WITHOUT_PLAN
        if has_plan:
            words = _WITH_PLAN
            # one trust's refusal holds for all: the person has said it once
            if any(pathway.facts.consent_to_share == "refused" for pathway in open_pathways):
                words = _NOT_SHARED
        yield RULE.finds(
            policy,
            anchor=first.event,
            holds=(start, end),
            evidence=(Evidence(f"Incident reported at {clock(first.at)}", first.at, first.event),),
            act_by=start + RULE.limit(policy, "crisis_plan_opened_within"),
            agencies=tuple(sorted({pathway.agency for pathway in open_pathways})),
            **words,
        )


RULE = rule(__name__, condition)
