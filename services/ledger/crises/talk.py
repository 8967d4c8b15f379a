"""What desks said to each other about a crisis, who has seen it, and who else was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.liaison.alert.states import Answer
from services.liaison.alert.talk import DeskMessage, MessageView
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class ToldDesk:
    """Another desk that has an alert which the asking desk has too."""

    desk: str
    title: str
    """Of the alert, as the asking desk has it."""
    acknowledged_at: datetime | None
    outcome: Answer | None
    answered_at: datetime | None
    reason: str | None
    """Of a refusal; of another answer it stays with that desk."""
    dispute: str | None


async def desk_messages(connection: Connection, crisis: str) -> list[DeskMessage]:
    """What desks said of the crisis, the oldest first."""
    rows = await connection.fetch(
        """SELECT m.message_id::text, m.alert_id::text, m.desk, m.actor, m.words, m.sent_at
             FROM desk_message m JOIN alert a USING (alert_id) WHERE a.crisis_id = $1
            ORDER BY m.sent_at, m.message_id""",
        crisis,
    )
    return [DeskMessage(**row) for row in rows]


async def message_views(connection: Connection, crisis: str) -> list[MessageView]:
    """Which desks have seen what was said of it."""
    rows = await connection.fetch(
        """SELECT v.message_id::text, v.desk, v.actor, v.seen_at
             FROM desk_message_view v JOIN desk_message m USING (message_id) JOIN alert a USING (alert_id)
            WHERE a.crisis_id = $1 ORDER BY v.seen_at, v.message_id, v.desk""",
        crisis,
    )
    return [MessageView(**row) for row in rows]


async def desks_told(connection: Connection, crisis: str) -> frozenset[str]:
    """Every desk that has an alert of the crisis, whether it stands or not."""
    rows = await connection.fetch(
        "SELECT DISTINCT d.desk FROM alert_desk d JOIN alert a USING (alert_id) WHERE a.crisis_id = $1",
        crisis,
    )
    return frozenset(row["desk"] for row in rows)


async def keep_desk_message(connection: Connection, message: DeskMessage) -> bool:
    """Keep it; False where one of this id is kept already."""
    kept = await connection.fetchval(
        """INSERT INTO desk_message (message_id, alert_id, desk, actor, words, sent_at)
           VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (message_id) DO NOTHING RETURNING true""",
        message.message_id,
        message.alert_id,
        message.desk,
        message.actor,
        message.words,
        message.sent_at,
    )
    return bool(kept)


async def keep_views(connection: Connection, views: Sequence[MessageView]) -> list[MessageView]:
    """Keep those that are a desk's first of a message, and give them."""
    rows = await connection.fetch(
        """INSERT INTO desk_message_view (message_id, desk, actor, seen_at)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
           ON CONFLICT (message_id, desk) DO NOTHING RETURNING message_id::text, desk""",
        [view.message_id for view in views],
        [view.desk for view in views],
        [view.actor for view in views],
        [view.seen_at for view in views],
    )
    first = {(row["message_id"], row["desk"]) for row in rows}
    return [view for view in views if (view.message_id, view.desk) in first]


async def told_desks(connection: Connection, crisis: UUID, desk: str) -> list[ToldDesk]:
    """The other desks of those alerts of the crisis that this desk has, and what each answered. Of
    an alert that it does not have it learns nothing, not even that there is one."""
    rows = await connection.fetch(
        """SELECT o.desk, coalesce(d.view->>'title', '') AS title, o.acknowledged_at, o.outcome, o.answered_at,
                  CASE WHEN o.outcome IN ('declined', 'not-ours') THEN o.outcome_reason END AS reason, o.dispute
             FROM alert_desk d JOIN alert a USING (alert_id) JOIN alert_desk o USING (alert_id)
            WHERE a.crisis_id = $1 AND d.desk = $2 AND o.desk <> $2
            ORDER BY o.desk, a.urgency, a.raised_at, a.alert_id""",
        crisis,
        desk,
    )
    return [ToldDesk(**row) for row in rows]
