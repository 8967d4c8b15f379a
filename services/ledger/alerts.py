"""Alerts, their log in commit order, what was disclosed, and the messages that go out."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from schemas.registry import Registry
from services.liaison.alert import Alert, AlertChange, DeskAlert, Transition
from services.runtime.postgres import Connection

_NAMESPACE = uuid.UUID("9a4f3c52-27cf-5d0e-8d15-1f6f0f1f2a77")
ALERT_TYPE = "uk.crisisliaison.alert.changed.v1"
SOURCE = "/liaison/alerts"


async def load(connection: Connection, *, episodes: Iterable[str] = (), feeds: Iterable[str] = ()) -> list[Alert]:
    """Every alert of the episodes and feeds, standing or not."""
    rows = await connection.fetch(
        "SELECT * FROM alert WHERE episode_id = ANY($1::uuid[]) OR feed = ANY($2::text[])", list(episodes), list(feeds)
    )
    if not rows:
        return []
    desks: dict[uuid.UUID, list[DeskAlert]] = defaultdict(list)
    for d in await connection.fetch(
        "SELECT * FROM alert_desk WHERE alert_id = ANY($1::uuid[]) ORDER BY alert_id, desk FOR UPDATE",
        [r["alert_id"] for r in rows],
    ):
        desks[d["alert_id"]].append(
            DeskAlert(
                d["desk"],
                d["state"],
                d["view"],
                d["acknowledge_by"],
                d["delivered_at"],
                d["acknowledged_at"],
                d["acknowledged_by"],
                d["cleared_at"],
            )  # fmt: skip
        )
    return [
        Alert(
            str(r["alert_id"]),
            r["alert_key"],
            r["rule"],
            r["rule_version"],
            r["zone"],
            r["area"],
            str(r["episode_id"]) if r["episode_id"] else None,
            r["feed"],
            r["urgency"],
            r["holds_since"],
            r["raised_at"],
            r["cleared_at"],
            r["clear_reason"],
            r["detail"],
            tuple(desks[r["alert_id"]]),
        )  # fmt: skip
        for r in rows
    ]


async def save(connection: Connection, changes: Sequence[AlertChange], registry: Registry, now: datetime) -> None:
    """Write alerts, disclosures and outgoing messages; the log last, because its sequence is held until the commit."""
    if not changes:
        return
    await connection.executemany(
        """INSERT INTO alert (alert_id, alert_key, rule, rule_version, zone, area, episode_id, feed, urgency,
                              holds_since, raised_at, cleared_at, clear_reason, detail)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
           ON CONFLICT (alert_id) DO UPDATE SET area = excluded.area, episode_id = excluded.episode_id,
               urgency = excluded.urgency, holds_since = excluded.holds_since, raised_at = excluded.raised_at,
               cleared_at = excluded.cleared_at, clear_reason = excluded.clear_reason, detail = excluded.detail""",
        [
            (a.alert_id, a.key, a.rule, a.rule_version, a.zone, a.area, a.episode_id, a.feed, a.urgency, a.holds_since,
             a.raised_at, a.cleared_at, a.clear_reason, a.detail)
            for a in (c.alert for c in changes)
        ],
    )  # fmt: skip
    await connection.executemany(
        """INSERT INTO alert_desk (alert_id, desk, state, view, acknowledge_by, delivered_at, acknowledged_at,
                                   acknowledged_by, cleared_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (alert_id, desk) DO UPDATE SET state = excluded.state, view = excluded.view,
               acknowledge_by = excluded.acknowledge_by, delivered_at = excluded.delivered_at,
               acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by,
               cleared_at = excluded.cleared_at""",
        [
            (c.alert.alert_id, d.desk, d.state, d.view, d.acknowledge_by, d.delivered_at, d.acknowledged_at,
             d.acknowledged_by, d.cleared_at)
            for c in changes for d in c.alert.desks
        ],
    )  # fmt: skip
    disclosed = [
        (c.alert.alert_id, d.desk, d.agency, d.purpose, list(d.items), now) for c in changes for d in c.disclosed
    ]
    if disclosed:
        await connection.executemany(
            "INSERT INTO disclosure (alert_id, desk, agency, purpose, items, disclosed_at) VALUES ($1, $2, $3, $4, $5, $6)",
            disclosed,
        )
    pairs = [(c.alert, t) for c in changes for t in c.transitions]
    first = await append_log(connection, [t for _, t in pairs])
    await connection.executemany(
        """INSERT INTO outbox (message_id, topic, key, headers, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (message_id) DO NOTHING""",
        [_message(alert, t, first + n, registry, now) for n, (alert, t) in enumerate(pairs)],
    )


async def append_log(connection: Connection, transitions: Sequence[Transition]) -> int:
    """Append to the log in commit order and wake the consoles. Returns the first sequence. Call last but for messages."""
    if not transitions:
        return 0
    last: int = await connection.fetchval("UPDATE alert_sequence SET last = last + $1 RETURNING last", len(transitions))
    first = last - len(transitions) + 1
    await connection.executemany(
        """INSERT INTO alert_log (sequence, alert_id, desk, transition, at, actor, reason)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        [(first + n, t.alert_id, t.desk, t.kind, t.at, t.actor, t.reason) for n, t in enumerate(transitions)],
    )
    await connection.execute("SELECT pg_notify('liaison_alerts', $1)", str(last))
    return first


def _message(alert: Alert, transition: Transition, sequence: int, registry: Registry, now: datetime) -> tuple[Any, ...]:
    """The CloudEvent for the desk's agency. Its id is made from the log's sequence: sent again, it is the same message."""
    message = uuid.uuid5(_NAMESPACE, f"{alert.alert_id}|{transition.desk}|{sequence}")
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
            "sequence": sequence,
            "urgency": alert.urgency,
            "raised": alert.raised_at.isoformat(),
            "cleared": alert.cleared_at.isoformat() if alert.cleared_at else None,
            "acknowledge_by": desk.acknowledge_by.isoformat(),
            "view": desk.view,
        },
    }
    headers = {"message-id": str(message), "content-type": "application/cloudevents+json"}
    return (message, f"alerts.{agency}", alert.alert_id.encode(), headers, json.dumps(body).encode(), now)
