"""What another policy would have made of the same history: alerts gained, lost, earlier, later, and
the load per desk.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.received import Received
from schemas.registry import Registry
from services.liaison.policy import Policy
from services.simulation.simulation import Simulation

# How long time goes on after the last event, so that what is due then is seen.
AFTER_THE_LAST = timedelta(hours=1)
# A hundred years: a feed that is taken to be well is looked at for its silence in no history.
NEVER_SILENT_SECONDS = 100 * 365 * 24 * 3600
# Alarms an hour at one position: the most that can be managed (ISA-18.2 and EEMUA 191: 2 in 10
# minutes).
MANAGEABLE_PER_HOUR = 12
# Alarms within ten minutes: more is a flood (ISA-18.2).
FLOOD_MORE_THAN = 10
FLOOD_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, order=True)
class Raised:
    """An alert as a run first raised it."""

    at: datetime
    rule: str
    key: str
    desks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeskLoad:
    """Alarms given to a desk: raised, or raised again."""

    alarms: int
    most_in_an_hour: int
    most_in_ten_minutes: int

    @property
    def manageable(self) -> bool:
        """Within the alarm figures."""
        return (
            self.most_in_an_hour <= MANAGEABLE_PER_HOUR
            and self.most_in_ten_minutes <= FLOOD_MORE_THAN
        )


@dataclass(frozen=True, slots=True)
class Run:
    """What one policy made of a history."""

    alerts: Mapping[str, Raised]
    """By key."""
    load: Mapping[str, DeskLoad]


@dataclass(frozen=True, slots=True)
class Moved:
    """An alert that both policies raise, at different instants."""

    live: Raised
    candidate: Raised

    @property
    def by(self) -> timedelta:
        """Negative: the candidate is earlier."""
        return self.candidate.at - self.live.at


@dataclass(frozen=True, slots=True)
class Difference:
    """Of a candidate policy against the live one."""

    gained: tuple[Raised, ...]
    lost: tuple[Raised, ...]
    earlier: tuple[Moved, ...]
    later: tuple[Moved, ...]
    same: int

    @property
    def any(self) -> bool:
        """Whether the candidate would have prompted otherwise than the live policy."""
        return bool(self.gained or self.lost or self.earlier or self.later)


def run_history(
    events: Sequence[Received],
    registry: Registry,
    policy: Policy,
    progress: Callable[[int], None] = lambda _: None,
) -> Run:
    """What the policy makes of the events. See `played`."""
    return run_of(played(events, registry, policy, progress))


def played(
    events: Sequence[Received],
    registry: Registry,
    policy: Policy,
    progress: Callable[[int], None] = lambda _: None,
) -> Simulation:
    """Events in order of receipt through the heart on a virtual clock, each deadline at its own
    time.

    Every feed that speaks is taken to be well throughout: of a history without its signs of life
    nobody can say when a feed was silent. So rule R30 is not tried, and no alert is unverified.
    Nobody acknowledges.
    """
    ledger = Simulation(never_silent(registry), policy)
    feeds = sorted({r.feed for r in events})

    def pass_until(end: datetime) -> None:
        while (due := ledger.next_due()) is not None and due < end:
            for feed in feeds:
                ledger.hear(feed, due)
            ledger.tick(due)

    for received in sorted(events, key=lambda r: (r.received_at, r.order)):
        pass_until(received.received_at)
        for feed in feeds:
            ledger.hear(feed, received.received_at)
        ledger.receive([received], received.received_at)
        progress(1)
    if events:
        pass_until(max(r.received_at for r in events) + AFTER_THE_LAST)
    return ledger


def never_silent(registry: Registry) -> Registry:
    """The same agencies, whose feeds nobody has to look at each minute."""
    agencies = []
    for agency in registry.agencies:
        feeds = tuple(
            feed.model_copy(update={"silent_after_seconds": NEVER_SILENT_SECONDS})
            for feed in agency.feeds
        )
        agencies.append(agency.model_copy(update={"feeds": feeds}))
    return registry.with_agencies(tuple(agencies))


def run_of(ledger: Simulation) -> Run:
    """What a ledger's alerts and log say."""
    first: dict[str, datetime] = {}
    alarms: dict[str, list[datetime]] = defaultdict(list)
    for transition in ledger.log:
        if transition.kind == "raised":
            first.setdefault(transition.alert_id, transition.at)
            alarms[transition.desk].append(transition.at)
    raised = {
        a.key: Raised(
            first[a.alert_id],
            a.rule,
            a.key,
            tuple(sorted(d.desk for d in a.desks if d.origin == "rule")),
        )
        for a in ledger.alerts.values()
        if a.alert_id in first and a.feed is None
    }
    return Run(raised, {desk: load_of(at) for desk, at in sorted(alarms.items())})


def run_of_raised(raised: Iterable[tuple[str, str, str, datetime]]) -> Run:
    """The same of a record of what was raised: key, rule, desk and instant of each alarm."""
    alerts: dict[str, Raised] = {}
    alarms: dict[str, list[datetime]] = defaultdict(list)
    for key, rule, desk, at in raised:
        alarms[desk].append(at)
        earlier = alerts.get(key)
        first, desks = at, {desk}
        if earlier is not None:
            first = min(at, earlier.at)
            desks |= set(earlier.desks)
        alerts[key] = Raised(first, rule, key, tuple(sorted(desks)))
    return Run(alerts, {desk: load_of(at) for desk, at in sorted(alarms.items())})


def load_of(alarms: Iterable[datetime]) -> DeskLoad:
    """The load that alarms at these instants are."""
    ordered = sorted(alarms)
    return DeskLoad(len(ordered), _most(ordered, timedelta(hours=1)), _most(ordered, FLOOD_WITHIN))


def _most(ordered: Sequence[datetime], within: timedelta) -> int:
    ends = ((number, bisect_right(ordered, at - within)) for number, at in enumerate(ordered))
    return max((number + 1 - first for number, first in ends), default=0)


def difference(live: Run, candidate: Run) -> Difference:
    """What the candidate would have changed. An alert is known by its key: rule, and the event that
    began it.
    """
    # by the alert's own key: the same condition in the same crisis, however the crisis is
    # numbered
    in_both = sorted(live.alerts.keys() & candidate.alerts.keys())
    moved = [Moved(live.alerts[k], candidate.alerts[k]) for k in in_both]
    return Difference(
        gained=tuple(
            sorted(candidate.alerts[k] for k in candidate.alerts.keys() - live.alerts.keys())
        ),
        lost=tuple(sorted(live.alerts[k] for k in live.alerts.keys() - candidate.alerts.keys())),
        earlier=tuple(sorted((m for m in moved if m.by < timedelta(0)), key=lambda m: m.candidate)),
        later=tuple(sorted((m for m in moved if m.by > timedelta(0)), key=lambda m: m.candidate)),
        same=sum(not m.by for m in moved),
    )
