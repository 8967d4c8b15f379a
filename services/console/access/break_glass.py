"""Looks behind the glass: a crisis of which the desk has no alert, for a typed reason, for an hour,
with a privacy officer told.

A look opens one crisis to one person in one session. It lifts the want of an alert, not the
disclosure matrix: what the role of the desk may never see stays hidden.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from services.console.access.doors import Here
from services.console.access.rights import Operator
from services.ledger import audit
from services.ledger.crises.chronology import crisis_of_subject
from services.ledger.operators.break_glass import (
    Finding,
    Look,
    NewLook,
    end_looks_of,
    keep_finding,
    keep_look,
    open_look_of,
)
from services.runtime.postgres import Connection

LASTS = timedelta(minutes=60)
# Characters: a word is no reason.
LEAST_REASON = 10


async def open_look(
    connection: Connection, here: Here, incident_agency: str, incident: str, reason: str
) -> UUID | None:
    """Open it and keep it; the crisis, or None where there is no such incident: what was tried is
    kept too."""
    place = f"{incident_agency}/{incident}"
    crisis = await crisis_of_subject(connection, (incident_agency, incident))
    if crisis is None:
        detail = {"reason": reason}
        await audit.write(connection, "break-glass.not-found", here.actor, place, detail, here.now)
        return None
    new = NewLook(
        operator_id=here.operator.operator_id,
        session=here.operator.session,
        desk=here.desk.desk,
        agency=here.desk.agency,
        incident_agency=incident_agency,
        incident=incident,
        crisis_id=crisis,
        reason=reason,
        opened_at=here.now,
        ends_at=here.now + LASTS,
    )
    number = await keep_look(connection, new)
    opened = {"look": number, "reason": reason, "crisis": str(crisis)}
    await audit.write(connection, "break-glass.opened", here.actor, place, opened, here.now)
    return crisis


async def look_at(connection: Connection, here: Here, crisis: UUID) -> Look | None:
    """This person's open look at the crisis, in this session and at this desk."""
    return await open_look_of(connection, here.operator.session, here.desk.desk, crisis, here.now)


async def close_look(connection: Connection, here: Here, crisis: UUID) -> None:
    """Nothing more to see."""
    await end_looks_of(connection, here.operator.session, crisis, here.now)
    await audit.write(connection, "break-glass.ended", here.actor, str(crisis), {}, here.now)


async def judge_look(
    connection: Connection,
    operator: Operator,
    agency: str,
    number: int,
    finding: Finding,
    note: str,
    now: datetime,
) -> bool:
    """Keep what the privacy officer found; False where there is no such look, it was reviewed, or
    it was their own."""
    reviewed = await keep_finding(
        connection,
        number,
        agency,
        finding,
        note,
        reviewer=operator.handle,
        reviewer_id=operator.operator_id,
        at=now,
    )
    if reviewed:
        detail = {"finding": finding}
        await audit.write(
            connection, "break-glass.reviewed", operator.handle, str(number), detail, now
        )
    return reviewed
