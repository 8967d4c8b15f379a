"""How many alarms each desk has: floods and standing alarms, from the ledger (figures commonly
cited from EEMUA 191).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.liaison.alert.life import LIAISON
from services.liaison.alert.states import NEW_ALARM
from services.runtime.postgres import Connection

WINDOW = timedelta(minutes=10)
# A flood begins with more than ten new alarms in ten minutes and ends with fewer than five.
FLOOD_ENTERS, FLOOD_LEAVES = 10, 5
# Standing for longer than.
AGES: Mapping[str, timedelta] = {
    "10m": timedelta(minutes=10),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Load:
    """One desk's load."""

    desk: str
    presented: int
    """New alarms in the window."""
    standing: Mapping[str, int]
    """Unanswered alerts that are older than each age."""


async def loads(connection: Connection, now: datetime) -> dict[str, Load]:
    """By desk; a desk without any is not there."""
    new = await connection.fetch(
        """SELECT desk, count(*) AS n FROM alert_log
            WHERE at > $1 AND transition = ANY($2::text[]) AND (transition <> 'disputed' OR actor = $3) GROUP BY desk""",
        now - WINDOW,
        sorted(NEW_ALARM),
        LIAISON,
    )
    old = await connection.fetch(
        """SELECT desk, count(*) FILTER (WHERE raised_at <= $1) AS "10m", count(*) FILTER (WHERE raised_at <= $2) AS "1h",
                  count(*) FILTER (WHERE raised_at <= $3) AS "24h"
             FROM alert_desk JOIN alert USING (alert_id)
            WHERE alert.cleared_at IS NULL AND state IN ('raised', 'delivered', 'acknowledged', 'claimed') GROUP BY desk""",
        *(now - age for age in AGES.values()),
    )
    presented = {r["desk"]: r["n"] for r in new}
    standing = {r["desk"]: {age: r[age] for age in AGES} for r in old}
    return {
        desk: Load(desk, presented.get(desk, 0), standing.get(desk, dict.fromkeys(AGES, 0)))
        for desk in presented.keys() | standing.keys()
    }


def flooded(before: Iterable[str], presented: Mapping[str, int]) -> frozenset[str]:
    """The desks in a flood now, of those that were before and what was presented since."""
    was = frozenset(before)
    enters = {d for d, n in presented.items() if n > FLOOD_ENTERS}
    stays = {d for d in was if presented.get(d, 0) >= FLOOD_LEAVES}
    return frozenset(enters | stays)
