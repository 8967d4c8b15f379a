"""A desk's alerts: the list, its live stream, one alert with its history, and what the locked screen is told."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Header, Query, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse

from services.console.access.doors import Counting, Seeing, Watching, still
from services.console.access.refusal import Refused
from services.console.live import desk_alerts
from services.console.live.stream import Watcher, events, pulse
from services.console.metrics import SOUND_ARMED
from services.console.view.alert import article, clock
from services.console.view.desks import Desks
from services.console.view.list_filter import Chosen
from services.console.view.rendering import page, render_article
from services.console.view.text import TEXT
from services.ledger import audit
from services.ledger.alerts.desk import SHOWS, UnknownAlert, alert_with_history
from services.ledger.feeds import FeedTrouble
from services.liaison.alert.commands import DECLINE_REASONS

router = APIRouter()
UNBUFFERED = {"X-Accel-Buffering": "no"}


def said_of_feeds(desks: Desks, found: tuple[FeedTrouble, ...]) -> list[dict[str, str]]:
    """The feeds in trouble, in words, with the instant since when, so that the screen can count."""

    def said(trouble: FeedTrouble) -> str:
        if trouble.troubled is not None:
            return TEXT[f"feed_{trouble.troubled}"]
        return (
            f"{TEXT['stopped_since' if trouble.stopped else 'silent_since']} {clock(trouble.since)}"
        )

    return [
        {
            "name": desks.feeds.get(f.feed, f.feed),
            "since": said(f),
            "at": f.since.isoformat() if f.since else "",
        }
        for f in found
    ]


def alert_id_of(alert: str) -> UUID:
    """Raises Refused for what is no id."""
    try:
        return UUID(alert)
    except ValueError:
        raise Refused(404, "unknown_alert") from None


@router.get("/desks/{desk}")
async def desk_page(
    request: Request,
    here: Seeing,
    show: str = "open",
    urgency: Annotated[list[str] | None, Query()] = None,
    page_number: Annotated[str, Query(alias="page")] = "1",
) -> Response:
    """The desk's alerts, as the URL chooses them. Kept in the audit: an alert says something of somebody."""
    state, desk = request.app.state, here.desk.desk
    chosen = Chosen.of(here.actor, show, urgency or [], page_number)
    async with (
        state.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read"),
    ):
        found = await desk_alerts.snapshot(connection, desk, chosen)
        detail = {"show": chosen.show, "alerts": len(found.alerts)}
        await audit.write(connection, "desk.listed", here.actor, desk, detail, here.now)
    return page(
        "desk.html",
        here=here,
        desk=desk,
        chosen=chosen,
        shows=SHOWS,
        last=found.last,
        total=found.total,
        cap=desk_alerts.ROWS_MAX,
        pages=max(1, -(-found.total // desk_alerts.ROWS_MAX)),
        rows=[(s, render_article(s, state.desks, desk, here.operator.csrf)) for s in found.alerts],
        feeds=said_of_feeds(state.desks, found.troubles),
        now=state.clock.now().isoformat(),
        waiting=json.dumps(found.waiting),
    )


@router.get("/desks/{desk}/stream")
async def desk_stream(
    request: Request,
    here: Watching,
    after: Annotated[int, Query(ge=0)] = 0,
    show: str = "open",
    urgency: Annotated[list[str] | None, Query()] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """The desk's live stream, from the later of the two places named."""
    state, desk = request.app.state, here.desk.desk
    if (
        last_event_id is not None
        and last_event_id.isascii()
        and last_event_id.isdigit()
        and len(last_event_id) < 19
    ):
        after = max(after, int(last_event_id))
    watcher = Watcher(
        desk,
        Chosen.of(here.actor, show, urgency or [], "1"),
        here.operator.csrf,
        still(request, here.operator, here.desk, "see"),
        lambda f: said_of_feeds(state.desks, f),
        lambda s: render_article(s, state.desks, desk, here.operator.csrf),
    )
    return EventSourceResponse(
        events(state.hub, state.pool, watcher, after, state.clock), headers=UNBUFFERED
    )


@router.get("/desks/{desk}/pulse")
async def desk_pulse(request: Request, here: Counting) -> Response:
    """For a locked screen: how many wait, by urgency."""
    state = request.app.state
    look = still(request, here.operator, here.desk, "see")
    return EventSourceResponse(
        pulse(state.hub, here.desk.desk, look, state.clock), headers=UNBUFFERED
    )


@router.post("/desks/{desk}/here")
async def still_here(request: Request, here: Seeing) -> Response:
    """Somebody pressed a key or clicked: the screen need not lock."""
    return Response(status_code=204)


@router.post("/desks/{desk}/sound")
async def sound(request: Request, here: Seeing, heard: Annotated[str, Form()] = "") -> Response:
    """The check at the start of a shift: was the test sound heard?"""
    SOUND_ARMED.labels(here.desk.desk).set(heard == "yes")
    await audit.write(
        request.app.state.pool,
        "sound.checked",
        here.actor,
        here.desk.desk,
        {"heard": heard == "yes"},
        here.now,
    )
    return Response(status_code=204)


@router.get("/desks/{desk}/alerts/{alert}")
async def alert_page(request: Request, here: Seeing, alert: str) -> Response:
    """An alert with its whole history and everything that can be answered. Kept in the audit."""
    state, desk = request.app.state, here.desk.desk
    try:
        async with (
            state.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            found, lines = await alert_with_history(connection, desk, alert_id_of(alert))
            await audit.write(
                connection, "alert.viewed", here.actor, found.alert_id, {"desk": desk}, here.now
            )
    except UnknownAlert:
        raise Refused(404, "unknown_alert") from None
    terms = state.policy.terms()
    longest = terms.longest_shelf.get(found.urgency)
    return page(
        "alert.html",
        here=here,
        desk=desk,
        a=article(found, state.desks),
        declines=DECLINE_REASONS,
        shelf_minutes=None
        if found.urgency == 1 or longest is None
        else int(longest.total_seconds() // 60),
        html=render_article(found, state.desks, desk, here.operator.csrf),
        lines=[(line, state.desks.name(line.desk)) for line in lines],
    )


@router.get("/desks/{desk}/preferences")
async def preferences(request: Request, here: Seeing) -> Response:
    """Appearance and keys, which are kept in the browser."""
    return page("preferences.html", here=here)
