"""The outbox: messages that a transaction wrote and that wait to be published, a lane a topic."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.ledger.alerts import store as alert_store
from services.ledger.zone import lock_zone
from services.liaison.alert import Transition
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way out."""

    message_id: UUID
    topic: str
    key: bytes | None
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not published yet of one topic."""

    messages: int
    oldest_at: datetime
    """When its first message was written."""
    first: UUID


async def take_lane(
    pool: asyncpg.Pool, topic: str, limit: int, but: Collection[UUID]
) -> list[Outgoing]:
    """The topic's messages that wait, in the order of writing, but not these."""
    rows = await pool.fetch(
        """SELECT message_id, topic, key, headers, body FROM outbox
            WHERE published_at IS NULL AND topic = $1 AND message_id <> ALL($3::uuid[])
            ORDER BY place LIMIT $2""",
        topic,
        limit,
        list(but),
    )
    return [Outgoing(**row) for row in rows]


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


async def backlog(pool: asyncpg.Pool) -> dict[str, Backlog]:
    """By topic: how many messages wait, which is the first, and since when it waits."""
    rows = await pool.fetch(
        """SELECT w.topic, w.messages, f.created_at, f.message_id
             FROM (SELECT topic, count(*) AS messages FROM outbox
                    WHERE published_at IS NULL GROUP BY topic) w,
                  LATERAL (SELECT created_at, message_id FROM outbox
                            WHERE published_at IS NULL AND topic = w.topic
                            ORDER BY place LIMIT 1) f"""
    )
    return {
        row["topic"]: Backlog(row["messages"], row["created_at"], row["message_id"]) for row in rows
    }


async def topics_waiting(connection: Connection) -> list[str]:
    """The topics for which something waits."""
    rows = await connection.fetch(
        "SELECT DISTINCT topic FROM outbox WHERE published_at IS NULL ORDER BY topic"
    )
    return [row["topic"] for row in rows]


async def end_when_idle(connection: Connection, seconds: float) -> None:
    """Have the server end this session, with the lanes that it holds, where its client says nothing
    for so long: a process that is frozen holds up nobody."""
    await connection.execute(f"SET idle_session_timeout = {int(seconds * 1000)}")


async def hold_lane(connection: Connection, topic: str) -> bool:
    """Whether this session may publish the topic's messages, until it ends: one at a time does, or
    two relays would overtake each other."""
    is_held: bool = await connection.fetchval(
        "SELECT pg_try_advisory_lock(hashtextextended('outbox|' || $1, 0))", topic
    )
    return is_held


async def let_lane_go(connection: Connection, topic: str) -> None:
    """Another session may publish the topic's messages."""
    await connection.execute(
        "SELECT pg_advisory_unlock(hashtextextended('outbox|' || $1, 0))", topic
    )
