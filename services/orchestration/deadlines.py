"""Deadlines: what must be looked at again because an instant has come, taken by whichever worker is
alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.liaison.alert import AlertChange
from services.liaison.alert_changes import settle_monitor
from services.liaison.disproportionality import SUBJECT, window
from services.orchestration.apart import alone, apart
from services.orchestration.feeds import look_at_feed
from services.orchestration.ledger import DeadlineKind, Ledger, Transaction
from services.orchestration.parking import settle_due
from services.orchestration.settling import Settled, Settling, keep_alerts

LIMIT = 200
"""Deadlines in one transaction at the most."""
MONITOR_AGAIN = timedelta(hours=1)
"""When the weekly look that failed is tried again."""
FEED_AGAIN = timedelta(minutes=1)
"""When a look at a feed that failed is tried again."""


@dataclass
class Due:
    """What was looked at, for whoever counts it."""

    count: int = 0
    settled: Settled = field(default_factory=Settled)
    silent: dict[str, bool] = field(default_factory=dict)
    """Whether each feed that was looked at is silent."""
    monitor_failure: Exception | None = None
    feed_failures: list[tuple[str, Exception]] = field(default_factory=list)
    """Feeds that could not be looked at, and why."""


async def take_due(ledger: Ledger, settling: Settling, now: datetime) -> Due:
    """Look at what is due, in one transaction."""
    due = Due()
    oldest = await ledger.oldest_deadline()
    if oldest is None or oldest > now:
        return due
    async with ledger.transaction() as transaction:
        await transaction.lock_zone()
        deadlines = await transaction.take_deadlines(now, LIMIT)
        due.count = len(deadlines)
        crises, feeds, monitor = await _subjects(transaction, deadlines)
        if crises:
            due.settled = await settle_due(transaction, settling, crises, now)
        await _look_at_feeds(transaction, settling, sorted(feeds), now, due)
        if monitor:
            await _look_at_monitor_apart(transaction, settling, now, due)
    return due


async def _subjects(
    transaction: Transaction, deadlines: Iterable[tuple[DeadlineKind, str]]
) -> tuple[set[str], set[str], bool]:
    """Which crises and feeds are due, themselves or by one of their alerts, and whether the monitor
    is.
    """
    by_kind: dict[DeadlineKind, set[str]] = {
        "crisis": set(),
        "feed": set(),
        "alert": set(),
        "monitor": set(),
    }
    for kind, subject in deadlines:
        by_kind[kind].add(subject)
    crises, feeds, monitor = by_kind["crisis"], by_kind["feed"], bool(by_kind["monitor"])
    if by_kind["alert"]:
        for crisis, feed in await transaction.alert_subjects(by_kind["alert"]):
            if crisis is not None:
                crises.add(crisis)
            elif feed is not None:
                feeds.add(feed)
            else:
                monitor = True
    return crises, feeds, monitor


async def _look_at_feeds(
    transaction: Transaction, settling: Settling, feeds: Sequence[str], now: datetime, due: Due
) -> None:
    """All feeds that are due; one that cannot be looked at is looked at again, and stops nothing."""

    async def look(part: Sequence[str]) -> _Looked:
        return await _look_at(transaction, settling, part, now)

    looked = await apart(transaction, feeds, look)
    for changes, silent in looked.results:
        due.settled.changes += changes
        due.silent |= silent
    due.feed_failures += looked.failures
    again: dict[str, datetime | None] = {feed: now + FEED_AGAIN for feed, _ in looked.failures}
    await transaction.set_deadlines("feed", again)


_Looked = tuple[list[AlertChange], dict[str, bool]]
"""What changed, and whether each feed is silent."""


async def _look_at(
    transaction: Transaction, settling: Settling, feeds: Sequence[str], now: datetime
) -> _Looked:
    changes: list[AlertChange] = []
    silent_feeds: dict[str, bool] = {}
    for feed in feeds:
        feed_changes, silent = await look_at_feed(
            transaction, feed, settling.registry, settling.policy, now
        )
        changes += feed_changes
        if silent is not None:
            silent_feeds[feed] = silent
    await keep_alerts(transaction, changes, now)
    return changes, silent_feeds


async def _look_at_monitor_apart(
    transaction: Transaction, settling: Settling, now: datetime, due: Due
) -> None:
    """The monitor in a savepoint of its own: what fails in it must not hold up the deadlines of
    crises and feeds.
    """
    changes, failure = await alone(
        transaction, lambda: _look_at_monitor(transaction, settling, now)
    )
    due.settled.changes += changes or ()
    if failure is not None:
        due.monitor_failure = failure
        await transaction.set_deadlines("monitor", {SUBJECT: now + MONITOR_AGAIN})


async def _look_at_monitor(
    transaction: Transaction, settling: Settling, now: datetime
) -> tuple[AlertChange, ...]:
    """Rule R27: the counts until last Monday. Its alerts are of neither a crisis nor a feed."""
    policy = settling.policy
    counts = await transaction.tally_counts(*window(now, policy))
    alerts = await transaction.alerts(ids=await transaction.monitor_alerts())
    changes, again = settle_monitor(counts, alerts, now, policy=policy, registry=settling.registry)
    await transaction.set_deadlines("monitor", {SUBJECT: again})
    await keep_alerts(transaction, changes, now)
    return changes
