"""What people of an agency's desks did and saw, as the audit has it, for its privacy officer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class View:
    """One audit record, without its detail."""

    audit_id: int
    action: str
    actor: str
    subject: str
    at: datetime


async def views_of(
    connection: Connection,
    desks: Sequence[str],
    *,
    handle: str,
    about: str,
    action: str,
    before: int | None,
    limit: int,
) -> list[View]:
    """Records of people at the desks, the newest first. Empty texts choose all; `action` is the
    beginning of one."""
    # until November 2026 the actions on a crisis were kept as `episode.…`; the audit is never
    # rewritten
    rows = await connection.fetch(
        """SELECT audit_id, named.action, actor, subject, at
             FROM audit CROSS JOIN LATERAL (SELECT regexp_replace(audit.action, '^episode[.]', 'crisis.') AS action) named
            WHERE split_part(actor, '@', 2) = ANY($1::text[])
              AND ($2 = '' OR split_part(actor, '@', 1) = $2) AND ($3 = '' OR subject = $3)
              AND ($4 = '' OR starts_with(named.action, $4)) AND ($5::bigint IS NULL OR audit_id < $5)
            ORDER BY audit_id DESC LIMIT $6""",
        desks,
        handle,
        about,
        action,
        before,
        limit,
    )
    return [View(**row) for row in rows]
