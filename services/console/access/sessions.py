"""Sessions and grants in the ledger, so that ending one or taking a role away counts at once, in every process.

The cookie holds 256 random bits; the ledger holds their hash. Every change of a session or grant is told on the
channel `liaison_rights`, by which open streams look again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from services.console.access.rights import Grant, Operator
from services.runtime.postgres import Connection

CHANNEL = "liaison_rights"
LONGEST: Final = timedelta(hours=12)
"""One shift: then sign in again."""
IDLE: Final = timedelta(minutes=30)
"""Without a key or a click for so long, the screen is locked (NHS login's limit). It goes on to sound and to count."""
_ACTIVE_EVERY: Final = timedelta(minutes=1)

_LOAD = """
SELECT s.operator_id, o.handle, o.name, s.csrf, s.ends_at, s.active_at, s.locked_at,
       coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_object('role', g.role, 'agency', g.agency, 'desk', g.desk))
                   FROM operator_grant g WHERE g.operator_id = s.operator_id AND g.revoked_at IS NULL), '[]') AS grants
  FROM operator_session s JOIN operator o USING (operator_id)
 WHERE s.session_hash = $1 AND s.ended_at IS NULL AND s.ends_at > $2"""


def hash_of(cookie: str) -> bytes:
    """What the ledger holds of a cookie."""
    return hashlib.sha256(cookie.encode()).digest()


async def load(pool: asyncpg.Pool, session: bytes, now: datetime) -> Operator | None:
    """Who this is and what they may do at this moment; None where the session has ended or never was."""
    row = await pool.fetchrow(_LOAD, session, now)
    if row is None:
        return None
    idle_at = row["active_at"] + IDLE
    locked = row["locked_at"] or (idle_at if idle_at <= now else None)
    grants = tuple(Grant(g["role"], g["agency"], g["desk"]) for g in row["grants"])
    return Operator(
        row["operator_id"],
        row["handle"],
        row["name"],
        grants,
        session,
        row["csrf"],
        row["ends_at"],
        locked,
    )


async def touch(pool: asyncpg.Pool, session: bytes, now: datetime) -> None:
    """The person is there. A locked session stays locked."""
    await pool.execute(
        "UPDATE operator_session SET active_at = $2 WHERE session_hash = $1 AND locked_at IS NULL AND active_at < $3"
        " AND active_at > $4",
        session,
        now,
        now - _ACTIVE_EVERY,
        now - IDLE,
    )


async def start(
    connection: Connection,
    operator_id: str,
    handle: str,
    name: str,
    now: datetime,
    *,
    issuer: str | None = None,
    provider_session: str | None = None,
    acr: str | None = None,
) -> str:
    """Begin a session and return what the cookie holds. Must be in the caller's transaction."""
    cookie = secrets.token_urlsafe(32)
    await connection.execute(
        """INSERT INTO operator (operator_id, handle, name, seen_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (operator_id) DO UPDATE SET handle = excluded.handle, name = excluded.name, seen_at = excluded.seen_at""",
        operator_id,
        handle,
        name,
        now,
    )
    await connection.execute(
        """INSERT INTO operator_session (session_hash, operator_id, issuer, provider_session, acr, csrf, started_at,
                                         active_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)""",
        hash_of(cookie),
        operator_id,
        issuer,
        provider_session,
        acr,
        secrets.token_urlsafe(24),
        now,
        now + LONGEST,
    )
    await audit(connection, "session.started", handle, operator_id, {"acr": acr}, now)
    return cookie


async def grant(
    connection: Connection,
    operator_id: str,
    wanted: Iterable[Grant],
    origin: str,
    by: str,
    now: datetime,
) -> None:
    """The grants of this origin are these from now on; those of other origins stay. Told to open streams."""
    held = {
        Grant(r["role"], r["agency"], r["desk"]): r["grant_id"]
        for r in await connection.fetch(
            "SELECT grant_id, role, agency, desk FROM operator_grant"
            " WHERE operator_id = $1 AND origin = $2 AND revoked_at IS NULL",
            operator_id,
            origin,
        )
    }
    new = set(wanted)
    for each in sorted(new - held.keys(), key=repr):
        await connection.execute(
            "INSERT INTO operator_grant (operator_id, role, agency, desk, origin, granted_by, granted_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            operator_id,
            each.role,
            each.agency,
            each.desk,
            origin,
            by,
            now,
        )
        await audit(connection, "grant.given", by, operator_id, _grant(each), now)
    for each in sorted(held.keys() - new, key=repr):
        await connection.execute(
            "UPDATE operator_grant SET revoked_at = $2, revoked_by = $3 WHERE grant_id = $1",
            held[each],
            now,
            by,
        )
        await audit(connection, "grant.taken", by, operator_id, _grant(each), now)
    if new != held.keys():
        await tell(connection)


def _grant(each: Grant) -> dict[str, Any]:
    return {"role": each.role, "agency": each.agency, "desk": each.desk}


async def grants_of(connection: Connection, operator_id: str, origin: str) -> set[Grant]:
    """What they hold from this origin."""
    rows = await connection.fetch(
        "SELECT role, agency, desk FROM operator_grant WHERE operator_id = $1 AND origin = $2 AND revoked_at IS NULL",
        operator_id,
        origin,
    )
    return {Grant(r["role"], r["agency"], r["desk"]) for r in rows}


async def lock(connection: Connection, operator: Operator, now: datetime) -> None:
    """Nothing personal is shown from now on, until the person has shown again who they are."""
    await connection.execute(
        "UPDATE operator_session SET locked_at = $2 WHERE session_hash = $1 AND locked_at IS NULL",
        operator.session,
        now,
    )
    await audit(connection, "session.locked", operator.handle, operator.operator_id, {}, now)
    await tell(connection)


async def end(connection: Connection, session: bytes, reason: str, now: datetime) -> None:
    """End one session. Its streams end within a second."""
    found = await connection.fetchrow(
        "UPDATE operator_session SET ended_at = $2, end_reason = $3 WHERE session_hash = $1 AND ended_at IS NULL"
        " RETURNING operator_id",
        session,
        now,
        reason,
    )
    if found is not None:
        await audit(
            connection,
            "session.ended",
            found["operator_id"],
            found["operator_id"],
            {"reason": reason},
            now,
        )
        await tell(connection)


async def end_of_provider(
    connection: Connection,
    issuer: str,
    subject: str | None,
    provider_session: str | None,
    now: datetime,
) -> int:
    """End what the identity provider says has ended: one of its sessions, or all of a person. Returns how many."""
    rows = await connection.fetch(
        """UPDATE operator_session SET ended_at = $4, end_reason = 'provider'
            WHERE issuer = $1 AND ended_at IS NULL AND ($2::text IS NOT NULL OR $3::text IS NOT NULL)
              AND ($2::text IS NULL OR provider_session = $2) AND ($3::text IS NULL OR operator_id = $3)
        RETURNING operator_id""",
        issuer,
        provider_session,
        None if subject is None else operator_id_of(issuer, subject),
        now,
    )
    for row in rows:
        await audit(
            connection, "session.ended", issuer, row["operator_id"], {"reason": "provider"}, now
        )
    await tell(connection)
    return len(rows)


def operator_id_of(issuer: str, subject: str) -> str:
    """The person of an identity provider."""
    return f"{issuer} {subject}"


async def tell(connection: Connection) -> None:
    """Open streams look again at what they may show."""
    await connection.execute("SELECT pg_notify($1, '')", CHANNEL)


async def audit(
    connection: Connection | asyncpg.Pool,
    action: str,
    actor: str,
    subject: str,
    detail: dict[str, Any],
    now: datetime,
) -> int:
    """One audit record; returns its number, which a printed page carries as its reference."""
    return int(
        await connection.fetchval(
            "INSERT INTO audit (action, actor, subject, detail, at) VALUES ($1, $2, $3, $4, $5) RETURNING audit_id",
            action,
            actor,
            subject,
            detail,
            now,
        )
    )
