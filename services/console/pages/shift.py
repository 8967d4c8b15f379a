"""The shift report of a desk: what came, who answered it, what waits; to print, and as CSV.

Titles of alerts are on it and nobody's name but the colleagues'; that it was looked at is kept.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.access.doors import Here, Seeing
from services.console.view.alert import reason_in_words
from services.console.view.rendering import page
from services.console.view.text.vocabulary import OUTCOMES, STATES
from services.ledger import audit
from services.ledger.alerts.shift import MOST, ShiftAlert, counted, of_shift
from services.ledger.moment import one_moment

router = APIRouter()
SHIFTS = {"8h": timedelta(hours=8), "12h": timedelta(hours=12), "24h": timedelta(hours=24)}
COLUMNS = (
    "raised_at",
    "urgency",
    "rule",
    "title",
    "acknowledge_by",
    "acknowledged_at",
    "acknowledged_by",
    "outcome",
    "outcome_reason",
    "answered_at",
    "answered_by",
    "ended_at",
    "state",
)
# A cell that begins so would be a formula in the program that opens the file.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@router.get("/desks/{desk}/shift")
async def shift_page(request: Request, here: Seeing, over: str = "12h") -> Response:
    """The page."""
    alerts, since, stretch = await _shift(request, here, over)
    return page(
        "shift.html",
        here=here,
        alerts=alerts,
        counts=counted(alerts, here.now),
        since=since,
        until=here.now,
        over=stretch,
        stretches=list(SHIFTS),
        most=MOST,
    )


@router.get("/desks/{desk}/shift.csv")
async def shift_table(request: Request, here: Seeing, over: str = "12h") -> Response:
    """The same as a table for a spreadsheet, instants in UTC."""
    alerts, since, _ = await _shift(request, here, over)
    name = f"shift-{here.desk.desk}-{since:%Y%m%dT%H%M}.csv"
    return Response(
        table(alerts),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _shift(request: Request, here: Here, over: str) -> tuple[list[ShiftAlert], datetime, str]:
    stretch = over
    if stretch not in SHIFTS:
        stretch = "12h"
    since = here.now - SHIFTS[stretch]
    async with one_moment(request.app.state.pool) as connection:
        alerts = await of_shift(connection, here.desk.desk, since, here.now)
        detail = {"alerts": len(alerts), "over": stretch}
        await audit.write(connection, "shift.viewed", here.actor, here.desk.desk, detail, here.now)
    return alerts, since, stretch


def table(alerts: list[ShiftAlert]) -> str:
    """CSV (RFC 4180) with a header, one alert a line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for alert in alerts:
        outcome = reason = ""
        if alert.outcome is not None:
            outcome = OUTCOMES[alert.outcome]
            reason = reason_in_words(alert.outcome, alert.outcome_reason)
        writer.writerow(
            _cell(value)
            for value in (
                alert.raised_at,
                f"P{alert.urgency}",
                alert.rule,
                alert.title,
                alert.acknowledge_by,
                alert.acknowledged_at,
                alert.acknowledged_by,
                outcome,
                reason,
                alert.answered_at,
                alert.answered_by,
                alert.cleared_at,
                STATES[alert.state],
            )
        )
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    words = str(value)
    if words.startswith(_FORMULA):
        return f"'{words}"
    return words
