"""Sessions of the console: how long they last, when they lock, and what the cookie has to do with
the ledger.

The cookie holds 256 random bits; the ledger holds their hash.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from services.console.access.rights import Operator
from services.ledger.operators.sessions import (
    NewSession,
    begin_session,
    end_sessions_of_provider,
    lock_session,
    open_sessions,
    session_of,
    touch_session,
)
from services.runtime.postgres import Connection

# One shift: then sign in again.
LONGEST: Final = timedelta(hours=12)
# Without a key or a click for so long, the screen is locked (NHS login's limit). It goes on to
# sound and to count.
IDLE: Final = timedelta(minutes=30)
# How far the identity provider's clock may be behind the console's.
CLOCKS_APART: Final = timedelta(minutes=1)
_ACTIVE_EVERY: Final = timedelta(minutes=1)


def cookie_names(live: bool) -> tuple[str, str]:
    """Names of the cookies of a session and of a sign-in on its way. By `__Host-` a browser takes them
    from this host alone and over TLS (RFC 6265bis 4.1.3.2); without TLS it would take none."""
    prefix = ""
    if live:
        prefix = "__Host-"
    return f"{prefix}liaison_session", f"{prefix}liaison_sign_in"


def hash_of(cookie: str) -> bytes:
    """What the ledger holds of a cookie."""
    return hashlib.sha256(cookie.encode()).digest()


async def load(pool: asyncpg.Pool, session: bytes, now: datetime) -> Operator | None:
    """Who this is and what they may do at this moment; None where the session has ended or never
    was."""
    row = await session_of(pool, session, now)
    if row is None:
        return None
    locked_at = row.locked_at
    idle_at = row.active_at + IDLE
    # nobody need be there to lock it: it is locked from then on, whenever it is asked
    if locked_at is None and idle_at <= now:
        locked_at = idle_at
    return Operator(
        row.operator_id, row.handle, row.name, row.grants, session, row.csrf, row.ends_at, locked_at
    )


async def touch(pool: asyncpg.Pool, session: bytes, now: datetime) -> None:
    """The person is there. A locked session stays locked."""
    await touch_session(pool, session, now, written_before=now - _ACTIVE_EVERY, idle_at=now - IDLE)


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
    # the ledger has its hash only: who reads the ledger cannot sit down at a desk
    cookie = secrets.token_urlsafe(32)
    new = NewSession(
        session=hash_of(cookie),
        operator_id=operator_id,
        handle=handle,
        name=name,
        csrf=secrets.token_urlsafe(24),
        ends_at=now + LONGEST,
        issuer=issuer,
        provider_session=provider_session,
        acr=acr,
    )
    await begin_session(connection, new, now)
    return cookie


async def lock(connection: Connection, operator: Operator, now: datetime) -> None:
    """Nothing personal is shown from now on, until the person has shown again who they are."""
    await lock_session(connection, operator.session, operator.handle, operator.operator_id, now)


async def must_show_again(
    connection: Connection, operator_id: str, authenticated_at: datetime | None, now: datetime
) -> bool:
    """Whether a screen of the person is locked and the provider has not seen them since: whoever
    stands before it could be anybody.
    """
    own_sessions = await open_sessions(connection, operator_id, now, IDLE)
    locked = [session.locked_at for session in own_sessions if session.locked_at is not None]
    if not locked:
        return False
    return authenticated_at is None or authenticated_at + CLOCKS_APART < max(locked)


async def end_of_provider(
    connection: Connection,
    issuer: str,
    subject: str | None,
    provider_session: str | None,
    now: datetime,
) -> int:
    """End what the identity provider says has ended: one of its sessions, or all of a person.
    Returns how many."""
    person = None
    if subject is not None:
        person = operator_id_of(issuer, subject)
    return await end_sessions_of_provider(connection, issuer, person, provider_session, now)


def operator_id_of(issuer: str, subject: str) -> str:
    """The person of an identity provider."""
    return f"{issuer} {subject}"
