"""Looks behind the glass: who opened which crisis, why, until when, and what a privacy officer
found of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from services.runtime.postgres import Connection

Finding = Literal["justified", "not-justified", "to-be-discussed"]
FINDINGS: tuple[Finding, ...] = get_args(Finding)


@dataclass(frozen=True, slots=True)
class Look:
    """One look that is open."""

    number: int
    reason: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class NewLook:
    """What is kept when somebody breaks the glass."""

    operator_id: str
    session: bytes
    desk: str
    agency: str
    incident_agency: str
    incident: str
    crisis_id: UUID
    reason: str
    opened_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class LookRecord:
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


async def keep_look(connection: Connection, new: NewLook) -> int:
    """Keep it; gives its number."""
    number = await connection.fetchval(
        """INSERT INTO break_glass (operator_id, desk, agency, incident_agency, incident, crisis_id, reason, opened_at, ends_at,
                                    session_hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING break_glass_id""",
        new.operator_id,
        new.desk,
        new.agency,
        new.incident_agency,
        new.incident,
        new.crisis_id,
        new.reason,
        new.opened_at,
        new.ends_at,
        new.session,
    )
    return int(number)


async def open_look_of(
    connection: Connection, session: bytes, desk: str, crisis: UUID, now: datetime
) -> Look | None:
    """The session's open look at the crisis, at this desk."""
    row = await connection.fetchrow(
        """SELECT break_glass_id AS number, reason, ends_at FROM break_glass
            WHERE session_hash = $1 AND crisis_id = $2 AND desk = $3 AND ended_at IS NULL AND ends_at > $4
            ORDER BY ends_at DESC LIMIT 1""",
        session,
        crisis,
        desk,
        now,
    )
    if row is None:
        return None
    return Look(**row)


async def end_looks_of(connection: Connection, session: bytes, crisis: UUID, at: datetime) -> None:
    """The session's looks at the crisis are over."""
    await connection.execute(
        "UPDATE break_glass SET ended_at = $3 WHERE session_hash = $1 AND crisis_id = $2 AND ended_at IS NULL",
        session,
        crisis,
        at,
    )


async def looks_of_agency(
    connection: Connection, agency: str, limit: int = 200
) -> list[LookRecord]:
    """Looks of the agency's desks: those that nobody has reviewed first, the oldest of them at the
    top."""
    # until November 2026 a view of a crisis was kept as `episode.viewed`; the audit is never
    # rewritten
    rows = await connection.fetch(
        """SELECT b.break_glass_id AS number, o.handle, b.desk, b.incident_agency, b.incident, b.reason, b.opened_at,
                  least(b.ends_at, coalesce(b.ended_at, b.ends_at)) AS over_at,
                  (SELECT count(*) FROM audit a
                    WHERE a.action IN ('crisis.viewed', 'episode.viewed', 'chronology.printed')
                      AND a.detail ->> 'look' = b.break_glass_id::text) AS views,
                  b.finding, b.reviewed_by, b.reviewed_at, b.review_note
             FROM break_glass b JOIN operator o USING (operator_id) WHERE b.agency = $1
            ORDER BY b.reviewed_at IS NOT NULL, CASE WHEN b.reviewed_at IS NULL THEN b.opened_at END, b.opened_at DESC
            LIMIT $2""",
        agency,
        limit,
    )
    return [LookRecord(**row) for row in rows]


async def keep_finding(
    connection: Connection,
    number: int,
    agency: str,
    finding: Finding,
    note: str,
    *,
    reviewer: str,
    reviewer_id: str,
    at: datetime,
) -> bool:
    """Keep it; False where there is no such look, it was reviewed, or it was the reviewer's own."""
    reviewed = await connection.fetchval(
        """UPDATE break_glass SET finding = $3, review_note = $4, reviewed_by = $5, reviewed_at = $6
            WHERE break_glass_id = $1 AND agency = $2 AND reviewed_at IS NULL AND operator_id <> $7 RETURNING true""",
        number,
        agency,
        finding,
        note,
        reviewer,
        at,
        reviewer_id,
    )
    return bool(reviewed)
