"""What is known of how each feed is: the one home of `feed_state`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

import asyncpg

from services.orchestration.ledger import FeedState
from services.runtime.postgres import Connection

# Of a feed that is heard and cannot be relied on.
Trouble = Literal["backlog", "late", "clock", "rejected"]


@dataclass(frozen=True, slots=True)
class FeedTrouble:
    """A feed that is silent, was stopped, or is heard and cannot be relied on."""

    feed: str
    since: datetime
    stopped: bool
    troubled: Trouble | None = None
    """Of a feed that is heard."""


# Columns have the names of the fields.
_COLUMNS = tuple(entry.name for entry in fields(FeedState))
_SAVE = (
    f"INSERT INTO feed_state ({', '.join(_COLUMNS)})"
    f" VALUES ({', '.join(f'${n}' for n in range(1, len(_COLUMNS) + 1))})"
    f" ON CONFLICT (feed) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in _COLUMNS[1:])}"
)


async def feed_states(connection: Connection) -> dict[str, FeedState]:
    """Of every feed that was ever heard or stopped, by feed."""
    rows = await connection.fetch(f"SELECT {', '.join(_COLUMNS)} FROM feed_state")
    return {row["feed"]: FeedState(**dict(row)) for row in rows}


async def save_feed_states(connection: Connection, states: Sequence[FeedState]) -> None:
    """Write them."""
    await connection.executemany(
        _SAVE, [tuple(getattr(state, column) for column in _COLUMNS) for state in states]
    )


async def rejected_at(connection: Connection, feed: str, since: datetime) -> tuple[datetime, ...]:
    """When something of the feed was rejected since, in order; the first thousand."""
    rows = await connection.fetch(
        "SELECT received_at FROM rejection WHERE feed = $1 AND received_at >= $2 ORDER BY received_at LIMIT 1000",
        feed,
        since,
    )
    return tuple(row["received_at"] for row in rows)


async def feeds_in_trouble(connection: Connection | asyncpg.Pool) -> tuple[FeedTrouble, ...]:
    """The feeds that are silent, stopped, or not to be relied on."""
    rows = await connection.fetch(
        """SELECT feed, coalesce(stopped_at, silent_since, late_since, ahead_since, last_heard_at) AS since,
                  stopped_at IS NOT NULL AS stopped,
                  CASE WHEN coalesce(stopped_at, silent_since) IS NULL THEN troubled END AS troubled
             FROM feed_state
            WHERE stopped_at IS NOT NULL OR silent_since IS NOT NULL OR troubled IS NOT NULL ORDER BY feed"""
    )
    return tuple(FeedTrouble(**row) for row in rows)


async def silent_feeds(connection: Connection) -> list[str]:
    """The feeds that are silent now."""
    rows = await connection.fetch("SELECT feed FROM feed_state WHERE silent_since IS NOT NULL")
    return [row["feed"] for row in rows]
