"""Which incidents are one crisis: take one out, or join another, each with its consequences shown before it is done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import State

from services.console.access.doors import Here, Reviewing
from services.console.access.refusal import Refused
from services.console.pages.crisis import admitted, crisis_id_of, disclosed_to
from services.console.view.rendering import page
from services.ledger import audit
from services.ledger.crises.chronology import crisis_of_incident, incidents_of_crisis
from services.ledger.transaction import PostgresTransaction
from services.liaison.rules import RULES
from services.liaison.settlement import Key
from services.orchestration.decisions import regrouping
from services.orchestration.decisions.common import Act, DecisionRefused, preview
from services.orchestration.decisions.regrouping import Regrouped
from services.runtime.postgres import Connection

router = APIRouter()
Typed = Annotated[str, Form(max_length=500)]
Sure = Annotated[str, Form(max_length=3)]


@router.get("/desks/{desk}/crises/{crisis}/incidents")
async def incidents_page(request: Request, here: Reviewing, crisis: str) -> Response:
    """The incidents of the crisis that this desk may see. Kept in the audit."""
    return await _shown(request, here, crisis)


async def _seen(connection: Connection, here: Here, crisis: str) -> list[Key]:
    """Incidents of the crisis that were disclosed to the desk, or are its agency's own. Raises Refused."""
    wanted = crisis_id_of(crisis)
    alerts, behind = await admitted(connection, here, wanted)
    told = "incidents" in await disclosed_to(connection, here, alerts, behind)
    incidents = await incidents_of_crisis(connection, wanted)
    return [key for key in incidents if told or key[0] == here.desk.agency]


async def _shown(
    request: Request,
    here: Here,
    crisis: str,
    wrong: str = "",
    status: int = 200,
    act: str = "",
    seen: Regrouped | None = None,
    fields: dict[str, str] | None = None,
) -> Response:
    state = request.app.state
    async with (
        state.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read"),
    ):
        listed = await _seen(connection, here, crisis)
        detail = {"desk": here.desk.desk, "incidents": len(listed)}
        reference = await audit.write(
            connection, "incidents.viewed", here.actor, crisis, detail, here.now
        )
    return page(
        "incidents.html",
        status,
        here=here,
        desk=here.desk.desk,
        crisis=crisis,
        incidents=listed,
        audit=reference,
        wrong=wrong,
        act=act,
        seen=seen,
        fields=fields or {},
        agencies={a.id: a.name for a in state.registry.agencies},
        titles={i: r.title for i, r in RULES.items()},
        desk_names={d: state.desks.name(d) for a in (seen.alerts if seen else ()) for d in a.desks},
    )


@router.post("/desks/{desk}/crises/{crisis}/incidents/take-out")
async def take_out(
    request: Request,
    here: Reviewing,
    crisis: str,
    agency: Typed = "",
    reference: Typed = "",
    reason: Typed = "",
    sure: Sure = "",
) -> Response:
    """The incident is none of this crisis. Without `sure` only what it would change is shown."""
    state, incident = request.app.state, (agency.strip(), reference.strip())

    async def act(transaction: PostgresTransaction) -> Regrouped:
        if incident not in await _seen(transaction.connection, here, crisis):
            raise DecisionRefused(
                "unknown-incident", "It is not among the incidents of this crisis any more."
            )
        return await regrouping.take_out(
            transaction, state.settling, incident, actor=here.actor, reason=reason, now=here.now
        )

    fields = {"agency": agency, "reference": reference, "reason": reason}
    return await _done(request, here, crisis, act, "take-out", sure, fields)


@router.post("/desks/{desk}/crises/{crisis}/incidents/join")
async def join(
    request: Request,
    here: Reviewing,
    crisis: str,
    agency: Typed = "",
    reference: Typed = "",
    reason: Typed = "",
    sure: Sure = "",
) -> Response:
    """Another incident is of this crisis too. Without `sure` only what it would change is shown."""
    state, other = request.app.state, (agency.strip(), reference.strip())

    async def act(transaction: PostgresTransaction) -> Regrouped:
        mine = await _seen(transaction.connection, here, crisis)
        if not mine or not await _known(transaction.connection, here, other):
            raise DecisionRefused(
                "unknown-incident",
                "There is no such incident that this desk may see; look at the reference again.",
            )
        return await regrouping.join(
            transaction,
            state.settling,
            mine[0],
            other,
            actor=here.actor,
            reason=reason,
            now=here.now,
        )

    fields = {"agency": agency, "reference": reference, "reason": reason}
    return await _done(request, here, crisis, act, "join", sure, fields)


async def _known(connection: Connection, here: Here, incident: Key) -> bool:
    """Whether the desk may know of it: its agency's own, or of a crisis that it sees."""
    crisis = await crisis_of_incident(connection, incident)
    if crisis is None or incident[0] == here.desk.agency:
        return crisis is not None
    try:
        return incident in await _seen(connection, here, str(crisis))
    except Refused:
        return False


async def _done(
    request: Request,
    here: Here,
    crisis: str,
    act: Act[PostgresTransaction, Regrouped],
    name: str,
    sure: str,
    fields: dict[str, str],
) -> Response:
    state: State = request.app.state
    try:
        async with state.ledger.transaction() as transaction:
            found = await (act(transaction) if sure == "yes" else preview(transaction, act))
    except DecisionRefused as refused:
        status = (
            422
            if refused.code == "reason-needed"
            else 404
            if refused.code == "unknown-incident"
            else 409
        )
        return await _shown(request, here, crisis, wrong=str(refused), status=status, fields=fields)
    if sure != "yes":
        return await _shown(request, here, crisis, act=name, seen=found, fields=fields)
    return RedirectResponse(
        f"/desks/{here.desk.desk}/crises/{await _where(state, here, crisis, found)}", 303
    )


async def _where(state: State, here: Here, crisis: str, found: Regrouped) -> str:
    """The crisis to go on with: this one, or where it is gone the one that took it in."""
    async with state.pool.acquire() as connection:
        try:
            await admitted(connection, here, crisis_id_of(crisis))
            return crisis
        except Refused:
            other = await crisis_of_incident(connection, found.together[0])
            return crisis if other is None else str(other)
