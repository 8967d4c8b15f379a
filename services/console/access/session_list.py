"""Where a person is signed in, and ending it from elsewhere: a screen that was left open."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from services.console.access.doors import SignedIn
from services.console.access.refusal import Refused
from services.console.access.sessions import IDLE
from services.console.view.rendering import page
from services.ledger.operators.sessions import end_session, open_sessions

router = APIRouter()


@router.get("/sessions")
async def list_sessions(request: Request, operator: SignedIn) -> Response:
    """The person's open sessions, this one named as such."""
    state = request.app.state
    async with state.pool.acquire() as connection:
        own_sessions = await open_sessions(
            connection, operator.operator_id, state.clock.now(), IDLE
        )
    return page("sessions.html", operator=operator, sessions=own_sessions)


@router.post("/sessions/end")
async def end(
    request: Request, operator: SignedIn, session: Annotated[str, Form()] = ""
) -> Response:
    """End one of them. Another person's is unknown here."""
    state = request.app.state
    try:
        digest = bytes.fromhex(session)
    except ValueError as error:
        raise Refused(404, "no_such_session") from error
    async with state.pool.acquire() as connection, connection.transaction():
        ended = await end_session(
            connection,
            digest,
            "ended by its person",
            state.clock.now(),
            operator_id=operator.operator_id,
            actor=operator.handle,
        )
    if not ended:
        raise Refused(404, "no_such_session")
    return RedirectResponse("/sessions", 303)
