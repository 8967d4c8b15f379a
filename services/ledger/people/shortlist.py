"""Whom descriptions may be of, from the register in PostgreSQL: the people to weigh, with what
matching keeps of them.

One round trip for many descriptions. Which people: as `services.identity.candidates.gather` says,
word for word.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Mapping

import asyncpg

from services.identity.candidates import CAP, MOST, TOO_COMMON
from services.identity.decide import identity_keys
from services.identity.known import Candidate, Known, candidate_of, known_of
from services.ledger.events.decoded import Decoded
from services.ledger.people.frequency import frequencies
from services.ledger.people.register import records_of
from services.liaison.settlement import Key
from services.orchestration.ledger import DescribedPerson, Shortlist
from services.orchestration.matching import values_to_know
from services.runtime.postgres import Connection

# Descriptions looked up at once. While PostgreSQL looks up the next of a large batch, this
# process weighs.
PART = 25

_SHORTLIST = """
WITH held AS MATERIALIZED (
         SELECT a.number, h.records, h.size <= $4 AS alone, h.size <= $4 AND a.key & 1 = 1 AS strong
           FROM unnest($1::int[], $2::bigint[]) AS a(number, key) CROSS JOIN LATERAL
                (SELECT array_agg(record_id) AS records, count(*) AS size
                   FROM (SELECT record_id FROM identity_key k WHERE k.key = a.key LIMIT $3 + 1) AS l) AS h
          WHERE h.size <= $3),
     shared AS (SELECT number, r AS record_id, count(*) AS times, bool_or(strong) AS strong
                  FROM held CROSS JOIN LATERAL unnest(records) AS r GROUP BY 1, 2
                HAVING bool_or(alone) OR count(*) > 1),
     ranked AS (SELECT *, count(*) OVER (PARTITION BY number ORDER BY times DESC)
                          + count(*) FILTER (WHERE strong) OVER (PARTITION BY number)
                          - count(*) FILTER (WHERE strong) OVER (PARTITION BY number ORDER BY times DESC) AS so_many
                  FROM shared),
     near AS (SELECT DISTINCT r.number, l.person_id FROM ranked r JOIN local_record l USING (record_id)
               WHERE r.strong OR r.so_many <= $5)
SELECT n.number, n.person_id::text AS person_id, l.agency, l.local_person, l.known
  FROM near n JOIN local_record l USING (person_id) ORDER BY l.agency, l.local_person"""


async def shortlist(
    connection: Connection, keys_of: Mapping[Key, Collection[int]], decoded: Decoded
) -> dict[Key, list[Candidate]]:
    """The people to weigh for each description, by the incident whose description it is. `keys_of`
    are its identity keys.
    """
    incidents = list(keys_of)
    pairs = [
        (number, name) for number, key in enumerate(incidents) for name in sorted(keys_of[key])
    ]
    if not pairs:
        return {key: [] for key in incidents}
    rows = await connection.fetch(
        _SHORTLIST, [n for n, _ in pairs], [k for _, k in pairs], TOO_COMMON, CAP, MOST
    )
    # one folding a record however many descriptions are near to it
    known_records = await _known(connection, rows, decoded)
    records: dict[str, dict[Key, Known]] = defaultdict(dict)
    near: dict[Key, set[str]] = {key: set() for key in incidents}
    for row in rows:
        record = (row["agency"], row["local_person"])
        records[row["person_id"]][record] = known_records[record]
        near[incidents[row["number"]]].add(row["person_id"])
    candidates = {
        person: candidate_of(person, of_person.values()) for person, of_person in records.items()
    }
    return {key: [candidates[person] for person in sorted(people)] for key, people in near.items()}


async def _known(
    connection: Connection, rows: list[asyncpg.Record], decoded: Decoded
) -> dict[Key, Known]:
    """What is kept of each record. One that was folded before anything was kept is folded again,
    until it changes.
    """
    kept_records: dict[Key, Known] = {
        (r["agency"], r["local_person"]): r["known"] for r in rows if r["known"] is not None
    }
    # a ledger of an earlier release has records without it: they are folded when they are met,
    # not all at once
    older = {(r["agency"], r["local_person"]) for r in rows} - set(kept_records)
    return kept_records | {
        (r.agency, r.local_person): known_of(r)
        for r in await records_of(connection, older, decoded)
    }


async def shortlists(
    connection: Connection, described: Mapping[Key, DescribedPerson], decoded: Decoded
) -> AsyncGenerator[Shortlist, None]:
    """Whom to weigh for each description, some at a time. The connection is this generator's until
    it ends.
    """
    keys = list(described)
    parts = [keys[start : start + PART] for start in range(0, len(keys), PART)]

    async def look_up(part: Collection[Key]) -> dict[Key, list[Candidate]]:
        keys_of = {key: identity_keys(described[key].descriptor) for key in part}
        return await shortlist(connection, keys_of, decoded)

    coming: asyncio.Task[dict[Key, list[Candidate]]] | None = None
    try:
        for number, part in enumerate(parts):
            candidates = await (coming if coming is not None else look_up(part))
            common = await frequencies(connection, values_to_know(described, candidates))
            if number + 1 < len(parts):
                coming = asyncio.create_task(look_up(parts[number + 1]))
                # the statement is on its way before this process is busy
                await asyncio.sleep(0)
            yield Shortlist(candidates, common)
    finally:
        if coming is not None and not coming.done():
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
