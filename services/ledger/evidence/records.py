"""The audit read as evidence: every record along its chain, and the records about somebody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from services.ledger.evidence.chain import Entry, Head
from services.runtime.postgres import Connection

_COLUMNS = (
    "audit_id, chain, place, previous, hash, action, actor, subject, detail::text AS detail, at"
)


async def heads(connection: Connection) -> list[Head]:
    """Where each chain ends, as the ledger has it beside the records."""
    rows = await connection.fetch("SELECT chain, place, hash FROM audit_head ORDER BY chain")
    return [Head(**row) for row in rows]


async def entries(connection: Connection) -> AsyncIterator[Entry]:
    """Every record in order of chain and place, a thousand at a time; in a transaction."""
    query = f"SELECT {_COLUMNS} FROM audit ORDER BY chain, place, audit_id"
    async for row in connection.cursor(query, prefetch=1000):
        yield Entry(**row)


async def sealed_heads(connection: Connection) -> list[Head]:
    """Where the chains ended at each minute, as the records of those minutes say."""
    rows = await connection.fetch(
        """SELECT DISTINCT (head ->> 'chain')::int AS chain, (head ->> 'place')::bigint AS place,
                  decode(head ->> 'hash', 'hex') AS hash
             FROM audit CROSS JOIN LATERAL jsonb_array_elements(detail -> 'heads') AS head
            WHERE action = 'audit.sealed'"""
    )
    return [Head(**row) for row in rows]


async def entries_about(
    connection: Connection, names: Sequence[str] | None, since: datetime | None
) -> list[Entry]:
    """Records whose subject, or a text in whose detail, is one of these names, the oldest first;
    without names all of them."""
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS} FROM audit
             WHERE ($1::text[] IS NULL OR subject = ANY($1)
                    OR jsonb_path_query_array(detail, '$.**') ?| $1::text[])
               AND ($2::timestamptz IS NULL OR at >= $2)
             ORDER BY audit_id""",
        names,
        since,
    )
    return [Entry(**row) for row in rows]


async def names_of_person(connection: Connection, person: str) -> list[str]:
    """Under which names the audit may speak of the person: their own, their records', and those of
    the incidents that they were ever decided to be in, with their crises and alerts."""
    rows = await connection.fetch(
        """WITH described AS (SELECT DISTINCT agency, incident FROM identity_decision WHERE person_id::text = $1),
                whose AS (SELECT i.crisis_id FROM incident i JOIN described d
                              ON (i.agency, i.reference) = (d.agency, d.incident)
                          UNION SELECT s.crisis_id FROM subject s JOIN described d
                              ON (s.agency, s.subject) = (d.agency, d.incident))
           SELECT $1 AS name
            UNION SELECT agency || '/' || incident FROM described
            UNION SELECT agency || '/' || local_person FROM local_record WHERE person_id::text = $1
            UNION SELECT crisis_id::text FROM whose
            UNION SELECT alert_id::text FROM alert WHERE crisis_id IN (SELECT crisis_id FROM whose)""",
        person,
    )
    return sorted(row["name"] for row in rows)
