"""What people at a desk do with alerts: plain forms, which the script sends without leaving the
page.

Every command goes through services.ledger.commands: of two people at once one wins, the other is
told who and when.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, cast

from fastapi import APIRouter, Form, Header, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.console.access.doors import Answering
from services.console.access.refusal import Refused
from services.console.live.desk_alerts import alerts_of
from services.console.pages.addresses import id_of
from services.console.view.alert import clock_seconds
from services.console.view.rendering import page, trouble
from services.console.view.text import TEXT
from services.ledger import audit
from services.ledger.alerts.feedback import keep_feedback
from services.ledger.alerts.metrics import COUNTS
from services.liaison.alert import (
    Accept,
    Acknowledge,
    Claim,
    Command,
    CommandRefused,
    Decline,
    HandOver,
    Note,
    NotOurs,
    Shelve,
    TakeOver,
    UnknownAlert,
    Unshelve,
)
from services.liaison.alert.commands import DeclineReason
from services.liaison.alert.refusals import First
from services.orchestration.decisions import alert_commands as commands
from services.runtime.metrics import ACKNOWLEDGE_SECONDS, CONSOLE_ACKNOWLEDGED

router = APIRouter()
# Alerts of one crisis that one form may answer.
ANSWERED_MAX = 100
Typed = Annotated[str, Form(max_length=600)]


def _at_desk(handle: str, desk: str) -> str:
    """The person as the record names them at the desk; empty where nobody is named."""
    if handle.strip():
        return f"{handle.strip()}@{desk}"
    return ""


class Badly(CommandRefused):
    """What was typed is no command."""

    code = "badly"


def command_of(name: str, reason: str, note: str, minutes: str, to: str, desk: str) -> Command:
    """The command that a form means. Raises CommandRefused, or Refused for a name that is none."""
    remark = note.strip() or None
    match name:
        case "acknowledge":
            return Acknowledge()
        case "claim":
            return Claim()
        case "take-over":
            return TakeOver(reason)
        case "accept":
            return Accept(remark)
        case "decline":
            return Decline(cast("DeclineReason", reason), remark)
        case "not-ours":
            return NotOurs(reason)
        case "shelve":
            return Shelve(_minutes(minutes), reason)
        case "unshelve":
            return Unshelve()
        case "note":
            return Note(note)
        case "hand-over":
            return HandOver(_at_desk(to, desk), remark)
    raise Refused(404, "not_found")


def _minutes(text: str) -> timedelta:
    # other scripts have digits too, and a number of a million digits would stop the clock
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise Badly(TEXT["minutes_wrong"])
    return timedelta(minutes=int(text))


@router.post("/desks/{desk}/alerts/{alert}/{command}")
async def answer(
    request: Request,
    here: Answering,
    alert: str,
    command: str,
    reason: Typed = "",
    note: Typed = "",
    minutes: Typed = "",
    to: Typed = "",
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Do it for the desk, or say in one sentence why it was not done (409)."""
    state, desk = request.app.state, here.desk.desk
    # no command: it changes nothing about the alert, only what is known of the rule
    if command == "feedback":
        return await _feedback(request, here, alert, reason, accept)
    try:
        value = command_of(command, reason, note, minutes, to, desk)
        async with state.ledger.transaction() as transaction:
            done = await commands.run(
                transaction,
                state.registry,
                state.policy,
                value,
                desk=desk,
                alert=str(id_of(alert, "unknown_alert")),
                actor=here.actor,
                now=here.now,
            )
    except UnknownAlert:
        raise Refused(404, "unknown_alert") from None
    except CommandRefused as refused:
        return _not_done(request, here, alert, refused)
    _counted(done, desk)
    if "application/json" in accept:
        return JSONResponse({"sequence": done.sequence})
    return RedirectResponse(f"/desks/{desk}", 303)


@router.post("/desks/{desk}/answers/{command}")
async def answer_all(
    request: Request,
    here: Answering,
    command: str,
    alert: Annotated[list[str] | None, Form()] = None,
    reason: Typed = "",
    note: Typed = "",
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Do it to each of the alerts that the form names: those that the person had before them, so
    that what came since waits for an answer of its own."""
    state, desk = request.app.state, here.desk.desk
    alerts = [str(id_of(text, "unknown_alert")) for text in (alert or [])[:ANSWERED_MAX]]
    if not alerts:
        raise Refused(422, "badly")
    try:
        value = command_of(command, reason, note, "", "", desk)
        async with state.ledger.transaction() as transaction:
            every = await commands.run_all(
                transaction,
                state.registry,
                state.policy,
                value,
                desk=desk,
                alerts=alerts,
                actor=here.actor,
                now=here.now,
            )
    except UnknownAlert:
        raise Refused(404, "unknown_alert") from None
    except CommandRefused as refused:
        return _not_done(request, here, alerts[0], refused)
    for done in every:
        _counted(done, desk)
    if "application/json" in accept:
        return JSONResponse({"sequence": max(done.sequence for done in every)})
    return RedirectResponse(f"/desks/{desk}", 303)


def _counted(done: commands.Done, desk: str) -> None:
    COUNTS.count(done.changes)
    transitions = done.changes[0].transitions
    if any(move.kind == "acknowledged" and move.desk == desk for move in transitions):
        CONSOLE_ACKNOWLEDGED.labels("acknowledged").inc()
        ACKNOWLEDGE_SECONDS.labels(str(done.alert.urgency)).observe(done.seconds)


def _not_done(request: Request, here: Answering, alert: str, refused: CommandRefused) -> Response:
    outcome = "refused"
    if isinstance(refused, First):
        outcome = "already"
    CONSOLE_ACKNOWLEDGED.labels(outcome).inc()
    back = (f"/desks/{here.desk.desk}/alerts/{alert}", TEXT["back_to_alert"])
    if not isinstance(refused, First):
        sentence = str(refused)
        sentence = f"{sentence[:1].upper()}{sentence[1:]}."
        return trouble(request, 409, "not_done", sentence=sentence, link=back)
    kind = refused.code.replace("-", "_")
    first = (refused.who or TEXT["somebody"]).split("@", maxsplit=1)[0]
    when = ""
    if refused.when:
        when = clock_seconds(refused.when)
    sentence = TEXT[kind].format(who=first, when=when)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"error": refused.code, "message": sentence}, 409)
    title = TEXT[f"{kind}_title"]
    return page("trouble.html", 409, here=here, title=title, said=sentence, remedy="", link=back)


async def _feedback(
    request: Request, here: Answering, alert: str, useful: str, accept: str
) -> Response:
    if useful not in {"yes", "no"}:
        raise Refused(422, "badly")
    identity = id_of(alert, "unknown_alert")
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        has_it = await keep_feedback(
            connection,
            identity,
            here.desk.desk,
            here.operator.operator_id,
            useful=useful == "yes",
            at=here.now,
        )
        if not has_it:
            raise Refused(404, "unknown_alert")
        detail = {"useful": useful == "yes"}
        await audit.write(connection, "alert.feedback", here.actor, alert, detail, here.now)
    if "application/json" in accept:
        return JSONResponse({"message": TEXT["feedback_thanks"]})
    return RedirectResponse(f"/desks/{here.desk.desk}/alerts/{alert}", 303)


@router.get("/desks/{desk}/hand-over")
async def hand_over_page(request: Request, here: Answering) -> Response:
    """Everything that this person holds, to be handed to the next at the change of shift."""
    return page(
        "hand_over.html",
        here=here,
        desk=here.desk.desk,
        wrong="",
        to="",
        note="",
        held=await alerts_of(request.app.state.pool, here.desk.desk, here.actor),
    )


@router.post("/desks/{desk}/hand-over")
async def hand_over(
    request: Request, here: Answering, to: Typed = "", note: Typed = ""
) -> Response:
    """Hand over all of it, in one step."""
    state, desk = request.app.state, here.desk.desk
    try:
        if not to.strip():
            raise Badly(TEXT["to_whom"])
        async with state.ledger.transaction() as transaction:
            done = await commands.hand_over_desk(
                transaction,
                state.registry,
                state.policy,
                desk=desk,
                actor=here.actor,
                to=f"{to.strip()}@{desk}",
                note=note.strip() or None,
                now=here.now,
            )
    except CommandRefused as refused:
        return page(
            "hand_over.html",
            422,
            here=here,
            desk=desk,
            wrong=str(refused),
            to=to,
            note=note,
            held=await alerts_of(state.pool, desk, here.actor),
        )
    return page(
        "trouble.html",
        here=here,
        title=TEXT["handed_over_title"],
        said=TEXT["handed_over_said"].format(n=len(done), to=to.strip()),
        remedy="",
        link=(f"/desks/{desk}", TEXT["back"]),
    )
