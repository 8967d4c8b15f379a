"""What people decided about whose records are one person's.
`services.orchestration.decisions.record_links` decides; here it is kept and read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.identity.register import LocalRecord, RecordLink
from services.ledger.events.decoded import Decoded
from services.ledger.people.register import records_of
from services.liaison.settlement import Key
from services.orchestration.ledger import RecordLinkKept, RecordVerdict
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision about two records, open or undone."""

    link_id: int
    kept: Key
    other: Key
    verdict: RecordVerdict
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
    connection: Connection, decoded: Decoded, person_id: str
) -> list[OnFile]:
    """The records that are counted to the person, by agency and local identifier; empty for nobody."""
    rows = await connection.fetch(
        "SELECT agency, local_person FROM local_record WHERE person_id::text = $1", person_id
    )
    records = await records_of(
        connection, {(r["agency"], r["local_person"]) for r in rows}, decoded
    )
    return [_on_file(r) for r in sorted(records, key=lambda r: (r.agency, r.local_person))]


def _on_file(record: LocalRecord) -> OnFile:
    names = (
        " ".join(p for p in (n.given, n.middle, n.family) if p)
        for d in record.descriptors
        for n in d.names
    )
    # the newest that is known: this is for eyes, the matcher has them all
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


async def links_of(connection: Connection, records: Collection[Key]) -> tuple[RecordLink, ...]:
    """What was decided of these records and has not been undone, in the order of the decisions."""
    if not records:
        return ()
    rows = await connection.fetch(
        """SELECT kept_agency, kept_person, other_agency, other_person, verdict FROM record_link
            WHERE undone_at IS NULL
              AND ((kept_agency, kept_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))
                   OR (other_agency, other_person) IN (SELECT * FROM unnest($1::text[], $2::text[])))
            ORDER BY link_id""",
        [agency for agency, _ in records],
        [person for _, person in records],
    )
    return tuple(
        RecordLink(
            (row["kept_agency"], row["kept_person"]),
            (row["other_agency"], row["other_person"]),
            row["verdict"] == "same",
        )
        for row in rows
    )


async def open_link(connection: Connection, one: Key, two: Key) -> RecordLinkKept | None:
    """What was decided of the two records, whichever was named first, and has not been undone."""
    row = await connection.fetchrow(
        """SELECT * FROM record_link WHERE undone_at IS NULL
              AND ((kept_agency, kept_person, other_agency, other_person) = ($1, $2, $3, $4)
                   OR (kept_agency, kept_person, other_agency, other_person) = ($3, $4, $1, $2))""",
        *one,
        *two,
    )
    if row is None:
        return None
    return RecordLinkKept(
        row["link_id"],
        (row["kept_agency"], row["kept_person"]),
        (row["other_agency"], row["other_person"]),
        row["verdict"],
        row["actor"],
        row["decided_at"],
    )


async def insert_link(
    connection: Connection, link: RecordLink, actor: str, reason: str, now: datetime
) -> int:
    """Keep it; gives its number."""
    number: int = await connection.fetchval(
        """INSERT INTO record_link (kept_agency, kept_person, other_agency, other_person, verdict, actor, reason, decided_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING link_id""",
        *link.kept,
        *link.other,
        "same" if link.same else "different",
        actor,
        reason,
        now,
    )
    return number


async def close_link(
    connection: Connection, link_id: int, actor: str, reason: str, now: datetime
) -> tuple[Key, Key] | None:
    """Close it; gives its two records. None where it is not open."""
    row = await connection.fetchrow(
        """UPDATE record_link SET undone_by = $2, undone_at = $3, undone_reason = $4
            WHERE link_id = $1 AND undone_at IS NULL RETURNING kept_agency, kept_person, other_agency, other_person""",
        link_id,
        actor,
        now,
        reason,
    )
    if row is None:
        return None
    return (row["kept_agency"], row["kept_person"]), (row["other_agency"], row["other_person"])


async def incidents_alerted_about(connection: Connection, people: Collection[str]) -> set[Key]:
    """Incidents that are, or may be, about these people and whose crisis has an alert that stands."""
    rows = await connection.fetch(
        """SELECT DISTINCT i.agency, i.reference FROM alert a JOIN incident i USING (crisis_id)
             JOIN identity_decision d ON (d.agency, d.incident) = (i.agency, i.reference) AND d.superseded_at IS NULL
            WHERE a.cleared_at IS NULL
              AND (d.person_id::text = ANY($1::text[]) OR d.evidence -> 'candidates' ?| $1::text[])""",
        sorted(people),
    )
    return {(row["agency"], row["reference"]) for row in rows}
