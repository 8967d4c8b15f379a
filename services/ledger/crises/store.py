"""Incidents and crises: what the pure step needs to know, and what it decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import asyncpg

from schemas.received import Received
from services.ledger.columns import columns
from services.ledger.events.decoded import Decoded
from services.liaison.crisis.division import incident_of, subject_key, subject_of
from services.liaison.linking.contacts import ContactRow, Echo
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.settlement import Key, Settlement
from services.orchestration.ledger import ContactNames, LinkNames
from services.runtime.postgres import Connection


async def neighbourhood(
    connection: Connection, incidents: Collection[Key], names: LinkNames
) -> dict[Key, str | None]:
    """These incidents, those that may link to them or of whom a person has decided with them, and
    all of the crises of these; each with its crisis."""
    around: dict[Key, str | None] = dict.fromkeys(incidents)
    rows = await connection.fetch(
        """WITH decided AS (
               SELECT left_agency, left_reference, right_agency, right_reference FROM link_decision
                WHERE (left_agency, left_reference) IN (SELECT * FROM unnest($4::text[], $5::text[]))
                   OR (right_agency, right_reference) IN (SELECT * FROM unnest($4::text[], $5::text[]))
               UNION
               SELECT left_agency, left_reference, right_agency, right_reference FROM subject_link
                WHERE (left_agency, left_reference) IN (SELECT * FROM unnest($4::text[], $5::text[]))
                   OR (right_agency, right_reference) IN (SELECT * FROM unnest($4::text[], $5::text[]))),
           near AS (
               SELECT agency, reference, crisis_id FROM incident
                WHERE link_keys && $1::text[] AND (last_seen_at >= $2 OR link_keys && $3::text[])
               UNION
               SELECT agency, reference, crisis_id FROM incident
                WHERE (agency, reference) IN (SELECT * FROM unnest($4::text[], $5::text[]))
               UNION
               SELECT i.agency, i.reference, i.crisis_id FROM decided d JOIN incident i
                   ON (i.agency, i.reference) IN ((d.left_agency, d.left_reference), (d.right_agency, d.right_reference))),
           tied AS (
               SELECT crisis_id FROM crisis WHERE scene IN (
                   SELECT scene FROM crisis WHERE crisis_id IN (
                       SELECT crisis_id FROM near
                       UNION SELECT s.crisis_id FROM near JOIN subject s USING (agency, reference))))
           SELECT agency, reference, crisis_id FROM incident WHERE crisis_id IN (SELECT crisis_id FROM tied)
           UNION
           SELECT i.agency, i.reference, i.crisis_id FROM subject s JOIN incident i USING (agency, reference)
            WHERE s.crisis_id IN (SELECT crisis_id FROM tied)""",
        list(names.lately),
        names.seen_since,
        list(names.ever),
        [agency for agency, _ in incidents],
        [reference for _, reference in incidents],
    )
    around.update({(r["agency"], r["reference"]): str(r["crisis_id"]) for r in rows})
    return around


async def incidents_of(connection: Connection, crises: Collection[str]) -> dict[Key, str | None]:
    """The incidents of crises and of all others of their scenes."""
    rows = await connection.fetch(
        """WITH tied AS (
               SELECT crisis_id FROM crisis
                WHERE scene IN (SELECT scene FROM crisis WHERE crisis_id = ANY($1::uuid[])))
           SELECT agency, reference, crisis_id FROM incident WHERE crisis_id IN (SELECT crisis_id FROM tied)
           UNION
           SELECT i.agency, i.reference, i.crisis_id FROM subject s JOIN incident i USING (agency, reference)
            WHERE s.crisis_id IN (SELECT crisis_id FROM tied)""",
        list(crises),
    )
    return {(r["agency"], r["reference"]): str(r["crisis_id"]) for r in rows}


async def further_subjects(
    connection: Connection, incidents: Collection[Key]
) -> dict[Key, dict[str, str]]:
    """Of incidents that are about several people, the crisis of each further subject."""
    rows = await connection.fetch(
        """SELECT agency, reference, subject, crisis_id FROM subject
            WHERE (agency, reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [agency for agency, _ in incidents],
        [reference for _, reference in incidents],
    )
    subjects: dict[Key, dict[str, str]] = {}
    for row in rows:
        of_incident = subjects.setdefault((row["agency"], row["reference"]), {})
        of_incident[row["subject"]] = str(row["crisis_id"])
    return subjects


async def events_of(
    connection: Connection, keys: Iterable[Key], decoded: Decoded
) -> dict[Key, list[Received]]:
    """All events of incidents, with their corrections."""
    incidents = list(keys)
    if not incidents:
        return {}
    rows = await connection.fetch(
        """SELECT source, id, feed, record_agency, incident, received_at, body FROM event
            WHERE (record_agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        *columns(incidents, 2),
    )
    events: dict[Key, list[Received]] = defaultdict(list)
    for row in rows:
        events[(row["record_agency"], row["incident"])].append(decoded.read(row))
    return events


async def site_events(connection: Connection, since: datetime, decoded: Decoded) -> list[Received]:
    """What places of safety said of their free places since an instant."""
    rows = await connection.fetch(
        """SELECT source, id, feed, received_at, body FROM event
            WHERE starts_with(incident, 'site#') AND occurred_at >= $1""",
        since,
    )
    return [decoded.read(row) for row in rows]


async def subjects_together(connection: Connection, subject: SubjectKey) -> tuple[SubjectKey, ...]:
    """The subjects of the crisis that this one is in, in order; empty where there is no such
    subject.
    """
    rows = await connection.fetch(
        """WITH every AS (
               SELECT agency, reference, '' AS subject, crisis_id FROM incident
               UNION ALL
               SELECT agency, reference, subject, crisis_id FROM subject)
           SELECT agency, reference, subject FROM every WHERE crisis_id =
               (SELECT crisis_id FROM every WHERE (agency, reference, subject) = ($1, $2, $3))""",
        *incident_of(subject),
        subject_of(subject),
    )
    return tuple(sorted(subject_key(r["agency"], r["reference"], r["subject"]) for r in rows))


_CONTACT = "agency, reference, agency_kind, crisis, opened_at, crisis_at, police_left_at, completed_at, contact_keys"


def _contact(row: asyncpg.Record) -> ContactRow:
    return ContactRow(
        (row["agency"], row["reference"]),
        row["agency_kind"],
        row["crisis"],
        row["opened_at"],
        row["crisis_at"],
        row["police_left_at"],
        row["completed_at"],
        frozenset(row["contact_keys"]),
    )


async def contact_rows(connection: Connection, keys: Iterable[Key]) -> dict[Key, ContactRow]:
    """What other crises may have counted of these incidents until now."""
    incidents = list(keys)
    rows = await connection.fetch(
        f"""SELECT {_CONTACT} FROM incident WHERE contact_keys IS NOT NULL
             AND (agency, reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        *columns(incidents, 2),
    )
    return {(r["agency"], r["reference"]): _contact(r) for r in rows}


async def contacts(connection: Connection, names: ContactNames) -> list[ContactRow]:
    """Incidents under these contact keys that were opened since."""
    rows = await connection.fetch(
        f"""SELECT {_CONTACT} FROM incident
             WHERE (contact_keys && $1::text[] AND opened_at >= $2) OR (contact_keys && $3::text[] AND opened_at >= $4)""",
        list(names.people),
        names.people_since,
        list(names.places),
        names.places_since,
    )
    return [_contact(row) for row in rows]


async def incidents_under_contact(connection: Connection, name: str) -> set[Key]:
    """Incidents with this contact key."""
    rows = await connection.fetch(
        "SELECT agency, reference FROM incident WHERE contact_keys && $1::text[]", [name]
    )
    return {(row["agency"], row["reference"]) for row in rows}


async def echoed(connection: Connection, echoes: Sequence[Echo]) -> set[str]:
    """Crises that count an incident which is new or changed."""
    rows = await connection.fetch(
        """SELECT DISTINCT i.crisis_id FROM unnest($1::text[], $2::timestamptz[]) AS x(k, f)
             JOIN incident i ON i.contact_keys && string_to_array(x.k, chr(31)) AND i.opened_at >= x.f""",
        ["\x1f".join(sorted(echo.keys)) for echo in echoes],
        [echo.opened_from for echo in echoes],
    )
    return {str(row["crisis_id"]) for row in rows}


async def save_crises(
    connection: Connection, settlement: Settlement, zone: str, now: datetime
) -> None:
    """Write crises, their incidents and the instants at which to look again."""
    crises = settlement.crises
    await connection.execute(
        """INSERT INTO crisis (crisis_id, zone, area, opened_at, last_event_at, evaluated_at, scene, further_areas)
           SELECT e, $2, a, o, l, $6, s, string_to_array(f, chr(31))
             FROM unnest($1::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $7::uuid[], $8::text[])
               AS x(e, a, o, l, s, f)
           ON CONFLICT (crisis_id) DO UPDATE SET area = excluded.area,
               further_areas = excluded.further_areas, opened_at = excluded.opened_at, scene = excluded.scene,
               last_event_at = excluded.last_event_at, evaluated_at = excluded.evaluated_at, dissolved_at = NULL""",
        [e.crisis_id for e in crises],
        zone,
        [e.area for e in crises],
        [e.opened_at for e in crises],
        [e.last_event_at for e in crises],
        now,
        [e.scene for e in crises],
        ["\x1f".join(e.further_areas) for e in crises],
    )
    # further subjects have no row of their own among incidents: their log has it
    members = [(e.crisis_id, m) for e in crises for m in e.members if not m.subject]
    await connection.execute(
        """INSERT INTO incident (agency, reference, zone, crisis_id, opened_at, last_seen_at, link_keys, agency_kind,
                                 crisis, crisis_at, police_left_at, completed_at, contact_keys)
           SELECT a, r, $3, e, o, l, string_to_array(k, chr(31)), ak, c, ca, pl, co, string_to_array(ck, chr(31))
             FROM unnest($1::text[], $2::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::text[],
                         $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[])
               AS x(a, r, e, o, l, k, ak, c, ca, pl, co, ck)
           ON CONFLICT (agency, reference) DO UPDATE SET crisis_id = excluded.crisis_id,
               opened_at = excluded.opened_at, last_seen_at = excluded.last_seen_at, link_keys = excluded.link_keys,
               agency_kind = excluded.agency_kind, crisis = excluded.crisis, crisis_at = excluded.crisis_at,
               police_left_at = excluded.police_left_at, completed_at = excluded.completed_at,
               contact_keys = excluded.contact_keys""",
        *columns((member.key for _, member in members), 2),
        zone,
        [e for e, _ in members],
        [m.opened_at for _, m in members],
        [m.last_seen_at for _, m in members],
        ["\x1f".join(m.keys) for _, m in members],
        *_contact_columns([m.contact for _, m in members]),
    )
    await _save_further_subjects(connection, settlement)
    if settlement.dissolved:
        await connection.execute(
            "UPDATE crisis SET dissolved_at = $2 WHERE crisis_id = ANY($1::uuid[])",
            list(settlement.dissolved),
            now,
        )


async def _save_further_subjects(connection: Connection, settlement: Settlement) -> None:
    members = [(e.crisis_id, m) for e in settlement.crises for m in e.members]
    further = [(crisis_id, m) for crisis_id, m in members if m.subject]
    names = [(*member.key, member.subject) for _, member in further]
    # an incident whose log no longer speaks of several people has none any more
    await connection.execute(
        """DELETE FROM subject WHERE (agency, reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))
            AND (agency, reference, subject) NOT IN (SELECT * FROM unnest($3::text[], $4::text[], $5::text[]))""",
        *columns((member.key for _, member in members), 2),
        *columns(names, 3),
    )
    if not further:
        return
    await connection.execute(
        """INSERT INTO subject (agency, reference, subject, crisis_id)
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
           ON CONFLICT (agency, reference, subject) DO UPDATE SET crisis_id = excluded.crisis_id""",
        *columns(names, 3),
        [crisis_id for crisis_id, _ in further],
    )


def _contact_columns(rows: Sequence[ContactRow | None]) -> list[list[object]]:
    return columns((_contact_row(row) for row in rows), 6)


def _contact_row(row: ContactRow | None) -> tuple[object, ...]:
    if row is None:
        return (None,) * 6
    # unnest takes no list of lists: the keys are one text here, and cut apart in the statement
    keys = "\x1f".join(sorted(row.keys))
    return (row.agency_kind, row.crisis, row.crisis_at, row.police_left_at, row.completed_at, keys)
