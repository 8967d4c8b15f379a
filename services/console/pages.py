"""The handlers: each checks the desk, asks the ledger and prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Header, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.sse import EventSourceResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.console import alerts, security
from services.console.article import AlertState, article, clock, clock_seconds
from services.console.desks import Desks
from services.console.security import Refused, seat_at
from services.console.stream import events
from services.console.text import SCRIPT, TEXT, TRANSITIONS
from services.ledger import commands
from services.liaison.alert import Acknowledge, AlreadyAcknowledged, UnknownAlert
from services.runtime.alarm_metrics import COUNTS
from services.runtime.metrics import ACKNOWLEDGE_SECONDS, CONSOLE_ACKNOWLEDGED

router = APIRouter()
_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.globals.update(t=TEXT, script=json.dumps(SCRIPT), transitions=TRANSITIONS)
_pages.filters.update(clock=clock, clock_seconds=clock_seconds)


def render_article(state: AlertState, desks: Desks, desk: str, csrf: str) -> str:
    """The one renderer of an alert: for the page, the stream and the answer to an acknowledgement."""
    return _pages.get_template("article.html").render(a=article(state, desks), desk=desk, csrf=csrf)


def _page(name: str, status: int = 200, **values: Any) -> Response:
    html = _pages.get_template(name).render(**{"seat": None, "here": None, **values})
    return Response(html, status, media_type="text/html")


def trouble(request: Request, status: int, reason: str) -> Response:
    """An error, saying what happened and what to do."""
    said, remedy = TEXT[reason], TEXT.get(f"{reason}_remedy", "")
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"error": reason, "message": f"{said} {remedy}".strip()}, status)
    return _page("trouble.html", status, title=said, said=said, remedy=remedy, link=None)


def _feeds(desks: Desks, found: tuple[alerts.FeedTrouble, ...]) -> list[dict[str, str]]:
    def said(trouble: alerts.FeedTrouble) -> str:
        if trouble.troubled is not None:
            return TEXT[f"feed_{trouble.troubled}"]
        return f"{TEXT['stopped_since' if trouble.stopped else 'silent_since']} {clock(trouble.since)}"

    return [{"name": desks.feeds.get(f.feed, f.feed), "since": said(f)} for f in found]


def _known(request: Request, desk: str) -> Any:
    found = request.app.state.desks.desks.get(desk)
    if found is None:
        raise Refused(404, "unknown_desk")
    return found


@router.get("/")
async def choose(request: Request) -> Response:
    """The list of desks, and the sign-in for trying."""
    return _choose(request)


def _choose(request: Request, status: int = 200, *, initials: str = "", picked: str = "", wrong: str = "") -> Response:
    state = request.app.state
    return _page(
        "choose.html",
        status,
        groups=state.desks.grouped(),
        live=state.settings.environment == "live",
        initials=initials,
        picked=picked,
        wrong=wrong,
    )


@router.post("/sign-in")
async def sign_in(
    request: Request, desk: Annotated[str, Form()] = "", initials: Annotated[str, Form()] = ""
) -> Response:
    """Sit down at a desk."""
    if request.app.state.settings.environment == "live":
        return _choose(request, 403)
    tidy = security.initials_of(initials)
    if desk not in request.app.state.desks.desks:
        return _choose(request, 422, initials=initials, wrong="desk_wrong")
    if tidy is None:
        return _choose(request, 422, initials=initials, picked=desk, wrong="initials_wrong")
    security.sit(request, desk, tidy)
    return RedirectResponse(f"/desks/{desk}", 303)


@router.post("/sign-out")
async def sign_out(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
    """Leave the desk."""
    here = security.seat(request)
    if here is not None:
        security.check_csrf(here, csrf)
    request.session.clear()
    return RedirectResponse("/", 303)


@router.get("/desks/{desk}")
async def desk_page(request: Request, desk: str) -> Response:
    """The desk's alerts."""
    here, seat = _known(request, desk), seat_at(request, desk)
    state = request.app.state
    found = await alerts.snapshot(state.pool, desk)
    return _page(
        "desk.html",
        seat=seat,
        here=here,
        desk=desk,
        last=found.last,
        total=found.total,
        cap=alerts.ROWS_MAX,
        rows=[(s, render_article(s, state.desks, desk, seat.csrf)) for s in found.alerts],
        feeds=_feeds(state.desks, found.troubles),
        now=state.clock.now().isoformat(),
    )


@router.get("/desks/{desk}/stream")
async def desk_stream(
    request: Request, desk: str, after: int = 0, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """The desk's live stream, from the later of the two places named."""
    _known(request, desk)
    seat = seat_at(request, desk)
    state = request.app.state
    if last_event_id is not None and last_event_id.isdigit():
        after = max(after, int(last_event_id))
    stream = events(
        state.hub,
        state.pool,
        desk,
        after,
        state.clock,
        lambda s: render_article(s, state.desks, desk, seat.csrf),
        lambda f: _feeds(state.desks, f),
    )
    return EventSourceResponse(stream, headers={"X-Accel-Buffering": "no"})


def _alert_id(alert: str) -> UUID:
    try:
        return UUID(alert)
    except ValueError:
        raise Refused(404, "unknown_alert") from None


@router.get("/desks/{desk}/alerts/{alert}")
async def alert_page(request: Request, desk: str, alert: str) -> Response:
    """An alert with its whole history."""
    here, seat = _known(request, desk), seat_at(request, desk)
    state = request.app.state
    try:
        found, lines = await alerts.one(state.pool, desk, _alert_id(alert))
    except alerts.UnknownAlert:
        raise Refused(404, "unknown_alert") from None
    return _page(
        "alert.html",
        seat=seat,
        here=here,
        desk=desk,
        a=article(found, state.desks),
        html=render_article(found, state.desks, desk, seat.csrf),
        lines=[(line, state.desks.name(line.desk)) for line in lines],
    )


@router.post("/desks/{desk}/alerts/{alert}/acknowledge")
async def acknowledge(
    request: Request,
    desk: str,
    alert: str,
    csrf: Annotated[str, Form()] = "",
    x_csrf_token: Annotated[str | None, Header()] = None,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Acknowledge for the desk. The first wins; the next is told who and when (409)."""
    _known(request, desk)
    seat = seat_at(request, desk)
    security.check_csrf(seat, x_csrf_token or csrf)
    state = request.app.state
    machine = "application/json" in accept
    try:
        done = await commands.run(
            state.pool, state.registry, state.policy, Acknowledge(), desk=desk, alert=_alert_id(alert),
            actor=seat.actor, now=state.clock.now(),
        )  # fmt: skip
    except UnknownAlert:
        raise Refused(404, "unknown_alert") from None
    except AlreadyAcknowledged as first:
        CONSOLE_ACKNOWLEDGED.labels("already").inc()
        said = TEXT["already"].format(who=first.who, when=clock(first.when) if first.when else "")
        if machine:
            return JSONResponse({"error": "already", "message": said}, 409)
        return _page(
            "trouble.html",
            409,
            title=TEXT["already_title"],
            said=said,
            remedy="",
            seat=seat,
            link=(f"/desks/{desk}", TEXT["back"]),
        )
    COUNTS.count(done.changes)
    CONSOLE_ACKNOWLEDGED.labels("acknowledged").inc()
    ACKNOWLEDGE_SECONDS.labels(str(done.alert.urgency)).observe(done.seconds)
    return JSONResponse({"sequence": done.sequence}) if machine else RedirectResponse(f"/desks/{desk}", 303)
