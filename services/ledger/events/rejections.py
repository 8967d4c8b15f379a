"""What was rejected at the door, counted for those who must mend it. Never what was in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class RejectionCount:
    """How often one fault came from one feed."""

    agency: str
    feed: str
    code: str
    pointer: str
    remedy: str
    count: int
    last: datetime


async def rejections_of(
    connection: Connection, agency: str, since: datetime
) -> list[RejectionCount]:
    """Faults of the agency's feeds, the most frequent first."""
    rows = await connection.fetch(
        """SELECT agency, feed, code, pointer, remedy, count(*), max(received_at) AS last FROM rejection
            WHERE received_at >= $1 AND agency = $2 GROUP BY agency, feed, code, pointer, remedy
            ORDER BY count DESC, feed, code LIMIT 200""",
        since,
        agency,
    )
    return [RejectionCount(**row) for row in rows]


async def rejections_by_agency(connection: Connection, since: datetime) -> list[tuple[str, int]]:
    """How many events of each agency were rejected, the most first."""
    rows = await connection.fetch(
        "SELECT agency, count(*) FROM rejection WHERE received_at >= $1 GROUP BY agency ORDER BY count DESC, agency",
        since,
    )
    return [(row["agency"], row["count"]) for row in rows]
