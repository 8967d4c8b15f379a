"""What stands for a crisis at an instant, and when to look again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
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
        [
            finding
            for name, rule in RULES.items()
            if rule.condition is not None
            for finding in rule.condition(crisis, policy)
            if policy.runs(name, finding.holds_from)
        ]
    )


Services = Mapping[AgencyKind, Collection[str]]


def _believed_until(
    finding: Finding, last_heard: Mapping[str, datetime], services: Services, policy: Policy
) -> Iterator[datetime | None]:
    """For each agency the finding relies on, when its silence is too long to be believed; None: it
    never was heard.
    """
    silent_after = policy.feed_silent_after
    for agency in sorted(_agencies_of(finding, services)):
        last = last_heard.get(agency, last_heard.get(agency.removesuffix(EVERY_FEED)))
        if last is None:
            yield None
        else:
            yield last + silent_after


def _agencies_of(finding: Finding, services: Services) -> set[str]:
    """The agencies whose missing event the finding rests on."""
    agencies = set(finding.relies_on)
    for kind in finding.relies_on_services:
        agencies.update(services.get(kind, ()))
    return agencies


def _waits_until(
    finding: Finding,
    services: Services,
    catching_up: Mapping[str, datetime],
    agency_of: Mapping[str, str],
) -> datetime | None:
    """Until when the finding waits for an agency that catches up: one that it relies on, or that
    told its evidence.
    """
    if not catching_up:
        return None
    agencies = {agency.removesuffix(EVERY_FEED) for agency in _agencies_of(finding, services)}
    for item in finding.evidence:
        if item.event is not None and item.event[0] in agency_of:
            agencies.add(agency_of[item.event[0]])
    return max((catching_up[agency] for agency in agencies & set(catching_up)), default=None)


def evaluate(
    crisis: Crisis,
    now: datetime,
    last_heard: Mapping[str, datetime],
    policy: Policy,
    services: Services = MappingProxyType({}),
    catching_up: Mapping[str, datetime] = MappingProxyType({}),
    agency_of: Mapping[str, str] = MappingProxyType({}),
) -> Evaluation:
    """Findings that stand at `now`, one for each key, with whether the silence they rest on can be
    believed.

    `heard` is when each agency was last heard; `services` the connected agencies of each kind that
    serve the area. What holds at two stretches of time stands as the one that is now. While a
    finding that rests on silence stands, it is looked at again when that silence could no longer be
    believed, and, once it cannot, whether it can be again.

    `catching_up` says by agency until when the rest of what it has to say is waited for,
    `agency_of` whose a CloudEvents source is.
    """
    standing: dict[str, Standing] = {}
    held_back: set[str] = set()
    ahead: list[datetime] = []
    for finding in findings(crisis, policy):
        if finding.holds_from > now:
            ahead.append(finding.holds_from)
            continue
        if finding.until is not None:
            if finding.until <= now:
                continue
            ahead.append(finding.until)
        key = finding.key
        waits_until = _waits_until(finding, services, catching_up, agency_of)
        if waits_until is not None:
            ahead.append(waits_until)
            held_back.add(key)
        # of two stretches that both hold, the later: it is the one whose words are of now
        present = standing.get(key)
        if present is None or finding.holds_from > present.finding.holds_from:
            believed = list(_believed_until(finding, last_heard, services, policy))
            verification, again = _verified(believed, now, policy)
            if again is not None:
                ahead.append(again)
            standing[key] = Standing(finding, verification)
    return Evaluation(
        tuple([standing[key] for key in sorted(standing) if key not in held_back]),
        min(ahead, default=None),
        frozenset(held_back),
    )


def _verified(
    believed_until: list[datetime | None], now: datetime, policy: Policy
) -> tuple[Verification, datetime | None]:
    """Whether the silence can be believed, and when to look at that again."""
    limits = [limit for limit in believed_until if limit is not None]
    soonest = min(limits, default=None)
    if len(limits) < len(believed_until) or (soonest is not None and soonest <= now):
        # nothing says when the feed is heard again, so it is asked at each limit
        return "cannot-be-verified", now + policy.feed_silent_after
    return "verified", soonest


MAYBE = "Possibly: "
POSSIBLY = "Possibly: an incident here does not say whom it is about. "


def possibly(certain: Evaluation, with_doubtful: Evaluation, raised: Collection[str]) -> Evaluation:
    """What stands on what is known, and what would stand besides if what is doubtful were this
    subject's.

    Doubt adds and worsens, and takes nothing away: what stands on known facts stands as it does. A
    rule that stands is not raised once more on doubtful facts, unless they make it more urgent; nor
    is what `raised` says already.
    """
    urgency: dict[str, int] = {}
    for candidate in certain.standing:
        rule = candidate.finding.rule
        urgency[rule] = min(urgency.get(rule, candidate.finding.urgency), candidate.finding.urgency)
    standing = {candidate.finding.key: candidate for candidate in certain.standing}
    for candidate in with_doubtful.standing:
        finding = candidate.finding
        worse = finding.rule not in urgency or finding.urgency < urgency[finding.rule]
        # one doubtful incident may be one of three crises': whichever says it first says it
        # for all
        said_already = finding.key in raised and finding.key not in standing
        if worse and not said_already:
            headlines = tuple((role, MAYBE + words) for role, words in finding.headlines)
            possible = replace(finding, reason=POSSIBLY + finding.reason, headlines=headlines)
            standing[finding.key] = Standing(possible, candidate.verification)
    instants = [certain.look_again_at, with_doubtful.look_again_at]
    again = min(filter(None, instants), default=None)
    return Evaluation(tuple(standing[key] for key in sorted(standing)), again, certain.held_back)
