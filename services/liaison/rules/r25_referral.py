"""R25: a referral is acknowledged, and something comes of it."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.codes import ReferralPriority
from services.liaison.crisis.facts import Crisis, end_of
from services.liaison.crisis.records import IOPC
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER
from services.liaison.time.working_days import end_of_working_day

# R29 asks after these long before.
_SOONER = frozenset(
    {ReferralPriority.EMERGENCY, ReferralPriority.VERY_URGENT, ReferralPriority.URGENT}
)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Not acknowledged within the limit; or no outcome within the working days. The later stage
    worsens the first.
    """
    for referral in crisis.referrals:
        # what is sent to the IOPC has its own limit and its own answer (R23)
        if referral.sent is None or referral.to_agency is None or referral.to_agency == IOPC:
            continue
        outcome = min((mark.at for mark, _, _ in referral.outcomes), default=FOREVER)
        acknowledged = end_of(referral.acknowledged)
        within = RULE.limit(policy, "acknowledged_within")
        due = referral.sent.at + within
        days = RULE.number(policy, "outcome_within_working_days")
        last = end_of_working_day(referral.sent.at, days)
        stages = []
        if referral.priority not in _SOONER:
            reason_late = f"A referral sent at {clock(referral.sent.at)} is not acknowledged after {duration(within)}."
            stages.append((due, min(acknowledged, outcome, last), "not-acknowledged", reason_late))
        stages.append(
            (last, outcome, "no-outcome", f"A referral has no outcome after {days} working days.")
        )
        for start, end, stage, reason in stages:
            moment, of_sender = None, "of-the-sender"
            if stage == "no-outcome":
                moment, of_sender = "no-outcome", "of-the-sender-later"
            if start < end:
                yield RULE.finds(
                    policy,
                    anchor=referral.sent.event,
                    holds=(start, end),
                    stage=stage,
                    moment=moment,
                    moments={referral.key[0]: of_sender},
                    reason=reason,
                    act_by=start,
                    evidence=(
                        Evidence(
                            f"Referral sent at {clock(referral.sent.at)}",
                            referral.sent.at,
                            referral.sent.event,
                        ),
                    ),
                    agencies=tuple(dict.fromkeys((referral.key[0], referral.to_agency))),
                    relies_on=(referral.to_agency,),
                )


RULE = rule(__name__, condition)
