"""The state of the feeds: when each was last heard, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg

from services.runtime.postgres import Connection

Trouble = Literal["backlog", "late", "clock", "rejected"]
"""Of a feed that is heard and cannot be relied on."""


@dataclass(frozen=True, slots=True)
class FeedTrouble:
    """A feed that is silent, was stopped, or is heard and cannot be relied on."""

    feed: str
    since: datetime
    stopped: bool
    troubled: Trouble | None = None
    """Of a feed that is heard."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """One feed as the ledger has it."""

    feed: str
    last_heard_at: datetime | None
    silent_since: datetime | None
    stopped_at: datetime | None
    troubled: Trouble | None


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


async def feed_states(connection: Connection) -> dict[str, FeedState]:
    """Every feed that was ever heard or stopped, by its id."""
    rows = await connection.fetch(
        "SELECT feed, last_heard_at, silent_since, stopped_at, troubled FROM feed_state ORDER BY feed"
    )
    return {row["feed"]: FeedState(**row) for row in rows}


async def silent_feeds(connection: Connection) -> list[str]:
    """The feeds that are silent now."""
    rows = await connection.fetch("SELECT feed FROM feed_state WHERE silent_since IS NOT NULL")
    return [row["feed"] for row in rows]
