"""Break-glass, and the privacy officer's queue of it with the audit of who looked at what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.console.access.break_glass import (
    LASTS,
    LEAST_REASON,
    close_look,
    judge_look,
    open_look,
)
from services.console.access.doors import Breaking, Guarding
from services.console.metrics import BREAK_GLASS
from services.console.pages.addresses import id_of, number_of, whole_number
from services.console.view.desks import agency_names
from services.console.view.rendering import page
from services.console.view.text import TEXT
from services.ledger import audit
from services.ledger.operators.break_glass import FINDINGS, Finding, looks_of_agency
from services.ledger.operators.views import views_of

router = APIRouter()
Typed = Annotated[str, Form(max_length=500)]
AUDIT_PAGE = 100


@router.get("/desks/{desk}/break-glass")
async def glass_page(
    request: Request, here: Breaking, incident_agency: str = "", incident: str = ""
) -> Response:
    """The form: which incident, and why."""
    return _form(request, here, incident_agency[:60], incident[:60])


def _form(
    request: Request,
    here: Breaking,
    incident_agency: str,
    incident: str,
    reason: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    agencies = [
        (agency.id, agency.name)
        for agency in request.app.state.registry.agencies
        if agency.kind != "operations"
    ]
    return page(
        "break_glass.html",
        status,
        here=here,
        desk=here.desk.desk,
        agencies=agencies,
        incident_agency=incident_agency,
        incident=incident,
        reason=reason,
        wrong=wrong,
        minutes=int(LASTS.total_seconds() // 60),
    )


@router.post("/desks/{desk}/break-glass")
async def break_glass(
    request: Request,
    here: Breaking,
    incident_agency: Typed = "",
    incident: Typed = "",
    reason: Typed = "",
) -> Response:
    """Open the crisis of the incident for a while. What was tried is kept, also where there is no
    such incident."""
    tidy, why = incident.strip(), reason.strip()
    if len(why) < LEAST_REASON:
        return _form(request, here, incident_agency, tidy, why, TEXT["glass_reason_wrong"], 422)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        crisis = await open_look(connection, here, incident_agency, tidy, why)
    if crisis is None:
        return _form(request, here, incident_agency, tidy, why, TEXT["glass_not_found"], 404)
    BREAK_GLASS.labels(here.desk.agency).inc()
    return RedirectResponse(f"/desks/{here.desk.desk}/crises/{crisis}", 303)


@router.post("/desks/{desk}/crises/{crisis}/end-look")
async def end_look(request: Request, here: Breaking, crisis: str) -> Response:
    """The look is over before its time."""
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await close_look(connection, here, id_of(crisis, "unknown_crisis"))
    return RedirectResponse(f"/desks/{here.desk.desk}", 303)


@router.get("/agencies/{agency}/privacy")
async def privacy_page(
    request: Request,
    at: Guarding,
    handle: Annotated[str, Query(alias="who")] = "",
    about: str = "",
    action: str = "",
    before: str = "",
) -> Response:
    """Looks to review, and the audit of the agency's people. Looking here is kept in the audit
    itself."""
    return await _privacy(
        request, at, handle.strip()[:60], about.strip()[:120], action.strip()[:40], before
    )


async def _privacy(
    request: Request,
    at: Guarding,
    handle: str = "",
    about: str = "",
    action: str = "",
    before: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    state = request.app.state
    desks = state.desks.of_agency(at.agency)
    below = whole_number(before)
    async with state.pool.acquire() as connection, connection.transaction():
        looks = await looks_of_agency(connection, at.agency)
        views = await views_of(
            connection,
            desks,
            handle=handle,
            about=about,
            action=action,
            before=below,
            limit=AUDIT_PAGE + 1,
        )
        detail = {
            "who": bool(handle),
            "about": bool(about),
            "action": action,
            "lines": min(len(views), AUDIT_PAGE),
        }
        await audit.write(connection, "audit.viewed", at.operator.handle, at.agency, detail, at.now)
    return page(
        "privacy.html",
        status,
        operator=at.operator,
        at=at,
        looks=looks,
        findings=FINDINGS,
        lines=views[:AUDIT_PAGE],
        more=views[AUDIT_PAGE - 1].audit_id if len(views) > AUDIT_PAGE else None,
        who=handle,
        about=about,
        action=action,
        wrong=wrong,
        desk_names={desk: state.desks.name(desk) for desk in desks},
        agencies=agency_names(state.registry),
    )


@router.post("/agencies/{agency}/privacy/{number}")
async def review_look(
    request: Request, at: Guarding, number: str, finding: Typed = "", note: Typed = ""
) -> Response:
    """What the privacy officer found of a look. Nobody reviews their own."""
    look = number_of(number, "not_found")
    judgement: Finding | None = next((name for name in FINDINGS if name == finding), None)
    if judgement is None or not note.strip():
        return await _privacy(request, at, wrong=TEXT["glass_finding_wrong"], status=422)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        done = await judge_look(
            connection, at.operator, at.agency, look, judgement, note.strip(), at.now
        )
    if not done:
        return await _privacy(request, at, wrong=TEXT["glass_not_reviewed"], status=409)
    return RedirectResponse(f"/agencies/{at.agency}/privacy", 303)
