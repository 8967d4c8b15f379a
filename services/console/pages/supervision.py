"""The supervisor's page: load of the agency's desks, what waits, how soon it is acknowledged, which
rules give the most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.access.doors import Supervising
from services.console.view.rendering import page
from services.console.view.text import rule_titles
from services.ledger import audit
from services.ledger.alerts import performance
from services.ledger.alerts.performance import DeskLoad
from services.ledger.moment import one_moment

router = APIRouter()
STRETCHES = {"12h": timedelta(hours=12), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
WIDTH, HEIGHT = 240, 48


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of a desk's chart."""

    left: float
    top: float
    width: float
    height: float
    over: bool
    """More than an hour's target."""


@dataclass(frozen=True, slots=True)
class Chart:
    """New alarms an hour as bars, with a line at the target."""

    bars: tuple[Bar, ...]
    target_y: float
    most: int


def chart(load: DeskLoad) -> Chart:
    """Drawn to the desk's own most, at least to twice the target."""
    most = max(*load.hours, 2 * performance.TARGET_PER_HOUR)
    wide = WIDTH / len(load.hours)
    bars = tuple(
        Bar(
            left=round(hour * wide, 2),
            top=round(HEIGHT - HEIGHT * count / most, 2),
            width=round(wide * 0.85, 2),
            height=round(HEIGHT * count / most, 2),
            over=count > performance.TARGET_PER_HOUR,
        )
        for hour, count in enumerate(load.hours)
    )
    return Chart(
        bars, round(HEIGHT - HEIGHT * performance.TARGET_PER_HOUR / most, 2), max(load.hours)
    )


@router.get("/desks/{desk}/supervision")
async def supervision_page(request: Request, here: Supervising, over: str = "12h") -> Response:
    """All desks of the agency that this person supervises. Titles of alerts are shown, and that is
    kept in the audit."""
    state = request.app.state
    stretch = over
    if stretch not in STRETCHES:
        stretch = "12h"
    desks = [
        desk.desk
        for desk in state.desks.desks.values()
        if desk.agency == here.desk.agency and here.operator.may("supervise", desk)
    ]
    since, until = here.now - STRETCHES[stretch], here.now
    async with one_moment(state.pool) as connection:
        loads = await performance.desk_loads(connection, desks, since, until)
        waiting = await performance.waiting(connection, desks)
        prompt = await performance.promptness(connection, desks, since, until)
        rules = await performance.rule_loads(connection, desks, since, until)
        detail = {"desks": len(desks), "alerts": len(waiting)}
        await audit.write(
            connection, "supervision.viewed", here.actor, here.desk.agency, detail, here.now
        )
    return page(
        "supervision.html",
        here=here,
        desk=here.desk.desk,
        over=stretch,
        stretches=list(STRETCHES),
        figures=performance,
        loads=[(load, chart(load)) for load in loads],
        waiting=waiting,
        prompt=prompt,
        rules=rules,
        titles=rule_titles(),
        desk_names={desk: state.desks.name(desk) for desk in desks},
        width=WIDTH,
        height=HEIGHT,
        most=200,
    )
