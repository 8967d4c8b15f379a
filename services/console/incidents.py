"""Which incidents are one crisis: take one out, or join another, each with its consequences shown before it is done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import State

from services.console import sessions
from services.console.doors import Here, Reviewing
from services.console.episode import admitted, disclosed_to, episode_id_of
from services.console.refusal import Refused
from services.console.rendering import page
from services.ledger import incidents
from services.ledger.decisions import Act, DecisionRefused, preview
from services.ledger.incidents import Regrouped
from services.liaison.rules import RULES
from services.liaison.settle import Key
from services.runtime.postgres import Connection

router = APIRouter()
Typed = Annotated[str, Form(max_length=500)]
Sure = Annotated[str, Form(max_length=3)]


@router.get("/desks/{desk}/episodes/{episode}/incidents")
async def incidents_page(request: Request, here: Reviewing, episode: str) -> Response:
    """The incidents of the crisis that this desk may see. Kept in the audit."""
    return await _shown(request, here, episode)


async def _seen(connection: Connection, here: Here, episode: str) -> list[Key]:
    """Incidents of the crisis that were disclosed to the desk, or are its agency's own. Raises Refused."""
    wanted = episode_id_of(episode)
    alerts, behind = await admitted(connection, here, wanted)
    told = "incidents" in await disclosed_to(connection, here, alerts, behind)
    rows = await connection.fetch(
        "SELECT agency, reference FROM incident WHERE episode_id = $1 ORDER BY opened_at, agency, reference", wanted
    )
    return [(r["agency"], r["reference"]) for r in rows if told or r["agency"] == here.desk.agency]


async def _shown(
    request: Request, here: Here, episode: str, wrong: str = "", status: int = 200, act: str = "",
    seen: Regrouped | None = None, fields: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    state = request.app.state
    async with state.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        listed = await _seen(connection, here, episode)
        detail = {"desk": here.desk.desk, "incidents": len(listed)}
        audit = await sessions.audit(connection, "incidents.viewed", here.actor, episode, detail, here.now)
    return page(
        "incidents.html", status, here=here, desk=here.desk.desk, episode=episode, incidents=listed, audit=audit, wrong=wrong,
        act=act, seen=seen, fields=fields or {}, agencies={a.id: a.name for a in state.registry.agencies},
        titles={i: r.title for i, r in RULES.items()},
        desk_names={d: state.desks.name(d) for a in (seen.alerts if seen else ()) for d in a.desks},
    )  # fmt: skip


@router.post("/desks/{desk}/episodes/{episode}/incidents/take-out")
async def take_out(
    request: Request, here: Reviewing, episode: str, agency: Typed = "", reference: Typed = "", reason: Typed = "",
    sure: Sure = "",
) -> Response:  # fmt: skip
    """The incident is none of this crisis. Without `sure` only what it would change is shown."""
    state, incident = request.app.state, (agency.strip(), reference.strip())

    async def act(connection: Connection) -> Regrouped:
        if incident not in await _seen(connection, here, episode):
            raise DecisionRefused("unknown-incident", "It is not among the incidents of this crisis any more.")
        return await incidents.take_out(
            connection, state.settling, incident, actor=here.actor, reason=reason, now=here.now
        )

    fields = {"agency": agency, "reference": reference, "reason": reason}
    return await _done(request, here, episode, act, "take-out", sure, fields)


@router.post("/desks/{desk}/episodes/{episode}/incidents/join")
async def join(
    request: Request, here: Reviewing, episode: str, agency: Typed = "", reference: Typed = "", reason: Typed = "",
    sure: Sure = "",
) -> Response:  # fmt: skip
    """Another incident is of this crisis too. Without `sure` only what it would change is shown."""
    state, other = request.app.state, (agency.strip(), reference.strip())

    async def act(connection: Connection) -> Regrouped:
        mine = await _seen(connection, here, episode)
        if not mine or not await _known(connection, here, other):
            raise DecisionRefused(
                "unknown-incident", "There is no such incident that this desk may see; look at the reference again."
            )
        return await incidents.join(
            connection, state.settling, mine[0], other, actor=here.actor, reason=reason, now=here.now
        )

    fields = {"agency": agency, "reference": reference, "reason": reason}
    return await _done(request, here, episode, act, "join", sure, fields)


async def _known(connection: Connection, here: Here, incident: Key) -> bool:
    """Whether the desk may know of it: its agency's own, or of a crisis that it sees."""
    episode = await connection.fetchval(
        "SELECT episode_id FROM incident WHERE (agency, reference) = ($1, $2)", *incident
    )
    if episode is None or incident[0] == here.desk.agency:
        return episode is not None
    try:
        return incident in await _seen(connection, here, str(episode))
    except Refused:
        return False


async def _done(
    request: Request, here: Here, episode: str, act: Act[Regrouped], name: str, sure: str, fields: dict[str, str]
) -> Response:
    state: State = request.app.state
    try:
        async with state.pool.acquire() as connection, connection.transaction():
            found = await (act(connection) if sure == "yes" else preview(connection, act))
    except DecisionRefused as refused:
        status = 422 if refused.code == "reason-needed" else 404 if refused.code == "unknown-incident" else 409
        return await _shown(request, here, episode, wrong=str(refused), status=status, fields=fields)
    if sure != "yes":
        return await _shown(request, here, episode, act=name, seen=found, fields=fields)
    return RedirectResponse(f"/desks/{here.desk.desk}/episodes/{await _where(state, here, episode, found)}", 303)


async def _where(state: State, here: Here, episode: str, found: Regrouped) -> str:
    """The crisis to go on with: this one, or where it is gone the one that took it in."""
    async with state.pool.acquire() as connection:
        try:
            await admitted(connection, here, episode_id_of(episode))
            return episode
        except Refused:
            other: str | None = await connection.fetchval(
                "SELECT episode_id::text FROM incident WHERE (agency, reference) = ($1, $2)", *found.together[0]
            )
            return other or episode
