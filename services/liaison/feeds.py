"""Rule R30 over a feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.liaison.finding import Evaluation, Evidence, Finding, Standing
from services.liaison.policy import Policy
from services.liaison.rules.rule import clock
from services.liaison.rules.silence import RULE


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """When a feed was heard last. A feed that never was is not connected, not silent."""

    feed: str
    agency: str
    last_heard_at: datetime | None
    silent_after: timedelta
    stopped_reason: str | None = None


def evaluate_feed(health: FeedHealth, now: datetime, policy: Policy) -> Evaluation:
    """Silent, stopped, or well. A second silence is a new alert: the anchor holds when the feed was heard last."""
    if health.stopped_reason is not None:
        anchor = ("feed", f"{health.feed}/stopped")
        said = (
            f"Feed {health.feed} is stopped: {health.stopped_reason}. Nothing of it is lost; nothing of it is applied."
        )
        since = health.last_heard_at or now
    elif health.last_heard_at is None:
        return Evaluation((), None)
    else:
        silent_at = health.last_heard_at + health.silent_after
        if now < silent_at:
            return Evaluation((), silent_at)
        anchor = ("feed", f"{health.feed}/{health.last_heard_at.isoformat()}")
        said = f"Feed {health.feed} of {health.agency} was heard last at {clock(health.last_heard_at)}."
        since = silent_at
    finding = Finding(
        rule=RULE.id,
        anchor=anchor,
        holds_from=since,
        urgency=RULE.urgency,
        title=RULE.title,
        reason=said,
        next_step=RULE.next_step,
        recipients=RULE.recipients,
        evidence=(Evidence(said, since),),
        acknowledge_within=policy.acknowledge_within(RULE.urgency),
    )
    return Evaluation((Standing(finding, "verified"),), None)
