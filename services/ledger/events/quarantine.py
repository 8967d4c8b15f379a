"""What was rejected and waits: looked at, replayed after a fix, or discarded. Nothing is deleted."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg

from services.orchestration.batch import Record
from services.runtime.postgres import Connection

Resolution = Literal["replayed", "discarded"]
Header = tuple[str, bytes]


def headers_as_kept(headers: Sequence[Header]) -> bytes:
    """In ASCII, so that whatever a sender puts into a header can be kept."""
    return json.dumps([[name, value.hex()] for name, value in headers]).encode()


def _headers_of(kept: bytes | None) -> tuple[Header, ...]:
    if kept is None:
        return ()
    return tuple((name, bytes.fromhex(value)) for name, value in json.loads(kept))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of what waits; what is None does not matter."""

    numbers: tuple[int, ...] | None = None
    feed: str | None = None
    code: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One rejected record that waits."""

    number: int
    feed: str
    agency: str
    code: str
    pointer: str
    remedy: str
    received_at: datetime
    record: Record
    is_of_this_log: bool
    """Its place is one of the log that is read now: in another one other events stand there."""


_CHOSEN = """resolution IS NULL AND ($1::bigint[] IS NULL OR rejection_id = ANY($1::bigint[]))
   AND ($2::text IS NULL OR feed = $2) AND ($3::text IS NULL OR code = $3)
   AND ($4::timestamptz IS NULL OR received_at >= $4) AND ($5::timestamptz IS NULL OR received_at < $5)"""


async def waiting(connection: Connection, choice: Choice, limit: int) -> list[Waiting]:
    """Of what waits the oldest, as it came."""
    rows = await connection.fetch(
        f"""SELECT rejection_id, feed, agency, code, pointer, remedy, received_at, topic, partition,
                   "offset", body, headers,
                   log = coalesce((SELECT c.log FROM kafka_cursor c
                                    WHERE c.topic = r.topic AND c.partition = r.partition), 0) AS current
              FROM rejection r WHERE {_CHOSEN} ORDER BY rejection_id LIMIT $6""",
        *_values(choice),
        limit,
    )
    return [_waiting(row) for row in rows]


def _values(choice: Choice) -> tuple[object, ...]:
    numbers = None if choice.numbers is None else list(choice.numbers)
    return numbers, choice.feed, choice.code, choice.since, choice.until


def _waiting(row: asyncpg.Record) -> Waiting:
    headers = _headers_of(row["headers"])
    record = Record(row["topic"], row["partition"], row["offset"], row["body"], headers)
    return Waiting(
        row["rejection_id"],
        row["feed"],
        row["agency"],
        row["code"],
        row["pointer"],
        row["remedy"],
        row["received_at"],
        record,
        row["current"],
    )


async def resolve(
    connection: Connection,
    numbers: Collection[int],
    resolution: Resolution,
    actor: str,
    now: datetime,
) -> None:
    """These wait no more."""
    await connection.execute(
        """UPDATE rejection SET resolution = $2, resolved_by = $3, resolved_at = $4
            WHERE rejection_id = ANY($1::bigint[]) AND resolution IS NULL""",
        list(numbers),
        resolution,
        actor,
        now,
    )
