"""The whole crisis as one desk may see it: one timeline of all agencies, what was known when, and
the printed chronology.

A desk sees a crisis if it has an alert of it. Of other agencies' events it sees those kinds whose
item was disclosed to it with one of these alerts (the ledger's `disclosure`), and when; of its own
agency's all. Every view is an audit record of the same transaction, whose number the page and the
print carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import font_source_sans_pro as source_sans
from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fpdf import FPDF
from starlette.datastructures import State

from schemas.events import TYPE_PREFIX
from services.console.access.break_glass import look_at
from services.console.access.doors import Answering, Here, Seeing, Watching
from services.console.access.refusal import Refused
from services.console.pages.addresses import id_of
from services.console.pages.crisis_now import CrisisShown, crisis_now
from services.console.view.alert import clock_seconds
from services.console.view.desks import agency_names
from services.console.view.rendering import page
from services.console.view.talk import TalkShown, talk_shown
from services.console.view.text import TEXT
from services.ledger import audit
from services.ledger.alerts.metrics import COUNTS
from services.ledger.crises.chronology import (
    DeskAlertLine,
    alerts_of_crisis,
    events_of_crisis,
    items_disclosed,
    mark_of,
)
from services.ledger.crises.talk import desk_messages, message_views, told_desks
from services.ledger.moment import one_moment
from services.ledger.operators.break_glass import Look
from services.liaison.alert import CommandRefused
from services.liaison.alert.talk import NotTold
from services.liaison.disclosure.table import MATRIX
from services.orchestration.decisions.talk import see_messages, send_message
from services.runtime.postgres import Connection

router = APIRouter()
# Which item a kind of event belongs to. A kind that is not here is shown to its own agency only.
ITEM_OF: Mapping[str, str] = {
    "incident": "incidents",
    "resource": "incidents",
    "assistance": "incidents",
    "force": "force-log",
    "detention": "legal-status",
    "place-of-safety": "legal-status",
    "family": "family-contact",
    "welfare": "circumstances",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the chronology."""

    occurred: datetime
    received: datetime
    """When it was known here."""
    agency: str
    reference: str
    event: str


@dataclass(frozen=True, slots=True)
class Chronology:
    """What one desk may see of a crisis, and the number under which this view is in the audit."""

    entries: tuple[Entry, ...]
    alerts: tuple[DeskAlertLine, ...]
    withheld: int
    """Events of other agencies that were not disclosed to this desk: how many, and nothing else."""
    audit: int
    disclosed: frozenset[str] = frozenset()
    """Items that were disclosed to the desk with its alerts of this crisis."""
    mark: str = ""
    """Another one where anything of the crisis has changed (`mark_of`)."""
    behind: Look | None = None
    """The look behind the glass by which it is seen; None where the desk has an alert of it."""


@dataclass(frozen=True, slots=True)
class CrisisPage:
    """What the crisis page shows: the chronology, and the crisis as it stands (None: nothing of it
    is left)."""

    chronology: Chronology
    now: CrisisShown | None
    talk: TalkShown | None = None
    """None behind the glass: desks talk to those who were told."""


def visible(kind: str, agency: str, own_agency: str, disclosed: frozenset[str]) -> bool:
    """Whether an event of this kind (`force.started`) may be seen: default deny."""
    return agency == own_agency or ITEM_OF.get(kind.split(".", maxsplit=1)[0]) in disclosed


async def chronology(
    connection: Connection, here: Here, crisis: UUID, names: Mapping[str, str], action: str
) -> Chronology:
    """Read it and keep that it was read, in the caller's transaction. Raises Refused for a crisis
    of which this desk has no alert and this person no open look behind the glass."""
    desk = here.desk
    alerts, behind = await admitted(connection, here, crisis)
    disclosed = await disclosed_to(connection, here, alerts, behind)
    events = await events_of_crisis(connection, crisis)
    entries = []
    for event in events:
        kind = event.type.removeprefix(TYPE_PREFIX).rsplit(".v", maxsplit=1)[0]
        if visible(kind, event.agency, desk.agency, disclosed):
            entry = Entry(
                event.occurred_at,
                event.received_at,
                names.get(event.agency, event.agency),
                event.incident,
                kind.replace(".", ": ").replace("-", " "),
            )
            entries.append(entry)
    detail: dict[str, Any] = {"desk": desk.desk, "events": len(entries), "items": sorted(disclosed)}
    if behind is not None:
        detail["look"] = behind.number
    reference = await audit.write(connection, action, here.actor, str(crisis), detail, here.now)
    return Chronology(
        tuple(entries),
        tuple(alerts),
        len(events) - len(entries),
        reference,
        disclosed,
        await mark_of(connection, crisis, desk.desk),
        behind,
    )


async def admitted(
    connection: Connection, here: Here, crisis: UUID
) -> tuple[list[DeskAlertLine], Look | None]:
    """The desk's alerts of the crisis, or the look behind the glass. Raises Refused where there is
    neither."""
    alerts = await alerts_of_crisis(connection, crisis, here.desk.desk)
    if alerts:
        return alerts, None
    behind = await look_at(connection, here, crisis)
    if behind is None:
        raise Refused(404, "unknown_crisis")
    return [], behind


async def disclosed_to(
    connection: Connection, here: Here, alerts: Sequence[DeskAlertLine], behind: Look | None
) -> frozenset[str]:
    """The items that the desk was told with these alerts, or may be told behind the glass."""
    if behind is not None:
        of_role: frozenset[str] = MATRIX.get(here.desk.role, frozenset())  # type: ignore[call-overload]  # a role nobody thought of
        return of_role
    return await items_disclosed(connection, here.desk.desk, [alert.alert_id for alert in alerts])


async def look(state: State, here: Here, crisis: UUID, action: str) -> CrisisPage:
    """The chronology and the crisis as it stands, of one instant, with the record that it was
    looked at."""
    names = agency_names(state.registry)
    async with one_moment(state.pool) as connection:
        record = await chronology(connection, here, crisis, names, action)
        now = await crisis_now(
            connection,
            here,
            crisis,
            record.disclosed,
            [str(alert.alert_id) for alert in record.alerts],
            registry=state.registry,
            policy=state.policy,
            model=state.settling.model,
            sheet=state.map,
        )
        talk = None
        if record.behind is None:
            talk = await _talk(connection, state, here, crisis)
    return CrisisPage(record, now, talk)


async def _talk(connection: Connection, state: State, here: Here, crisis: UUID) -> TalkShown:
    """What desks said of the crisis and who else was told, for a desk that was."""
    desk = here.desk.desk
    return talk_shown(
        await desk_messages(connection, str(crisis)),
        await message_views(connection, str(crisis)),
        await told_desks(connection, crisis, desk),
        desk,
        state.desks,
    )


@router.get("/desks/{desk}/crises/{crisis}")
async def crisis_page(request: Request, here: Seeing, crisis: str) -> Response:
    """Clocks, person, care, map and timeline; it prints as the chronology."""
    state = request.app.state
    response = await _crisis(state, here, crisis)
    # once they have the page before them, and never before; a page that renews itself says nothing
    # of anybody who sits there; behind the glass nobody was told
    with suppress(NotTold):
        async with state.ledger.transaction() as transaction:
            await see_messages(
                transaction,
                crisis=str(id_of(crisis, "unknown_crisis")),
                desk=here.desk.desk,
                actor=here.actor,
                now=here.now,
            )
    return response


@router.get("/desks/{desk}/crises/{crisis}/renewed")
async def crisis_renewed(request: Request, here: Watching, crisis: str) -> Response:
    """The same page, asked for by itself: a view in the audit, and no sign that anybody sits there."""
    return await _crisis(request.app.state, here, crisis)


async def _crisis(
    state: State, here: Here, crisis: str, status: int = 200, wrong: str = "", typed: str = ""
) -> Response:
    view = await look(state, here, id_of(crisis, "unknown_crisis"), "crisis.viewed")
    return page(
        "crisis.html",
        status,
        here=here,
        desk=here.desk.desk,
        crisis=crisis,
        c=view.chronology,
        shown=view.now,
        map=state.map,
        agencies=agency_names(state.registry),
        talk=view.talk,
        key=uuid4(),
        wrong=wrong,
        typed=typed,
    )


@router.post("/desks/{desk}/crises/{crisis}/messages")
async def say(
    request: Request,
    here: Answering,
    crisis: str,
    words: Annotated[str, Form(max_length=2000)] = "",
    key: Annotated[str, Form(max_length=36)] = "",
) -> Response:
    """Say it to the desks that were told. The key of the form makes a second press harmless."""
    state = request.app.state
    # a browser ends each line of the box with two controls: a message is one line
    line = " ".join(words.splitlines())
    try:
        async with state.ledger.transaction() as transaction:
            sent = await send_message(
                transaction,
                message_id=str(id_of(key, "badly")),
                crisis=str(id_of(crisis, "unknown_crisis")),
                desk=here.desk.desk,
                words=line,
                actor=here.actor,
                now=here.now,
            )
    except NotTold:
        raise Refused(404, "unknown_crisis") from None
    except CommandRefused as refused:
        return await _crisis(state, here, crisis, 422, TEXT[f"message_{refused.code}"], line)
    COUNTS.count(sent.changes)
    return RedirectResponse(f"/desks/{here.desk.desk}/crises/{crisis}#talk", 303)


@router.get("/desks/{desk}/crises/{crisis}/mark")
async def crisis_mark(request: Request, here: Watching, crisis: str) -> Response:
    """Whether anything of the crisis has changed, and nothing of it: asking is no view. Renewing
    the page is one."""
    crisis_id = id_of(crisis, "unknown_crisis")
    async with one_moment(request.app.state.pool) as connection:
        await admitted(connection, here, crisis_id)
        return JSONResponse(
            {"mark": await mark_of(connection, crisis_id, here.desk.desk)},
            headers={"Cache-Control": "no-store"},
        )


@router.get("/desks/{desk}/crises/{crisis}/chronology.pdf")
async def chronology_pdf(request: Request, here: Seeing, crisis: str) -> Response:
    """The chronology as a document that can be given to a coroner or the IOPC, with its audit
    reference."""
    view = await look(
        request.app.state, here, id_of(crisis, "unknown_crisis"), "chronology.printed"
    )
    headers = {"Content-Disposition": f'inline; filename="chronology-{view.chronology.audit}.pdf"'}
    return Response(document(view, here), media_type="application/pdf", headers=headers)


def document(view: CrisisPage, here: Here) -> bytes:
    """The incidents and the chronology as PDF."""
    record = view.chronology
    pdf = FPDF(format="A4", orientation="landscape")
    pdf.set_creation_date(here.now)
    pdf.set_title(TEXT["chronology"])
    folder = Path(source_sans.__file__).parent / "files"
    pdf.add_font("Source Sans", fname=folder / "SourceSansPro-Regular.ttf")
    pdf.add_font("Source Sans", style="B", fname=folder / "SourceSansPro-Bold.ttf")
    pdf.add_page()

    def heading(words: str, size: int) -> None:
        pdf.set_font("Source Sans", style="B", size=size)
        pdf.cell(0, 10, words, new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("Source Sans", size=10)

    heading(TEXT["chronology"], 16)
    made_for = TEXT["chronology_for"].format(
        desk=f"{here.desk.agency_name}: {here.desk.name}",
        who=here.operator.handle,
        when=clock_seconds(here.now),
    )
    for line in (
        made_for,
        TEXT["audit_reference"].format(n=record.audit),
        TEXT["withheld"].format(n=record.withheld),
    ):
        pdf.multi_cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    if view.now is not None and view.now.incidents:
        heading(TEXT["incidents"], 12)
        with pdf.table(col_widths=(26, 18, 20, 18, 18), text_align="LEFT") as table:
            table.row(
                [TEXT["agency"], TEXT["reference"], TEXT["area"], TEXT["opened"], TEXT["closed"]]
            )
            for incident in view.now.incidents:
                opened, closed = clock_seconds(incident.opened_at), TEXT["open"]
                if incident.closed_at:
                    closed = clock_seconds(incident.closed_at)
                table.row([incident.agency, incident.reference, incident.area, opened, closed])
        heading(TEXT["timeline"], 12)
    with pdf.table(col_widths=(16, 16, 26, 18, 24), text_align="LEFT") as table:
        table.row(
            [TEXT["occurred"], TEXT["known_here"], TEXT["agency"], TEXT["reference"], TEXT["what"]]
        )
        for entry in record.entries:
            occurred, received = clock_seconds(entry.occurred), clock_seconds(entry.received)
            table.row([occurred, received, entry.agency, entry.reference, entry.event])
    return bytes(pdf.output())
