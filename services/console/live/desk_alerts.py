"""What the console reads from the ledger. What it writes goes through services.ledger.commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.console.view.alert import AlertState, Told
from services.console.view.list_filter import Chosen
from services.runtime.errors import LiaisonError
from services.runtime.postgres import Connection

ROWS_MAX = 200
SOUNDING_MAX = 1000
CHANNEL = "liaison_alerts"


class UnknownAlert(LiaisonError):
    """This desk has no such alert."""


@dataclass(frozen=True, slots=True)
class FeedTrouble:
    """A feed that is silent, was stopped, or is heard and cannot be relied on."""

    feed: str
    since: datetime
    stopped: bool
    troubled: str | None = None
    """Of a feed that is heard: backlog, late, clock or rejected."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A desk at one instant; `last` is the sequence from which a stream goes on without a gap."""

    alerts: tuple[AlertState, ...]
    total: int
    last: int
    troubles: tuple[FeedTrouble, ...]
    waiting: dict[str, int]
    """Urgency of every alert that waits at the desk, chosen or not: all of them sound."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of an alert's history."""

    sequence: int
    desk: str
    transition: str
    at: datetime
    actor: str | None
    reason: str | None


_ALERT = """
SELECT d.alert_id, d.view, d.state, d.origin, d.acknowledge_by, d.acknowledged_at, d.acknowledged_by, d.claimed_at,
       d.claimed_by, d.answered_at, d.answered_by, d.outcome, d.outcome_reason, d.shelved_until, d.shelved_reason,
       d.inhibited_by IS NOT NULL AS inhibited, coalesce(d.cleared_at, a.cleared_at) AS cleared_at, a.clear_reason,
       a.urgency, a.raised_at, a.rule, a.crisis_id,
       coalesce((SELECT max(l.sequence) FROM alert_log l WHERE l.alert_id = a.alert_id), 0) AS sequence,
       (SELECT jsonb_agg(jsonb_build_object('desk', o.desk, 'at', o.acknowledged_at, 'outcome', o.outcome,
                                            'answered', o.answered_at) ORDER BY o.desk)
          FROM alert_desk o WHERE o.alert_id = a.alert_id AND o.desk <> d.desk) AS told
  FROM alert_desk d JOIN alert a USING (alert_id)
 WHERE d.desk = $1"""
_ORDER = """ ORDER BY a.urgency, d.state NOT IN ('raised', 'delivered', 'returned') OR d.inhibited_by IS NOT NULL,
       a.raised_at, a.alert_id"""
_CHOSEN = """ AND (CASE $2 WHEN 'open' THEN d.state NOT IN ('cleared', 'closed')
                           WHEN 'waiting' THEN d.state IN ('raised', 'delivered', 'returned') AND d.inhibited_by IS NULL
                           WHEN 'mine' THEN d.state IN ('acknowledged', 'claimed')
                                        AND coalesce(d.claimed_by, d.acknowledged_by) = $4
                           WHEN 'shelved' THEN d.state = 'shelved'
                           ELSE d.state IN ('cleared', 'closed') END) AND a.urgency = ANY($3::int[])"""
_TROUBLES = """
SELECT feed, coalesce(stopped_at, silent_since, late_since, ahead_since, last_heard_at) AS since,
       stopped_at IS NOT NULL AS stopped, CASE WHEN coalesce(stopped_at, silent_since) IS NULL THEN troubled END AS troubled
  FROM feed_state WHERE stopped_at IS NOT NULL OR silent_since IS NOT NULL OR troubled IS NOT NULL ORDER BY feed"""
_WAITING = """
SELECT a.urgency, count(*) AS n FROM alert_desk d JOIN alert a USING (alert_id)
 WHERE d.desk = $1 AND d.state IN ('raised', 'delivered', 'returned') AND d.inhibited_by IS NULL GROUP BY a.urgency"""

_WAITING_IDS = f"""
SELECT d.alert_id, a.urgency FROM alert_desk d JOIN alert a USING (alert_id)
 WHERE d.desk = $1 AND d.state IN ('raised', 'delivered', 'returned') AND d.inhibited_by IS NULL
 ORDER BY a.urgency LIMIT {SOUNDING_MAX}"""


def _state(row: Any) -> AlertState:
    told = tuple(
        Told(
            t["desk"],
            datetime.fromisoformat(t["at"]) if t["at"] else None,
            t["outcome"],
            datetime.fromisoformat(t["answered"]) if t["answered"] else None,
        )
        for t in row["told"] or ()
    )
    return AlertState(
        alert_id=str(row["alert_id"]),
        crisis_id=str(row["crisis_id"]) if row["crisis_id"] else None,
        told=told,
        **{name: row[name] for name in _COLUMNS},
    )


_COLUMNS = (
    "sequence",
    "urgency",
    "rule",
    "raised_at",
    "acknowledge_by",
    "acknowledged_at",
    "acknowledged_by",
    "cleared_at",
    "clear_reason",
    "view",
    "state",
    "origin",
    "claimed_at",
    "claimed_by",
    "answered_at",
    "answered_by",
    "outcome",
    "outcome_reason",
    "shelved_until",
    "shelved_reason",
    "inhibited",
)


async def troubles(connection: Any) -> tuple[FeedTrouble, ...]:
    """The feeds that are silent, stopped, or not to be relied on."""
    return tuple(
        FeedTrouble(r["feed"], r["since"], r["stopped"], r["troubled"])
        for r in await connection.fetch(_TROUBLES)
    )


async def total(connection: Any, desk: str, chosen: Chosen) -> int:
    """How many alerts the chosen list has, shown or not."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM alert_desk d JOIN alert a USING (alert_id) WHERE d.desk = $1"
            + _CHOSEN,
            desk,
            *chosen.arguments,
        )
    )


async def waiting(connection: Any, desk: str) -> dict[int, int]:
    """How many alerts wait for an answer, by urgency: all that a locked screen tells."""
    return {r["urgency"]: r["n"] for r in await connection.fetch(_WAITING, desk)}


async def last_sequence(connection: Any) -> int:
    """The newest change there is."""
    return int(await connection.fetchval("SELECT last FROM alert_sequence"))


async def snapshot(connection: Connection, desk: str, chosen: Chosen) -> Snapshot:
    """The chosen list and the sequence it stands for; in the caller's transaction, which must see one instant of the
    ledger."""
    order = (
        " ORDER BY d.cleared_at DESC NULLS LAST, a.alert_id" if chosen.show == "ended" else _ORDER
    )
    rows = await connection.fetch(
        _ALERT + _CHOSEN + order + f" LIMIT {ROWS_MAX} OFFSET {ROWS_MAX * (chosen.page - 1)}",
        desk,
        *chosen.arguments,
    )
    return Snapshot(
        tuple(_state(r) for r in rows),
        await total(connection, desk, chosen),
        await last_sequence(connection),
        await troubles(connection),
        {str(r["alert_id"]): r["urgency"] for r in await connection.fetch(_WAITING_IDS, desk)},
    )


async def changed(pool: asyncpg.Pool, desk: str, after: int) -> tuple[tuple[AlertState, ...], int]:
    """The desk's alerts that changed after a sequence, each once and as it is now, by sequence; and the newest sequence.

    Another desk's acknowledgement changes who else was told, so changes of every desk of the alert count.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        newest = await last_sequence(connection)
        if newest <= after:
            return (), newest
        rows = await connection.fetch(
            _ALERT + " AND a.alert_id IN (SELECT alert_id FROM alert_log WHERE sequence > $2)",
            desk,
            after,
        )
        return tuple(sorted((_state(r) for r in rows), key=lambda s: s.sequence)), newest


async def held(pool: asyncpg.Pool, desk: str, actor: str) -> tuple[AlertState, ...]:
    """What one person has acknowledged or claimed at the desk and not yet answered."""
    chosen = Chosen(actor, "mine")
    return tuple(
        _state(r) for r in await pool.fetch(_ALERT + _CHOSEN + _ORDER, desk, *chosen.arguments)
    )


async def one(
    connection: Connection, desk: str, alert: UUID
) -> tuple[AlertState, tuple[LogLine, ...]]:
    """An alert and its whole history, in the caller's transaction. Other desks' actors and reasons stay with those desks.
    Raises UnknownAlert."""
    row = await connection.fetchrow(_ALERT + " AND a.alert_id = $2", desk, alert)
    if row is None:
        raise UnknownAlert
    lines = await connection.fetch(
        "SELECT sequence, desk, transition, at, actor, reason FROM alert_log WHERE alert_id = $1 ORDER BY sequence",
        alert,
    )
    own = (
        LogLine(
            r["sequence"],
            r["desk"],
            r["transition"],
            r["at"],
            *((r["actor"], r["reason"]) if r["desk"] == desk else (None, None)),
        )
        for r in lines
    )
    return _state(row), tuple(own)
