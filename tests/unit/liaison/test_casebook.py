"""The casebook: every failure is told of, an ordinary day stays quiet, and the page says what is so."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from schemas.scenario import load_scenario
from services.liaison.policy import load_policy
from services.liaison.rules import RULES
from services.simulation.replay import run
from tests.own_registry import own_registry
from tests.scenarios.casebook.ordinary_day import FILE, HOW_MANY, ordinary_day
from tests.scenarios.casebook.report import PAGE, cases, page

REGISTRY, POLICY = own_registry(), load_policy()


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_a_case_gives_its_alerts_and_no_other(path: Path) -> None:
    scenario = load_scenario(path)
    assert any(expectation.knowable is not None for expectation in scenario.expect)
    assert run(scenario, REGISTRY, POLICY).differences == ()


def test_there_are_fifty_eight_and_they_try_every_rule_over_a_crisis_but_the_aftermath_of_a_death() -> (
    None
):
    assert len(cases()) == 58
    tried = {expectation.rule for path in cases() for expectation in load_scenario(path).expect}
    over_a_crisis = {rule for rule, entry in RULES.items() if entry.condition is not None}
    assert over_a_crisis - tried == {"R24"}


def test_an_ordinary_day_of_more_than_two_hundred_matters_raises_nothing() -> None:
    assert sum(number for _, number in HOW_MANY) >= 200
    assert run(load_scenario(FILE), REGISTRY, POLICY).alerts == ()


def test_the_ordinary_day_is_the_one_that_is_written() -> None:
    assert yaml.safe_load(FILE.read_text(encoding="utf-8")) == ordinary_day()


def test_the_page_says_what_the_rules_do() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
