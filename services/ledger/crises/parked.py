"""Crises that could not be judged: the one home of `parked_crisis`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.ledger import audit
from services.ledger.zone import lock_zone
from services.orchestration.parked import Parked
from services.runtime.postgres import Connection


async def parked(connection: Connection, zone: str) -> dict[str, Parked]:
    """Every crisis of the zone that is parked, by id."""
    rows = await connection.fetch(
        """SELECT crisis_id::text, scene::text, since, reason, tries, tried_at, again_at
             FROM parked_crisis WHERE zone = $1""",
        zone,
    )
    return {row["crisis_id"]: Parked(**row) for row in rows}


async def park(connection: Connection, rows: Sequence[Parked], zone: str) -> None:
    """Write them."""
    await connection.executemany(
        """INSERT INTO parked_crisis (crisis_id, zone, scene, since, reason, tries, tried_at, again_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (crisis_id) DO UPDATE SET scene = excluded.scene, since = excluded.since,
               reason = excluded.reason, tries = excluded.tries, tried_at = excluded.tried_at,
               again_at = excluded.again_at""",
        [
            (
                row.crisis_id,
                zone,
                row.scene,
                row.since,
                row.reason,
                row.tries,
                row.tried_at,
                row.again_at,
            )
            for row in rows
        ],
    )


async def unpark(connection: Connection, crises: Collection[str]) -> None:
    """These could be judged."""
    await connection.execute(
        "DELETE FROM parked_crisis WHERE crisis_id = ANY($1::uuid[])", list(crises)
    )


@dataclass(frozen=True, slots=True)
class ParkedLine:
    """A parked crisis as the operator reads it."""

    parked: Parked
    incidents: tuple[str, ...]
    """agency/reference."""


async def parked_lines(connection: Connection, zone: str) -> list[ParkedLine]:
    """Every parked crisis with its incidents, the one that has waited longest first."""
    rows = await connection.fetch(
        """SELECT p.crisis_id::text, i.agency || '/' || i.reference AS incident
             FROM parked_crisis p JOIN incident i USING (crisis_id)
            WHERE p.zone = $1
            UNION
           SELECT p.crisis_id::text, s.agency || '/' || s.reference
             FROM parked_crisis p JOIN subject s USING (crisis_id)
            WHERE p.zone = $1 ORDER BY incident""",
        zone,
    )
    incidents: dict[str, list[str]] = {}
    for row in rows:
        incidents.setdefault(row["crisis_id"], []).append(row["incident"])
    waiting = sorted((await parked(connection, zone)).values(), key=_age)
    return [
        ParkedLine(parked_row, tuple(incidents.get(parked_row.crisis_id, ())))
        for parked_row in waiting
    ]


def _age(row: Parked) -> tuple[datetime, str]:
    return row.since, row.crisis_id


async def have_tried_again(
    connection: Connection, crises: Collection[str] | None, zone: str, now: datetime, actor: str
) -> list[str]:
    """Let the worker try these again at once, or all where none is named; gives those that are
    parked.
    """
    await lock_zone(connection, zone)
    waiting = await parked(connection, zone)
    selection = sorted(waiting)
    if crises is not None:
        selection = sorted(waiting.keys() & set(crises))
    await make_due(connection, selection, now)
    for crisis in selection:
        detail = {"since": waiting[crisis].since.isoformat(), "tries": waiting[crisis].tries}
        await audit.write(connection, "parked.retry", actor, crisis, detail, now)
    return selection


async def make_due(connection: Connection, crises: Collection[str], now: datetime) -> None:
    """The worker's next look at what is due tries these. The zone is locked."""
    await connection.execute(
        "UPDATE parked_crisis SET again_at = $2 WHERE crisis_id = ANY($1::uuid[]) AND again_at > $2",
        list(crises),
        now,
    )
    await connection.execute(
        """INSERT INTO deadline (kind, subject, zone, due_at)
           SELECT 'crisis', crisis_id::text, zone, $2 FROM parked_crisis WHERE crisis_id = ANY($1::uuid[])
           ON CONFLICT (kind, subject) DO UPDATE SET due_at = least(deadline.due_at, excluded.due_at)""",
        list(crises),
        now,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How many crises are parked, and since when the first is."""

    count: int
    since: datetime | None


async def standing(connection: Connection, zone: str) -> Standing:
    """Of one zone."""
    row = await connection.fetchrow(
        "SELECT count(*) AS count, min(since) AS since FROM parked_crisis WHERE zone = $1", zone
    )
    assert row is not None
    return Standing(row["count"], row["since"])
