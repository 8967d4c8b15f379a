"""A log about two people is two crises in PostgreSQL as in memory: where each subject is, and the alerts of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.scenario import load_scenario
from services.liaison.policy import load_policy
from services.runtime.postgres import create_pool
from services.simulation.replay import run
from tests.own_registry import own_registry
from tests.played_ledger import SCENARIOS, PlayedLedger

ONE_LOG = "father-and-daughter-detained-under-one-log"


@pytest.fixture
def scenario_file() -> Path:
    return SCENARIOS / f"{ONE_LOG}.yaml"


async def test_two_detained_under_one_log_are_two_crises_of_one_scene(
    postgres_dsn: str, scenario_file: Path
) -> None:
    pool = await create_pool(postgres_dsn, max_size=4)
    try:
        ledger = PlayedLedger(pool)
        await ledger.play(ONE_LOG)
        log = await pool.fetchval("SELECT crisis_id FROM incident WHERE reference = 'CAD-1'")
        rows = await pool.fetch("SELECT subject, crisis_id FROM subject")
        subjects = {row["subject"]: row["crisis_id"] for row in rows}
        assert set(subjects) == {"D-1", "D-2"}
        assert len({log, *subjects.values()}) == 3
        scenes = await pool.fetch("SELECT DISTINCT scene FROM crisis WHERE dissolved_at IS NULL")
        assert len(scenes) == 1
        alerts = await pool.fetch(
            "SELECT rule, crisis_id, raised_at FROM alert WHERE rule <> 'R30'"
        )
        assert {alert["crisis_id"] for alert in alerts} == {subjects["D-1"]}
        replayed = run(load_scenario(scenario_file), own_registry(), load_policy())
        in_memory = sorted(
            (alert.rule, alert.raised_at) for alert in replayed.alerts if alert.rule != "R30"
        )
        assert sorted((alert["rule"], alert["raised_at"]) for alert in alerts) == in_memory
    finally:
        await pool.close()
