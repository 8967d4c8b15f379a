"""What a candidate policy would have alerted, kept beside the live alerts and shown to nobody."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from asyncpg import Record

from services.liaison.policy import Policy
from services.liaison.settlement import Settlement
from services.runtime.postgres import Connection

# How long one statement of the shadow may hold up the live transaction around it [assumption].
STATEMENT_SECONDS = 2.0


class RaisedAt(NamedTuple):
    """An alert that one side raised, or raised again, at one desk."""

    alert_key: str
    rule: str
    desk: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShadowRun:
    """One candidate's time in the shadow."""

    candidate: str
    policy_version: int
    live_version: int
    began_at: datetime
    last_at: datetime
    steps: int
    failures: int


def candidate_of(policy: Policy) -> str:
    """The digest by which a candidate is known: the same version with another text is another
    candidate.
    """
    return hashlib.sha256(policy.model_dump_json().encode()).hexdigest()[:16]


async def begin(
    connection: Connection, candidate: str, policy_version: int, live_version: int, now: datetime
) -> None:
    """The candidate looks on from now; where it has looked on before, still from then.

    What is compared begins here and not with the first thing that was looked at: under load that
    comes after the instant since which a condition holds, and would leave it out.
    """
    await connection.execute(
        "INSERT INTO shadow_run VALUES ($1, $2, $3, $4, $4, 0, 0) ON CONFLICT (candidate) DO NOTHING",
        candidate,
        policy_version,
        live_version,
        now,
        timeout=STATEMENT_SECONDS,
    )


async def save(
    connection: Connection,
    candidate: str,
    settlement: Settlement,
    zone: str,
    now: datetime,
    *,
    policy_version: int,
    live_version: int,
    failures: int,
) -> None:
    """Keep what the candidate would have standing. `settlement` was made without any former alert."""
    await connection.execute(
        """INSERT INTO shadow_run AS r VALUES ($1, $2, $3, $4, $4, 1, $5)
           ON CONFLICT (candidate) DO UPDATE SET last_at = greatest(r.last_at, excluded.last_at), steps = r.steps + 1,
               live_version = excluded.live_version, failures = r.failures + excluded.failures""",
        candidate,
        policy_version,
        live_version,
        now,
        failures,
        timeout=STATEMENT_SECONDS,
    )
    # what is not of a crisis is of a feed, and the candidate changes nothing there
    standing = [
        c.alert for c in settlement.alerts if c.alert.stands and c.alert.crisis_id is not None
    ]
    crises = [*(e.crisis_id for e in settlement.crises), *settlement.dissolved]
    await connection.execute(
        """UPDATE shadow_alert SET cleared_at = $3 WHERE candidate = $1 AND crisis_id = ANY($2::uuid[])
              AND cleared_at IS NULL AND alert_id <> ALL($4::uuid[])""",
        candidate,
        crises,
        now,
        [a.alert_id for a in standing],
        timeout=STATEMENT_SECONDS,
    )
    if standing:
        await connection.executemany(
            """INSERT INTO shadow_alert AS s VALUES ($1, $2, $3, $4, $5, $6, $7, ARRAY[$8::timestamptz], NULL, $9)
               ON CONFLICT (candidate, alert_id) DO UPDATE SET crisis_id = excluded.crisis_id,
                   urgency = excluded.urgency, desks = excluded.desks, cleared_at = NULL,
                   raises = CASE WHEN s.cleared_at IS NULL THEN s.raises ELSE s.raises || excluded.raises END""",
            [
                (
                    candidate,
                    a.alert_id,
                    a.key,
                    a.rule,
                    a.crisis_id,
                    a.urgency,
                    a.holds_since,
                    now,
                    sorted(d.desk for d in a.desks if d.origin == "rule"),
                )
                for a in standing
            ],
            timeout=STATEMENT_SECONDS,
        )
    await connection.execute(
        "DELETE FROM shadow_deadline WHERE candidate = $1 AND crisis_id = ANY($2::uuid[])",
        candidate,
        crises,
        timeout=STATEMENT_SECONDS,
    )
    due = [
        (candidate, e.crisis_id, zone, e.look_again_at)
        for e in settlement.crises
        if e.look_again_at is not None
    ]
    if due:
        await connection.executemany(
            "INSERT INTO shadow_deadline VALUES ($1, $2, $3, $4)", due, timeout=STATEMENT_SECONDS
        )


async def next_due(connection: Connection, candidate: str, zone: str) -> datetime | None:
    """When the candidate must next look at something."""
    due_at: datetime | None = await connection.fetchval(
        "SELECT min(due_at) FROM shadow_deadline WHERE candidate = $1 AND zone = $2",
        candidate,
        zone,
    )
    return due_at


async def take(
    connection: Connection, candidate: str, zone: str, now: datetime, limit: int
) -> list[str]:
    """The crises that are due, taken off the list."""
    rows = await connection.fetch(
        """DELETE FROM shadow_deadline WHERE candidate = $1 AND crisis_id IN
               (SELECT crisis_id FROM shadow_deadline WHERE candidate = $1 AND zone = $2 AND due_at <= $3
                 ORDER BY due_at LIMIT $4)
           RETURNING crisis_id""",
        candidate,
        zone,
        now,
        limit,
    )
    return sorted(str(r["crisis_id"]) for r in rows)


async def latest_run(connection: Connection) -> ShadowRun | None:
    """The candidate that was in the shadow last."""
    row = await connection.fetchrow(
        "SELECT * FROM shadow_run ORDER BY last_at DESC, began_at DESC LIMIT 1"
    )
    if row is None:
        return None
    return ShadowRun(**row)


async def runs(connection: Connection, run: ShadowRun) -> tuple[list[RaisedAt], list[RaisedAt]]:
    """What the live policy and the candidate raised while both looked.

    A condition that held before the shadow began, on either side, is left out: when the candidate
    would have raised it nobody knows. So is rule R30, which the shadow does not try.
    """
    live = await connection.fetch(
        """SELECT a.alert_key, a.rule, a.holds_since, l.desk, l.at
             FROM alert a JOIN alert_log l USING (alert_id)
            WHERE a.crisis_id IS NOT NULL AND l.transition = 'raised' AND a.raised_at >= $1 AND l.at <= $2
              AND EXISTS (SELECT FROM alert_desk d
                           WHERE d.alert_id = a.alert_id AND d.desk = l.desk AND d.origin = 'rule')""",
        run.began_at,
        run.last_at,
    )
    shadow = await connection.fetch(
        """SELECT alert_key, rule, holds_since, desk, at
             FROM shadow_alert, unnest(desks) AS desk, unnest(raises) AS at WHERE candidate = $1""",
        run.candidate,
    )
    alarms = [*live, *shadow]
    before = {
        r["alert_key"] for r in alarms if r["holds_since"] < run.began_at or r["at"] < run.began_at
    }

    def compared(rows: list[Record]) -> list[RaisedAt]:
        return [
            RaisedAt(r["alert_key"], r["rule"], r["desk"], r["at"])
            for r in rows
            if r["alert_key"] not in before
        ]

    return compared(live), compared(shadow)
