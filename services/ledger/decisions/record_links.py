"""What people decide about whose records are one person's: join, take out, undo; and what that would change, beforehand.

| call | what it does |
|---|---|
| `join` | two records, and the people behind them, are one person |
| `take_out` | a record is not about the person it is counted to: it leaves, and joins nobody by itself again |
| `undo` | takes a decision back; what the agencies say counts again |
| `records_of_person`, `history` | the records behind a person, and what was decided of them |

Each looks again at every incident that may be about either person: those of the last 72 hours, and those of crises with an
alert that stands. Alerts rise and end in the same transaction. Rows are only added; an undone one is closed. Two people at
once: one wins, the other is told
(`DecisionRefused`: already-decided, unknown-record, unknown-decision, one-record, reason-needed). Only ids are in the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.identity.register import LocalRecord
from services.ledger.crises import store as crisis_store
from services.ledger.crises.settling import Settling
from services.ledger.decisions.common import AlertMoved, DecisionRefused, moved_alerts, reasoned
from services.ledger.people.register import records_of, register
from services.liaison.settlement import Key
from services.runtime.postgres import Connection

Verdict = Literal["same", "different"]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a decision changes."""

    decision: int
    """For `undo`; without meaning in a preview."""
    records: tuple[Key, ...]
    """Records whose person is another one now."""
    incidents: tuple[Key, ...]
    """Incidents of which something else is decided about the person now."""
    alerts: tuple[AlertMoved, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision about two records, open or undone."""

    link_id: int
    kept: Key
    other: Key
    verdict: Verdict
    actor: str
    reason: str
    decided_at: datetime
    undone_by: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class OnFile:
    """One record of a person, for the reviewer's eyes."""

    key: Key
    names: tuple[str, ...]
    born: date | None


async def records_of_person(
    connection: Connection, settling: Settling, person_id: str
) -> list[OnFile]:
    """The records that are counted to the person, by agency and local identifier; empty for nobody."""
    rows = await connection.fetch(
        "SELECT agency, local_person FROM local_record WHERE person_id::text = $1", person_id
    )
    found = await records_of(
        connection, {(r["agency"], r["local_person"]) for r in rows}, settling.decoded
    )
    return [_on_file(r) for r in sorted(found, key=lambda r: (r.agency, r.local_person))]


def _on_file(record: LocalRecord) -> OnFile:
    names = (
        " ".join(p for p in (n.given, n.middle, n.family) if p)
        for d in record.descriptors
        for n in d.names
    )
    born = next((d.date_of_birth for d in record.descriptors if d.date_of_birth), None)
    return OnFile(
        (record.agency, record.local_person), tuple(dict.fromkeys(n for n in names if n)), born
    )


async def history(connection: Connection, records: Sequence[Key]) -> list[Decided]:
    """Every decision about one of the records, the newest first."""
    rows = await connection.fetch(
        """SELECT link_id, kept_agency, kept_person, other_agency, other_person, verdict, actor, reason, decided_at, undone_by,
                  undone_at FROM record_link
            WHERE (kept_agency, kept_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))
               OR (other_agency, other_person) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY link_id DESC""",
        [a for a, _ in records],
        [p for _, p in records],
    )
    return [
        Decided(
            r["link_id"],
            (r["kept_agency"], r["kept_person"]),
            (r["other_agency"], r["other_person"]),
            r["verdict"],
            r["actor"],
            r["reason"],
            r["decided_at"],
            r["undone_by"],
            r["undone_at"],
        )
        for r in rows
    ]


async def join(
    connection: Connection,
    settling: Settling,
    kept: Key,
    other: Key,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Consequences:
    """The people behind the two records are one, who keeps the id of `kept`'s. Raises DecisionRefused."""
    people = await _people(connection, settling, {kept, other}, reason)
    if people[kept] == people[other]:
        raise DecisionRefused(
            "one-record", "These are one person's already: there is nothing to join."
        )
    return await _decide(connection, settling, kept, other, "same", actor, reason, now)


async def take_out(
    connection: Connection,
    settling: Settling,
    record: Key,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Consequences:
    """The record leaves the person it is counted to, and joins nobody by itself again. Raises DecisionRefused."""
    people = await _people(connection, settling, {record}, reason)
    rest = await connection.fetchrow(
        """SELECT agency, local_person FROM local_record WHERE person_id::text = $1 AND (agency, local_person) <> ($2, $3)
            ORDER BY agency, local_person LIMIT 1""",
        people[record],
        *record,
    )
    if rest is None:
        raise DecisionRefused(
            "one-record",
            "This is the only record of the person: there is nobody to take it out of.",
        )
    kept = (rest["agency"], rest["local_person"])
    return await _decide(connection, settling, kept, record, "different", actor, reason, now)


async def undo(
    connection: Connection,
    settling: Settling,
    link_id: int,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Consequences:
    """Take a decision back. Raises DecisionRefused."""
    reason = reasoned(reason)
    await crisis_store.lock_zone(connection, settling.registry.zone)
    row = await connection.fetchrow(
        """UPDATE record_link SET undone_by = $2, undone_at = $3, undone_reason = $4
            WHERE link_id = $1 AND undone_at IS NULL RETURNING kept_agency, kept_person, other_agency, other_person""",
        link_id,
        actor,
        now,
        reason,
    )
    if row is None:
        raise DecisionRefused(
            "unknown-decision", "That decision is not there any more: somebody has undone it."
        )
    kept, other = (
        (row["kept_agency"], row["kept_person"]),
        (row["other_agency"], row["other_person"]),
    )
    await _audit(connection, "people.undone", actor, link_id, kept, other, now)
    return await _look_again(connection, settling, link_id, {kept, other}, now)


async def _people(
    connection: Connection, settling: Settling, records: set[Key], reason: str
) -> dict[Key, str]:
    """The person of each record, with the zone locked. Raises DecisionRefused for one that is not on file."""
    reasoned(reason)
    await crisis_store.lock_zone(connection, settling.registry.zone)
    rows = await connection.fetch(
        """SELECT agency, local_person, person_id::text AS person_id FROM local_record
            WHERE (agency, local_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [a for a, _ in records],
        [p for _, p in records],
    )
    found = {(r["agency"], r["local_person"]): r["person_id"] for r in rows}
    if set(found) != records:
        raise DecisionRefused(
            "unknown-record", "There is no such record on file any more; look at the person again."
        )
    return found


async def _decide(
    connection: Connection,
    settling: Settling,
    kept: Key,
    other: Key,
    verdict: Verdict,
    actor: str,
    reason: str,
    now: datetime,
) -> Consequences:
    first = await connection.fetchrow(
        """SELECT actor, decided_at, verdict FROM record_link WHERE undone_at IS NULL
              AND ((kept_agency, kept_person, other_agency, other_person) = ($1, $2, $3, $4)
                   OR (kept_agency, kept_person, other_agency, other_person) = ($3, $4, $1, $2))""",
        *kept,
        *other,
    )
    if first is not None:
        raise DecisionRefused(
            "already-decided",
            f"{first['actor']} decided this at {first['decided_at']:%H:%M} UTC: {first['verdict']}. Undo that first.",
        )
    link_id: int = await connection.fetchval(
        """INSERT INTO record_link (kept_agency, kept_person, other_agency, other_person, verdict, actor, reason, decided_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING link_id""",
        *kept,
        *other,
        verdict,
        actor,
        reason.strip(),
        now,
    )
    await _audit(connection, f"people.{verdict}", actor, link_id, kept, other, now)
    return await _look_again(connection, settling, link_id, {kept, other}, now)


async def _look_again(
    connection: Connection, settling: Settling, link_id: int, records: set[Key], now: datetime
) -> Consequences:
    before = await _of_records(connection, records)
    about = await _incidents_about(connection, {person for _, person in before})
    decided = await _decisions(connection, about)
    touched = about | await register(connection, records, settling.decoded, now)
    decided |= await _decisions(connection, touched - about)
    changes = await settling.settle(connection, touched, now) if touched else ()
    after = dict(await _of_records(connection, {key for key, _ in before}))
    moved = tuple(sorted(key for key, person in before if after.get(key) != person))
    now_decided = await _decisions(connection, touched)
    other = tuple(sorted(key for key in touched if decided.get(key) != now_decided.get(key)))
    return Consequences(link_id, moved, other, moved_alerts(changes))


async def _of_records(connection: Connection, records: set[Key]) -> list[tuple[Key, str]]:
    """All records of the people behind these records, each with its person."""
    rows = await connection.fetch(
        """SELECT agency, local_person, person_id::text AS person_id FROM local_record WHERE person_id IN
               (SELECT person_id FROM local_record
                 WHERE (agency, local_person) IN (SELECT * FROM unnest($1::text[], $2::text[])))""",
        [a for a, _ in records],
        [p for _, p in records],
    )
    return [((r["agency"], r["local_person"]), r["person_id"]) for r in rows]


async def _incidents_about(connection: Connection, people: set[str]) -> set[Key]:
    """Incidents that are, or may be, about these people and whose crisis has an alert that stands."""
    rows = await connection.fetch(
        """SELECT DISTINCT i.agency, i.reference FROM alert a JOIN incident i USING (crisis_id)
             JOIN identity_decision d ON (d.agency, d.incident) = (i.agency, i.reference) AND d.superseded_at IS NULL
            WHERE a.cleared_at IS NULL
              AND (d.person_id::text = ANY($1::text[]) OR d.evidence -> 'candidates' ?| $1::text[])""",
        sorted(people),
    )
    return {(r["agency"], r["reference"]) for r in rows}


async def _decisions(
    connection: Connection, incidents: set[Key]
) -> dict[Key, tuple[str, str | None, tuple[str, ...]]]:
    rows = await connection.fetch(
        """SELECT agency, incident, outcome, person_id::text AS person_id, evidence FROM identity_decision
            WHERE superseded_at IS NULL AND (agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [a for a, _ in incidents],
        [i for _, i in incidents],
    )
    return {
        (r["agency"], r["incident"]): (
            r["outcome"],
            r["person_id"],
            tuple(r["evidence"].get("candidates", ())),
        )
        for r in rows
    }


async def _audit(
    connection: Connection,
    action: str,
    actor: str,
    link_id: int,
    kept: Key,
    other: Key,
    now: datetime,
) -> None:
    detail = {"kept": "/".join(kept), "other": "/".join(other)}
    await connection.execute(
        "INSERT INTO audit (action, actor, subject, detail, at) VALUES ($1, $2, $3, $4, $5)",
        action,
        actor,
        str(link_id),
        detail,
        now,
    )
