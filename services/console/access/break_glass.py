"""Looks behind the glass: a crisis of which the desk has no alert, for a typed reason, for an hour, with a privacy officer told.

A look opens one crisis to one person in one session. It lifts the want of an alert, not the disclosure matrix: what the role
of the desk may never see stays hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from services.console.access import sessions
from services.console.access.doors import Here
from services.console.access.rights import Operator
from services.runtime.postgres import Connection

LASTS = timedelta(minutes=60)
LEAST_REASON = 10
"""Characters: a word is no reason."""
Finding = Literal["justified", "not-justified", "to-be-discussed"]
FINDINGS: tuple[Finding, ...] = get_args(Finding)


@dataclass(frozen=True, slots=True)
class Look:
    """One look that is open."""

    number: int
    reason: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """One look, for the privacy officer."""

    number: int
    handle: str
    desk: str
    incident_agency: str
    incident: str
    reason: str
    opened_at: datetime
    over_at: datetime
    views: int
    """Pages that were shown because of it."""
    finding: Finding | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    review_note: str | None


async def open_look(
    connection: Connection, here: Here, incident_agency: str, incident: str, reason: str
) -> UUID | None:
    """Open it and keep it; the crisis, or None where there is no such incident: what was tried is kept too."""
    crisis: UUID | None = await connection.fetchval(
        "SELECT crisis_id FROM incident WHERE (agency, reference) = ($1, $2)",
        incident_agency,
        incident,
    )
    where = f"{incident_agency}/{incident}"
    if crisis is None:
        await sessions.audit(
            connection, "break-glass.not-found", here.actor, where, {"reason": reason}, here.now
        )
        return None
    number = await connection.fetchval(
        """INSERT INTO break_glass (operator_id, desk, agency, incident_agency, incident, crisis_id, reason, opened_at, ends_at,
                                    session_hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING break_glass_id""",
        here.operator.operator_id,
        here.desk.desk,
        here.desk.agency,
        incident_agency,
        incident,
        crisis,
        reason,
        here.now,
        here.now + LASTS,
        here.operator.session,
    )
    detail = {"look": number, "reason": reason, "crisis": str(crisis)}
    await sessions.audit(connection, "break-glass.opened", here.actor, where, detail, here.now)
    return crisis


async def look_at(connection: Connection, here: Here, crisis: UUID) -> Look | None:
    """This person's open look at the crisis, in this session and at this desk."""
    row = await connection.fetchrow(
        """SELECT break_glass_id AS number, reason, ends_at FROM break_glass
            WHERE session_hash = $1 AND crisis_id = $2 AND desk = $3 AND ended_at IS NULL AND ends_at > $4
            ORDER BY ends_at DESC LIMIT 1""",
        here.operator.session,
        crisis,
        here.desk.desk,
        here.now,
    )
    return None if row is None else Look(**dict(row))


async def end_look(connection: Connection, here: Here, crisis: UUID) -> None:
    """Nothing more to see."""
    await connection.execute(
        """UPDATE break_glass SET ended_at = $3 WHERE session_hash = $1 AND crisis_id = $2 AND ended_at IS NULL""",
        here.operator.session,
        crisis,
        here.now,
    )
    await sessions.audit(connection, "break-glass.ended", here.actor, str(crisis), {}, here.now)


async def of_agency(connection: Connection, agency: str, limit: int = 200) -> list[Looked]:
    """Looks of the agency's desks: those that nobody has reviewed first, the oldest of them at the top."""
    rows = await connection.fetch(
        """SELECT b.break_glass_id AS number, o.handle, b.desk, b.incident_agency, b.incident, b.reason, b.opened_at,
                  least(b.ends_at, coalesce(b.ended_at, b.ends_at)) AS over_at,
                  (SELECT count(*) FROM audit a WHERE a.action IN ('crisis.viewed', 'chronology.printed')
                      AND a.detail ->> 'look' = b.break_glass_id::text) AS views,
                  b.finding, b.reviewed_by, b.reviewed_at, b.review_note
             FROM break_glass b JOIN operator o USING (operator_id) WHERE b.agency = $1
            ORDER BY b.reviewed_at IS NOT NULL, CASE WHEN b.reviewed_at IS NULL THEN b.opened_at END, b.opened_at DESC
            LIMIT $2""",
        agency,
        limit,
    )
    return [Looked(**dict(r)) for r in rows]


async def find(
    connection: Connection,
    operator: Operator,
    agency: str,
    number: int,
    finding: Finding,
    note: str,
    now: datetime,
) -> bool:
    """Keep what the privacy officer found; False where there is no such look, it was reviewed, or it was their own."""
    done = await connection.fetchval(
        """UPDATE break_glass SET finding = $3, review_note = $4, reviewed_by = $5, reviewed_at = $6
            WHERE break_glass_id = $1 AND agency = $2 AND reviewed_at IS NULL AND operator_id <> $7 RETURNING true""",
        number,
        agency,
        finding,
        note,
        operator.handle,
        now,
        operator.operator_id,
    )
    if done:
        detail = {"finding": finding}
        await sessions.audit(
            connection, "break-glass.reviewed", operator.handle, str(number), detail, now
        )
    return bool(done)
