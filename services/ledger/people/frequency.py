"""How common names and postcodes are in the ledger's register: written with each record, read for a
batch at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from services.identity.frequency import ALL, known, stored
from services.identity.model import Frequencies
from services.ledger.columns import columns
from services.orchestration.ledger import RegisterRow
from services.runtime.postgres import Connection


async def count(connection: Connection, records: Sequence[RegisterRow]) -> None:
    """Count these records anew, in the transaction that keeps them. One that says nothing any more
    is counted no more.
    """
    now = {row.record: sorted(stored(*value) for value in row.values) for row in records}
    keys = sorted(now)
    rows = await connection.fetch(
        """SELECT agency, local_person, counted FROM local_record
            WHERE (agency, local_person) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        *columns(keys, 2),
    )
    moved: Counter[int] = Counter()
    for row in rows:
        # what this record counted before is written with it, so that counting anew never
        # counts twice
        before, after = set(row["counted"]), set(now[row["agency"], row["local_person"]])
        moved.update(after - before)
        moved.subtract(before - after)
        moved[ALL] += bool(after) - bool(before)
    # most records say what they said: nothing is written for those
    changes = {value: by for value, by in moved.items() if by}
    if not changes:
        return
    await connection.executemany(
        "UPDATE local_record SET counted = $3 WHERE (agency, local_person) = ($1, $2)",
        [(*key, values) for key, values in now.items()],
    )
    await connection.execute(
        "INSERT INTO value_frequency (value, records) SELECT v, 0 FROM unnest($1::bigint[]) AS v ON CONFLICT DO NOTHING",
        list(changes),
    )
    await connection.execute(
        """UPDATE value_frequency f SET records = f.records + x.n
             FROM unnest($1::bigint[], $2::bigint[]) AS x(v, n) WHERE f.value = x.v""",
        list(changes),
        list(changes.values()),
    )


async def frequencies(connection: Connection, values: Collection[tuple[str, str]]) -> Frequencies:
    """How common these values are (`identity.frequency.values_of` says which there are), one round
    trip for all of them.
    """
    names = sorted({stored(*v) for v in values})
    rows = await connection.fetch(
        "SELECT value, records FROM value_frequency WHERE value = ANY($1::bigint[])", [ALL, *names]
    )
    counts: Mapping[int, int] = {r["value"]: r["records"] for r in rows}
    return known(values, counts)
