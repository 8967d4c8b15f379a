"""Every scenario gives the alerts that must come, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.registry import load_registry
from schemas.scenario import load_scenario
from services.liaison.policy import load_policy
from services.liaison.replay import run

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
REGISTRY, POLICY = load_registry(), load_policy()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_the_scenario_gives_its_alerts_and_no_other(path: Path) -> None:
    assert run(load_scenario(path), REGISTRY, POLICY).differences == ()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_an_alert_nobody_expects_fails_the_scenario(path: Path) -> None:
    scenario = load_scenario(path)
    left_out = scenario.model_copy(update={"expect": scenario.expect[1:]})
    assert any("unexpected" in said for said in run(left_out, REGISTRY, POLICY).differences)
