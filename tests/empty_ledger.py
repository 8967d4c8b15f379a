"""A ledger without rows, for a test that tells one story after another."""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from services.ledger.zone import lock_zone

FILLED_BY_MIGRATIONS = frozenset({"schema_migration", "alert_sequence"})


async def empty_ledger(
    pool: asyncpg.Pool, zone: str, keep: Collection[str] = FILLED_BY_MIGRATIONS
) -> None:
    """Take the rows of every table that is not kept, while a worker may be running.

    By the lock that whoever writes takes, and row by row: to truncate is to wait for each table in
    turn for whoever reads several, who waits for a table that is taken already.
    """
    async with pool.acquire() as connection, connection.transaction():
        await lock_zone(connection, zone)
        rows = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        )
        tables = [row["tablename"] for row in rows if row["tablename"] not in {*keep, "zone"}]
        # neither the order of foreign keys nor a trigger of what is only added to is in the way
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("; ".join(f"DELETE FROM {table}" for table in tables))
