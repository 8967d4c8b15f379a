"""What the auditor of escalations reads of standing alerts, and what it found at its last look."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from services.runtime.postgres import Connection

_STANDING = """
SELECT d.alert_id::text AS alert, d.desk, d.state, d.origin, d.due_at, d.ladder, d.ladder_since,
       d.inhibited_by, d.dispute, d.answered_at, a.raised_at, x.due_at AS deadline,
       (SELECT count(*) FROM alert_log l WHERE l.alert_id = d.alert_id AND l.desk = d.desk
           AND l.transition = 'escalated' AND l.at >= d.ladder_since) AS taken
  FROM alert a JOIN alert_desk d USING (alert_id)
  LEFT JOIN deadline x ON x.kind = 'alert' AND x.subject = a.alert_id::text
 WHERE a.cleared_at IS NULL AND d.state NOT IN ('returned', 'cleared', 'closed')"""


async def standing_at_desks(connection: Connection) -> list[asyncpg.Record]:
    """Every standing alert at each desk that has it, with the steps of its ladder that were taken."""
    return await connection.fetch(_STANDING)


async def keep_look(
    connection: Connection, now: datetime, overdue: int, oldest_due: datetime | None
) -> None:
    """Keep when the auditor looked, and when it last found nothing overdue."""
    await connection.execute(
        """INSERT INTO auditor (looked_at, healthy_at, overdue, oldest_due)
           VALUES ($1::timestamptz, CASE WHEN $2::int = 0 THEN $1::timestamptz END, $2::int, $3)
           ON CONFLICT (one) DO UPDATE SET looked_at = excluded.looked_at,
               overdue = excluded.overdue, oldest_due = excluded.oldest_due,
               healthy_at = coalesce(excluded.healthy_at, auditor.healthy_at)""",
        now,
        overdue,
        oldest_due,
    )
