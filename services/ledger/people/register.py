"""The register of people in the ledger: folded from what NHS organisations say, found by keys,
counted to people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from schemas.received import Received
from services.identity.register import LocalRecord, fold_local
from services.ledger.columns import columns
from services.ledger.events.decoded import Decoded
from services.ledger.people.frequency import count
from services.liaison.crisis.corrections import effective
from services.liaison.settlement import Key
from services.orchestration.ledger import RegisterRow
from services.runtime.postgres import Connection


async def records_of(
    connection: Connection, locals_: Collection[Key], decoded: Decoded
) -> list[LocalRecord]:
    """Each record as all its events make it."""
    if not locals_:
        return []
    rows = await connection.fetch(
        """SELECT source, id, feed, agency, local_people, received_at, body FROM event
            WHERE local_people && $2::text[] AND agency = ANY($1::text[])""",
        sorted({a for a, _ in locals_}),
        sorted({p for _, p in locals_}),
    )
    events: dict[Key, list[Received]] = defaultdict(list)
    for row in rows:
        received = decoded.read(row)
        for person in row["local_people"]:
            events[(row["agency"], person)].append(received)
    return [
        fold_local(a, p, effective(statements)[0])
        for (a, p), statements in sorted(events.items())
        if (a, p) in locals_
    ]


async def records_of_people(connection: Connection, people: Collection[str]) -> set[Key]:
    """The records that are counted to these people. What is no id of a person is nobody's."""
    ids = [person for person in people if _is_uuid(person)]
    if not ids:
        return set()
    rows = await connection.fetch(
        "SELECT agency, local_person FROM local_record WHERE person_id = ANY($1::text[]::uuid[])",
        sorted(ids),
    )
    return {(row["agency"], row["local_person"]) for row in rows}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


async def tied_records(connection: Connection, records: Collection[Key]) -> set[Key]:
    """The records that a merge or a split names beside one of these, these among them where there
    is one.
    """
    rows = await connection.fetch(
        """SELECT DISTINCT e.agency, p AS local_person FROM event e CROSS JOIN LATERAL unnest(e.local_people) AS p
            WHERE e.local_people && $2::text[] AND e.agency = ANY($1::text[])
              AND e.type IN ('uk.crisisliaison.person.merged.v1', 'uk.crisisliaison.person.split.v1')
              AND EXISTS (SELECT FROM unnest(e.local_people) AS q
                           WHERE (e.agency, q) IN (SELECT * FROM unnest($3::text[], $4::text[])))""",
        sorted({agency for agency, _ in records}),
        sorted({person for _, person in records}),
        [agency for agency, _ in records],
        [person for _, person in records],
    )
    return {(row["agency"], row["local_person"]) for row in rows}


async def keep_records(connection: Connection, rows: Sequence[RegisterRow]) -> set[int]:
    """Write these records; gives the identity keys under which any of them was found before or is
    now.
    """
    if not rows:
        return set()
    await connection.executemany(
        """INSERT INTO local_record (agency, local_person, person_id, known) VALUES ($1, $2, $3, $4)
           ON CONFLICT (agency, local_person) DO UPDATE SET person_id = excluded.person_id, known = excluded.known""",
        [(*row.record, row.person_id, row.known) for row in rows],
    )
    await count(connection, rows)
    return await _keep_keys(connection, {row.record: row.keys for row in rows})


async def incidents_linked(
    connection: Connection, names: Collection[str], seen_since: datetime
) -> set[Key]:
    """Incidents under one of these link keys that were seen since."""
    rows = await connection.fetch(
        "SELECT agency, reference FROM incident WHERE link_keys && $1::text[] AND last_seen_at >= $2",
        sorted(names),
        seen_since,
    )
    return {(row["agency"], row["reference"]) for row in rows}


async def _keep_keys(connection: Connection, keys: Mapping[Key, Collection[int]]) -> set[int]:
    """Write the keys of these records; gives those under which any of them was found before and is
    now.
    """
    rows = await connection.fetch(
        """SELECT l.agency, l.local_person, l.record_id, ARRAY(SELECT key FROM identity_key k WHERE k.record_id = l.record_id)
               AS keys FROM local_record l WHERE (agency, local_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        *columns(keys, 2),
    )
    every: set[int] = set()
    removed: list[tuple[int, int]] = []
    added: list[tuple[int, int]] = []
    for row in rows:
        before, record_id = set(row["keys"]), row["record_id"]
        after = set(keys[row["agency"], row["local_person"]])
        # only what differs: a register of millions is written once, and then a little at a
        # time
        removed += [(key, record_id) for key in before - after]
        added += [(key, record_id) for key in after - before]
        every |= before | after
    await connection.execute(
        "DELETE FROM identity_key WHERE (key, record_id) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))",
        *columns(removed, 2),
    )
    await connection.execute(
        "INSERT INTO identity_key (key, record_id) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING",
        *columns(added, 2),
    )
    return every


async def people_of_records(connection: Connection, records: Collection[Key]) -> dict[Key, str]:
    """The person behind agencies' own identifiers."""
    if not records:
        return {}
    rows = await connection.fetch(
        """SELECT agency, local_person, person_id FROM local_record
            WHERE (agency, local_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [a for a, _ in records],
        [p for _, p in records],
    )
    return {(r["agency"], r["local_person"]): str(r["person_id"]) for r in rows}
