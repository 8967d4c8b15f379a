"""Which incidents are one crisis: take one out, or join another, each with its consequences shown
before it is done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import State

from services.console.access.doors import Here, Reviewing
from services.console.access.refusal import Refused
from services.console.pages.addresses import id_of
from services.console.pages.crisis import admitted, disclosed_to
from services.console.pages.identity.review import status_of
from services.console.view.desks import agency_names
from services.console.view.rendering import page
from services.console.view.text import rule_titles
from services.ledger import audit
from services.ledger.crises.chronology import crisis_of_incident, incidents_of_crisis
from services.ledger.moment import one_moment
from services.ledger.transaction import PostgresTransaction
from services.liaison.crisis.division import incident_of
from services.liaison.settlement import Key
from services.orchestration.decisions import regrouping
from services.orchestration.decisions.common import Act, AlertMoved, DecisionRefused, preview
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
    """Incidents of the crisis that were disclosed to the desk, or are its agency's own. Raises
    Refused."""
    crisis_id = id_of(crisis, "unknown_crisis")
    alerts, look = await admitted(connection, here, crisis_id)
    disclosed = "incidents" in await disclosed_to(connection, here, alerts, look)
    incidents = await incidents_of_crisis(connection, crisis_id)
    return [key for key in incidents if disclosed or key[0] == here.desk.agency]


async def _shown(
    request: Request,
    here: Here,
    crisis: str,
    wrong: str = "",
    status: int = 200,
    act: str = "",
    consequences: Regrouped | None = None,
    fields: dict[str, str] | None = None,
) -> Response:
    state = request.app.state
    moved: tuple[AlertMoved, ...] = ()
    if consequences:
        moved = consequences.alerts
    async with one_moment(state.pool) as connection:
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
        seen=consequences,
        fields=fields or {},
        agencies=agency_names(state.registry),
        titles=rule_titles(),
        desk_names={desk: state.desks.name(desk) for alert in moved for desk in alert.desks},
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
        incidents = await _seen(transaction.connection, here, crisis)
        if not incidents or not await _known(transaction.connection, here, other):
            raise DecisionRefused(
                "unknown-incident",
                "There is no such incident that this desk may see; look at the reference again.",
            )
        return await regrouping.join(
            transaction,
            state.settling,
            incidents[0],
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
            if sure == "yes":
                regrouped = await act(transaction)
            else:
                regrouped = await preview(transaction, act)
    except DecisionRefused as refused:
        status = status_of(refused)
        return await _shown(request, here, crisis, wrong=str(refused), status=status, fields=fields)
    if sure != "yes":
        return await _shown(request, here, crisis, act=name, consequences=regrouped, fields=fields)
    next_crisis = await _where(state, here, crisis, regrouped)
    return RedirectResponse(f"/desks/{here.desk.desk}/crises/{next_crisis}", 303)


async def _where(state: State, here: Here, crisis: str, regrouped: Regrouped) -> str:
    """The crisis to go on with: this one, or where it is gone the one that took it in."""
    async with state.pool.acquire() as connection:
        try:
            await admitted(connection, here, id_of(crisis, "unknown_crisis"))
            return crisis
        except Refused:
            other = await crisis_of_incident(connection, incident_of(regrouped.together[0]))
            return str(other or crisis)
