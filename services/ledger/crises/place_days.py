"""How many incidents were opened at a place on a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date

from services.ledger.columns import columns
from services.liaison.linking.busyness import PlaceDay, changes, place_days
from services.liaison.settlement import IncidentSettled
from services.runtime.postgres import Connection


async def by_day(
    connection: Connection, places: Collection[str], since: date
) -> dict[str, dict[date, int]]:
    """Incidents by place and day, from that day on."""
    rows = await connection.fetch(
        """SELECT place, day, incidents FROM place_day
            WHERE place = ANY($1::text[]) AND day >= $2 AND incidents > 0""",
        sorted(places),
        since,
    )
    counts: dict[str, dict[date, int]] = {}
    for row in rows:
        counts.setdefault(row["place"], {})[row["day"]] = row["incidents"]
    return counts


async def changes_by(
    connection: Connection, members: Collection[IncidentSettled]
) -> Counter[PlaceDay]:
    """What writing these incidents adds to places and takes from them. Before they are written."""
    rows = await connection.fetch(
        """SELECT agency, reference, opened_at, link_keys FROM incident
            WHERE (agency, reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        *columns((member.key for member in members), 2),
    )
    former = {
        (row["agency"], row["reference"]): place_days(row["opened_at"], row["link_keys"])
        for row in rows
    }
    counts: Counter[PlaceDay] = Counter()
    for member in members:
        present = place_days(member.opened_at, member.keys)
        counts.update(changes(former.get(member.key, ()), present))
    return Counter({place_day: count for place_day, count in counts.items() if count})


async def add(connection: Connection, counts: Counter[PlaceDay]) -> None:
    """Add them to what was counted."""
    if not counts:
        return
    rows = sorted(counts.items())
    await connection.execute(
        """INSERT INTO place_day (place, day, incidents)
           SELECT * FROM unnest($1::text[], $2::date[], $3::integer[])
           ON CONFLICT (place, day) DO UPDATE SET incidents = place_day.incidents + excluded.incidents""",
        [place for (place, _), _ in rows],
        [day for (_, day), _ in rows],
        [count for _, count in rows],
    )
