"""Which log each cursor is a place in, and what happened when it became another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Literal

import asyncpg

from services.orchestration.batch import Place
from services.runtime.log_identity import NOT_KNOWN, LogIdentity
from services.runtime.postgres import Connection

# The topic was created anew, its end was lost, it ends before the cursor for no known reason; or
# a leader was elected while records came, and nothing is known to be lost.
ChangeKind = Literal["recreated", "truncated", "shorter", "elected"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a log."""

    next_offset: int
    identity: LogIdentity = NOT_KNOWN
    seen_offset: int | None = None
    """How far the log was seen to reach under that leader."""


@dataclass(frozen=True, slots=True)
class LogChange:
    """A partition is another log than the one that was read, and is read anew from an offset."""

    kind: ChangeKind
    cursor: Cursor
    next_offset: int
    identity: LogIdentity


async def cursors_of_logs(connection: Connection | asyncpg.Pool) -> dict[Place, Cursor]:
    """Of every partition that was ever read."""
    rows = await connection.fetch(
        """SELECT topic, partition, next_offset, cluster_id, topic_id, leader_epoch, seen_offset
             FROM kafka_cursor"""
    )
    cursors = {}
    for row in rows:
        identity = LogIdentity(row["cluster_id"], row["topic_id"], row["leader_epoch"])
        place = (row["topic"], row["partition"])
        cursors[place] = Cursor(row["next_offset"], identity, row["seen_offset"])
    return cursors


async def see(connection: Connection, reached: Mapping[Place, Cursor]) -> None:
    """These logs are what they are, and reach as far as that."""
    # in the order of the batches, which lock cursors too
    await connection.executemany(
        """UPDATE kafka_cursor SET cluster_id = $3, topic_id = $4, leader_epoch = $5, seen_offset = $6
            WHERE topic = $1 AND partition = $2""",
        [
            (*place, *astuple(cursor.identity), cursor.next_offset)
            for place, cursor in sorted(reached.items(), key=_place)
        ],
    )


def _place(item: tuple[Place, Cursor]) -> Place:
    return item[0]


async def change(connection: Connection, place: Place, changed: LogChange, now: datetime) -> bool:
    """Read the other log from there on. False where somebody else has noticed it already."""
    row = await connection.fetchrow(
        """UPDATE kafka_cursor SET log = log + 1, next_offset = $3, seen_offset = $3,
                  cluster_id = $4, topic_id = $5, leader_epoch = $6
            WHERE topic = $1 AND partition = $2 AND (cluster_id, topic_id, leader_epoch)
                  IS NOT DISTINCT FROM ($7::text, $8::text, $9::int) AND next_offset >= $10
        RETURNING log""",
        *place,
        changed.next_offset,
        *astuple(changed.identity),
        *astuple(changed.cursor.identity),
        changed.cursor.next_offset,
    )
    if row is None:
        return False
    await connection.execute(
        """INSERT INTO kafka_log_change (topic, partition, log, kind, former_offset, next_offset, noticed_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        *place,
        row["log"],
        changed.kind,
        changed.cursor.next_offset,
        changed.next_offset,
        now,
    )
    return True


async def accept_loss(connection: Connection, feed: str, by: str, now: datetime) -> None:
    """Somebody says that the feed goes on without what was deleted unread."""
    await connection.execute(
        "INSERT INTO kafka_accepted_loss (feed, accepted_at, accepted_by) VALUES ($1, $2, $3)",
        feed,
        now,
        by,
    )


async def loss_accepted_by(
    connection: Connection | asyncpg.Pool, feed: str, since: datetime
) -> str | None:
    """Who has said so since then; None: nobody."""
    by: str | None = await connection.fetchval(
        """SELECT accepted_by FROM kafka_accepted_loss WHERE feed = $1 AND accepted_at >= $2
            ORDER BY accepted_at DESC LIMIT 1""",
        feed,
        since,
    )
    return by


async def skips_since(connection: Connection, since: datetime) -> list[asyncpg.Record]:
    """The stretches that nobody read, with offsets, why, and when that was written down."""
    return await connection.fetch(
        """SELECT topic, partition, first_offset, next_offset, reason, recorded_at FROM kafka_cursor_skip
            WHERE recorded_at >= $1 ORDER BY recorded_at""",
        since,
    )


async def changes_since(connection: Connection, since: datetime) -> list[asyncpg.Record]:
    """The partitions that became another log, with kind, both offsets and when it was noticed."""
    return await connection.fetch(
        """SELECT topic, partition, kind, former_offset, next_offset, noticed_at FROM kafka_log_change
            WHERE noticed_at >= $1 AND kind <> 'elected' ORDER BY noticed_at""",
        since,
    )
