"""Deaths and serious injuries, and the last contact of the police before one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.liaison.crisis.facts import Crisis, end_of
from services.liaison.crisis.records import Harm

# Death or serious injury: Police Reform Act 2002 s12.
DSI = frozenset({"death", "serious-injury"})


# When it was last, and the event it is known by; None for one of another crisis.
PoliceContact = tuple[datetime, tuple[str, str] | None]


def contact_before(crisis: Crisis, harm: Harm, window: timedelta) -> PoliceContact | None:
    """The last contact of the police with the person at or before the harm, within the window."""
    kinds = {incident.key: incident.kind for incident in crisis.incidents}
    # a force may say that it was not after contact with it; nobody else can say so for it
    if not harm.after_contact and kinds.get(harm.incident) == "police":
        return None  # the police themselves say that it was not
    contacts = [*_calls(crisis, harm.mark.at), *_meetings(crisis, harm.mark.at)]
    contacts += [
        (contact.police_left_at, None)
        for contact in crisis.contacts
        if contact.by == "person" and contact.police_left_at is not None
    ]
    recent = [
        contact for contact in contacts if timedelta(0) <= harm.mark.at - contact[0] <= window
    ]
    return max(recent, key=lambda contact: contact[0], default=None)


def _calls(crisis: Crisis, harm_at: datetime) -> Iterator[PoliceContact]:
    """A call is a contact too, also one that was declined."""
    for state in crisis.incidents:
        if state.kind != "police" or state.opened_at >= harm_at:
            continue
        ends = [mark.at for mark in (state.police_left, state.closed) if mark is not None]
        # a call that is still open when it happens is contact at that very instant
        last = max((at for at in ends if at <= harm_at), default=harm_at)
        yield last, None if state.reported is None else state.reported.event


def _meetings(crisis: Crisis, harm_at: datetime) -> Iterator[PoliceContact]:
    """Officers with the person: on scene, in custody, by force."""
    stays = [(attendance.begun, attendance.ended) for attendance in crisis.attendances]
    stays += [(custody.arrived or custody.opened, custody.released) for custody in crisis.custodies]
    for began, ended in stays:
        if began.at <= harm_at:
            yield min(end_of(ended), harm_at), began.event
    for force in crisis.forces:
        if force.started.at <= harm_at:
            yield force.started.at, force.started.event
