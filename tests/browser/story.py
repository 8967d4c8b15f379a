"""Rows of the ledger as the heart would write them: the story of the design, at a console."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import asyncpg

SPACE = UUID("5d6f9b1e-43b0-4d0c-9a0f-8f2f35f9a001")
AT = datetime(2026, 11, 23, 14, 24, tzinfo=UTC)
TRUST = "slam-crisis"
AMBULANCE = "las-mental-health"


def view(title: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "title": title,
        "reason": "Police are at the scene and the ambulance is graded category 3.",
        "next_step": "Treat as an emergency although police are present.",
        "evidence": [{"statement": "Police unit on scene", "at": at.isoformat()}],
        "act_by": (at + timedelta(minutes=18)).isoformat(),
        "verification": "verified",
        "incidents": [
            {"agency": "las", "reference": "LAS-0042"},
            {"agency": "met", "reference": "CAD-1187"},
        ],
        **more,
    }


async def log(
    connection: Any, alert: UUID, desk: str, transition: str, at: datetime, actor: str = "liaison"
) -> int:
    return int(
        await connection.fetchval(
            """WITH taken AS (UPDATE alert_sequence SET last = last + 1 RETURNING last), logged AS (
           INSERT INTO alert_log SELECT last, $1, $2, $3, $4, $5, NULL FROM taken RETURNING sequence)
           SELECT sequence FROM logged, LATERAL pg_notify('liaison_alerts', sequence::text)""",
            alert,
            desk,
            transition,
            at,
            actor,
        )
    )


async def raise_alert(
    dsn: str,
    key: str,
    views: dict[str, dict[str, Any]],
    *,
    urgency: int = 1,
    at: datetime = AT,
    within: int = 5,
    crisis: str | None = None,
) -> UUID:
    alert = uuid5(SPACE, key)
    crisis_id = uuid5(SPACE, f"crisis {crisis}") if crisis else None
    connection: Any = await asyncpg.connect(dsn)
    await connection.set_type_codec(
        "jsonb", encoder=__import__("json").dumps, decoder=str, schema="pg_catalog"
    )
    try:
        async with connection.transaction():
            if crisis_id:
                await connection.execute(
                    "INSERT INTO zone VALUES ('london') ON CONFLICT DO NOTHING"
                )
                await connection.execute(
                    "INSERT INTO crisis (crisis_id, zone, opened_at, last_event_at, evaluated_at, scene) "
                    "VALUES ($1, 'london', $2, $2, $2, $1) ON CONFLICT DO NOTHING",
                    crisis_id,
                    at,
                )
            await connection.execute(
                "INSERT INTO alert (alert_id, alert_key, rule, rule_version, zone, urgency, holds_since, raised_at, "
                "detail, crisis_id) "
                "VALUES ($1, $2, 'R1', 1, 'london', $3, $4, $4, $5, $6)",
                alert,
                key,
                urgency,
                at,
                {"secret": "not disclosed"},
                crisis_id,
            )
            for desk, view in views.items():
                await connection.execute(
                    "INSERT INTO alert_desk (alert_id, desk, state, view, acknowledge_by) VALUES ($1, $2, 'raised', $3, $4)",
                    alert,
                    desk,
                    view,
                    at + timedelta(minutes=within),
                )
            for desk in views:
                await log(connection, alert, desk, "raised", at)
    finally:
        await connection.close()
    return alert


async def tell(dsn: str) -> None:
    """The afternoon of the design's first page, as the ambulance desk has it at 14:31."""
    both_told_at = AT + timedelta(minutes=6)
    await raise_alert(
        dsn,
        "presence",
        {
            AMBULANCE: view(
                "Police on scene does not lower the ambulance category",
                AT,
                evidence=[
                    {"statement": "Police unit on scene again", "at": AT.isoformat()},
                    {
                        "statement": "Ambulance graded category 3, reason: police on scene",
                        "at": AT.isoformat(),
                    },
                ],
            )
        },
    )
    plan = view(
        "Crisis plan exists",
        AT,
        reason="The person is known to the trust and has a crisis plan.",
        next_step="Ask the trust's crisis team for the plan.",
        act_by=None,
        verification="cannot-be-verified",
    )
    await raise_alert(dsn, "plan", {TRUST: plan, AMBULANCE: plan}, urgency=3, within=15)
    force = view(
        "Restraint is a medical emergency",
        both_told_at,
        reason="Police report restraint; no clinician is at the scene.",
        next_step="Send the nearest clinician; ask police for the person's breathing and position.",
        evidence=[
            {"statement": "Restraint started, position: prone", "at": both_told_at.isoformat()},
            {"statement": "No ambulance assigned", "at": both_told_at.isoformat()},
        ],
        act_by=(both_told_at + timedelta(minutes=8)).isoformat(),
    )
    alert = await raise_alert(
        dsn, "restraint", {AMBULANCE: force, TRUST: force}, at=both_told_at, within=2
    )
    connection: Any = await asyncpg.connect(dsn)
    seen_at = both_told_at + timedelta(seconds=20)
    await connection.execute(
        "UPDATE alert_desk SET acknowledged_at = $2, acknowledged_by = 'BK@slam-crisis', "
        "state = 'acknowledged' WHERE alert_id = $1 AND desk = $3",
        alert,
        seen_at,
        TRUST,
    )
    await log(connection, alert, TRUST, "acknowledged", seen_at, "BK@slam-crisis")
    await connection.execute(
        "INSERT INTO feed_state (feed, silent_since) VALUES ('slam-ehr', $1)",
        AT + timedelta(minutes=2),
    )
    await connection.close()
