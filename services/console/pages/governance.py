"""The governance page of an agency: disproportionality (R27), feeds' health, what was rejected, and
which rules are useful.

Figures only: no crisis, no person, no content of what was rejected.
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.access.doors import Governing
from services.console.view.desks import agency_names
from services.console.view.ratios import WIDTH, ratio_chart
from services.console.view.rendering import page
from services.console.view.text import rule_titles
from services.ledger import audit
from services.ledger.alerts import performance
from services.ledger.crises import tallies
from services.ledger.events.rejections import rejections_by_agency, rejections_of
from services.ledger.feeds import feed_states
from services.ledger.moment import one_moment
from services.liaison.disproportionality import window
from services.liaison.rules.r27_disproportionality import RULE

router = APIRouter()
STRETCH = timedelta(days=30)


@router.get("/agencies/{agency}/governance")
async def governance_page(request: Request, at: Governing) -> Response:
    """The figures, and that they were looked at is kept in the audit."""
    state = request.app.state
    desks = state.desks.of_agency(at.agency)
    since, until = at.now - STRETCH, at.now
    async with one_moment(state.pool) as connection:
        table = await tallies.table(connection, state.registry.zone, state.policy, at.now)
        states = await feed_states(connection)
        rejections = await rejections_of(connection, at.agency, since)
        rejected_by_agency = await rejections_by_agency(connection, since)
        loads = await performance.desk_loads(connection, desks, since, until)
        rules = await performance.rule_loads(connection, desks, since, until)
        await audit.write(
            connection, "governance.viewed", at.operator.handle, at.agency, {}, at.now
        )
    feeds = [
        (feed.id, agency.name, agency.id, states.get(feed.id))
        for agency in state.registry.agencies
        for feed in agency.feeds
    ]
    return page(
        "governance.html",
        operator=at.operator,
        at=at,
        table=[(row, ratio_chart(row.cells)) for row in table],
        chart_width=WIDTH,
        minimum=RULE.number(state.policy, "minimum_cell"),
        minimum_crises=RULE.number(state.policy, "minimum_crises"),
        window=window(at.now, state.policy),
        feeds=feeds,
        rejections=rejections,
        rejected_by_agency=rejected_by_agency,
        loads=loads,
        rules=rules,
        figures=performance,
        titles=rule_titles(),
        agencies=agency_names(state.registry),
        desk_names={desk: state.desks.name(desk) for desk in desks},
    )
