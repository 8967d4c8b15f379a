"""A desk's board of crises, its live stream, one alert with its history, and what the locked
screen is told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Form, Header, Query, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse

from schemas.london_time import clock
from services.console.access.doors import Counting, Here, Seeing, Watching, still
from services.console.access.refusal import Refused
from services.console.live import desk_alerts
from services.console.live.stream import Watcher, events, pulse
from services.console.metrics import SOUND_ARMED
from services.console.pages.addresses import id_of, whole_number
from services.console.view.alert import article
from services.console.view.board import GROUPS, Group, Row, board
from services.console.view.desks import Desks
from services.console.view.list_filter import ListFilter
from services.console.view.rendering import page, render_article, render_row
from services.console.view.text import TEXT
from services.console.view.text.vocabulary import FEED_TROUBLES
from services.ledger import audit
from services.ledger.alerts.desk import SHOWS, AlertState, UnknownAlert, alert_with_history
from services.ledger.feeds import FeedTrouble
from services.ledger.moment import one_moment
from services.liaison.alert.commands import DECLINE_REASONS

router = APIRouter()
UNBUFFERED = {"X-Accel-Buffering": "no"}


def feeds_in_words(desks: Desks, troubles: tuple[FeedTrouble, ...]) -> list[dict[str, str]]:
    """The feeds in trouble, in words, with the instant since when, so that the screen can count."""

    return [
        {
            "name": desks.feeds.get(trouble.feed, trouble.feed),
            "since": _trouble_in_words(trouble),
            "at": trouble.since.isoformat() if trouble.since else "",
        }
        for trouble in troubles
    ]


def _trouble_in_words(trouble: FeedTrouble) -> str:
    if trouble.troubled is not None:
        return FEED_TROUBLES[trouble.troubled]
    words = TEXT["stopped_since"] if trouble.stopped else TEXT["silent_since"]
    return f"{words} {clock(trouble.since)}"


@router.get("/desks/{desk}")
async def desk_page(
    request: Request,
    here: Seeing,
    show: str = "open",
    urgency: Annotated[list[str] | None, Query()] = None,
    page_number: Annotated[str, Query(alias="page")] = "1",
) -> Response:
    """The desk's board, of the alerts that the URL chooses. Kept in the audit: an alert says
    something of somebody."""
    state, desk = request.app.state, here.desk.desk
    list_filter = ListFilter.of(here.actor, show, urgency or [], page_number)
    async with one_moment(state.pool) as connection:
        snapshot = await desk_alerts.snapshot(connection, desk, list_filter)
        detail = {"show": list_filter.show, "alerts": len(snapshot.alerts)}
        await audit.write(connection, "desk.listed", here.actor, desk, detail, here.now)
    return page(
        "desk.html",
        here=here,
        desk=desk,
        chosen=list_filter,
        shows=SHOWS,
        last=snapshot.last,
        total=snapshot.total,
        cap=desk_alerts.ROWS_MAX,
        pages=max(1, -(-snapshot.total // desk_alerts.ROWS_MAX)),
        groups=_grouped(snapshot.alerts, here, state.desks),
        feeds=feeds_in_words(state.desks, snapshot.troubles),
        now=state.clock.now().isoformat(),
        waiting=json.dumps(snapshot.waiting),
    )


def _grouped(
    alerts: Iterable[AlertState], here: Here, desks: Desks
) -> dict[Group, list[tuple[Row, str]]]:
    """The rows of each group with their HTML, in their order."""
    groups: dict[Group, list[tuple[Row, str]]] = {group: [] for group in GROUPS}
    for row in board(alerts, here.actor):
        html = render_row(row, desks, here.desk.desk, here.operator.csrf)
        groups[row.group].append((row, html))
    return groups


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
    # a browser that comes back by itself names the last event it has, in the address it still has
    # the first place
    resumed = whole_number(last_event_id or "")
    if resumed is not None:
        after = max(after, resumed)
    watcher = Watcher(
        desk,
        ListFilter.of(here.actor, show, urgency or [], "1"),
        here.operator.csrf,
        still(request, here.operator, here.desk, "see"),
        lambda troubles: feeds_in_words(state.desks, troubles),
        lambda row: render_row(row, state.desks, desk, here.operator.csrf),
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
async def sound(
    request: Request, here: Seeing, answer: Annotated[str, Form(alias="heard")] = ""
) -> Response:
    """The check at the start of a shift: was the test sound heard?"""
    armed = answer == "yes"
    SOUND_ARMED.labels(here.desk.desk).set(armed)
    await audit.write(
        request.app.state.pool,
        "sound.checked",
        here.actor,
        here.desk.desk,
        {"heard": armed},
        here.now,
    )
    return Response(status_code=204)


@router.get("/desks/{desk}/alerts/{alert}")
async def alert_page(request: Request, here: Seeing, alert: str) -> Response:
    """An alert with its whole history and everything that can be answered. Kept in the audit."""
    state, desk = request.app.state, here.desk.desk
    try:
        async with one_moment(state.pool) as connection:
            alert_id = id_of(alert, "unknown_alert")
            state_now, lines = await alert_with_history(connection, desk, alert_id)
            await audit.write(
                connection, "alert.viewed", here.actor, state_now.alert_id, {"desk": desk}, here.now
            )
    except UnknownAlert:
        raise Refused(404, "unknown_alert") from None
    longest = state.policy.terms().longest_shelf.get(state_now.urgency)
    shelf_minutes = None
    if longest is not None and state_now.urgency != 1:
        shelf_minutes = int(longest.total_seconds() // 60)
    return page(
        "alert.html",
        here=here,
        desk=desk,
        a=article(state_now, state.desks),
        declines=DECLINE_REASONS,
        shelf_minutes=shelf_minutes,
        html=render_article(state_now, state.desks, desk, here.operator.csrf),
        lines=[(line, state.desks.name(line.desk)) for line in lines],
    )


@router.get("/desks/{desk}/preferences")
async def preferences(request: Request, here: Seeing) -> Response:
    """Appearance and keys, which are kept in the browser."""
    return page("preferences.html", here=here)
