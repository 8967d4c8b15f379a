"""From values to pages: the one place that knows the templates."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from schemas.london_time import clock
from services.console.view.alert import (
    article,
    clock_seconds,
    day,
    day_clock,
    length,
    reason_in_words,
)
from services.console.view.board import Row
from services.console.view.desks import Desks
from services.console.view.row import row_shown
from services.console.view.text import TEXT
from services.console.view.text.script import SCRIPT
from services.console.view.text.vocabulary import (
    CERTAINTIES,
    DESK_ROLES,
    FEED_TROUBLES,
    FIELDS,
    LEGAL_STATUSES,
    LEVELS,
    OPEN_BECAUSE,
    OUTCOMES,
    REASONS,
    ROLE_NAMES,
    SEXES,
    SHAPES,
    STATES,
    TRANSITIONS,
    URGENCY,
)
from services.ledger.alerts.desk import AlertState

# Stands for the token in what is rendered once for many sessions.
CSRF = "@csrf@"

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.globals.update(
    t=TEXT,
    script=json.dumps(SCRIPT),
    transitions=TRANSITIONS,
    urgency=URGENCY,
    shapes=SHAPES,
    states=STATES,
    outcomes=OUTCOMES,
    reasons=REASONS,
    role_names=ROLE_NAMES,
    open_because=OPEN_BECAUSE,
    fields=FIELDS,
    feed_troubles=FEED_TROUBLES,
    levels=LEVELS,
    certainties=CERTAINTIES,
    desk_roles=DESK_ROLES,
    legal_statuses=LEGAL_STATUSES,
    sexes=SEXES,
    reason_in_words=reason_in_words,
)


def _instant(at: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), clock(at))


_pages.filters.update(
    clock=clock,
    clock_seconds=clock_seconds,
    day=day,
    day_clock=day_clock,
    length_of=length,
    instant=_instant,
)


def render_article(state: AlertState, desks: Desks, desk: str, csrf: str) -> str:
    """An alert by itself, on its own page."""
    return _pages.get_template("article.html").render(
        a=article(state, desks), desk=desk, csrf=csrf, inside=False, alone=False
    )


def render_row(row: Row, desks: Desks, desk: str, csrf: str) -> str:
    """The one renderer of a row of the board: for the page and the stream."""
    shown = row_shown(row, desks)
    return _pages.get_template("row.html").render(shown=shown, desk=desk, csrf=csrf)


def render(name: str, **values: Any) -> str:
    """A template's text."""
    context = {"here": None, "operator": None, **values}
    if context["here"] is not None:
        context["operator"] = context["here"].operator
    return _pages.get_template(name).render(**context)


def page(name: str, status: int = 200, **values: Any) -> Response:
    """A whole page. `here` is the person at a desk; where there is none, `operator` the person."""
    return Response(render(name, **values), status, media_type="text/html")


def trouble(
    request: Request,
    status: int,
    reason: str,
    *,
    sentence: str = "",
    link: tuple[str, str] | None = None,
) -> Response:
    """An error, saying what happened and what to do. `reason` is a key of TEXT; `sentence` stands
    for its own."""
    sentence = sentence or TEXT[reason]
    remedy = TEXT.get(f"{reason}_remedy", "")
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"error": reason, "message": f"{sentence} {remedy}".strip()}, status)
    title = TEXT.get(f"{reason}_title", TEXT[reason])
    return page("trouble.html", status, title=title, said=sentence, remedy=remedy, link=link)
