"""The audit: what people did and saw, and what the product did in their name. This is the one
insert into it; the ledger chains each record to the one before it (migration 0105)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from services.runtime.postgres import Connection


async def write(
    connection: Connection | asyncpg.Pool,
    action: str,
    actor: str,
    subject: str,
    detail: Mapping[str, Any],
    at: datetime,
) -> int:
    """Keep one record, in the caller's transaction. Gives its number, which a printed page carries
    as its reference."""
    number = await connection.fetchval(
        "INSERT INTO audit (action, actor, subject, detail, at) VALUES ($1, $2, $3, $4, $5)"
        " RETURNING audit_id",
        action,
        actor,
        subject,
        detail,
        at,
    )
    return int(number)
