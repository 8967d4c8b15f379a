"""Every alert says by when to act or its rule says why not, and what each of its desks has to do."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.registry import DeskRole
from schemas.scenario import load_scenario
from services.liaison.alert import Alert
from services.liaison.catalogue import CATALOGUE, RuleDocument
from services.liaison.policy import load_policy
from services.simulation.replay import run
from tests.own_registry import own_registry
from tests.scenarios.casebook.report import cases

HEART = Path(__file__).parents[4] / "services" / "liaison"
_ADDRESSES = re.compile(
    r"\b(Ambulance|Police|NHS|Trust|Sender|Receiver|Custody|Ward|Site manager|AMHP|Both supervisors):"
)


def addressing_others(document: RuleDocument) -> list[str]:
    """Sentences that speak to several desks at once."""
    every = [document.next_step, *document.next_step_when.values()]
    return [words for steps in every for words in steps.values() if _ADDRESSES.search(words)]


@pytest.mark.parametrize("rule", CATALOGUE)
def test_a_desk_reads_its_own_duty_and_nobody_elses(rule: str) -> None:
    assert addressing_others(CATALOGUE[rule]) == []


def test_a_sentence_for_several_desks_is_noticed() -> None:
    steps: dict[DeskRole, str] = {"operations": "Police: go back. Ambulance: say when you come."}
    document = CATALOGUE["R30"].model_copy(update={"next_step": steps})
    assert addressing_others(document)


def without_deadline(alerts: list[Alert]) -> set[str]:
    """Rules of which an alert has no instant by which to act, and which do not say why."""
    return {
        alert.rule
        for alert in alerts
        if alert.detail["act_by"] is None and CATALOGUE[alert.rule].no_deadline is None
    }


@pytest.fixture(scope="module")
def alerts_of_the_casebook() -> list[Alert]:
    registry, policy = own_registry(), load_policy()
    outcomes = [run(load_scenario(path), registry, policy) for path in cases()]
    return [alert for outcome in outcomes for alert in outcome.alerts]


def test_every_alert_of_the_casebook_has_a_deadline_or_its_rule_says_why_not(
    alerts_of_the_casebook: list[Alert],
) -> None:
    assert len(alerts_of_the_casebook) >= 55
    assert without_deadline(alerts_of_the_casebook) == set()


def test_an_alert_without_a_deadline_is_noticed(alerts_of_the_casebook: list[Alert]) -> None:
    alert = next(alert for alert in alerts_of_the_casebook if alert.rule == "R01")
    timeless = replace(alert, detail={**alert.detail, "act_by": None})
    assert without_deadline([timeless]) == {"R01"}


def sources_of(rule: str) -> str:
    """The Python text that makes the findings of a rule."""
    places = {"R27": "disproportionality.py", "R30": "feeds.py", "R31": "unjudged.py"}
    own = [*(HEART / "rules").glob(f"{rule.lower()}_*.py")]
    if rule in places:
        own.append(HEART / places[rule])
    return "\n".join(path.read_text(encoding="utf-8") for path in own)


def moments_never_named(rule: str, source: str) -> list[str]:
    """Moments of the catalogue that no finding of the rule is at."""
    words = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return [
        moment
        for moment in CATALOGUE[rule].next_step_when
        if moment not in words and moment.removesuffix("-later") not in words
    ]


def findings_without_deadline(rule: str, source: str) -> list[int]:
    """Lines at which the rule finds something, says no instant by which to act, and not why not."""
    if CATALOGUE[rule].no_deadline is not None:
        return []
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "finds"
        and "act_by" not in {keyword.arg for keyword in node.keywords}
    ]


@pytest.mark.parametrize("rule", CATALOGUE)
def test_every_moment_of_the_catalogue_is_one_of_the_rules_own(rule: str) -> None:
    assert moments_never_named(rule, sources_of(rule)) == []


@pytest.mark.parametrize("rule", CATALOGUE)
def test_every_finding_has_a_deadline_or_its_rule_says_why_not(rule: str) -> None:
    assert ".finds(" in sources_of(rule)
    assert findings_without_deadline(rule, sources_of(rule)) == []


def test_a_moment_and_a_deadline_that_are_missing_are_noticed() -> None:
    source = sources_of("R01").replace("stood-down", "otherwise").replace("act_by=", "acted=")
    assert moments_never_named("R01", source) == ["stood-down"]
    assert len(findings_without_deadline("R01", source)) == sources_of("R01").count(".finds(")
