"""The view for the wall of a control room: how much waits at each desk of the agency, how urgent it
is and how long, and which feeds are silent. It names no person, no place and no incident, so that
whoever passes may read it; it goes on while the screen is locked."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.access.doors import Counting
from services.console.view.rendering import page
from services.ledger.alerts.wall import waiting_by_desk
from services.ledger.feeds import feeds_in_trouble
from services.ledger.moment import one_moment

router = APIRouter()


@router.get("/desks/{desk}/wall")
async def wall_page(request: Request, here: Counting) -> Response:
    """The agency's desks that this person may see, the worst first."""
    state = request.app.state
    desks = [
        place.desk
        for place in state.desks.desks.values()
        if place.agency == here.desk.agency and here.operator.may("see", place)
    ]
    async with one_moment(state.pool) as connection:
        waiting = await waiting_by_desk(connection, desks)
        troubles = await feeds_in_trouble(connection)
    return page(
        "wall.html",
        here=here,
        waiting=waiting,
        names={desk: state.desks.desks[desk].name for desk in desks},
        troubles=[
            (state.desks.feeds.get(trouble.feed, trouble.feed), trouble) for trouble in troubles
        ],
        now=here.now,
    )
