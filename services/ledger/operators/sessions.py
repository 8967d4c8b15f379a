"""Sessions of the console, so that ending one counts at once, in every process.

The ledger holds the hash of what a cookie holds. Every change of a session or a grant is told on
the channel `liaison_rights`, by which open streams look again at what they may show.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from services.ledger import audit
from services.ledger.operators.roles import Grant
from services.runtime.postgres import Connection

CHANNEL = "liaison_rights"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has not ended, with the person and all that they hold."""

    operator_id: str
    handle: str
    name: str
    csrf: str
    ends_at: datetime
    active_at: datetime
    locked_at: datetime | None
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One of the sessions that have not ended, for who looks after them."""

    session: bytes
    operator_id: str
    handle: str
    started_at: datetime
    active_at: datetime
    locked_at: datetime | None
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    """What is kept of a sign-in."""

    session: bytes
    """Hash of the cookie."""
    operator_id: str
    handle: str
    name: str
    csrf: str
    ends_at: datetime
    issuer: str | None = None
    provider_session: str | None = None
    acr: str | None = None


async def session_of(pool: asyncpg.Pool, session: bytes, now: datetime) -> Session | None:
    """The session of this hash; None where it has ended or never was."""
    row = await pool.fetchrow(
        """SELECT s.operator_id, o.handle, o.name, s.csrf, s.ends_at, s.active_at, s.locked_at,
                  coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_object('role', g.role, 'agency', g.agency, 'desk', g.desk))
                              FROM operator_grant g WHERE g.operator_id = s.operator_id AND g.revoked_at IS NULL),
                           '[]') AS grants
             FROM operator_session s JOIN operator o USING (operator_id)
            WHERE s.session_hash = $1 AND s.ended_at IS NULL AND s.ends_at > $2""",
        session,
        now,
    )
    if row is None:
        return None
    grants = tuple(Grant(**grant) for grant in row["grants"])
    return Session(**{**row, "grants": grants})


async def open_sessions(
    connection: Connection, operator_id: str | None, now: datetime, idle: timedelta
) -> list[OpenSession]:
    """The sessions that have not ended, the newest first: of the person; of everybody without one. One
    that nobody touched for so long is locked since then, by nobody's act.
    """
    rows = await connection.fetch(
        """SELECT s.session_hash AS session, s.operator_id, o.handle, s.started_at, s.active_at,
                  coalesce(s.locked_at, CASE WHEN s.active_at + $3 <= $1 THEN s.active_at + $3 END)
                      AS locked_at, s.ends_at
             FROM operator_session s JOIN operator o USING (operator_id)
            WHERE s.ended_at IS NULL AND s.ends_at > $1
              AND ($2::text IS NULL OR s.operator_id = $2)
            ORDER BY s.started_at DESC, s.session_hash""",
        now,
        operator_id,
        idle,
    )
    return [OpenSession(**row) for row in rows]


async def begin_session(connection: Connection, new: NewSession, at: datetime) -> None:
    """Keep the person and the session, in the caller's transaction."""
    await connection.execute(
        """INSERT INTO operator (operator_id, handle, name, seen_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (operator_id) DO UPDATE SET handle = excluded.handle, name = excluded.name, seen_at = excluded.seen_at""",
        new.operator_id,
        new.handle,
        new.name,
        at,
    )
    await connection.execute(
        """INSERT INTO operator_session (session_hash, operator_id, issuer, provider_session, acr, csrf, started_at,
                                         active_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)""",
        new.session,
        new.operator_id,
        new.issuer,
        new.provider_session,
        new.acr,
        new.csrf,
        at,
        new.ends_at,
    )
    await audit.write(
        connection, "session.started", new.handle, new.operator_id, {"acr": new.acr}, at
    )


async def touch_session(
    pool: asyncpg.Pool,
    session: bytes,
    now: datetime,
    *,
    written_before: datetime,
    idle_at: datetime,
) -> None:
    """The person is there. Written only where the last time is older than `written_before`; a
    session that is locked, or was idle since `idle_at`, stays locked."""
    await pool.execute(
        """UPDATE operator_session SET active_at = $2
            WHERE session_hash = $1 AND locked_at IS NULL AND active_at < $3 AND active_at > $4""",
        session,
        now,
        written_before,
        idle_at,
    )


async def lock_session(
    connection: Connection, session: bytes, handle: str, operator_id: str, at: datetime
) -> None:
    """Nothing personal is shown from now on, until the person has shown again who they are."""
    await connection.execute(
        "UPDATE operator_session SET locked_at = $2 WHERE session_hash = $1 AND locked_at IS NULL",
        session,
        at,
    )
    await audit.write(connection, "session.locked", handle, operator_id, {}, at)
    await tell_streams(connection)


async def end_session(
    connection: Connection,
    session: bytes,
    reason: str,
    at: datetime,
    *,
    operator_id: str | None = None,
    actor: str | None = None,
) -> bool:
    """End one session, where it is this person's: of whoever it is without one. Its streams end within
    a second. `actor` ends it; without one the person does. Whether there was one to end.
    """
    person = await connection.fetchval(
        """UPDATE operator_session SET ended_at = $2, end_reason = $3
            WHERE session_hash = $1 AND ended_at IS NULL AND ($4::text IS NULL OR operator_id = $4)
        RETURNING operator_id""",
        session,
        at,
        reason,
        operator_id,
    )
    if person is None:
        return False
    detail = {"reason": reason}
    await audit.write(connection, "session.ended", actor or person, person, detail, at)
    await tell_streams(connection)
    return True


async def end_sessions_of_provider(
    connection: Connection,
    issuer: str,
    operator_id: str | None,
    provider_session: str | None,
    at: datetime,
) -> int:
    """End what the identity provider says has ended: one of its sessions, or all of a person.
    Returns how many."""
    rows = await connection.fetch(
        """UPDATE operator_session SET ended_at = $4, end_reason = 'provider'
            WHERE issuer = $1 AND ended_at IS NULL AND ($2::text IS NOT NULL OR $3::text IS NOT NULL)
              AND ($2::text IS NULL OR provider_session = $2) AND ($3::text IS NULL OR operator_id = $3)
        RETURNING operator_id""",
        issuer,
        provider_session,
        operator_id,
        at,
    )
    for row in rows:
        detail = {"reason": "provider"}
        await audit.write(connection, "session.ended", issuer, row["operator_id"], detail, at)
    await tell_streams(connection)
    return len(rows)


async def first_use_of_logout_token(
    connection: Connection, issuer: str, token_id: str, at: datetime
) -> bool:
    """Keep that the token was used; False where it had been."""
    token = await connection.fetchval(
        """INSERT INTO logout_token_seen (issuer, token_id, seen_at) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING RETURNING token_id""",
        issuer,
        token_id,
        at,
    )
    return token is not None


async def tell_streams(connection: Connection) -> None:
    """Open streams look again at what they may show."""
    await connection.execute("SELECT pg_notify($1, '')", CHANNEL)
