"""The alerts of one desk: the list as it is chosen, what waits, what has changed, and one with its
history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import asyncpg

from services.liaison.alert.record import Origin
from services.liaison.alert.states import ENDED, State, TransitionKind
from services.runtime.errors import LiaisonError
from services.runtime.postgres import Connection

CHANNEL = "liaison_alerts"
Outcome = Literal["accepted", "declined", "not-ours"]
Show = Literal["open", "waiting", "mine", "shelved", "ended"]
SHOWS: tuple[Show, ...] = get_args(Show)
# States in which an alert calls for somebody; the statements below name them too. What ended
# unseen (`returned`) stays in the list until somebody acknowledges it, but calls for nobody any
# more.
WAITING: frozenset[State] = frozenset({"raised", "delivered"})


class UnknownAlert(LiaisonError):
    """This desk has no such alert."""


@dataclass(frozen=True, slots=True)
class OtherDesk:
    """Another desk that has this alert."""

    desk: str
    acknowledged_at: datetime | None
    outcome: Outcome | None = None
    answered_at: datetime | None = None
    outcome_reason: str | None = None
    """Why, as that desk said it; of a refusal it is shown to every desk that has the alert."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """The ledger's rows of one alert for one desk."""

    alert_id: str
    sequence: int
    urgency: int
    raised_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    cleared_at: datetime | None
    clear_reason: str | None
    view: Mapping[str, Any]
    """Disclosed to this desk: title, reason, next_step, evidence [{statement, at}], act_by,
    verification, incidents [{agency, reference}], shown {label: text}. Anything else is not
    printed."""
    other_desks: tuple[OtherDesk, ...] = ()
    state: State = "raised"
    rule: str = ""
    origin: Origin = "rule"
    crisis_id: str | None = None
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    outcome: Outcome | None = None
    outcome_reason: str | None = None
    shelved_until: datetime | None = None
    shelved_reason: str | None = None
    inhibited: bool = False
    """It keeps quiet for a more urgent one of the same crisis."""

    @property
    def waiting(self) -> bool:
        """Whether it calls for somebody: nobody has answered, and it does not keep quiet for
        another."""
        return self.state in WAITING and not self.inhibited

    @property
    def ended(self) -> bool:
        """Whether what it warned of is over: it never stands above one that is not."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of an alert's history."""

    sequence: int
    desk: str
    transition: TransitionKind
    at: datetime
    actor: str | None
    reason: str | None


_ALERT = """
SELECT d.alert_id::text AS alert_id, d.view, d.state, d.origin, d.acknowledge_by, d.acknowledged_at, d.acknowledged_by,
       d.claimed_at, d.claimed_by, d.answered_at, d.answered_by, d.outcome, d.outcome_reason, d.shelved_until,
       d.shelved_reason, d.inhibited_by IS NOT NULL AS inhibited, coalesce(d.cleared_at, a.cleared_at) AS cleared_at,
       a.clear_reason, a.urgency, a.raised_at, a.rule, a.crisis_id::text AS crisis_id,
       coalesce((SELECT max(l.sequence) FROM alert_log l WHERE l.alert_id = a.alert_id), 0) AS sequence,
       (SELECT jsonb_agg(jsonb_build_object('desk', o.desk, 'at', o.acknowledged_at, 'outcome', o.outcome,
                                            'answered', o.answered_at, 'reason', o.outcome_reason) ORDER BY o.desk)
          FROM alert_desk o WHERE o.alert_id = a.alert_id AND o.desk <> d.desk) AS told
  FROM alert_desk d JOIN alert a USING (alert_id)
 WHERE d.desk = $1"""
_ORDER = """ ORDER BY d.state IN ('returned', 'cleared', 'closed'), a.urgency,
       d.state NOT IN ('raised', 'delivered') OR d.inhibited_by IS NOT NULL, a.raised_at, a.alert_id"""
_NEWEST_ENDED = " ORDER BY d.cleared_at DESC NULLS LAST, a.alert_id"
_CHOSEN = """ AND (CASE $2 WHEN 'open' THEN d.state NOT IN ('cleared', 'closed')
                           WHEN 'waiting' THEN d.state IN ('raised', 'delivered') AND d.inhibited_by IS NULL
                           WHEN 'mine' THEN d.state IN ('acknowledged', 'claimed')
                                        AND coalesce(d.claimed_by, d.acknowledged_by) = $4
                           WHEN 'shelved' THEN d.state = 'shelved'
                           WHEN 'ended' THEN d.state IN ('cleared', 'closed') END) AND a.urgency = ANY($3::int[])"""
_CRISIS_ORDER = """ ORDER BY bool_and(d.state IN ('returned', 'cleared', 'closed')),
       bool_or(d.state IN ('raised', 'delivered') AND d.inhibited_by IS NULL) DESC, min(a.urgency), min(a.raised_at), 1"""
_CHANGED = """WITH changed AS MATERIALIZED (
    SELECT alert_id, crisis_id FROM alert WHERE alert_id IN (SELECT alert_id FROM alert_log WHERE sequence > $2))"""
_COUNT = """SELECT count(DISTINCT coalesce(a.crisis_id, a.alert_id))
  FROM alert_desk d JOIN alert a USING (alert_id) WHERE d.desk = $1"""
_CALLS = """
  FROM alert_desk d JOIN alert a USING (alert_id)
 WHERE d.desk = $1 AND d.state IN ('raised', 'delivered') AND d.inhibited_by IS NULL"""


async def alerts_chosen(
    connection: Connection | asyncpg.Pool,
    desk: str,
    show: Show,
    urgencies: Sequence[int],
    actor: str,
    *,
    limit: int,
) -> tuple[AlertState, ...]:
    """Alerts of the desk: by urgency, those that wait first; what has ended by its end."""
    order = _ORDER
    if show == "ended":
        order = _NEWEST_ENDED
    rows = await connection.fetch(
        f"{_ALERT}{_CHOSEN}{order} LIMIT $5", desk, show, urgencies, actor, limit
    )
    return _states(rows)


async def alerts_of_crises(
    connection: Connection | asyncpg.Pool,
    desk: str,
    show: Show,
    urgencies: Sequence[int],
    actor: str,
    *,
    limit: int,
    offset: int = 0,
) -> tuple[AlertState, ...]:
    """The chosen alerts of so many crises; an alert that is of none counts as one. Those that call
    for somebody come first, those that have all ended last."""
    order = _CRISIS_ORDER
    if show == "ended":
        order = " ORDER BY max(d.cleared_at) DESC NULLS LAST, 1"
    page = f"""SELECT coalesce(a.crisis_id, a.alert_id)
  FROM alert_desk d JOIN alert a USING (alert_id)
 WHERE d.desk = $1{_CHOSEN} GROUP BY 1{order} LIMIT $5 OFFSET $6"""
    rows = await connection.fetch(
        f"{_ALERT}{_CHOSEN} AND coalesce(a.crisis_id, a.alert_id) IN ({page})",
        desk,
        show,
        urgencies,
        actor,
        limit,
        offset,
    )
    return _states(rows)


async def count_crises(
    connection: Connection | asyncpg.Pool,
    desk: str,
    show: Show,
    urgencies: Sequence[int],
    actor: str,
) -> int:
    """How many crises the chosen alerts are of, each alert that is of none counted as one."""
    return int(await connection.fetchval(_COUNT + _CHOSEN, desk, show, urgencies, actor))


async def count_waiting(connection: Connection | asyncpg.Pool, desk: str) -> dict[int, int]:
    """How many alerts wait for an answer, by urgency: all that a locked screen tells."""
    rows = await connection.fetch(f"SELECT a.urgency, count(*) {_CALLS} GROUP BY a.urgency", desk)
    return {row["urgency"]: row["count"] for row in rows}


async def urgency_of_waiting(connection: Connection, desk: str, limit: int) -> dict[str, int]:
    """Urgency of every alert that waits for an answer, the most urgent first."""
    rows = await connection.fetch(
        f"SELECT d.alert_id::text AS alert_id, a.urgency {_CALLS} ORDER BY a.urgency LIMIT $2",
        desk,
        limit,
    )
    return {row["alert_id"]: row["urgency"] for row in rows}


async def last_sequence(connection: Connection | asyncpg.Pool) -> int:
    """The newest change there is."""
    return int(await connection.fetchval("SELECT last FROM alert_sequence"))


async def alerts_changed(
    pool: asyncpg.Pool, desk: str, after: int
) -> tuple[tuple[AlertState, ...], int]:
    """The desk's alerts that changed after a sequence with all others of their crises, each once and
    as it is now, by sequence; and the newest sequence.

    Another desk's acknowledgement changes who else was told, so changes of every desk of the alert
    count.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        newest = await last_sequence(connection)
        if newest <= after:
            return (), newest
        rows = await connection.fetch(
            f"{_CHANGED}{_ALERT} AND a.alert_id IN (SELECT alert_id FROM changed "
            "UNION SELECT s.alert_id FROM alert s JOIN changed USING (crisis_id))",
            desk,
            after,
        )
    return tuple(sorted(_states(rows), key=lambda state: state.sequence)), newest


async def alert_with_history(
    connection: Connection, desk: str, alert: UUID
) -> tuple[AlertState, tuple[LogLine, ...]]:
    """An alert and its whole history, in the caller's transaction. Other desks' actors stay with
    those desks, and their reasons but for a refusal's. Raises UnknownAlert."""
    row = await connection.fetchrow(f"{_ALERT} AND a.alert_id = $2", desk, alert)
    if row is None:
        raise UnknownAlert
    rows = await connection.fetch(
        """SELECT sequence, desk, transition, at, CASE WHEN desk = $2 THEN actor END AS actor,
                  CASE WHEN desk = $2 OR transition IN ('declined', 'not-ours') THEN reason END AS reason
             FROM alert_log WHERE alert_id = $1 ORDER BY sequence""",
        alert,
        desk,
    )
    return _state(row), tuple(LogLine(**line) for line in rows)


def _states(rows: Iterable[asyncpg.Record]) -> tuple[AlertState, ...]:
    return tuple(_state(row) for row in rows)


def _state(row: asyncpg.Record) -> AlertState:
    columns = dict(row)
    rows = columns.pop("told") or ()
    return AlertState(**columns, other_desks=tuple(_other_desk(other) for other in rows))


def _other_desk(other: Mapping[str, Any]) -> OtherDesk:
    return OtherDesk(
        other["desk"],
        _instant(other["at"]),
        other["outcome"],
        _instant(other["answered"]),
        other["reason"],
    )


def _instant(text: str | None) -> datetime | None:
    if text:
        return datetime.fromisoformat(text)
    return None
