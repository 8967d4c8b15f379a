"""The instants at which something must be looked at again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import asyncpg

from services.orchestration.ledger import DeadlineKind
from services.runtime.postgres import Connection


async def set_deadlines(
    connection: Connection, kind: DeadlineKind, due: Mapping[str, datetime | None], zone: str
) -> None:
    """Set or take away the instants at which subjects must be looked at again."""
    if not due:
        return
    later = {subject: at for subject, at in due.items() if at is not None}
    await connection.execute(
        """WITH gone AS (DELETE FROM deadline WHERE kind = $1 AND subject = ANY($5::text[]))
           INSERT INTO deadline (kind, subject, zone, due_at)
           SELECT $1, s, $4, d FROM unnest($2::text[], $3::timestamptz[]) AS x(s, d)
           ON CONFLICT (kind, subject) DO UPDATE SET due_at = excluded.due_at""",
        kind,
        list(later),
        list(later.values()),
        zone,
        sorted(due.keys() - later.keys()),
    )


async def begin(
    connection: Connection, kind: DeadlineKind, subject: str, at: datetime, zone: str
) -> None:
    """Set it where there is none."""
    await connection.execute(
        """INSERT INTO deadline (kind, subject, zone, due_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (kind, subject) DO NOTHING""",
        kind,
        subject,
        zone,
        at,
    )


async def bring_forward(
    connection: Connection, kind: DeadlineKind, subjects: Collection[str], at: datetime
) -> None:
    """Have those that are due later looked at by then."""
    await connection.execute(
        "UPDATE deadline SET due_at = $3 WHERE kind = $1 AND subject = ANY($2::text[]) AND due_at > $3",
        kind,
        list(subjects),
        at,
    )


async def take(
    connection: Connection, zone: str, now: datetime, limit: int
) -> list[tuple[DeadlineKind, str]]:
    """Take away what is due, the longest overdue first."""
    rows = await connection.fetch(
        """DELETE FROM deadline WHERE (kind, subject) IN
               (SELECT kind, subject FROM deadline WHERE zone = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3)
           RETURNING kind, subject""",
        zone,
        now,
        limit,
    )
    return [(row["kind"], row["subject"]) for row in rows]


async def oldest(connection: Connection | asyncpg.Pool, zone: str) -> datetime | None:
    """When the first deadline is due, of any kind."""
    due: datetime | None = await connection.fetchval(
        "SELECT min(due_at) FROM deadline WHERE zone = $1", zone
    )
    return due
