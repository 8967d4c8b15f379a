"""Who is it? The queue of possible matches, and the decision of one: same, different, cannot tell,
undo.

A reviewer sees people on file, so that only a desk may review to which the matrix gives the name
always (`services.liaison.person_disclosure`); every view of a person is an audit record of the same
transaction.
"""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import State

from services.console.access.doors import Here, Reviewing
from services.console.access.refusal import Refused
from services.console.pages.addresses import number_of
from services.console.pages.identity.comparison import compared
from services.console.view.desks import agency_names
from services.console.view.rendering import page
from services.console.view.text import TEXT
from services.ledger import audit
from services.ledger.decisions import blind_sample, reviews
from services.ledger.decisions.identity_decisions import (
    DecidedIncident,
    current_decision,
    incident_decided,
)
from services.ledger.moment import one_moment
from services.liaison.disclosure.person import WHO
from services.liaison.disclosure.table import COLUMN_OF
from services.liaison.settlement import Key
from services.orchestration.decisions import reviews as deciding
from services.orchestration.decisions.common import DecisionRefused
from services.orchestration.ledger import ReviewVerdict
from services.runtime.postgres import Connection

router = APIRouter()
PAGE = 50
Typed = Annotated[str, Form(max_length=500)]


def may_know_people(here: Here) -> None:
    """Raises Refused for a desk to which people on file are not disclosed always."""
    column = COLUMN_OF.get(here.desk.role)  # type: ignore[call-overload]  # a role that nobody thought of is no key
    if WHO.get(column) != "always":
        raise Refused(403, "no_review_here")


def status_of(refused: DecisionRefused) -> int:
    """What a browser is told beside the sentence: mend the form, or somebody was first."""
    if refused.code == "reason-needed":
        return 422
    if refused.code == "unknown-incident":
        return 404
    return 409


def areas_of(state: State, here: Here) -> list[str] | None:
    """The areas that the desk serves; None: every one."""
    registered = state.registry.desks_by_id.get(here.desk.desk)
    if registered is None:
        return None
    agency, desk = registered
    return list(desk.areas or agency.areas) or None


@router.get("/desks/{desk}/review")
async def queue_page(request: Request, here: Reviewing, page_number: str = "1") -> Response:
    """The queue, the most urgent crises first. Nobody is named in it."""
    may_know_people(here)
    state = request.app.state
    # a page before the first is the first: an old bookmark is nobody's fault
    number = max(1, number_of(page_number, "not_found"))
    areas = areas_of(state, here)
    async with one_moment(state.pool) as connection:
        total = await reviews.waiting(connection, areas, here.desk.agency)
        rows = await reviews.queue(connection, PAGE, (number - 1) * PAGE, areas, here.desk.agency)
        one_in = state.settings.blind_sample_one_in
        sample = await blind_sample.waiting(connection, one_in, here.now, areas, here.desk.agency)
        detail = {"desk": here.desk.desk, "rows": len(rows)}
        await audit.write(connection, "review.listed", here.actor, here.desk.desk, detail, here.now)
    return page(
        "review.html",
        here=here,
        desk=here.desk.desk,
        rows=rows,
        total=total,
        number=number,
        sample=sample,
        shown=blind_sample.SHOWN,
        pages=max(1, -(-total // PAGE)),
        areas={area.id: area.name for area in state.registry.areas},
        agencies=agency_names(state.registry),
    )


async def incident_of(connection: Connection, state: State, here: Here, decision: int) -> Key:
    """The incident of a decision that this desk may look at. Raises Refused, the same for what is
    not there."""
    decided = await incident_decided(connection, decision)
    if decided is None or not _may_look_at(decided, areas_of(state, here), here.desk.agency):
        raise Refused(404, "unknown_decision")
    return decided.incident


def _may_look_at(decided: DecidedIncident, areas: list[str] | None, agency: str) -> bool:
    """A desk looks at crises that are or may be in its areas, at those in no known area, and at its agency's own
    incidents."""
    if areas is None or not decided.areas:
        return True
    return not set(areas).isdisjoint(decided.areas) or decided.incident[0] == agency


@router.get("/desks/{desk}/review/{decision}")
async def review_page(
    request: Request, here: Reviewing, decision: str, judged: str = ""
) -> Response:
    """Side by side, field by field. Kept in the audit. `judged`: after a blind judgement, what came
    of it."""
    # it comes out of the URL and is shown: only words of ours
    if judged not in {"agreed", "disagreed", "cannot-tell"}:
        judged = ""
    return await _shown(request, here, number_of(decision, "unknown_decision"), judged=judged)


async def _shown(
    request: Request,
    here: Here,
    decision: int,
    wrong: str = "",
    status: int = 200,
    judged: str = "",
) -> Response:
    may_know_people(here)
    state = request.app.state
    async with one_moment(state.pool) as connection:
        incident = await incident_of(connection, state, here, decision)
        comparison = await compared(state.ledger.within(connection), state.settling.model, incident)
        history = await reviews.history(connection, incident)
        current = await current_decision(connection, incident)
        people = []
        if comparison is not None:
            people = [candidate.person_id for candidate in comparison.candidates]
        detail = {"desk": here.desk.desk, "people": people}
        reference = await audit.write(
            connection, "review.viewed", here.actor, "/".join(incident), detail, here.now
        )
    return page(
        "review_one.html",
        status,
        here=here,
        desk=here.desk.desk,
        decision=decision,
        incident=incident,
        found=comparison,
        history=history,
        now=current,
        audit=reference,
        wrong=wrong,
        judged=judged,
        agencies=agency_names(state.registry),
    )


@router.post("/desks/{desk}/review/{decision}")
async def decide(
    request: Request,
    here: Reviewing,
    decision: str,
    verdict: Typed = "",
    person: Typed = "",
    reason: Typed = "",
) -> Response:
    """Keep what the reviewer has decided of one candidate, and look at the crisis again."""
    may_know_people(here)
    state, number = request.app.state, number_of(decision, "unknown_decision")
    judgement: ReviewVerdict | None = next(
        (name for name in get_args(ReviewVerdict) if name == verdict), None
    )
    if judgement is None:
        return await _shown(request, here, number, TEXT["verdict_wrong"], 422)
    try:
        async with state.pool.acquire() as connection, connection.transaction():
            incident = await incident_of(connection, state, here, number)
            await deciding.review(
                state.ledger.within(connection),
                state.settling,
                incident,
                person,
                judgement,
                actor=here.actor,
                reason=reason,
                now=here.now,
            )
    except DecisionRefused as refused:
        return await _shown(request, here, number, str(refused), status_of(refused))
    return RedirectResponse(f"/desks/{here.desk.desk}/review/{number}", 303)


@router.post("/desks/{desk}/review/{decision}/undo/{review}")
async def undo(
    request: Request, here: Reviewing, decision: str, review: str, reason: Typed = ""
) -> Response:
    """Take a review of this incident back: what the matcher says counts again."""
    may_know_people(here)
    state, number = request.app.state, number_of(decision, "unknown_decision")
    try:
        async with state.pool.acquire() as connection, connection.transaction():
            incident = await incident_of(connection, state, here, number)
            review_id = number_of(review, "unknown_decision")
            history = await reviews.history(connection, incident)
            # the number comes out of the URL: only a review of this very incident may
            # be undone from here
            if review_id not in {entry.review_id for entry in history}:
                raise Refused(404, "unknown_decision")
            await deciding.undo(
                state.ledger.within(connection),
                state.settling,
                review_id,
                actor=here.actor,
                reason=reason,
                now=here.now,
            )
    except DecisionRefused as refused:
        return await _shown(request, here, number, str(refused), status_of(refused))
    return RedirectResponse(f"/desks/{here.desk.desk}/review/{number}", 303)
