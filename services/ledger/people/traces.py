"""SQL of the people to be traced: found beside the stream, taken one at a time, finished or put
off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.runtime.postgres import Connection

# How far back each search begins again: a transaction may commit later than one that began after
# it.
OVERLAP = timedelta(minutes=5)
# How long a person is one worker's; a worker that dies gives them up after it.
LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Asked:
    """A person to trace, and what their organisation last said of them."""

    agency: str
    local_person: str
    feed: str
    event_source: str
    event_id: str
    body: bytes
    attempts: int


async def find(connection: Connection, trace_suffix: str, now: datetime) -> int:
    """Search what came since the last search for people whose descriptor is new. Returns how many
    there are.

    Descriptors that came from a trace are passed over.
    """
    async with connection.transaction():
        # locked, so that two workers do not search the same stretch
        since = await connection.fetchval("SELECT received_at FROM trace_place FOR UPDATE")
        rows = await connection.fetch(
            """INSERT INTO trace_request (agency, local_person, event_source, event_id, said_at, state, due_at)
               SELECT DISTINCT ON (e.agency, p) e.agency, p, e.source, e.id, e.occurred_at, 'waiting', $3::timestamptz
                 FROM event e CROSS JOIN LATERAL unnest(e.local_people) AS p
                WHERE e.type IN ('uk.crisisliaison.person.registered.v1', 'uk.crisisliaison.person.updated.v1')
                  AND e.received_at >= coalesce($1::timestamptz, '-infinity') AND right(e.source, length($2)) <> $2
                ORDER BY e.agency, p, e.occurred_at DESC, e.source DESC, e.id DESC
               ON CONFLICT (agency, local_person) DO UPDATE
                  SET event_source = excluded.event_source, event_id = excluded.event_id, said_at = excluded.said_at,
                      state = 'waiting', due_at = excluded.due_at, attempts = 0, outcome = NULL, finished_at = NULL
                WHERE excluded.said_at >= trace_request.said_at
                  AND (excluded.event_source, excluded.event_id)
                      IS DISTINCT FROM (trace_request.event_source, trace_request.event_id)
               RETURNING 1""",
            since - OVERLAP if since is not None else None,
            trace_suffix,
            now,
        )
        await connection.execute(
            """INSERT INTO trace_place (received_at) VALUES ($1)
               ON CONFLICT (only_one) DO UPDATE SET received_at = greatest(trace_place.received_at, excluded.received_at)""",
            now,
        )
    return len(rows)


async def take(connection: Connection, now: datetime) -> Asked | None:
    """The person who has waited longest, for the length of the lease; None when nobody is due."""
    row = await connection.fetchrow(
        """UPDATE trace_request t SET due_at = $2, attempts = attempts + 1
             FROM event e
            WHERE (t.agency, t.local_person) =
                  (SELECT agency, local_person FROM trace_request WHERE state = 'waiting' AND due_at <= $1
                    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
              AND e.source = t.event_source AND e.id = t.event_id
        RETURNING t.agency, t.local_person, e.feed, t.event_source, t.event_id, e.body, t.attempts,
                  EXISTS (SELECT FROM event c WHERE c.source = e.source AND c.refers_to = e.id) AS taken_back""",
        now,
        now + LEASE,
    )
    if row is None:
        return None
    request = Asked(
        row["agency"],
        row["local_person"],
        row["feed"],
        row["event_source"],
        row["event_id"],
        row["body"],
        row["attempts"],
    )
    # what was taken back may not be asked of a national service: nobody says it any more
    if row["taken_back"]:
        await finish(connection, request, "taken-back", now)
        return await take(connection, now)
    return request


async def finish(connection: Connection, request: Asked, outcome: str, now: datetime) -> None:
    """Done, unless the organisation has said something new of the person meanwhile."""
    await connection.execute(
        """UPDATE trace_request SET state = 'done', outcome = $5, finished_at = $6
            WHERE agency = $1 AND local_person = $2 AND event_source = $3 AND event_id = $4""",
        request.agency,
        request.local_person,
        request.event_source,
        request.event_id,
        outcome,
        now,
    )


async def put_off(connection: Connection, request: Asked, until: datetime) -> None:
    """Try again later."""
    await connection.execute(
        """UPDATE trace_request SET due_at = $5
            WHERE agency = $1 AND local_person = $2 AND event_source = $3 AND event_id = $4 AND state = 'waiting'""",
        request.agency,
        request.local_person,
        request.event_source,
        request.event_id,
        until,
    )


async def waiting(connection: Connection) -> tuple[int, datetime | None]:
    """How many wait, and since when the oldest is due."""
    row = await connection.fetchrow(
        "SELECT count(*) AS n, min(due_at) AS oldest FROM trace_request WHERE state = 'waiting'"
    )
    if row is not None:
        return (row["n"], row["oldest"])
    return (0, None)
