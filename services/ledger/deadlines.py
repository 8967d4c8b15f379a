"""The instants at which something must be looked at again."""

from __future__ import annotations

from datetime import datetime

from services.runtime.postgres import Connection


async def set_deadlines(
    connection: Connection, kind: str, due: dict[str, datetime | None], zone: str
) -> None:
    """Set or take away the instants at which subjects must be looked at again."""
    if not due:
        return
    later = {s: at for s, at in due.items() if at is not None}
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
