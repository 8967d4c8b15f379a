"""Of every scenario PostgreSQL and memory keep the same, row for row: what `liaison replay` shows is what the stream writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from schemas.scenario import Doing, Operator, Scenario, load_scenario
from services.ledger.transaction import PostgresLedger
from services.orchestration.decisions import regrouping
from services.runtime.postgres import create_pool
from services.simulation.replay import chosen, command_of, deliveries, everything_done
from tests.empty_ledger import empty_ledger
from tests.integration.test_ledger_contract import FILES, REGISTRY, Both, drift

PARTS = 4
"""So that a failure is known before all of them were played."""


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn, max_size=2)
    yield made
    await made.close()


async def _emptied(pool: asyncpg.Pool) -> Both:
    await empty_ledger(pool, REGISTRY.zone)
    return Both(PostgresLedger(pool, REGISTRY))


async def _command(both: Both, step: Doing, at: datetime) -> None:
    """What somebody does at a desk, where the desk has the alert: here every feed that spoke once goes on speaking, so that
    an alert about a silent one is not raised."""
    alerts = [
        alert
        for alert in both.memory.alert_rows.rows.values()
        if alert.rule == step.rule and alert.at(step.desk) is not None
    ]
    if not alerts:
        return
    alert = chosen(alerts, step.desk).alert_id
    answers = {
        await teller.command(command_of(step), step.desk, alert, at) for teller in both.tellers
    }
    assert len(answers) == 1


async def _regroup(both: Both, step: Operator, at: datetime) -> None:
    one, other = step.incidents
    await both.decide(regrouping.decide, one, [other], step.decision, reason="it says so", now=at)


async def _tell(both: Both, scenario: Scenario) -> None:
    sent = deliveries(scenario, REGISTRY)
    known = [(each.feed, each.body) for each in sent if each.known]
    if known:
        await both.say(known, scenario.start)
    steps: list[tuple[datetime, Any]] = [(each.at, each) for each in sent if not each.known]
    steps += [(scenario.instant(step.at), step) for step in everything_done(scenario)]
    steps += [(scenario.instant(step.at), step) for step in scenario.operator]
    for at, step in sorted(steps, key=lambda timed: timed[0]):
        if isinstance(step, Doing):
            await both.until(at)
            await _command(both, step, at)
        elif isinstance(step, Operator):
            await both.until(at)
            await _regroup(both, step, at)
        else:
            await both.say([(step.feed, step.body)], at)
    await both.until(scenario.instant(scenario.until))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
async def test_both_keep_the_same_of_every_scenario(pool: asyncpg.Pool, part: int) -> None:
    differences: dict[str, list[str]] = {}
    raised = 0
    files: list[Path] = FILES[part::PARTS]
    for file in files:
        both = await _emptied(pool)
        await _tell(both, load_scenario(file))
        postgres, memory = await both.kept()
        raised += len(postgres["alerts"])
        if drift(postgres, memory):
            differences[file.stem] = drift(postgres, memory)
    assert differences == {}
    assert raised > len(files) / 2, "scenarios without alerts are no proof"
