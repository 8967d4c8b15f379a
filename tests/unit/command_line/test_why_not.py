"""`liaison replay` says why an alert was raised, and why a rule was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.command_line import main
from services.liaison.catalogue import CATALOGUE

SCENARIOS = Path(__file__).parents[2] / "scenarios"
UNASKED = SCENARIOS / "detained-and-nobody-calls-an-ambulance.yaml"


def replay(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def answer(scenario: str, rule: str, *more: str) -> dict[str, Any]:
    result = replay(SCENARIOS / f"{scenario}.yaml", "--why-not", rule, "--json", *more)
    assert result.exit_code == 0, result.output
    (document,) = json.loads(result.stdout)
    return dict(document)


def said_at(kind: str, at: str) -> tuple[str, str]:
    return (f"uk.crisisliaison.{kind}.v1", at)


def silencing(answer_: dict[str, Any]) -> list[tuple[str, str]]:
    return [(sentence["type"], sentence["at"]) for sentence in answer_["silenced_by"]]


def test_the_event_that_silences_a_rule_is_named() -> None:
    why = answer("already-an-emergency", "R01", "--at", "10:00")
    # the crew that came to the first call, which was category 1, and the car on its way to the third
    assert silencing(why) == [
        said_at("resource.on-scene", "2026-11-09T08:12:00+00:00"),
        said_at("resource.assigned", "2026-11-09T09:42:00+00:00"),
    ]
    assert not why["condition_missing"]


def test_what_ended_an_alert_is_named_with_when_it_ended() -> None:
    why = answer("restrained-and-cannot-breathe", "R02", "--at", "17:15")
    # without the report, which names the police's incident, the grade would be of another crisis
    assert silencing(why) == [
        said_at("incident.reported", "2026-11-12T17:01:00+00:00"),
        said_at("incident.graded", "2026-11-12T17:14:00+00:00"),
    ]
    assert [ended[0] for ended in why["ended"]] == ["2026-11-12T17:14:00+00:00"]


def test_a_rule_whose_limit_is_not_reached_names_the_limit_and_when_it_comes_by_itself() -> None:
    why = answer(UNASKED.stem, "R04", "--at", "23:08")
    assert why["comes_at"] == "2026-11-14T23:11:00+00:00"
    assert why["limits_not_reached"] == ["ambulance_request_within"]


def test_a_rule_that_stands_is_said_to_stand() -> None:
    why = answer("restrained-and-cannot-breathe", "R02", "--at", "17:12")
    assert why["stands"]
    assert not why["condition_missing"]


def test_a_condition_that_nothing_made_is_said_so_with_the_rules_own_words() -> None:
    answer = replay(SCENARIOS / "quiet-night.yaml", "--why-not", "R02")
    assert answer.exit_code == 0
    assert "no single change would" in answer.stdout
    assert CATALOGUE["R02"].when in answer.stdout


@pytest.mark.parametrize("rule", [rule for rule in CATALOGUE if rule != "R30"])
def test_every_rule_can_be_asked(rule: str) -> None:
    assert answer("police-leave-before-health-arrives", rule)["rule"] == rule


def test_an_alert_is_explained_by_rule_policy_events_limits_and_suppressors() -> None:
    result = replay(UNASKED, "--explain", "--json")
    assert result.exit_code == 0
    (scenario,) = json.loads(result.stdout)["scenarios"]
    (explanation,) = [entry for entry in scenario["explanations"] if entry["rule"] == "R04"]
    assert explanation["rule_version"] == CATALOGUE["R04"].version
    assert explanation["policy_version"] >= 1
    assert any(event["type"].endswith("detention.detained.v1") for event in explanation["events"])
    assert ["ambulance_request_within", 300, "seconds"] in explanation["limits"]
    assert explanation["not_applying"] == list(CATALOGUE["R04"].not_when)
    text = replay(UNASKED, "--explain").stdout
    assert "limit ambulance_request_within: 300 seconds" in text


def test_an_unknown_rule_or_instant_is_refused_with_the_remedy() -> None:
    assert "see `liaison rules list`" in replay(UNASKED, "--why-not", "R99").output
    assert "write it as 14:30" in replay(UNASKED, "--why-not", "R01", "--at", "tea-time").output
    assert "--at goes with --why-not" in replay(UNASKED, "--at", "14:30").output
