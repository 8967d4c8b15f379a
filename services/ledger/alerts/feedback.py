"""Whether the people at a desk found an alert useful."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.runtime.postgres import Connection


async def keep_feedback(
    connection: Connection, alert: UUID, desk: str, operator_id: str, *, useful: bool, at: datetime
) -> bool:
    """Keep it, in the place of what the person said before; False where the desk has no such alert."""
    judgement = await connection.fetchval(
        """INSERT INTO alert_feedback (alert_id, desk, operator_id, useful, at)
           SELECT alert_id, desk, $3, $4, $5 FROM alert_desk WHERE alert_id = $1 AND desk = $2
               ON CONFLICT (alert_id, desk, operator_id) DO UPDATE SET useful = excluded.useful, at = excluded.at
           RETURNING true""",
        alert,
        desk,
        operator_id,
        useful,
        at,
    )
    return bool(judgement)
