"""Deaths and serious injuries, and the last contact of the police before one."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Harm

DSI = frozenset({"death", "serious-injury"})
"""Death or serious injury: Police Reform Act 2002 s12."""


def contact_before(
    crisis: Crisis, harm: Harm, window: timedelta
) -> tuple[datetime, tuple[str, str] | None] | None:
    """The last contact of the police with the person at or before the harm, within the window."""
    kinds = {incident.key: incident.kind for incident in crisis.incidents}
    if not harm.after_contact and kinds.get(harm.incident) == "police":
        return None  # the police themselves say that it was not
    contacts: list[tuple[datetime, tuple[str, str] | None]] = []
    for state in crisis.incidents:
        # a call is a contact too, also one that was declined
        if state.kind == "police" and state.opened_at < harm.mark.at:
            over = [
                mark.at
                for mark in (state.police_left, state.closed)
                if mark is not None and mark.at <= harm.mark.at
            ]
            event = None if state.reported is None else state.reported.event
            contacts.append((max(over, default=harm.mark.at), event))
    for attendance in crisis.attendances:
        if attendance.begun.at <= harm.mark.at:
            last = (
                harm.mark
                if attendance.ended is None or attendance.ended.at > harm.mark.at
                else attendance.ended
            )
            contacts.append((last.at, attendance.begun.event))
    for custody in crisis.custodies:
        began = custody.arrived or custody.opened
        if began.at <= harm.mark.at:
            last_at = (
                harm.mark.at if custody.released is None else min(custody.released.at, harm.mark.at)
            )
            contacts.append((last_at, began.event))
    for force in crisis.forces:
        if force.started.at <= harm.mark.at:
            contacts.append((force.started.at, force.started.event))
    for contact in crisis.contacts:
        if (
            contact.by == "person"
            and contact.police_left_at is not None
            and contact.police_left_at <= harm.mark.at
        ):
            contacts.append((contact.police_left_at, None))
    recent = [earlier for earlier in contacts if harm.mark.at - earlier[0] <= window]
    return max(recent, key=lambda earlier: earlier[0], default=None)
