"""What waits at several desks, in numbers: for a screen on the wall, which names nobody and no place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class DeskWaiting:
    """One desk."""

    desk: str
    by_urgency: dict[int, int]
    oldest: datetime | None
    """Since when the longest waits for an acknowledgement; None where nothing waits."""
    first_limit: datetime | None
    """The first of the instants by which one of them is to be acknowledged."""

    @property
    def worst(self) -> int | None:
        """The most urgent that waits, 1 to 5."""
        return min(self.by_urgency, default=None)


async def waiting_by_desk(connection: Connection, desks: Sequence[str]) -> list[DeskWaiting]:
    """Every desk, also one at which nothing waits; the worst first, then the longest wait."""
    rows = await connection.fetch(
        """SELECT d.desk, a.urgency, count(*) AS n, min(a.raised_at) AS oldest, min(d.acknowledge_by) AS first_limit
             FROM alert_desk d JOIN alert a USING (alert_id)
            WHERE d.desk = ANY($1::text[]) AND d.state IN ('raised', 'delivered')
            GROUP BY d.desk, a.urgency""",
        list(desks),
    )
    by_desk: defaultdict[str, list[tuple[int, int, datetime, datetime]]] = defaultdict(list)
    for row in rows:
        by_desk[row["desk"]].append((row["urgency"], row["n"], row["oldest"], row["first_limit"]))
    waiting = [
        DeskWaiting(
            desk,
            {urgency: count for urgency, count, _, _ in by_desk[desk]},
            min((oldest for _, _, oldest, _ in by_desk[desk]), default=None),
            min((limit for *_, limit in by_desk[desk]), default=None),
        )
        for desk in desks
    ]
    return sorted(waiting, key=_danger)


def _danger(waiting: DeskWaiting) -> tuple[int, str, str]:
    if waiting.worst is None or waiting.oldest is None:
        # below every urgency that there is
        return (6, "", waiting.desk)
    return (waiting.worst, waiting.oldest.isoformat(), waiting.desk)
