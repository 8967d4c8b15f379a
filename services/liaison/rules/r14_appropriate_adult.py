"""R14: somebody vulnerable in custody has an appropriate adult."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import CrisisIndicator
from services.liaison.crisis.facts import Crisis, end_of
from services.liaison.crisis.records import Custody
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.custody_record import arrived_at, over_at
from services.liaison.rules.shared.in_turn import in_turn
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock

# Signs that are no reason of their own to suspect vulnerability: most people who are arrested are
# held, and whoever is kept under s136 is looked after by R05.
_NO_REASON = frozenset({CrisisIndicator.RESTRAINT, CrisisIndicator.SECTION_135_136})


def _vulnerable_since(crisis: Crisis, custody: Custody) -> datetime | None:
    """When there was first a reason to suspect that the person may be vulnerable (PACE Code C 1.4)."""
    reasons = [
        assessment.mark.at
        for assessment in custody.risk_assessments
        if assessment.mental_health_disclosed or assessment.self_harm_risk
    ]
    arrived = arrived_at(custody).at
    if custody.vulnerable:
        reasons.append(arrived)
    if crisis.open_pathways(arrived):
        reasons.append(arrived)
    reasons += [
        max(indicator.at, arrived)
        for indicator in crisis.indicators
        if indicator.event is not None and indicator.kind not in _NO_REASON
    ]
    return min(reasons, default=None)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R14: a vulnerable person, and no appropriate adult when an interview is planned or the limit
    has passed.
    """
    for custody in crisis.custodies:
        since = _vulnerable_since(crisis, custody)
        if since is None:
            continue
        arrived = arrived_at(custody)
        over = min(over_at(custody), end_of(custody.appropriate_adult))
        evidence = (
            Evidence(
                f"A reason to treat as vulnerable since {clock(since)}", since, custody.opened.event
            ),
        )
        # nobody can be asked for before there was a reason, nor before the person was in
        # custody
        limit = max(arrived.at, since) + RULE.limit(policy, "adult_within")
        starts: list[tuple[datetime, str, datetime, str]] = [
            (
                limit,
                "not-arranged",
                limit,
                f"Vulnerable, and no appropriate adult since {clock(arrived.at)}.",
            )
        ]
        for planned_by, planned in custody.interviews:
            reason = f"Interview or charge planned for {clock(planned)}; no appropriate adult is arranged."
            starts.append((max(planned_by.at, since), "interview", planned, reason))
        for (start, stage, act_by, reason), following in in_turn(sorted(starts)):
            end = over
            if following is not None:
                end = min(over, following[0])
            if start < end:
                yield RULE.finds(
                    policy,
                    anchor=custody.opened.event,
                    holds=(start, end),
                    reason=reason,
                    evidence=evidence,
                    stage=stage,
                    act_by=act_by,
                    agencies=(custody.key[0],),
                    relies_on=(custody.key[0],),
                )


RULE = rule(__name__, condition)
