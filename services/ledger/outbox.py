"""The outbox: messages that a transaction wrote and that wait to be published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from schemas.receipts import AUDIT_TOPIC
from services.ledger.alerts import store as alert_store
from services.ledger.zone import lock_zone
from services.liaison.alert import Transition
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not published yet."""

    messages: int
    oldest_at: datetime | None


async def take_unsent(
    connection: Connection, limit: int, *, seals: bool = False
) -> list[asyncpg.Record]:
    """The oldest messages that wait, or of them the audit's seals alone, locked until the
    transaction ends.

    Two relays never take the same message at once (SKIP LOCKED).
    """
    return await connection.fetch(
        """SELECT message_id, topic, key, headers, body FROM outbox
            WHERE published_at IS NULL AND (topic = $2) = $3
            ORDER BY created_at, message_id LIMIT $1 FOR UPDATE SKIP LOCKED""",
        limit,
        AUDIT_TOPIC,
        seals,
    )


async def mark_sent(connection: Connection, messages: Sequence[UUID], now: datetime) -> None:
    """The brokers have acknowledged these messages."""
    await connection.execute(
        """UPDATE outbox SET published_at = $2, attempts = attempts + 1
            WHERE message_id = ANY($1::uuid[])""",
        messages,
        now,
    )


async def mark_delivered(
    connection: Connection, alerts_at_desks: Sequence[tuple[str, str]], now: datetime, zone: str
) -> None:
    """Alerts (alert, desk) are on the topic of the desk's agency: delivered, and in the log."""
    if not alerts_at_desks:
        return
    # as batches and commands do, before any row that they write too: none waits for another in a
    # circle
    await lock_zone(connection, zone)
    rows = await connection.fetch(
        """UPDATE alert_desk d SET state = 'delivered', delivered_at = $3
             FROM unnest($1::uuid[], $2::text[]) AS x(a, k)
            WHERE d.alert_id = x.a AND d.desk = x.k AND d.state = 'raised'
           RETURNING d.alert_id, d.desk""",
        [alert for alert, _ in alerts_at_desks],
        [desk for _, desk in alerts_at_desks],
        now,
    )
    why = "published to the agency's topic"
    delivered = [
        Transition(str(row["alert_id"]), row["desk"], "delivered", now, "relay", why)
        for row in rows
    ]
    await alert_store.append_log(connection, delivered)


async def backlog(pool: asyncpg.Pool) -> Backlog:
    """How many messages wait, and since when the oldest does."""
    (row,) = await pool.fetch(
        """SELECT count(*) AS messages, min(created_at) AS oldest_at
             FROM outbox WHERE published_at IS NULL"""
    )
    return Backlog(row["messages"], row["oldest_at"])
