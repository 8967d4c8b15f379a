"""Which alerts were raised, as the log tells it: for measuring how soon, and whether all were and
none twice.
"""

from __future__ import annotations

from uuid import UUID

from services.runtime.postgres import Connection


async def raised_between(connection: Connection, after: int, until: int) -> list[str]:
    """Ids of the alerts that were raised in these sequence numbers of the log, the last included."""
    rows = await connection.fetch(
        """SELECT DISTINCT alert_id FROM alert_log
            WHERE sequence > $1 AND sequence <= $2 AND transition = 'raised'""",
        after,
        until,
    )
    return [str(row["alert_id"]) for row in rows]


async def times_raised(connection: Connection, rule: str) -> dict[tuple[str, str], int]:
    """How often each alert of a rule was raised at each desk, by (alert id, desk)."""
    rows = await connection.fetch(
        """SELECT alert_id, desk, count(*) AS times FROM alert_log JOIN alert USING (alert_id)
            WHERE transition = 'raised' AND rule = $1 GROUP BY 1, 2""",
        rule,
    )
    return {(str(row["alert_id"]), row["desk"]): row["times"] for row in rows}


async def waiting_at(connection: Connection, desk: str) -> list[UUID]:
    """Alerts of a desk that nobody has acknowledged."""
    rows = await connection.fetch(
        "SELECT alert_id FROM alert_desk WHERE desk = $1 AND state IN ('raised', 'delivered')", desk
    )
    return [row["alert_id"] for row in rows]
