"""Judging a sample of attachments blind: whom would you say it is? What the matcher had said is
told afterwards.

On the page stand the same candidates as for any decision, in an order that means nothing, with how
each field compares and without its weight. Who may judge: whoever may review
(`services.console.review`). The answer changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple, get_args

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import State

from services.console import metrics
from services.console.access.doors import Here, Reviewing
from services.console.access.refusal import Refused
from services.console.pages.addresses import number_of
from services.console.pages.identity.comparison import Comparison, compared
from services.console.pages.identity.review import Typed, areas_of, may_know_people
from services.console.view.desks import agency_names
from services.console.view.rendering import page
from services.console.view.text import TEXT
from services.ledger import audit
from services.ledger.decisions import blind_sample
from services.ledger.decisions.blind_sample import Answer, Sampled
from services.ledger.moment import one_moment
from services.orchestration.decisions.common import DecisionRefused
from services.runtime.postgres import Connection

router = APIRouter()


class _Outcome(NamedTuple):
    metric: str
    judged: str
    """As the page that follows says it."""


# By whether the matcher was right; None where it cannot be told.
_OUTCOMES: Mapping[bool | None, _Outcome] = {
    True: _Outcome("right", "agreed"),
    False: _Outcome("wrong", "disagreed"),
    None: _Outcome("not-known", "cannot-tell"),
}


async def _sampled(
    connection: Connection, state: State, here: Here, decision: str
) -> tuple[Sampled, Comparison]:
    """Raises Refused where there is nothing to judge (any more), the same for what is not there."""
    one_in, areas = state.settings.blind_sample_one_in, areas_of(state, here)
    number = number_of(decision, "unknown_decision")
    waiting = await blind_sample.waiting(
        connection, one_in, here.now, areas, here.desk.agency, decision=number
    )
    if not waiting:
        raise Refused(404, "unknown_decision")
    sampled = waiting[0]
    transaction = state.ledger.within(connection)
    comparison = await compared(transaction, state.settling.model, sampled.incident)
    if comparison is None or sampled.person_id not in _people(comparison):
        raise Refused(404, "unknown_decision")
    return sampled, comparison


def _people(comparison: Comparison) -> set[str]:
    return {candidate.person_id for candidate in comparison.candidates}


def _shuffled(comparison: Comparison, decision: int) -> list[int]:
    """Places of the candidates in an order that says nothing of their weight, the same each time
    the page is seen."""

    def by_lot(place: int) -> bytes:
        person = comparison.candidates[place].person_id
        return hashlib.sha256(f"{decision}|{person}".encode()).digest()

    return sorted(range(len(comparison.candidates)), key=by_lot)


@router.get("/desks/{desk}/sample/{decision}")
async def judge_page(request: Request, here: Reviewing, decision: str) -> Response:
    """The description beside those on file. Kept in the audit."""
    return await _shown(request, here, decision)


async def _shown(
    request: Request, here: Here, decision: str, wrong: str = "", status: int = 200
) -> Response:
    may_know_people(here)
    state = request.app.state
    async with one_moment(state.pool) as connection:
        sampled, comparison = await _sampled(connection, state, here, decision)
        order = _shuffled(comparison, sampled.decision)
        candidates = [comparison.candidates[place] for place in order]
        people = [candidate.person_id for candidate in candidates]
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
        said=comparison.described,
        wrong=wrong,
        audit=reference,
        candidates=candidates,
        agencies=agency_names(state.registry),
        lines=[(line.field, [line.cells[place] for place in order]) for line in comparison.lines],
    )


@router.post("/desks/{desk}/sample/{decision}")
async def judge(request: Request, here: Reviewing, decision: str, answer: Typed = "") -> Response:
    """Keep the answer (`nobody`, `cannot-tell` or a person's id), and tell what the matcher had
    said."""
    may_know_people(here)
    state = request.app.state
    kind: Answer = next((name for name in get_args(Answer) if name == answer), "person")
    try:
        async with state.pool.acquire() as connection, connection.transaction():
            sampled, comparison = await _sampled(connection, state, here, decision)
            if kind == "person" and answer not in _people(comparison):
                return await _shown(request, here, decision, TEXT["judge_choose"], 422)
            person = None
            if kind == "person":
                person = answer
            right = await blind_sample.judge(
                connection, sampled, kind, person, actor=here.actor, now=here.now
            )
    except DecisionRefused as refused:
        raise Refused(404, "unknown_decision") from refused
    outcome = _OUTCOMES[right]
    metrics.JUDGED.labels(outcome.metric).inc()
    address = f"/desks/{here.desk.desk}/review/{sampled.decision}?judged={outcome.judged}"
    return RedirectResponse(address, 303)
