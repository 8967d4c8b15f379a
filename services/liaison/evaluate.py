"""What stands for an episode at an instant, and when to look again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.liaison.facts import Episode
from services.liaison.finding import Evaluation, Finding, Standing, Verification
from services.liaison.policy import Policy
from services.liaison.rules import RULES


def findings(episode: Episode, policy: Policy) -> tuple[Finding, ...]:
    """Every finding on the episode's own time line, by rule."""
    return tuple(f for rule in RULES.values() if rule.condition is not None for f in rule.condition(episode, policy))


def _verification(finding: Finding, now: datetime, heard: Mapping[str, datetime], policy: Policy) -> Verification:
    oldest = now - policy.limit("feed_silent_after")
    silent = any(agency not in heard or heard[agency] < oldest for agency in finding.relies_on)
    return "cannot-be-verified" if silent else "verified"


def evaluate(episode: Episode, now: datetime, heard: Mapping[str, datetime], policy: Policy) -> Evaluation:
    """Findings that stand at `now`, one for each key, with whether the silence they rest on can be believed.

    `heard` is when each agency was last heard. What holds at two stretches of time stands as the one that is now.
    """
    standing: dict[str, Standing] = {}
    ahead: list[datetime] = []
    for finding in findings(episode, policy):
        if finding.holds_from > now:
            ahead.append(finding.holds_from)
            continue
        if finding.until is not None and finding.until <= now:
            continue
        if finding.until is not None:
            ahead.append(finding.until)
        known = standing.get(finding.key)
        if known is None or finding.holds_from > known.finding.holds_from:
            standing[finding.key] = Standing(finding, _verification(finding, now, heard, policy))
    return Evaluation(tuple(standing[k] for k in sorted(standing)), min(ahead, default=None))
