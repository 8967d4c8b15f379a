"""The register of people in the ledger: folded from what NHS organisations say, found by keys, joined and kept apart.

Which records are one person follows from their events and from what people decided (`record_link`, read here, written by
services.ledger.people).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from schemas.received import Received
from services.identity.decide import identity_keys
from services.identity.known import known_of
from services.identity.person import PersonOnFile
from services.identity.register import LocalRecord, RecordLink, fold_local, people_of, person_ids
from services.ledger.events.decoded import Decoded
from services.ledger.people.frequency import count
from services.liaison.crisis.corrections import effective
from services.liaison.crisis.subjects import described_key, local_key
from services.liaison.settlement import Key
from services.runtime.postgres import Connection

REOPEN = timedelta(hours=72)
"""How far back incidents are looked at again when a person on file is new or changed."""


async def records_of(
    connection: Connection, locals_: set[Key], decoded: Decoded
) -> list[LocalRecord]:
    """Each record as all its events make it."""
    if not locals_:
        return []
    rows = await connection.fetch(
        """SELECT topic, partition, "offset", feed, agency, local_people, received_at, body FROM event
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
        fold_local(a, p, effective(said)[0])
        for (a, p), said in sorted(events.items())
        if (a, p) in locals_
    ]


async def people_by_id(
    connection: Connection, people: Collection[str], decoded: Decoded
) -> dict[str, PersonOnFile]:
    """These people, each with all that every organisation says of them. One who is not on file any more is not in it."""
    if not people:
        return {}
    rows = await connection.fetch(
        "SELECT agency, local_person FROM local_record WHERE person_id = ANY($1::text[]::uuid[])",
        sorted(people),
    )
    found = {(r["agency"], r["local_person"]) for r in rows}
    return people_of(
        await records_of(connection, found, decoded), await record_links(connection, found)
    )


async def _merged_with(connection: Connection, locals_: set[Key]) -> set[Key]:
    """These records and all that a merge, a split or a person's decision ties to them: who a merged record is, its survivor
    decides."""
    found, fresh = set(locals_), set(locals_)
    while fresh:
        tied = {
            key for link in await record_links(connection, fresh) for key in (link.kept, link.other)
        }
        rows = await connection.fetch(
            """SELECT DISTINCT e.agency, p AS local_person FROM event e CROSS JOIN LATERAL unnest(e.local_people) AS p
                WHERE e.local_people && $2::text[] AND e.agency = ANY($1::text[])
                  AND e.type IN ('uk.crisisliaison.person.merged.v1', 'uk.crisisliaison.person.split.v1')""",
            sorted({a for a, _ in fresh}),
            sorted({p for _, p in fresh}),
        )
        fresh = ({(r["agency"], r["local_person"]) for r in rows} | tied) - found
        found |= fresh
    return found


async def register(
    connection: Connection, changed: set[Key], decoded: Decoded, now: datetime
) -> set[Key]:
    """Fold changed local records anew, and return recent incidents whose person must be looked at again."""
    if not changed:
        return set()
    changed = await _merged_with(connection, changed)
    records = await records_of(connection, changed, decoded)
    keys = {
        (r.agency, r.local_person): {k for d in r.descriptors for k in identity_keys(d)}
        for r in records
    }
    ids = person_ids(records, await record_links(connection, changed))
    known = {(r.agency, r.local_person): known_of(r) for r in records}
    await connection.executemany(
        """INSERT INTO local_record (agency, local_person, person_id, known) VALUES ($1, $2, $3, $4)
           ON CONFLICT (agency, local_person) DO UPDATE SET person_id = excluded.person_id, known = excluded.known""",
        [(*local, person_id, known[local]) for local, person_id in ids.items()],
    )
    await count(connection, changed, records)
    found_by = await _keep_keys(connection, changed, keys)
    names = {described_key(key) for key in found_by} | {local_key(*local) for local in changed}
    incidents = await connection.fetch(
        "SELECT agency, reference FROM incident WHERE link_keys && $1::text[] AND last_seen_at >= $2",
        sorted(names),
        now - REOPEN,
    )
    return {(r["agency"], r["reference"]) for r in incidents}


async def _keep_keys(
    connection: Connection, changed: set[Key], keys: Mapping[Key, Collection[int]]
) -> set[int]:
    """Write the keys of these records; gives those under which any of the changed were found before and are now."""
    rows = await connection.fetch(
        """SELECT l.agency, l.local_person, l.record_id, ARRAY(SELECT key FROM identity_key k WHERE k.record_id = l.record_id)
               AS keys FROM local_record l WHERE (agency, local_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [a for a, _ in changed],
        [p for _, p in changed],
    )
    found: set[int] = set()
    gone: list[tuple[int, int]] = []
    new: list[tuple[int, int]] = []
    for row in rows:
        before, record_id = set(row["keys"]), row["record_id"]
        after = set(keys.get((row["agency"], row["local_person"]), before))
        gone += [(key, record_id) for key in before - after]
        new += [(key, record_id) for key in after - before]
        found |= before | after
    await connection.execute(
        """DELETE FROM identity_key WHERE (key, record_id) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))""",
        [k for k, _ in gone],
        [r for _, r in gone],
    )
    await connection.execute(
        "INSERT INTO identity_key (key, record_id) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING",
        [k for k, _ in new],
        [r for _, r in new],
    )
    return found


async def people_of_locals(connection: Connection, locals_: set[Key]) -> dict[Key, str]:
    """The person behind agencies' own identifiers."""
    if not locals_:
        return {}
    rows = await connection.fetch(
        """SELECT agency, local_person, person_id FROM local_record
            WHERE (agency, local_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [a for a, _ in locals_],
        [p for _, p in locals_],
    )
    return {(r["agency"], r["local_person"]): str(r["person_id"]) for r in rows}


async def record_links(connection: Connection, locals_: Iterable[Key]) -> tuple[RecordLink, ...]:
    """What people decided of these records and has not been undone, in the order of the decisions."""
    wanted = list(locals_)
    if not wanted:
        return ()
    rows = await connection.fetch(
        """SELECT kept_agency, kept_person, other_agency, other_person, verdict FROM record_link
            WHERE undone_at IS NULL
              AND ((kept_agency, kept_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))
                   OR (other_agency, other_person) IN (SELECT * FROM unnest($1::text[], $2::text[])))
            ORDER BY link_id""",
        [a for a, _ in wanted],
        [p for _, p in wanted],
    )
    return tuple(
        RecordLink(
            (r["kept_agency"], r["kept_person"]),
            (r["other_agency"], r["other_person"]),
            r["verdict"] == "same",
        )
        for r in rows
    )
