"""What stands for a crisis at an instant, and when to look again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from schemas.codes import AgencyKind
from services.liaison.crisis.facts import Crisis
from services.liaison.finding import EVERY_FEED, Evaluation, Finding, Standing, Verification
from services.liaison.policy import Policy
from services.liaison.rules import RULES


def findings(crisis: Crisis, policy: Policy) -> tuple[Finding, ...]:
    """Every finding on the crisis's own time line, by rule."""
    return tuple(
        finding
        for rule in RULES.values()
        if rule.condition is not None
        for finding in rule.condition(crisis, policy)
        if policy.runs(rule.id, finding.holds_from)
    )


Services = Mapping[AgencyKind, Collection[str]]


def _believed_until(
    finding: Finding, last_heard: Mapping[str, datetime], services: Services, policy: Policy
) -> Iterator[datetime | None]:
    """For each agency the finding relies on, when its silence is too long to be believed; None: it never was heard."""
    agencies = {
        *finding.relies_on,
        *(
            agency_of_service
            for kind in finding.relies_on_services
            for agency_of_service in services.get(kind, ())
        ),
    }
    for agency in sorted(agencies):
        last = last_heard.get(agency, last_heard.get(agency.removesuffix(EVERY_FEED)))
        yield None if last is None else last + policy.feed_silent_after


def evaluate(
    crisis: Crisis,
    now: datetime,
    last_heard: Mapping[str, datetime],
    policy: Policy,
    services: Services = MappingProxyType({}),
) -> Evaluation:
    """Findings that stand at `now`, one for each key, with whether the silence they rest on can be believed.

    `heard` is when each agency was last heard; `services` the connected agencies of each kind that serve the area. What
    holds at two stretches of time stands as the one that is now. While a finding that rests on silence stands, it is
    looked at again when that silence could no longer be believed, and, once it cannot, whether it can be again.
    """
    standing: dict[str, Standing] = {}
    ahead: list[datetime] = []
    for finding in findings(crisis, policy):
        if finding.holds_from > now:
            ahead.append(finding.holds_from)
            continue
        if finding.until is not None and finding.until <= now:
            continue
        if finding.until is not None:
            ahead.append(finding.until)
        present = standing.get(finding.key)
        if present is None or finding.holds_from > present.finding.holds_from:
            limits = list(_believed_until(finding, last_heard, services, policy))
            soonest = min((limit for limit in limits if limit is not None), default=None)
            verification: Verification = "verified"
            if None in limits or (soonest is not None and soonest <= now):
                verification = "cannot-be-verified"
                soonest = now + policy.feed_silent_after
            if soonest is not None:
                ahead.append(soonest)
            standing[finding.key] = Standing(finding, verification)
    return Evaluation(tuple(standing[k] for k in sorted(standing)), min(ahead, default=None))
