"""Deadlines: what must be looked at again because an instant has come, taken by whichever worker is alive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from services.ledger.alerts import store as alert_store
from services.ledger.crises import store as crisis_store
from services.ledger.crises import tallies
from services.ledger.deadlines import set_deadlines
from services.liaison.alert import AlertChange
from services.liaison.alert_changes import settle_feed, settle_monitor
from services.liaison.disproportionality import window
from services.liaison.feeds import (
    FeedHealth,
    evaluate_feed,
    is_silent,
    trouble_of,
    troubled_again_at,
)
from services.liaison.rules.r30_silence import RULE as FEED_RULE
from services.orchestration.batch import Batch
from services.runtime.logging import logger
from services.runtime.metrics import (
    DEADLINE_OVERDUE_SECONDS,
    DEADLINES_TAKEN,
    FEED_SILENT,
    MONITOR_FAILURES,
)
from services.runtime.postgres import Connection

LIMIT = 200
"""Deadlines in one transaction at the most."""


async def take_due(batch: Batch, now: datetime) -> tuple[int, Sequence[AlertChange]]:
    """Look at what is due, in one transaction. Returns how many deadlines were taken, and what changed."""
    registry = batch.registry
    oldest = await batch.pool.fetchval(
        "SELECT min(due_at) FROM deadline WHERE zone = $1", registry.zone
    )
    late = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    DEADLINE_OVERDUE_SECONDS.set(late)
    if oldest is None or oldest > now:
        return 0, ()
    async with batch.pool.acquire() as connection, connection.transaction():
        await crisis_store.lock_zone(connection, registry.zone)
        rows = await connection.fetch(
            """DELETE FROM deadline WHERE (kind, subject) IN
                   (SELECT kind, subject FROM deadline WHERE zone = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3)
               RETURNING kind, subject""",
            registry.zone,
            now,
            LIMIT,
        )
        changes: list[AlertChange] = []
        about = await alert_store.subjects(
            connection, [r["subject"] for r in rows if r["kind"] == "alert"]
        )
        crises = {r["subject"] for r in rows if r["kind"] == "crisis"} | {
            e for e, _ in about if e is not None
        }
        if crises:
            changes += await batch.settle_crises(connection, sorted(crises), now)
        for feed in sorted(
            {r["subject"] for r in rows if r["kind"] == "feed"}
            | {f for _, f in about if f is not None}
        ):
            changes += await _look_at_feed(connection, batch, feed, now)
        if any(r["kind"] == tallies.KIND for r in rows) or (None, None) in about:
            changes += await _look_at_monitor_apart(connection, batch, now)
    DEADLINES_TAKEN.inc(len(rows))
    return len(rows), changes


MONITOR_AGAIN = timedelta(hours=1)


async def _look_at_monitor_apart(
    connection: Connection, batch: Batch, now: datetime
) -> Sequence[AlertChange]:
    """The monitor in a savepoint of its own: what fails in it must not hold up the deadlines of crises and feeds."""
    try:
        async with connection.transaction():
            return await _look_at_monitor(connection, batch, now)
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
        raise
    except Exception as error:
        MONITOR_FAILURES.inc()
        logger().error("monitor.failed", error=type(error).__name__)
        await tallies.look_again(connection, now + MONITOR_AGAIN, batch.registry.zone)
        return ()


async def _look_at_monitor(
    connection: Connection, batch: Batch, now: datetime
) -> Sequence[AlertChange]:
    """Rule R27: the counts until last Monday. Its alerts are of neither a crisis nor a feed."""
    registry, policy = batch.registry, batch.policy
    counts = await tallies.counts(connection, registry.zone, *window(now, policy))
    known = await alert_store.load(connection, ids=await alert_store.of_neither(connection))
    changes, again = settle_monitor(counts, known, now, policy=policy, registry=registry)
    await tallies.look_again(connection, again, registry.zone)
    await alert_store.save(connection, changes, registry, now)
    return changes


async def _look_at_feed(
    connection: Connection, batch: Batch, feed: str, now: datetime
) -> Sequence[AlertChange]:
    """Rule R30 for one feed."""
    registry = batch.registry
    if feed not in registry.feeds_by_id:
        return ()
    agency, described = registry.feeds_by_id[feed]
    row = await connection.fetchrow("SELECT * FROM feed_state WHERE feed = $1 FOR UPDATE", feed)
    if row is None:
        return ()
    health = FeedHealth(
        feed=feed,
        agency=agency.id,
        last_heard_at=row["last_heard_at"],
        silent_after=timedelta(seconds=described.silent_after_seconds),
        stopped_reason=row["stopped_reason"],
        late_since=row["late_since"],
        late_by=timedelta(seconds=max(0.0, row["late_seconds"])),
        ahead_since=row["ahead_since"],
        ahead_by=timedelta(seconds=row["ahead_seconds"]),
        rejected=await _rejected(connection, batch, feed, now),
    )
    known = await alert_store.load(connection, feeds=[feed])
    changes, again = settle_feed(health, known, now, policy=batch.policy, registry=registry)
    silent = is_silent(health, now)
    found = evaluate_feed(health, now, batch.policy)
    FEED_SILENT.labels(feed).set(int(silent))
    await connection.execute(
        """UPDATE feed_state SET silent_since = CASE WHEN $2 THEN coalesce(silent_since, $3) END,
                  troubled = $4, look_again_at = $5 WHERE feed = $1""",
        feed,
        silent,
        row["last_heard_at"] or now,
        None if silent else trouble_of(found),
        None if silent else troubled_again_at(health, now, batch.policy),
    )
    await set_deadlines(connection, "feed", {feed: again}, registry.zone)
    await alert_store.save(connection, changes, registry, now)
    return changes


async def _rejected(
    connection: Connection, batch: Batch, feed: str, now: datetime
) -> tuple[datetime, ...]:
    """When something of the feed was rejected, as far back as the rule counts twice over."""
    since = now - 2 * FEED_RULE.limit(batch.policy, "rejected_within")
    rows = await connection.fetch(
        "SELECT received_at FROM rejection WHERE feed = $1 AND received_at >= $2 ORDER BY received_at LIMIT 1000",
        feed,
        since,
    )
    return tuple(r["received_at"] for r in rows)


async def stop_feed(batch: Batch, feed: str, reason: str, now: datetime) -> None:
    """Record that a feed is stopped, and have its rule looked at now."""
    async with batch.pool.acquire() as connection, connection.transaction():
        await crisis_store.lock_zone(connection, batch.registry.zone)
        await connection.execute(
            """INSERT INTO feed_state (feed, stopped_at, stopped_reason) VALUES ($1, $2, $3)
               ON CONFLICT (feed) DO UPDATE SET stopped_at = excluded.stopped_at,
                   stopped_reason = excluded.stopped_reason""",
            feed,
            now,
            reason,
        )
        await set_deadlines(connection, "feed", {feed: now}, batch.registry.zone)


async def resume_feeds(pool: asyncpg.Pool, feeds: Sequence[str]) -> None:
    """A worker that starts tries every feed again: somebody has looked at why it was stopped."""
    await pool.execute(
        "UPDATE feed_state SET stopped_at = NULL, stopped_reason = NULL WHERE feed = ANY($1::text[])",
        list(feeds),
    )
