"""Events, rejections and the place in the topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from schemas.envelope import decode
from schemas.received import Received, local_people_of, refers_to
from schemas.registry import Registry
from services.ledger.columns import columns
from services.ledger.events.quarantine import headers_as_kept
from services.orchestration.batch import Place
from services.orchestration.ledger import Identity, Located, Message, Quarantined
from services.runtime.postgres import Connection


async def lock_cursors(connection: Connection, places: Iterable[Place]) -> dict[Place, int]:
    """Next offset of each place, locked until the transaction ends. Sorted, so that two batches
    cannot deadlock.
    """
    positions = sorted(set(places))
    topics, partitions = [t for t, _ in positions], [p for _, p in positions]
    rows = await connection.fetch(
        """SELECT topic, partition, next_offset FROM kafka_cursor
            WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[]))
            ORDER BY topic, partition FOR UPDATE""",
        topics,
        partitions,
    )
    if len(rows) < len(positions):
        await connection.execute(
            """INSERT INTO kafka_cursor (topic, partition, next_offset)
               SELECT t, p, 0 FROM unnest($1::text[], $2::int[]) AS x(t, p) ORDER BY t, p ON CONFLICT DO NOTHING""",
            topics,
            partitions,
        )
        return await lock_cursors(connection, positions)
    return {(r["topic"], r["partition"]): r["next_offset"] for r in rows}


async def cursors(connection: Connection | asyncpg.Pool) -> dict[Place, int]:
    """Next offset of every place, not locked."""
    rows = await connection.fetch("SELECT topic, partition, next_offset FROM kafka_cursor")
    return {(r["topic"], r["partition"]): r["next_offset"] for r in rows}


async def advance(connection: Connection, places: Mapping[Place, int]) -> None:
    """Move cursors. Only in the transaction that holds what was read."""
    await connection.execute(
        """UPDATE kafka_cursor c SET next_offset = x.n
             FROM unnest($1::text[], $2::int[], $3::bigint[]) AS x(t, p, n)
            WHERE c.topic = x.t AND c.partition = x.p""",
        [t for t, _ in places],
        [p for _, p in places],
        list(places.values()),
    )


async def skip(
    connection: Connection, place: Place, first: int, following: int, reason: str, now: datetime
) -> None:
    """Record that offsets hold nothing (transaction markers, compaction, or before the first use of
    the topic).
    """
    await connection.execute(
        """INSERT INTO kafka_cursor_skip (topic, partition, first_offset, next_offset, reason, recorded_at)
           VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING""",
        *place,
        first,
        following,
        reason,
        now,
    )


async def insert_events(connection: Connection, located: Sequence[Located]) -> set[Identity]:
    """Insert those that are new and return their identities."""
    rows = []
    for stored in located:
        received = stored.accepted.received
        event = received.event
        key = received.record_key
        rows.append(
            (
                event.source,
                event.id,
                event.type,
                received.feed,
                received.agency,
                key[1] if key else None,
                local_people_of(received),
                refers_to(received),
                event.time,
                event.recorded_at,
                received.received_at,
                stored.topic,
                stored.partition,
                stored.offset,
                stored.accepted.content_hash,
                stored.accepted.body,
                key[0] if key else None,
            )
        )
    columns = list(zip(*rows, strict=True))
    joined = [None if people is None else "\x1f".join(people) for people in columns[6]]
    inserted = await connection.fetch(
        """INSERT INTO event (source, id, type, feed, agency, incident, local_people, refers_to, occurred_at,
                              recorded_at, received_at, topic, partition, "offset", content_hash, body,
                              record_agency, log)
           SELECT s, i, ty, f, a, inc, string_to_array(lp, chr(31)), rt, oc, rec, rcv, t, p, o, h, b, ra,
                  coalesce((SELECT c.log FROM kafka_cursor c WHERE c.topic = t AND c.partition = p), 0)
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::int[],
                         $14::bigint[], $15::bytea[], $16::bytea[], $17::text[])
               AS x(s, i, ty, f, a, inc, lp, rt, oc, rec, rcv, t, p, o, h, b, ra)
           ON CONFLICT (source, id) DO NOTHING RETURNING source, id""",
        *columns[:6],
        joined,
        *columns[7:],
    )
    return {(r["source"], r["id"]) for r in inserted}


async def content_hashes(
    connection: Connection, identities: Iterable[Identity]
) -> dict[Identity, bytes]:
    """The content of events that are in the ledger."""
    targets = list(identities)
    if not targets:
        return {}
    rows = await connection.fetch(
        """SELECT source, id, content_hash FROM event
            WHERE (source, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [s for s, _ in targets],
        [i for _, i in targets],
    )
    return {(r["source"], r["id"]): r["content_hash"] for r in rows}


async def insert_rejections(
    connection: Connection, quarantined: Sequence[Quarantined], now: datetime
) -> None:
    """Put messages into quarantine with the reason."""
    await connection.executemany(
        """INSERT INTO rejection (feed, agency, topic, partition, "offset", code, pointer, remedy, body, received_at, log,
                                  headers)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                   coalesce((SELECT c.log FROM kafka_cursor c WHERE c.topic = $3 AND c.partition = $4), 0),
                   $11)
           ON CONFLICT (topic, partition, log, "offset") DO NOTHING""",
        [
            (
                q.feed,
                q.agency,
                q.topic,
                q.partition,
                q.offset,
                q.rejected.fault.code,
                q.rejected.fault.pointer,
                q.rejected.fault.remedy,
                q.rejected.body,
                now,
                headers_as_kept(q.headers),
            )
            for q in quarantined
        ],
    )


async def corrected_kinds(
    connection: Connection, targets: Iterable[Identity]
) -> dict[Identity, str | None]:
    """Type of the event that each target is, or that it corrects in the end; None for one that is
    not there.
    """
    kinds: dict[Identity, str | None] = {}
    waiting = {target: target for target in targets}
    # a correction of a correction is in the end about the first event; a circle of them is about
    # nothing
    for _ in range(5):
        if not waiting:
            break
        rows = await connection.fetch(
            """SELECT source, id, type, refers_to FROM event
                WHERE (source, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
            *columns(waiting.values(), 2),
        )
        row_of = {(row["source"], row["id"]): row for row in rows}
        following: dict[Identity, Identity] = {}
        for target, current in waiting.items():
            # what is not there yet is asked for again when it comes
            row = row_of.get(current)
            if row is not None and row["refers_to"] is not None:
                following[target] = (row["source"], row["refers_to"])
            else:
                kinds[target] = None if row is None else row["type"]
        waiting = following
    return kinds | dict.fromkeys(waiting)


async def place_corrections(
    connection: Connection, identities: Sequence[Identity]
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Give new corrections the record or the person of what they correct, and corrections that
    waited for a new event its own; then the corrections of these.

    Returns the incidents and the local people that changed.
    """
    incidents: set[tuple[str, str]] = set()
    people: set[tuple[str, str]] = set()
    fresh = list(identities)
    while fresh:
        rows = await connection.fetch(
            """UPDATE event c SET incident = t.incident, record_agency = t.record_agency, local_people = t.local_people
                 FROM event t
                WHERE t.source = c.source AND t.id = c.refers_to AND c.refers_to IS NOT NULL
                  AND c.incident IS NULL AND c.local_people IS NULL
                  AND (t.incident IS NOT NULL OR t.local_people IS NOT NULL)
                  AND ((c.source, c.id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
                       OR (t.source, t.id) IN (SELECT * FROM unnest($1::text[], $2::text[])))
            RETURNING c.source, c.id, t.agency, t.record_agency, t.incident, t.local_people""",
            *columns(fresh, 2),
        )
        for row in rows:
            if row["incident"] is not None:
                incidents.add((row["record_agency"], row["incident"]))
            people.update((row["agency"], person) for person in row["local_people"] or ())
        # a correction of a correction follows the one that has just found its record
        fresh = [(r["source"], r["id"]) for r in rows]
    return incidents, people


async def history(
    connection: Connection, registry: Registry, since: datetime | None, until: datetime | None
) -> list[Received]:
    """Every event of the zone's feeds received in [since, until), in order of receipt. A feed that
    is no longer in the registry is passed over."""
    rows = await connection.fetch(
        """SELECT feed, received_at, body FROM event
            WHERE ($1::timestamptz IS NULL OR received_at >= $1) AND ($2::timestamptz IS NULL OR received_at < $2)
            ORDER BY received_at, topic, partition, "offset" """,
        since,
        until,
    )
    events = []
    for row in rows:
        if row["feed"] in registry.feeds_by_id:
            agency, feed = registry.feeds_by_id[row["feed"]]
            events.append(
                Received(decode(row["body"]), agency.id, agency.kind, feed.id, row["received_at"])
            )
    return events


async def put_in_outbox(connection: Connection, messages: Sequence[Message]) -> None:
    """Messages on their way out; one that is there already stays as it is."""
    if not messages:
        return
    await connection.executemany(
        """INSERT INTO outbox (message_id, topic, key, headers, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (message_id) DO NOTHING""",
        [(m.message_id, m.topic, m.key, m.headers, m.body, m.created_at) for m in messages],
    )
