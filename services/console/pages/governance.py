"""The governance page of an agency: disproportionality (R27), feeds' health, what was rejected, and which rules are useful.

Figures only: no crisis, no person, no content of what was rejected.
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.access import sessions
from services.console.access.doors import Governing
from services.console.view.rendering import page
from services.ledger.alerts import performance
from services.ledger.crises import tallies
from services.liaison.disproportionality import window
from services.liaison.rules import RULES

router = APIRouter()
STRETCH = timedelta(days=30)
_FEEDS = """
SELECT feed, last_heard_at, silent_since, stopped_at, stopped_reason, late_since, late_seconds, ahead_since, troubled
  FROM feed_state ORDER BY feed"""
_REJECTED = """
SELECT agency, feed, code, pointer, remedy, count(*) AS n, max(received_at) AS last FROM rejection
 WHERE received_at >= $1 AND agency = $2 GROUP BY agency, feed, code, pointer, remedy ORDER BY n DESC, feed, code LIMIT 200"""
_REJECTED_EACH = """
SELECT agency, count(*) AS n FROM rejection WHERE received_at >= $1 GROUP BY agency ORDER BY n DESC, agency"""


@router.get("/agencies/{agency}/governance")
async def governance_page(request: Request, at: Governing) -> Response:
    """The figures, and that they were looked at is kept in the audit."""
    state = request.app.state
    desks = [d.desk for d in state.desks.desks.values() if d.agency == at.agency]
    since, until = at.now - STRETCH, at.now
    async with (
        state.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read"),
    ):
        table = await tallies.table(connection, state.registry.zone, state.policy, at.now)
        feeds = {r["feed"]: r for r in await connection.fetch(_FEEDS)}
        own = await connection.fetch(_REJECTED, since, at.agency)
        each = await connection.fetch(_REJECTED_EACH, since)
        loads = await performance.desk_loads(connection, desks, since, until)
        rules = await performance.rule_loads(connection, desks, since, until)
        await sessions.audit(
            connection, "governance.viewed", at.operator.handle, at.agency, {}, at.now
        )
    known = [(feed, agency) for agency in state.registry.agencies for feed in agency.feeds]
    return page(
        "governance.html",
        operator=at.operator,
        at=at,
        table=table,
        window=window(at.now, state.policy),
        feeds=[(feed.id, agency.name, agency.id, feeds.get(feed.id)) for feed, agency in known],
        own=own,
        each=each,
        loads=loads,
        rules=rules,
        figures=performance,
        titles={i: r.title for i, r in RULES.items()},
        agencies={a.id: a.name for a in state.registry.agencies},
        desk_names={d: state.desks.name(d) for d in desks},
    )
