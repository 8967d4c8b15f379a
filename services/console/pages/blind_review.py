"""Judging a sample of attachments blind: whom would you say it is? What the matcher had said is told afterwards.

On the page stand the same candidates as for any decision, in an order that means nothing, with how each field compares and
without its weight. Who may judge: whoever may review (`services.console.review`). The answer changes nothing.
"""

from __future__ import annotations

import hashlib
from typing import get_args

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import State

from services.console import metrics
from services.console.access.doors import Here, Reviewing
from services.console.access.refusal import Refused
from services.console.pages.comparison import Comparison, compared
from services.console.pages.review import Typed, areas_of, may_know_people, number_of
from services.console.view.rendering import page
from services.console.view.text import TEXT
from services.ledger import audit
from services.ledger.decisions import blind_sample
from services.ledger.decisions.blind_sample import Answer, Sampled
from services.orchestration.decisions.common import DecisionRefused
from services.runtime.postgres import Connection

router = APIRouter()


async def _sampled(
    connection: Connection, state: State, here: Here, decision: str
) -> tuple[Sampled, Comparison]:
    """Raises Refused where there is nothing to judge (any more), the same for what is not there."""
    one_in, areas = state.settings.blind_sample_one_in, areas_of(state, here)
    number = number_of(decision, "unknown_decision")
    found = await blind_sample.waiting(
        connection, one_in, here.now, areas, here.desk.agency, decision=number
    )
    transaction = state.ledger.within(connection)
    seen = await compared(transaction, state.settling.model, found[0].incident) if found else None
    if seen is None or found[0].person_id not in {c.person_id for c in seen.candidates}:
        raise Refused(404, "unknown_decision")
    return found[0], seen


def _shuffled(seen: Comparison, decision: int) -> list[int]:
    """Places of the candidates in an order that says nothing of their weight, the same each time the page is seen."""

    def by_lot(place: int) -> bytes:
        return hashlib.sha256(f"{decision}|{seen.candidates[place].person_id}".encode()).digest()

    return sorted(range(len(seen.candidates)), key=by_lot)


@router.get("/desks/{desk}/sample/{decision}")
async def judge_page(request: Request, here: Reviewing, decision: str) -> Response:
    """The description beside those on file. Kept in the audit."""
    return await _shown(request, here, decision)


async def _shown(
    request: Request, here: Here, decision: str, wrong: str = "", status: int = 200
) -> Response:
    may_know_people(here)
    state = request.app.state
    async with (
        state.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read"),
    ):
        sampled, seen = await _sampled(connection, state, here, decision)
        order = _shuffled(seen, sampled.decision)
        people = [seen.candidates[n].person_id for n in order]
        detail = {"desk": here.desk.desk, "people": people}
        subject = "/".join(sampled.incident)
        reference = await audit.write(
            connection, "sample.viewed", here.actor, subject, detail, here.now
        )
    return page(
        "judge.html",
        status,
        here=here,
        desk=here.desk.desk,
        sampled=sampled,
        said=seen.said,
        wrong=wrong,
        audit=reference,
        candidates=[seen.candidates[n] for n in order],
        agencies={a.id: a.name for a in state.registry.agencies},
        lines=[(line.field, [line.cells[n] for n in order]) for line in seen.lines],
    )


@router.post("/desks/{desk}/sample/{decision}")
async def judge(request: Request, here: Reviewing, decision: str, answer: Typed = "") -> Response:
    """Keep the answer (`nobody`, `cannot-tell` or a person's id), and tell what the matcher had said."""
    may_know_people(here)
    state = request.app.state
    kind: Answer = next((a for a in get_args(Answer) if a == answer), "person")
    try:
        async with state.pool.acquire() as connection, connection.transaction():
            sampled, seen = await _sampled(connection, state, here, decision)
            if kind == "person" and answer not in {c.person_id for c in seen.candidates}:
                return await _shown(request, here, decision, TEXT["judge_choose"], 422)
            chosen = answer if kind == "person" else None
            right = await blind_sample.judge(
                connection, sampled, kind, chosen, actor=here.actor, now=here.now
            )
    except DecisionRefused as refused:
        raise Refused(404, "unknown_decision") from refused
    metrics.JUDGED.labels("not-known" if right is None else "right" if right else "wrong").inc()
    told = "cannot-tell" if right is None else "agreed" if right else "disagreed"
    return RedirectResponse(f"/desks/{here.desk.desk}/review/{sampled.decision}?judged={told}", 303)
