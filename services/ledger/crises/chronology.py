"""What the ledger holds of one crisis for those who may see it: its events, a desk's alerts of it,
and what was disclosed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.liaison.crisis.division import SubjectKey, incident_of, subject_key, subject_of
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event of the crisis, without what it says."""

    type: str
    agency: str
    incident: str
    occurred_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class DeskAlertLine:
    """One alert of the crisis, as a desk has it."""

    alert_id: UUID
    urgency: int
    raised_at: datetime
    view: Mapping[str, Any]
    state: str
    cleared_at: datetime | None


async def events_of_crisis(connection: Connection, crisis: UUID) -> list[EventLine]:
    """Every event of its incidents, as it happened: of a log about several people what is said of
    each of them is of the crisis that they are in.
    """
    rows = await connection.fetch(
        """WITH logs AS (
               SELECT agency, reference FROM incident WHERE crisis_id = $1
               UNION SELECT agency, reference FROM subject WHERE crisis_id = $1)
           SELECT e.type, e.agency, e.incident, e.occurred_at, e.received_at
             FROM logs JOIN incident i USING (agency, reference)
             JOIN event e ON (e.record_agency, e.incident) = (i.agency, i.reference)
             LEFT JOIN subject s ON (s.agency, s.reference) = (i.agency, i.reference)
              AND s.subject = convert_from(e.body, 'UTF8')::jsonb #>> '{data,detention}'
            WHERE coalesce(s.crisis_id, i.crisis_id) = $1 ORDER BY e.occurred_at, e.source, e.id""",
        crisis,
    )
    return [EventLine(**row) for row in rows]


async def alerts_of_crisis(connection: Connection, crisis: UUID, desk: str) -> list[DeskAlertLine]:
    """The desk's alerts of it, the oldest first."""
    rows = await connection.fetch(
        """SELECT a.alert_id, a.urgency, a.raised_at, d.view, d.state, a.cleared_at
             FROM alert a JOIN alert_desk d USING (alert_id) WHERE a.crisis_id = $1 AND d.desk = $2
            ORDER BY a.raised_at, a.alert_id""",
        crisis,
        desk,
    )
    return [DeskAlertLine(**row) for row in rows]


async def items_disclosed(
    connection: Connection, desk: str, alerts: Sequence[UUID]
) -> frozenset[str]:
    """The items that the desk was told with these alerts."""
    items = await connection.fetchval(
        """SELECT array_agg(DISTINCT item) FROM disclosure, unnest(items) AS item
            WHERE desk = $1 AND alert_id = ANY($2::uuid[])""",
        desk,
        alerts,
    )
    return frozenset(items or ())


async def mark_of(connection: Connection, crisis: UUID, desk: str) -> str:
    """A text that is another one once an event, an alert, a message, a decision about the person or
    another desk's view of a message has been added to the crisis."""
    mark = await connection.fetchval(
        """SELECT concat_ws('-',
               (SELECT count(*) FROM event e WHERE (e.record_agency, e.incident) IN (
                    SELECT agency, reference FROM incident WHERE crisis_id = $1
                    UNION SELECT agency, reference FROM subject WHERE crisis_id = $1)),
               coalesce((SELECT max(sequence) FROM alert_log JOIN alert USING (alert_id) WHERE crisis_id = $1), 0),
               coalesce((SELECT max(decision_id) FROM identity_decision d JOIN incident i
                    ON (i.agency, i.reference) = (d.agency, d.incident) WHERE i.crisis_id = $1), 0),
               (SELECT count(*) FROM desk_message m JOIN alert USING (alert_id) WHERE crisis_id = $1),
               (SELECT count(*) FROM desk_message_view v JOIN desk_message m USING (message_id) JOIN alert USING (alert_id)
                 WHERE crisis_id = $1 AND v.desk <> $2))""",
        crisis,
        desk,
    )
    return str(mark)


async def crisis_of_subject(connection: Connection, subject: SubjectKey) -> UUID | None:
    """The crisis that the subject is in now; None where there is none of that name."""
    crisis: UUID | None = await connection.fetchval(
        """SELECT crisis_id FROM incident WHERE (agency, reference, '') = ($1, $2, $3)
           UNION ALL SELECT crisis_id FROM subject WHERE (agency, reference, subject) = ($1, $2, $3)""",
        *incident_of(subject),
        subject_of(subject),
    )
    return crisis


async def subjects_of_crisis(connection: Connection, crisis: UUID) -> list[SubjectKey]:
    """Its subjects, as their incidents were opened."""
    rows = await connection.fetch(
        """SELECT agency, reference, '' AS subject, opened_at FROM incident WHERE crisis_id = $1
           UNION ALL
           SELECT agency, reference, subject, opened_at FROM subject s JOIN incident i USING (agency, reference)
            WHERE s.crisis_id = $1
           ORDER BY opened_at, agency, reference, subject""",
        crisis,
    )
    return [subject_key(row["agency"], row["reference"], row["subject"]) for row in rows]
