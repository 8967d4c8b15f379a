"""The limits that run in a crisis at an instant: what falls due if nothing more is recorded, and
when.

They are read off the rules themselves: a finding that lies ahead is a limit that still runs, one
that stands is a limit that has passed or whose remedy is awaited. So a clock on the screen and the
alert that it ends in can never disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.registry import DeskRole, Registry
from services.liaison.catalogue import CATALOGUE, Basis
from services.liaison.crisis.facts import Crisis
from services.liaison.disclosure.addressing import involved_in
from services.liaison.evaluate import findings
from services.liaison.finding import EVERY_FEED, Finding
from services.liaison.policy import Policy

_STRONGEST: tuple[Basis, ...] = ("legal", "standard", "assumption")


@dataclass(frozen=True, slots=True)
class RunningClock:
    """One limit that runs."""

    key: str
    """The finding's, so that the alert it ends in is known by it."""
    rule: str
    began: datetime
    """The earliest thing that the rule rests on."""
    ends: datetime
    """The limit itself: by law, by a national standard, or this project's."""
    basis: Basis | None
    """What the limit is, where its length is one of the rule's own limits; None where it is an
    instant of its own.
    """
    alert_at: datetime | None
    """When the alert will be raised unless something is recorded; None: it stands."""
    urgency: int
    recipients: tuple[DeskRole, ...]
    agencies: tuple[str, ...]
    """As in the finding: whom the alert is for."""
    involved: frozenset[str]
    """Who takes part in the crisis: their desks come before those of the place."""
    relies_on: frozenset[str]
    """Agencies whose record would stop it; if one of their feeds is silent, it may have been
    stopped already.
    """


def running_clocks(crisis: Crisis, policy: Policy, at: datetime) -> tuple[RunningClock, ...]:
    """The limits that run at the instant, the one that ends first at the top. A finding that stands
    without a limit is no clock; of several steps of one condition the present or else the next
    counts."""
    first: dict[str, Finding] = {}
    for finding in findings(crisis, policy):
        if finding.until is not None and finding.until <= at:
            continue
        # it has passed, and no law counts on from it
        if finding.holds_from <= at and finding.act_by is None:
            continue
        earlier = first.get(finding.key)
        if earlier is None or finding.holds_from < earlier.holds_from:
            first[finding.key] = finding
    involved = involved_in(crisis, at)
    return tuple(
        sorted(
            (_clock(f, policy, at, involved) for f in first.values()), key=lambda c: (c.ends, c.key)
        )
    )


def may_see(
    clock: RunningClock,
    desk: str,
    items: Collection[str],
    areas: tuple[str | None, ...],
    registry: Registry,
) -> bool:
    """Whether a desk that was told `items` of the crisis may see the clock: its alert would come to
    it, or the clock is part of an item. Anything else is denied."""
    item = CATALOGUE[clock.rule].clock_is
    # e.g. `MHA legal status and clock` is one row of the matrix, for more desks than those whom the
    # rule tells
    if item is not None and item in items:
        return True
    addressees = registry.desks_for_any(clock.recipients, areas, clock.agencies, clock.involved)
    return any(addressed.id == desk for _, addressed in addressees)


def _clock(
    finding: Finding, policy: Policy, at: datetime, involved: frozenset[str]
) -> RunningClock:
    ends = finding.act_by or finding.holds_from
    began = min((e.at for e in finding.evidence), default=finding.holds_from)
    return RunningClock(
        key=finding.key,
        rule=finding.rule,
        began=began,
        ends=ends,
        basis=_basis(finding.rule, ends - began, policy),
        alert_at=finding.holds_from if finding.holds_from > at else None,
        urgency=finding.urgency,
        recipients=finding.recipients,
        agencies=finding.agencies,
        involved=involved,
        relies_on=frozenset(agency.removesuffix(EVERY_FEED) for agency in finding.relies_on),
    )


def _basis(rule: str, length: timedelta, policy: Policy) -> Basis | None:
    """The strongest basis among the rule's limits of exactly this length, as the policy has them."""
    limits = CATALOGUE[rule].limits
    bases: Iterable[Basis] = (
        limit.basis
        for name, limit in limits.items()
        if limit.unit == "seconds" and policy.limit(rule, name) == length
    )
    return min(bases, key=_STRONGEST.index, default=None)
