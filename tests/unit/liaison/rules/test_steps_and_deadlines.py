"""Every alert says by when to act or its rule says why not, and what each of its desks has to do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from schemas.registry import DeskRole
from schemas.scenario import load_scenario
from services.liaison.alert import Alert
from services.liaison.catalogue import CATALOGUE, RuleDocument
from services.liaison.policy import load_policy
from services.simulation.replay import run
from tests.own_registry import own_registry
from tests.scenarios.casebook.report import cases

_ADDRESSES = re.compile(
    r"\b(Ambulance|Police|Trust|Custody|Ward|Site manager|AMHP|Both supervisors):"
)


def addressing_others(document: RuleDocument) -> list[str]:
    """Sentences that speak to several desks at once."""
    every = [document.next_step, *document.next_step_when.values()]
    return [words for steps in every for words in steps.values() if _ADDRESSES.search(words)]


SPEAK_TO_BOTH = {"professional-standards", "frequent-contact"}
"""Roles of which both a police force and a trust have a desk: their sentence says who of them does what."""


@pytest.mark.parametrize("rule", CATALOGUE)
def test_a_desk_reads_its_own_duty_and_nobody_elses(rule: str) -> None:
    document = CATALOGUE[rule]
    if SPEAK_TO_BOTH.isdisjoint(document.recipients):
        assert addressing_others(document) == []


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
