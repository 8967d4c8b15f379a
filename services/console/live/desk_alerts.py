"""A desk's list at one instant, for the page that a stream then keeps new."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from services.console.view.list_filter import ListFilter
from services.ledger.alerts.desk import (
    AlertState,
    alerts_chosen,
    alerts_of_crises,
    count_crises,
    last_sequence,
    urgency_of_waiting,
)
from services.ledger.feeds import FeedTrouble, feeds_in_trouble
from services.runtime.postgres import Connection

ROWS_MAX = 200
SOUNDING_MAX = 1000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A desk at one instant; `last` is the sequence from which a stream goes on without a gap."""

    alerts: tuple[AlertState, ...]
    total: int
    """Rows: crises, and alerts that are of none."""
    last: int
    troubles: tuple[FeedTrouble, ...]
    waiting: dict[str, int]
    """Urgency of every alert that waits at the desk, chosen or not: all of them sound."""


async def snapshot(connection: Connection, desk: str, list_filter: ListFilter) -> Snapshot:
    """The chosen list and the sequence it stands for; in the caller's transaction, which must see
    one instant of the ledger."""
    alerts = await alerts_of_crises(
        connection,
        desk,
        *list_filter.arguments,
        limit=ROWS_MAX,
        offset=ROWS_MAX * (list_filter.page - 1),
    )
    return Snapshot(
        alerts,
        await count_crises(connection, desk, *list_filter.arguments),
        await last_sequence(connection),
        await feeds_in_trouble(connection),
        await urgency_of_waiting(connection, desk, SOUNDING_MAX),
    )


async def alerts_of(pool: asyncpg.Pool, desk: str, actor: str) -> tuple[AlertState, ...]:
    """What one person has acknowledged or claimed at the desk and not yet answered."""
    return await alerts_chosen(pool, desk, *ListFilter(actor, "mine").arguments, limit=SOUNDING_MAX)
