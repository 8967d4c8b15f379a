"""Which events are in the ledger: for measuring whether all are, and none twice."""

from __future__ import annotations

from collections.abc import Sequence

from services.runtime.postgres import Connection


async def stored_of_feeds(connection: Connection, feeds: Sequence[str]) -> int:
    """How many events of these feeds there are."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM event WHERE feed = ANY($1::text[])", list(feeds)
    )
    return count


async def stored_ids(connection: Connection) -> set[str]:
    """The ids of all events."""
    return {row["id"] for row in await connection.fetch("SELECT id FROM event")}
