"""Which incidents, and which of the people of one log, are one crisis: take one out, move it to another
crisis, or join another, each with its consequences shown before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import State

from services.console.access.doors import Here, Reviewing
from services.console.access.refusal import Refused
from services.console.pages.addresses import id_of
from services.console.pages.crisis import admitted, disclosed_to
from services.console.pages.identity.review import status_of
from services.console.view.desks import agency_names
from services.console.view.rendering import page
from services.console.view.text import TEXT, rule_titles
from services.ledger import audit
from services.ledger.crises.chronology import crisis_of_subject, subjects_of_crisis
from services.ledger.crises.one import crisis_on_file
from services.ledger.moment import one_moment
from services.ledger.transaction import PostgresTransaction
from services.liaison.crisis.division import SubjectKey, incident_of, subject_key, subject_of
from services.liaison.disclosure.person import Described, subjects_shown
from services.orchestration.decisions import regrouping
from services.orchestration.decisions.common import Act, AlertMoved, DecisionRefused, preview
from services.orchestration.decisions.regrouping import Regrouped
from services.runtime.postgres import Connection

router = APIRouter()
Typed = Annotated[str, Form(max_length=500)]
Sure = Annotated[str, Form(max_length=3)]


def _subject(agency: Typed = "", reference: Typed = "", subject: Typed = "") -> SubjectKey:
    return subject_key(agency.strip(), reference.strip(), subject.strip())


def _target(to_agency: Typed = "", to_reference: Typed = "", to_subject: Typed = "") -> SubjectKey:
    return subject_key(to_agency.strip(), to_reference.strip(), to_subject.strip())


Subject = Annotated[SubjectKey, Depends(_subject)]
"""An incident, or one of several people of its log."""
Target = Annotated[SubjectKey, Depends(_target)]
"""Of whose crisis it is to be."""


@router.get("/desks/{desk}/crises/{crisis}/incidents")
async def incidents_page(request: Request, here: Reviewing, crisis: str) -> Response:
    """The incidents of the crisis that this desk may see. Kept in the audit."""
    return await _shown(request, here, crisis)


async def _visible_subjects(connection: Connection, here: Here, crisis: str) -> list[SubjectKey]:
    """Subjects of the crisis whose incidents were disclosed to the desk, or are its agency's own.
    Raises Refused."""
    crisis_id = id_of(crisis, "unknown_crisis")
    alerts, look = await admitted(connection, here, crisis_id)
    disclosed = "incidents" in await disclosed_to(connection, here, alerts, look)
    subjects = await subjects_of_crisis(connection, crisis_id)
    return [key for key in subjects if disclosed or key[0] == here.desk.agency]


async def _described(
    connection: Connection, state: State, here: Here, crisis_id: UUID
) -> dict[SubjectKey, Described]:
    """What this desk may see of who each of its subjects is."""
    on_file = await crisis_on_file(
        connection, crisis_id, state.registry, state.policy, state.settling.model
    )
    if on_file is None:
        return {}
    descriptors = {key: person for key, person in on_file.subjects.items() if person is not None}
    return subjects_shown(on_file.crisis, descriptors, here.desk.role, here.desk.agency, here.now)


def _named(key: SubjectKey, agencies: Mapping[str, str]) -> str:
    """An incident, or one person of a log about several, as people say it."""
    agency, reference = incident_of(key)
    name = f"{agencies.get(agency, agency)} {reference}"
    if subject_of(key):
        return TEXT["of_subject"].format(incident=name, subject=subject_of(key))
    return name


@dataclass(frozen=True, slots=True)
class SubjectShown:
    """One subject of the crisis."""

    key: SubjectKey
    name: str
    subject: str
    described: Described | None
    """As far as this desk may see it."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What somebody has asked for: about whom, of whose crisis they are to be, and why."""

    act: str
    subject: SubjectKey
    target: SubjectKey | None
    reason: str

    @property
    def fields(self) -> dict[str, str]:
        """As they are sent again once one is sure."""
        agency, reference = incident_of(self.subject)
        fields = {"agency": agency, "reference": reference, "subject": subject_of(self.subject)}
        if self.target is not None:
            agency, reference = incident_of(self.target)
            fields |= {"to_agency": agency, "to_reference": reference}
            fields["to_subject"] = subject_of(self.target)
        return fields | {"reason": self.reason}


async def _shown(
    request: Request,
    here: Here,
    crisis: str,
    wrong: str = "",
    status: int = 200,
    consequences: Regrouped | None = None,
    form: _Form | None = None,
) -> Response:
    state = request.app.state
    agencies = agency_names(state.registry)
    async with one_moment(state.pool) as connection:
        listed = await _visible_subjects(connection, here, crisis)
        described = await _described(connection, state, here, id_of(crisis, "unknown_crisis"))
        subjects = [
            SubjectShown(key, _named(key, agencies), subject_of(key), described.get(key))
            for key in listed
        ]
        detail = {
            "desk": here.desk.desk,
            "incidents": len(listed),
            "described": sum(row.described is not None for row in subjects),
        }
        reference = await audit.write(
            connection, "incidents.viewed", here.actor, crisis, detail, here.now
        )
    return page(
        "incidents.html",
        status,
        here=here,
        desk=here.desk.desk,
        crisis=crisis,
        subjects=subjects,
        audit=reference,
        wrong=wrong,
        agencies=agencies,
        titles=rule_titles(),
        **_asked(form, agencies),
        **_consequences(consequences, state),
    )


def _asked(form: _Form | None, agencies: Mapping[str, str]) -> dict[str, Any]:
    """What was asked for, in words and as it is sent again."""
    if form is None:
        return {"act": "", "fields": {}, "who": "", "target": ""}
    target = ""
    if form.target is not None:
        target = _named(form.target, agencies)
    who = _named(form.subject, agencies)
    return {"act": form.act, "fields": form.fields, "who": who, "target": target}


def _consequences(consequences: Regrouped | None, state: State) -> dict[str, Any]:
    """What it would change, with the names of the desks whose alerts would."""
    moved: tuple[AlertMoved, ...] = ()
    if consequences is not None:
        moved = consequences.alerts
    desk_names = {desk: state.desks.name(desk) for alert in moved for desk in alert.desks}
    return {"seen": consequences, "desk_names": desk_names}


@router.post("/desks/{desk}/crises/{crisis}/incidents/take-out")
async def take_out(
    request: Request,
    here: Reviewing,
    crisis: str,
    subject: Subject,
    reason: Typed = "",
    sure: Sure = "",
) -> Response:
    """The subject is none of this crisis. Without `sure` only what it would change is shown."""
    state = request.app.state

    async def act(transaction: PostgresTransaction) -> Regrouped:
        await _be_of_it(transaction.connection, here, crisis, subject)
        return await regrouping.take_out(
            transaction, state.settling, subject, actor=here.actor, reason=reason, now=here.now
        )

    form = _Form("take-out", subject, None, reason)
    return await _done(request, here, crisis, act, form, sure)


@router.post("/desks/{desk}/crises/{crisis}/incidents/move")
async def move(
    request: Request,
    here: Reviewing,
    crisis: str,
    subject: Subject,
    target: Target,
    reason: Typed = "",
    sure: Sure = "",
) -> Response:
    """The subject is of another crisis that this desk sees. Without `sure` only what it would
    change, in either, is shown."""
    state = request.app.state

    async def act(transaction: PostgresTransaction) -> Regrouped:
        await _be_of_it(transaction.connection, here, crisis, subject)
        named = await _admissible(transaction, here, target)
        return await regrouping.move(
            transaction,
            state.settling,
            subject,
            named,
            actor=here.actor,
            reason=reason,
            now=here.now,
        )

    return await _done(request, here, crisis, act, _Form("move", subject, target, reason), sure)


@router.post("/desks/{desk}/crises/{crisis}/incidents/join")
async def join(
    request: Request,
    here: Reviewing,
    crisis: str,
    subject: Subject,
    reason: Typed = "",
    sure: Sure = "",
) -> Response:
    """Another subject is of this crisis too. Without `sure` only what it would change is shown."""
    state = request.app.state

    async def act(transaction: PostgresTransaction) -> Regrouped:
        subjects = await _visible_subjects(transaction.connection, here, crisis)
        if not subjects:
            raise _not_seen()
        named = await _admissible(transaction, here, subject)
        return await regrouping.join(
            transaction,
            state.settling,
            subjects[0],
            named,
            actor=here.actor,
            reason=reason,
            now=here.now,
        )

    return await _done(request, here, crisis, act, _Form("join", subject, None, reason), sure)


async def _be_of_it(connection: Connection, here: Here, crisis: str, subject: SubjectKey) -> None:
    """Raises DecisionRefused where the subject is none of the crisis that the desk sees of it."""
    if subject not in await _visible_subjects(connection, here, crisis):
        raise DecisionRefused(
            "unknown-incident", "It is not among the incidents of this crisis any more."
        )


def _not_seen() -> DecisionRefused:
    return DecisionRefused(
        "unknown-incident",
        "There is no such incident that this desk may see; look at the reference again.",
    )


async def _admissible(transaction: PostgresTransaction, here: Here, name: SubjectKey) -> SubjectKey:
    """Who goes by the name, where the desk may know of them: its agency's own, or of a crisis that
    it sees. Raises DecisionRefused."""
    subject = await regrouping.subject_named(transaction, name)
    crisis = await crisis_of_subject(transaction.connection, subject)
    if crisis is None:
        raise _not_seen()
    if subject[0] == here.desk.agency:
        return subject
    try:
        visible = await _visible_subjects(transaction.connection, here, str(crisis))
    except Refused:
        raise _not_seen() from None
    if subject not in visible:
        raise _not_seen()
    return subject


async def _done(
    request: Request,
    here: Here,
    crisis: str,
    act: Act[PostgresTransaction, Regrouped],
    form: _Form,
    sure: str,
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
        return await _shown(request, here, crisis, wrong=str(refused), status=status, form=form)
    if sure != "yes":
        return await _shown(request, here, crisis, consequences=regrouped, form=form)
    next_crisis = await _where(state, here, crisis, regrouped)
    return RedirectResponse(f"/desks/{here.desk.desk}/crises/{next_crisis}", 303)


async def _where(state: State, here: Here, crisis: str, regrouped: Regrouped) -> str:
    """The crisis to go on with: this one, or where it is gone the one that took it in."""
    crisis_id = id_of(crisis, "unknown_crisis")
    async with state.pool.acquire() as connection:
        # the desk's alerts that ended are of it still, and nobody is in it any more
        if not await subjects_of_crisis(connection, crisis_id):
            return regrouped.crisis_id or crisis
        try:
            await admitted(connection, here, crisis_id)
            return crisis
        except Refused:
            return regrouped.crisis_id or crisis
