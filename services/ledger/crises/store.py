"""Incidents, people and crises: what the pure step needs to know, and what it decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType

import asyncpg

from schemas.received import Received
from services.identity.model import Model
from services.identity.person import IdentityDecision, PersonOnFile
from services.ledger.crises import tallies
from services.ledger.deadlines import set_deadlines
from services.ledger.events.decoded import Decoded
from services.ledger.people.matching import decide_all
from services.ledger.people.register import people_by_id
from services.liaison.crisis.records import SiteReport
from services.liaison.crisis.subjects import site_reports_of
from services.liaison.linking.contacts import (
    AWAITING_PLACE,
    PERSON_WINDOW,
    PLACE_WINDOW,
    ContactRow,
    Echo,
    contact_keys,
)
from services.liaison.settlement import HORIZON, IncidentFile, Key, Settlement
from services.runtime.postgres import Connection


async def lock_zone(connection: Connection, zone: str) -> None:
    """One writer a zone: held until the transaction ends."""
    if await connection.fetchval("SELECT zone FROM zone WHERE zone = $1 FOR UPDATE", zone) is None:
        await connection.execute("INSERT INTO zone (zone) VALUES ($1) ON CONFLICT DO NOTHING", zone)
        await connection.fetchval("SELECT zone FROM zone WHERE zone = $1 FOR UPDATE", zone)


async def neighbourhood(
    connection: Connection, touched: Iterable[Key], link_names: Sequence[str], since: datetime
) -> dict[Key, str | None]:
    """The touched incidents, those that may link to them, and all of the crises of these, with their crisis."""
    wanted: dict[Key, str | None] = dict.fromkeys(touched)
    endless = [n for n in link_names if n.startswith("incident:")]
    keys = list(wanted)
    rows = await connection.fetch(
        """WITH near AS (
               SELECT agency, reference, crisis_id FROM incident
                WHERE link_keys && $1::text[] AND (last_seen_at >= $2 OR link_keys && $3::text[])
               UNION
               SELECT agency, reference, crisis_id FROM incident
                WHERE (agency, reference) IN (SELECT * FROM unnest($4::text[], $5::text[]))
               UNION
               SELECT i.agency, i.reference, i.crisis_id FROM link_decision d JOIN incident i
                   ON (i.agency, i.reference) IN ((d.left_agency, d.left_reference), (d.right_agency, d.right_reference))
                WHERE (d.left_agency, d.left_reference) IN (SELECT * FROM unnest($4::text[], $5::text[]))
                   OR (d.right_agency, d.right_reference) IN (SELECT * FROM unnest($4::text[], $5::text[])))
           SELECT agency, reference, crisis_id FROM incident WHERE crisis_id IN (SELECT crisis_id FROM near)""",
        list(link_names),
        since - HORIZON,
        endless,
        [k[0] for k in keys],
        [k[1] for k in keys],
    )
    wanted.update({(r["agency"], r["reference"]): str(r["crisis_id"]) for r in rows})
    return wanted


async def incidents_of(connection: Connection, crises: Sequence[str]) -> dict[Key, str | None]:
    """The incidents of crises."""
    rows = await connection.fetch(
        "SELECT agency, reference, crisis_id FROM incident WHERE crisis_id = ANY($1::uuid[])",
        list(crises),
    )
    return {(r["agency"], r["reference"]): str(r["crisis_id"]) for r in rows}


async def events_of(
    connection: Connection, keys: Iterable[Key], decoded: Decoded
) -> dict[Key, list[Received]]:
    """All events of incidents, with their corrections."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = await connection.fetch(
        """SELECT topic, partition, "offset", feed, record_agency, incident, received_at, body FROM event
            WHERE (record_agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [k[0] for k in wanted],
        [k[1] for k in wanted],
    )
    found: dict[Key, list[Received]] = defaultdict(list)
    for row in rows:
        found[(row["record_agency"], row["incident"])].append(decoded.read(row))
    return found


async def site_reports(
    connection: Connection, since: datetime, decoded: Decoded
) -> tuple[SiteReport, ...]:
    """What places of safety said of their free places since an instant."""
    rows = await connection.fetch(
        """SELECT topic, partition, "offset", feed, received_at, body FROM event
            WHERE starts_with(incident, 'site#') AND occurred_at >= $1""",
        since,
    )
    return site_reports_of(decoded.read(row) for row in rows)


async def files(
    connection: Connection,
    crises: dict[Key, str | None],
    decoded: Decoded,
    model: Model,
    read: Mapping[Key, list[Received]] = MappingProxyType({}),
    whom: Mapping[Key, IdentityDecision] = MappingProxyType({}),
) -> tuple[list[IncidentFile], dict[str, PersonOnFile]]:
    """What is known of the incidents, with the decision whom each is about, and the people whom they are about. `read` are
    those whose events this transaction has read already, `whom` those it has decided."""
    events = {k: read[k] for k in crises if k in read} | await events_of(
        connection, [k for k in crises if k not in read], decoded
    )
    decided = {k: whom[k] for k in events if k in whom}
    decided |= await decide_all(
        connection, {k: own for k, own in events.items() if k not in whom}, decoded, model
    )
    people = await people_by_id(
        connection, {d.person_id for d in decided.values() if d.person_id}, decoded
    )
    former = await contact_rows(connection, events)
    found = [
        IncidentFile(key, tuple(own), decided[key], crises[key], former.get(key))
        for key, own in sorted(events.items())
    ]
    return found, people


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
    wanted = list(keys)
    rows = await connection.fetch(
        f"""SELECT {_CONTACT} FROM incident WHERE contact_keys IS NOT NULL
             AND (agency, reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [k[0] for k in wanted],
        [k[1] for k in wanted],
    )
    return {(r["agency"], r["reference"]): _contact(r) for r in rows}


async def contacts(connection: Connection, files_: Iterable[IncidentFile]) -> list[ContactRow]:
    """Other incidents about the same person, telephone or property as one of these, as far back as a rule counts."""
    given = list(files_)
    names = {
        n
        for f in given
        for n in contact_keys(f.events, f.identity.person_id if f.identity else None)
    }
    opened = min((r.event.time for f in given for r in f.events), default=None)
    if not names or opened is None:
        return []
    people = sorted(n for n in names if n.startswith("person:"))
    rows = await connection.fetch(
        f"""SELECT {_CONTACT} FROM incident
             WHERE (contact_keys && $1::text[] AND opened_at >= $2) OR (contact_keys && $3::text[] AND opened_at >= $4)""",
        people,
        opened - PERSON_WINDOW,
        sorted(names - set(people)),
        opened - PLACE_WINDOW,
    )
    return [_contact(row) for row in rows]


async def awaiting_place(connection: Connection) -> set[Key]:
    """Incidents that wait for a place of safety."""
    rows = await connection.fetch(
        "SELECT agency, reference FROM incident WHERE contact_keys && $1::text[]", [AWAITING_PLACE]
    )
    return {(r["agency"], r["reference"]) for r in rows}


async def echoed(
    connection: Connection, echoes: Iterable[Echo], apart_from: Iterable[str]
) -> list[str]:
    """Other crises that count an incident which is new or changed."""
    asked = [("\x1f".join(sorted(echo.keys)), echo.opened_from) for echo in echoes if echo.keys]
    if not asked:
        return []
    rows = await connection.fetch(
        """SELECT DISTINCT i.crisis_id FROM unnest($1::text[], $2::timestamptz[]) AS x(k, f)
             JOIN incident i ON i.contact_keys && string_to_array(x.k, chr(31)) AND i.opened_at >= x.f""",
        [keys for keys, _ in asked],
        [since for _, since in asked],
    )
    return sorted({str(r["crisis_id"]) for r in rows} - set(apart_from))


async def decisions(
    connection: Connection, keys: Iterable[Key]
) -> tuple[frozenset[frozenset[Key]], frozenset[frozenset[Key]]]:
    """What people decided about pairs of these incidents: (separated, joined)."""
    wanted = list(keys)
    rows = await connection.fetch(
        """SELECT * FROM link_decision
            WHERE (left_agency, left_reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [k[0] for k in wanted],
        [k[1] for k in wanted],
    )
    pairs: dict[str, set[frozenset[Key]]] = {"separated": set(), "joined": set()}
    for r in rows:
        pair = frozenset(
            {(r["left_agency"], r["left_reference"]), (r["right_agency"], r["right_reference"])}
        )
        pairs[r["decision"]].add(pair)
    return frozenset(pairs["separated"]), frozenset(pairs["joined"])


async def decide_link(
    connection: Connection,
    pair: tuple[Key, Key],
    decision: str,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Keep what a person decided about two incidents; a later decision replaces the one before, the audit holds both."""
    left, right = sorted(pair)
    await connection.execute(
        """INSERT INTO link_decision (left_agency, left_reference, right_agency, right_reference, decision, actor,
                                      reason, decided_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (left_agency, left_reference, right_agency, right_reference)
           DO UPDATE SET decision = excluded.decision, actor = excluded.actor, reason = excluded.reason,
               decided_at = excluded.decided_at""",
        *left,
        *right,
        decision,
        actor,
        reason,
        now,
    )
    await connection.execute(
        "INSERT INTO audit (action, actor, subject, detail, at) VALUES ($1, $2, $3, $4, $5)",
        f"incidents.{decision}",
        actor,
        "/".join(left),
        {"other": "/".join(right), "reason": reason},
        now,
    )


async def save_decisions(
    connection: Connection, files_: Sequence[IncidentFile], now: datetime
) -> None:
    """Keep each decision about a person that is new, and close the one before it. Nothing is deleted."""
    decided = {
        f.key: (
            f.identity.outcome,
            f.identity.person_id,
            {
                "rule": f.identity.rule,
                "candidates": list(f.identity.candidates),
                "evidence": [asdict(e) for e in f.identity.evidence],
            },
            f.identity.matcher_version,
        )
        for f in files_
        if f.identity is not None and f.identity.rule != "no-descriptor"
    }
    if not decided:
        return
    current = await connection.fetch(
        """SELECT decision_id, agency, incident, outcome, person_id, evidence FROM identity_decision
            WHERE superseded_at IS NULL AND (agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [agency for agency, _ in decided],
        [incident for _, incident in decided],
    )
    over: list[int] = []
    for row in current:
        key = (row["agency"], row["incident"])
        held = str(row["person_id"]) if row["person_id"] else None
        if (row["outcome"], held, row["evidence"]) == decided[key][:3]:
            del decided[key]
        else:
            over.append(row["decision_id"])
    if over:
        await connection.execute(
            "UPDATE identity_decision SET superseded_at = $2 WHERE decision_id = ANY($1::bigint[])",
            over,
            now,
        )
    if decided:
        outcomes, people, evidence, versions = zip(*decided.values(), strict=True)
        await connection.execute(
            """INSERT INTO identity_decision
                   (agency, incident, outcome, person_id, evidence, matcher_version, decided_at)
               SELECT a, i, o, p, e, v, $7
                 FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::jsonb[], $6::text[])
                   AS x(a, i, o, p, e, v)""",
            [agency for agency, _ in decided],
            [incident for _, incident in decided],
            outcomes,
            people,
            evidence,
            versions,
            now,
        )


async def save_crises(
    connection: Connection, settlement: Settlement, zone: str, now: datetime
) -> None:
    """Write crises, their incidents and the instants at which to look again."""
    crises = settlement.crises
    await connection.execute(
        """INSERT INTO crisis (crisis_id, zone, area, opened_at, last_event_at, evaluated_at)
           SELECT e, $2, a, o, l, $6 FROM unnest($1::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[])
               AS x(e, a, o, l)
           ON CONFLICT (crisis_id) DO UPDATE SET area = excluded.area, opened_at = excluded.opened_at,
               last_event_at = excluded.last_event_at, evaluated_at = excluded.evaluated_at, dissolved_at = NULL""",
        [e.crisis_id for e in crises],
        zone,
        [e.area for e in crises],
        [e.opened_at for e in crises],
        [e.last_event_at for e in crises],
        now,
    )
    members = [(e.crisis_id, m) for e in crises for m in e.members]
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
        [m.key[0] for _, m in members],
        [m.key[1] for _, m in members],
        zone,
        [e for e, _ in members],
        [m.opened_at for _, m in members],
        [m.last_seen_at for _, m in members],
        ["\x1f".join(m.keys) for _, m in members],
        *_contact_columns([m.contact for _, m in members]),
    )
    if settlement.dissolved:
        await connection.execute(
            "UPDATE crisis SET dissolved_at = $2 WHERE crisis_id = ANY($1::uuid[])",
            list(settlement.dissolved),
            now,
        )
    due = {e.crisis_id: e.look_again_at for e in crises} | dict.fromkeys(settlement.dissolved)
    await set_deadlines(connection, "crisis", due, zone)
    await tallies.save(
        connection, [(e.crisis_id, e.tally) for e in crises], settlement.dissolved, zone, now
    )


def _contact_columns(rows: Sequence[ContactRow | None]) -> list[list[object]]:
    return [
        [None if r is None else getattr(r, name) for r in rows]
        for name in ("agency_kind", "crisis", "crisis_at", "police_left_at", "completed_at")
    ] + [[None if r is None else "\x1f".join(sorted(r.keys)) for r in rows]]
