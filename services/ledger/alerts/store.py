"""Alerts, their log in commit order, what was disclosed, and the messages that go out."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import asyncpg

from schemas.registry import Registry
from services.liaison.alert import Alert, AlertChange, DeskAlert, Ladder, Transition
from services.runtime.postgres import Connection

_NAMESPACE = uuid.UUID("9a4f3c52-27cf-5d0e-8d15-1f6f0f1f2a77")
ALERT_TYPE = "uk.crisisliaison.alert.changed.v1"
SOURCE = "/liaison/alerts"


async def load(
    connection: Connection,
    *,
    crises: Iterable[str] = (),
    feeds: Iterable[str] = (),
    ids: Iterable[str] = (),
) -> list[Alert]:
    """Every alert of the crises and feeds, and those of the ids, standing or not."""
    rows = await connection.fetch(
        """SELECT * FROM alert WHERE crisis_id = ANY($1::uuid[]) OR feed = ANY($2::text[])
              OR alert_id = ANY($3::uuid[])""",
        list(crises),
        list(feeds),
        list(ids),
    )
    if not rows:
        return []
    desks: dict[uuid.UUID, list[DeskAlert]] = defaultdict(list)
    for d in await connection.fetch(
        "SELECT * FROM alert_desk WHERE alert_id = ANY($1::uuid[]) ORDER BY alert_id, desk FOR UPDATE",
        [r["alert_id"] for r in rows],
    ):
        desks[d["alert_id"]].append(_desk_alert(d))
    return [
        Alert(
            str(r["alert_id"]),
            r["alert_key"],
            r["rule"],
            r["rule_version"],
            r["zone"],
            r["area"],
            str(r["crisis_id"]) if r["crisis_id"] else None,
            r["feed"],
            r["urgency"],
            r["holds_since"],
            r["raised_at"],
            r["cleared_at"],
            r["clear_reason"],
            r["detail"],
            tuple(desks[r["alert_id"]]),
        )
        for r in rows
    ]


async def subjects(
    connection: Connection, alert_ids: Iterable[str]
) -> list[tuple[str | None, str | None]]:
    """(crisis, feed) of each alert."""
    ids = list(alert_ids)
    if not ids:
        return []
    rows = await connection.fetch(
        "SELECT crisis_id, feed FROM alert WHERE alert_id = ANY($1::uuid[])", ids
    )
    return [(str(r["crisis_id"]) if r["crisis_id"] else None, r["feed"]) for r in rows]


async def of_neither(connection: Connection) -> list[str]:
    """Alerts that are about no crisis and no feed: those of the weekly monitor (R27)."""
    rows = await connection.fetch(
        "SELECT alert_id FROM alert WHERE crisis_id IS NULL AND feed IS NULL ORDER BY alert_id"
    )
    return [str(r["alert_id"]) for r in rows]


async def in_hand(connection: Connection, desk: str, actor: str) -> list[str]:
    """Alerts that this person holds at the desk, in order."""
    rows = await connection.fetch(
        """SELECT alert_id FROM alert_desk WHERE desk = $1 AND state IN ('acknowledged', 'claimed')
              AND coalesce(claimed_by, acknowledged_by) = $2 ORDER BY alert_id""",
        desk,
        actor,
    )
    return [str(row["alert_id"]) for row in rows]


_DESK_COLUMNS = tuple(f.name for f in fields(DeskAlert))
# Columns have the names of the fields.
_SAVE_DESK = (
    f"INSERT INTO alert_desk (alert_id, {', '.join(_DESK_COLUMNS)})"
    f" VALUES ($1, {', '.join(f'${n}' for n in range(2, len(_DESK_COLUMNS) + 2))})"
    f" ON CONFLICT (alert_id, desk) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in _DESK_COLUMNS[1:])}"
)


def _desk_alert(row: asyncpg.Record) -> DeskAlert:
    values = {name: row[name] for name in _DESK_COLUMNS}
    values["ladder"] = Ladder.of_json(row["ladder"])
    values["inhibited_by"] = str(row["inhibited_by"]) if row["inhibited_by"] else None
    return DeskAlert(**values)


def _desk_row(alert: str, desk_alert: DeskAlert) -> tuple[Any, ...]:
    values = {name: getattr(desk_alert, name) for name in _DESK_COLUMNS} | {
        "ladder": desk_alert.ladder.as_json()
    }
    return (alert, *values.values())


def _alert_row(alert: Alert) -> tuple[Any, ...]:
    return (
        alert.alert_id,
        alert.key,
        alert.rule,
        alert.rule_version,
        alert.zone,
        alert.area,
        alert.crisis_id,
        alert.feed,
        alert.urgency,
        alert.holds_since,
        alert.raised_at,
        alert.cleared_at,
        alert.clear_reason,
        alert.detail,
    )


async def save(
    connection: Connection, changes: Sequence[AlertChange], registry: Registry, now: datetime
) -> int:
    """Write alerts, disclosures and messages; the log last: its sequence is held until the commit.

    Returns the newest sequence; 0 where nothing was recorded.
    """
    if not changes:
        return 0
    await connection.executemany(
        """INSERT INTO alert (alert_id, alert_key, rule, rule_version, zone, area, crisis_id, feed, urgency,
                              holds_since, raised_at, cleared_at, clear_reason, detail)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
           ON CONFLICT (alert_id) DO UPDATE SET area = excluded.area, crisis_id = excluded.crisis_id,
               urgency = excluded.urgency, holds_since = excluded.holds_since, raised_at = excluded.raised_at,
               cleared_at = excluded.cleared_at, clear_reason = excluded.clear_reason, detail = excluded.detail""",
        [_alert_row(change.alert) for change in changes],
    )
    await connection.executemany(
        _SAVE_DESK, [_desk_row(c.alert.alert_id, d) for c in changes for d in c.alert.desks]
    )
    disclosed = [
        (c.alert.alert_id, d.desk, d.agency, d.purpose, list(d.items), now)
        for c in changes
        for d in c.disclosed
    ]
    if disclosed:
        await connection.executemany(
            "INSERT INTO disclosure (alert_id, desk, agency, purpose, items, disclosed_at) VALUES ($1, $2, $3, $4, $5, $6)",
            disclosed,
        )
    pairs = [(c.alert, t) for c in changes for t in c.transitions]
    # last of all: its sequence is locked until the commit, and every other writer waits for that
    first = await append_log(connection, [t for _, t in pairs])
    # a desk that was taken out of the registry has no topic any more
    messages = [
        _message(alert, transition, first + number, registry, now)
        for number, (alert, transition) in enumerate(pairs)
        if transition.desk in registry.desks_by_id
    ]
    await connection.executemany(
        """INSERT INTO outbox (message_id, topic, key, headers, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (message_id) DO NOTHING""",
        messages,
    )
    if pairs:
        return first + len(pairs) - 1
    return 0


async def append_log(connection: Connection, transitions: Sequence[Transition]) -> int:
    """Append to the log in commit order and wake the consoles. Returns the first sequence. Call
    last but for messages.
    """
    if not transitions:
        return 0
    last: int = await connection.fetchval(
        """WITH s AS (UPDATE alert_sequence SET last = last + cardinality($1::uuid[]) RETURNING last),
                said AS (INSERT INTO alert_log (sequence, alert_id, desk, transition, at, actor, reason)
                         SELECT s.last - cardinality($1::uuid[]) + n, a, d, t, at, actor, why
                           FROM s, unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])
                                WITH ORDINALITY AS x(a, d, t, at, actor, why, n))
           SELECT last, pg_notify('liaison_alerts', last::text) FROM s""",
        [t.alert_id for t in transitions],
        [t.desk for t in transitions],
        [t.kind for t in transitions],
        [t.at for t in transitions],
        [t.actor for t in transitions],
        [t.reason for t in transitions],
    )
    return last - len(transitions) + 1


def _message(
    alert: Alert, transition: Transition, desk_alert: int, registry: Registry, now: datetime
) -> tuple[Any, ...]:
    """The CloudEvent for the desk's agency. Its id is made from the log's sequence: sent again, it
    is the same message.
    """
    message = uuid.uuid5(_NAMESPACE, f"{alert.alert_id}|{transition.desk}|{desk_alert}")
    agency = registry.desks_by_id[transition.desk][0].id
    desk = next(d for d in alert.desks if d.desk == transition.desk)
    body = {
        "specversion": "1.0",
        "id": str(message),
        "source": SOURCE,
        "type": ALERT_TYPE,
        "time": transition.at.isoformat(),
        "datacontenttype": "application/json",
        "partitionkey": alert.alert_id,
        "data": {
            "alert": alert.alert_id,
            "rule": alert.rule,
            "desk": transition.desk,
            "transition": transition.kind,
            "sequence": desk_alert,
            "urgency": alert.urgency,
            "raised": alert.raised_at.isoformat(),
            "cleared": alert.cleared_at.isoformat() if alert.cleared_at else None,
            "acknowledge_by": desk.acknowledge_by.isoformat(),
            "state": desk.state,
            "origin": desk.origin,
            "inhibited_by": desk.inhibited_by,
            "view": desk.view,
        },
    }
    headers = {"message-id": str(message), "content-type": "application/cloudevents+json"}
    return (
        message,
        f"alerts.{agency}",
        alert.alert_id.encode(),
        headers,
        json.dumps(body).encode(),
        now,
    )
