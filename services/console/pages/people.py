"""The records behind one person on file: join, take out, undo, each with its consequences shown
before it is done."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from services.console.access.doors import Here, Reviewing
from services.console.access.refusal import Refused
from services.console.pages.addresses import id_of, number_of
from services.console.pages.identity.review import may_know_people, status_of
from services.console.view.desks import agency_names
from services.console.view.rendering import page
from services.console.view.text import rule_titles
from services.ledger import audit
from services.ledger.decisions import record_links
from services.ledger.moment import one_moment
from services.ledger.transaction import PostgresTransaction
from services.liaison.settlement import Key
from services.orchestration.decisions import record_links as deciding
from services.orchestration.decisions.common import Act, AlertMoved, DecisionRefused, preview
from services.orchestration.decisions.record_links import Consequences

router = APIRouter()
Typed = Annotated[str, Form(max_length=500)]
Sure = Annotated[str, Form(max_length=3)]


@router.get("/desks/{desk}/people/{person}")
async def person_page(request: Request, here: Reviewing, person: str) -> Response:
    """The records of a person and what was decided of them. Kept in the audit."""
    return await _shown(request, here, person)


async def _shown(
    request: Request,
    here: Here,
    person: str,
    wrong: str = "",
    status: int = 200,
    act: str = "",
    consequences: Consequences | None = None,
    reason: str = "",
    other: str = "",
) -> Response:
    may_know_people(here)
    state, identity = request.app.state, person_of(person)
    moved = _alerts_of(consequences)
    async with one_moment(state.pool) as connection:
        records = await record_links.records_of_person(connection, state.ledger.decoded, identity)
        if not records:
            raise Refused(404, "unknown_person")
        history = await record_links.history(connection, [record.key for record in records])
        detail = {"desk": here.desk.desk, "records": len(records)}
        reference = await audit.write(
            connection, "person.viewed", here.actor, identity, detail, here.now
        )
    return page(
        "person.html",
        status,
        here=here,
        desk=here.desk.desk,
        person=identity,
        records=records,
        history=history,
        audit=reference,
        wrong=wrong,
        act=act,
        seen=consequences,
        reason=reason,
        other=other,
        agencies=agency_names(state.registry),
        titles=rule_titles(),
        desk_names={desk: state.desks.name(desk) for alert in moved for desk in alert.desks},
    )


def _alerts_of(consequences: Consequences | None) -> tuple[AlertMoved, ...]:
    if consequences is None:
        return ()
    return consequences.alerts


def person_of(text: str) -> str:
    """Raises Refused for what is no id."""
    return str(id_of(text, "unknown_person"))


@router.post("/desks/{desk}/people/{person}/join")
async def join(
    request: Request,
    here: Reviewing,
    person: str,
    other: Typed = "",
    reason: Typed = "",
    sure: Sure = "",
) -> Response:
    """This person and another are one, who keeps this one's id. Without `sure` only what it would
    change is shown."""
    may_know_people(here)
    state = request.app.state

    async def act(transaction: PostgresTransaction) -> Consequences:
        stays = await _first(transaction, person_of(person))
        joins = await _first(transaction, person_of(other))
        return await deciding.join(
            transaction, state.settling, stays, joins, actor=here.actor, reason=reason, now=here.now
        )

    return await _done(request, here, person, act, "join", sure, reason, other)


@router.post("/desks/{desk}/people/{person}/take-out/{number}")
async def take_out(
    request: Request, here: Reviewing, person: str, number: str, reason: Typed = "", sure: Sure = ""
) -> Response:
    """The record of that number on the page is not this person's. Without `sure` only what it would
    change is shown."""
    may_know_people(here)
    state, place = request.app.state, number_of(number, "unknown_person")

    async def act(transaction: PostgresTransaction) -> Consequences:
        records = await record_links.records_of_person(
            transaction.connection, transaction.decoded, person_of(person)
        )
        if not 1 <= place <= len(records):
            raise Refused(404, "unknown_person")
        return await deciding.take_out(
            transaction,
            state.settling,
            records[place - 1].key,
            actor=here.actor,
            reason=reason,
            now=here.now,
        )

    return await _done(request, here, person, act, f"take-out/{place}", sure, reason)


@router.post("/desks/{desk}/people/{person}/undo/{link}")
async def undo(
    request: Request, here: Reviewing, person: str, link: str, reason: Typed = "", sure: Sure = ""
) -> Response:
    """A decision about one of this person's records is taken back. Without `sure` only what it
    would change is shown."""
    may_know_people(here)
    state, link_id = request.app.state, number_of(link, "unknown_person")

    async def act(transaction: PostgresTransaction) -> Consequences:
        connection = transaction.connection
        records = await record_links.records_of_person(
            connection, transaction.decoded, person_of(person)
        )
        history = await record_links.history(connection, [record.key for record in records])
        if link_id not in {entry.link_id for entry in history}:
            raise Refused(404, "unknown_person")
        return await deciding.undo(
            transaction, state.settling, link_id, actor=here.actor, reason=reason, now=here.now
        )

    return await _done(request, here, person, act, f"undo/{link_id}", sure, reason)


async def _first(transaction: PostgresTransaction, person: str) -> Key:
    records = await record_links.records_of_person(
        transaction.connection, transaction.decoded, person
    )
    if not records:
        raise Refused(404, "unknown_person")
    return records[0].key


async def _done(
    request: Request,
    here: Here,
    person: str,
    act: Act[PostgresTransaction, Consequences],
    name: str,
    sure: str,
    reason: str,
    other: str = "",
) -> Response:
    state = request.app.state
    answer = partial(_shown, request, here, person)
    try:
        async with state.ledger.transaction() as transaction:
            if sure != "yes":
                consequences = await preview(transaction, act)
            else:
                await act(transaction)
    except DecisionRefused as refused:
        return await answer(wrong=str(refused), status=status_of(refused))
    if sure != "yes":
        return await answer(act=name, consequences=consequences, reason=reason, other=other)
    return RedirectResponse(f"/desks/{here.desk.desk}/people/{person}", 303)
