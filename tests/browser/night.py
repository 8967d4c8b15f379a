"""A desk in the small hours: fifteen crises with forty alerts, in every group of its board."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import asyncpg

from tests.browser import story

DESK, COLLEAGUE = story.AMBULANCE, f"JK@{story.AMBULANCE}"
OTHERS = (story.TRUST, "met-contact")
CRISES, ALERTS = 15, 40
STREETS = (
    "14 Lilford Road, SE5 9QX",
    "Flat 6, Ashby House, Stockwell Park Road, SW9 7RB",
    "Kestrel Way bus station, CR0 2AF",
    "88 Hartley Road, E17 4PJ",
    "Mill Lane, by the canal, N1 6RT",
)
SENTENCES = (
    "Treat as an emergency although police are present",
    "Restraint is a medical emergency: category 1",
    "Detained under s136 without an ambulance",
    "Crisis plan exists",
    "Repeat contact in a crisis",
)
UNITS = (
    "police unit MX24 since 03:08",
    "",
    "ambulance A208 since 03:01; police unit NE42 since 02:44",
)
DANGERS = (
    {"Restraint": "held on the front since 03:09", "Physical signs": "breathless (03:09)"},
    {"Restraint": "not reported", "Physical signs": "not stated", "Risk to self": "high"},
    {"Restraint": "not reported", "Physical signs": "not stated"},
)


def view_of(crisis: int, number: int, at: datetime) -> dict[str, Any]:
    """What the ambulance desk is told: the place, the person as they look, who is there."""
    place = {"Where": STREETS[crisis % len(STREETS)], "Who": "Person not identified"}
    there = {"Units there": UNITS[crisis % len(UNITS)] or "none reported"}
    shown = place | there | {"Age and sex": f"looks {20 + crisis}, female"} | DANGERS[crisis % 3]
    title = SENTENCES[(crisis + number) % len(SENTENCES)]
    return story.view(
        title, at, act_by=(at + timedelta(minutes=5 + crisis)).isoformat(), shown=shown
    )


async def fall(dsn: str, at: datetime) -> None:
    """The alerts of the night, raised in the minutes before `at`; of the crises some are answered."""
    for number in range(ALERTS):
        crisis, place = number % CRISES, number // CRISES
        view = view_of(crisis, place, at)
        await story.raise_alert(
            dsn,
            f"night-{number}",
            dict.fromkeys((DESK, *OTHERS[: place + 1]), view),
            urgency=min(3, 1 + place + crisis // 8),
            at=at - timedelta(minutes=number),
            crisis=f"night {crisis}",
        )
    await answered(dsn, "claimed", COLLEAGUE, range(5, 7), at)
    await answered(dsn, "acknowledged", f"AB@{DESK}", range(3, 5), at)
    await answered(dsn, "answered", COLLEAGUE, range(7, CRISES), at)


async def answered(dsn: str, state: str, actor: str, crises: range, at: datetime) -> None:
    """Every alert of these crises is with somebody at the desk, or answered by them."""
    connection = await asyncpg.connect(dsn)
    for number in (number for number in range(ALERTS) if number % CRISES in crises):
        await connection.execute(
            """UPDATE alert_desk d SET state = $3, acknowledged_at = $4, acknowledged_by = $5
                 FROM alert a WHERE a.alert_id = d.alert_id AND a.alert_key = $1 AND d.desk = $2""",
            f"night-{number}",
            DESK,
            state,
            at,
            actor,
        )
    await connection.execute(
        """UPDATE alert_desk SET claimed_at = acknowledged_at, claimed_by = acknowledged_by WHERE state = 'claimed'"""
    )
    await connection.execute(
        """UPDATE alert_desk SET answered_at = acknowledged_at, answered_by = acknowledged_by, outcome = 'accepted'
            WHERE state = 'answered'"""
    )
    await connection.close()
