"""What is counted of crises for the monitor of disproportionality, and the table that may be shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from services.ledger.columns import columns
from services.liaison.disproportionality import Published, published, window
from services.liaison.policy import Policy
from services.liaison.tally import Count, Counts, EthnicGroup, Measure, Tally
from services.runtime.postgres import Connection


async def save(
    connection: Connection,
    tallies: Mapping[str, Tally | None],
    dissolved: Collection[str],
    zone: str,
) -> None:
    """Write what each crisis counts for; one that counts for nothing any more is taken out."""
    # a crisis that lost its only sign, or all its incidents, counts for nobody
    uncounted = [crisis for crisis, tally in tallies.items() if tally is None] + list(dissolved)
    counted = [(crisis, tally) for crisis, tally in tallies.items() if tally is not None]
    if uncounted:
        await connection.execute(
            "DELETE FROM crisis_tally WHERE crisis_id = ANY($1::uuid[])", uncounted
        )
    if not counted:
        return
    await connection.execute(
        """INSERT INTO crisis_tally (crisis_id, zone, opened_at, ethnic_group, s136, force, low_grade, clock_due_at,
                                     clock_over_at)
           SELECT e, $2, o, g, s, f, l, cd, co
             FROM unnest($1::uuid[], $3::timestamptz[], $4::text[], $5::boolean[], $6::boolean[], $7::boolean[],
                         $8::timestamptz[], $9::timestamptz[]) AS x(e, o, g, s, f, l, cd, co)
           ON CONFLICT (crisis_id) DO UPDATE SET opened_at = excluded.opened_at, ethnic_group = excluded.ethnic_group,
               s136 = excluded.s136, force = excluded.force, low_grade = excluded.low_grade,
               clock_due_at = excluded.clock_due_at, clock_over_at = excluded.clock_over_at""",
        [crisis for crisis, _ in counted],
        zone,
        *columns((_row(tally) for _, tally in counted), 7),
    )


def _row(tally: Tally) -> tuple[object, ...]:
    return (
        tally.opened_at,
        tally.group,
        tally.s136,
        tally.force,
        tally.low_grade,
        tally.clock_due_at,
        tally.clock_over_at,
    )


async def counts(connection: Connection, zone: str, since: datetime, until: datetime) -> Counts:
    """As `services.liaison.tally.count` over the crises of the zone."""
    rows = await connection.fetch(
        """SELECT ethnic_group,
                  count(*) AS crises,
                  count(*) FILTER (WHERE s136) AS detained,
                  count(*) FILTER (WHERE force) AS forced,
                  count(low_grade) AS graded,
                  count(*) FILTER (WHERE low_grade) AS low,
                  count(clock_due_at) AS clocks,
                  count(*) FILTER (WHERE clock_due_at < least(coalesce(clock_over_at, $3), $3)) AS breached
             FROM crisis_tally WHERE zone = $1 AND opened_at >= $2 AND opened_at < $3 GROUP BY ethnic_group""",
        zone,
        since,
        until,
    )
    by_measure: dict[tuple[Measure, EthnicGroup], Count] = {}
    for row in rows:
        group = row["ethnic_group"]
        measures: dict[Measure, Count] = {
            "s136": Count(row["detained"], row["crises"]),
            "force": Count(row["forced"], row["crises"]),
            "low-grade": Count(row["low"], row["graded"]),
            "clock-breach": Count(row["breached"], row["clocks"]),
        }
        by_measure |= {(measure, group): count for measure, count in measures.items() if count.of}
    return by_measure


async def table(
    connection: Connection, zone: str, policy: Policy, now: datetime
) -> tuple[Published, ...]:
    """The table for the governance page: of the ninety days until last Monday, small numbers
    suppressed.
    """
    since, until = window(now, policy)
    return published(await counts(connection, zone, since, until), policy)
