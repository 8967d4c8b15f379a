"""R25: a referral is acknowledged, and something comes of it."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.codes import ReferralPriority
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import IOPC
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER
from services.liaison.time.working_days import end_of_working_day

_SOONER = frozenset(
    {ReferralPriority.EMERGENCY, ReferralPriority.VERY_URGENT, ReferralPriority.URGENT}
)
"""R29 asks after these long before."""


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Not acknowledged within the limit; or no outcome within the working days. The later stage
    worsens the first.
    """
    for each in crisis.referrals:
        if each.sent is None or each.to_agency is None or each.to_agency == IOPC:
            continue
        outcome = min((mark.at for mark, _, _ in each.outcomes), default=FOREVER)
        acknowledged = FOREVER if each.acknowledged is None else each.acknowledged.at
        within = RULE.limit(policy, "acknowledged_within")
        due = each.sent.at + within
        days = RULE.number(policy, "outcome_within_working_days")
        last = end_of_working_day(each.sent.at, days)
        stages = []
        if each.priority not in _SOONER:
            reason_late = f"A referral sent at {clock(each.sent.at)} is not acknowledged after {duration(within)}."
            stages.append((due, min(acknowledged, outcome, last), "not-acknowledged", reason_late))
        stages.append(
            (last, outcome, "no-outcome", f"A referral has no outcome after {days} working days.")
        )
        for start, end, stage, reason in stages:
            if start < end:
                yield RULE.finds(
                    policy,
                    anchor=each.sent.event,
                    holds=(start, end),
                    stage=stage,
                    moment="no-outcome" if stage == "no-outcome" else None,
                    reason=reason,
                    act_by=start,
                    evidence=(
                        Evidence(
                            f"Referral sent at {clock(each.sent.at)}", each.sent.at, each.sent.event
                        ),
                    ),
                    agencies=tuple(dict.fromkeys((each.key[0], each.to_agency))),
                    relies_on=(each.to_agency,),
                )


RULE = rule(__name__, condition)
