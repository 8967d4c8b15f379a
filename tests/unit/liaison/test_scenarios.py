"""Every scenario gives the alerts that must come, and no other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.scenario import ScenarioError, load_scenario
from services.liaison.policy import load_policy
from services.liaison.rules import RULES
from services.simulation.replay import arrivals, run
from tests.own_registry import own_registry

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
REGISTRY, POLICY = own_registry(), load_policy()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_scenario_gives_its_alerts_and_no_other(path: Path) -> None:
    assert run(load_scenario(path), REGISTRY, POLICY).differences == ()


@pytest.mark.parametrize(
    "path", [path for path in SCENARIOS if load_scenario(path).expect], ids=lambda path: path.stem
)
def test_an_alert_nobody_expects_fails_the_scenario(path: Path) -> None:
    scenario = load_scenario(path)
    left_out = scenario.model_copy(update={"expect": scenario.expect[1:]})
    assert any(
        "unexpected" in difference for difference in run(left_out, REGISTRY, POLICY).differences
    )


def test_every_rule_has_a_scenario_in_which_it_is_raised_and_one_in_which_it_ends() -> None:
    expected = [expectation for path in SCENARIOS for expectation in load_scenario(path).expect]
    # no story of agencies makes this product fail: R31 has tests of its own
    told = {rule.id for rule in RULES.values() if rule.document.kind != "unjudged"}
    assert {expectation.rule for expectation in expected} == told
    # a death does not end by itself
    assert {expectation.rule for expectation in expected if expectation.cleared is not None} == told


def test_a_night_without_alerts_is_among_them() -> None:
    quiet = [scenario for scenario in map(load_scenario, SCENARIOS) if not scenario.expect]
    assert any(
        scenario.instant(scenario.until) - scenario.start >= timedelta(hours=6)
        and len(scenario.feeds()) >= 3
        for scenario in quiet
    )


def test_an_event_that_intake_refuses_reaches_nobody() -> None:
    scenario = load_scenario(
        Path(__file__).parents[2] / "scenarios" / "nhs-number-with-a-wrong-check-digit.yaml"
    )
    sent = len(scenario.known) + len(scenario.events)
    assert len(arrivals(scenario, REGISTRY)) == sent, "what is left out of an event costs no event"
    first, *others = scenario.events
    unknown = first.data | {"nature": "psychiatric"}
    refused = first.model_copy(
        update={"data": unknown, "refused": "value-not-in-set", "left_out": None}
    )
    with_it = scenario.model_copy(update={"events": (refused, *others)})
    assert len(arrivals(with_it, REGISTRY)) == sent - 1


def test_a_refusal_that_does_not_come_is_a_fault_of_the_scenario() -> None:
    scenario = load_scenario(Path(__file__).parents[2] / "scenarios" / "quiet-night.yaml")
    event = scenario.events[0].model_copy(update={"refused": "field-missing"})
    with pytest.raises(ScenarioError, match="intake accepts it"):
        run(scenario.model_copy(update={"events": (event, *scenario.events[1:])}), REGISTRY, POLICY)
