"""`liaison backtest`: what a candidate policy would have made of history."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from schemas.envelope import encode
from schemas.scenario import load_scenario
from services.command_line import main
from services.liaison import policy as policy_module
from services.liaison.policy import load_policy
from services.simulation.backtest import load_of, run_history
from services.simulation.replay import arrivals, received, run
from tests.own_registry import own_registry
from tests.unit.liaison.script import START

SCENARIOS = Path(__file__).parents[2] / "scenarios"
STORY = SCENARIOS / "the-story.yaml"
UNASKED = SCENARIOS / "detained-and-nobody-calls-an-ambulance.yaml"
SHIPPED = yaml.safe_load(
    (Path(policy_module.__file__).parent / "policy.yaml").read_text(encoding="utf-8")
)
REGISTRY, POLICY = own_registry(), load_policy()


def backtest(folder: Path, *arguments: str | Path, **changed: Any) -> Result:
    policy = folder / "candidate.yaml"
    policy.write_text(yaml.safe_dump(SHIPPED | changed), encoding="utf-8")
    return CliRunner().invoke(main, ["backtest", "--policy", str(policy), *map(str, arguments)])


def found(result: Result) -> dict[str, Any]:
    (document,) = json.loads(result.stdout).values()
    return dict(document)


def test_the_same_policy_changes_nothing(tmp_path: Path) -> None:
    result = backtest(tmp_path, "--events", STORY, "--json")
    assert result.exit_code == 0, result.output
    document = found(result)
    assert document["same"] > 0
    assert [document[kind] for kind in ("gained", "lost", "earlier", "later")] == [[], [], [], []]
    assert document["load"]["live"] == document["load"]["candidate"] != {}


def test_a_stricter_limit_prompts_earlier_and_says_by_how_much(tmp_path: Path) -> None:
    result = backtest(
        tmp_path, "--events", UNASKED, "--json", limits={"R04": {"ambulance_request_within": 240}}
    )
    assert result.exit_code == 1
    (moved,) = found(result)["earlier"]
    assert (moved["rule"], moved["by_seconds"]) == ("R04", -60)


def test_a_looser_assumption_prompts_later(tmp_path: Path) -> None:
    result = backtest(
        tmp_path, "--events", UNASKED, "--json", limits={"R04": {"ambulance_request_within": 360}}
    )
    assert [(moved["rule"], moved["by_seconds"]) for moved in found(result)["later"]] == [
        ("R04", 60)
    ]


def test_a_rule_that_is_switched_off_loses_its_alerts(tmp_path: Path) -> None:
    off = {"R04": "tried without it"}
    result = backtest(tmp_path, "--events", UNASKED, "--json", switched_off=off)
    assert [alert["rule"] for alert in found(result)["lost"]] == ["R04"]
    turned = CliRunner().invoke(
        main,
        [
            "backtest",
            "--policy",
            str(Path(policy_module.__file__).parent / "policy.yaml"),
            "--live",
            str(tmp_path / "candidate.yaml"),
            "--events",
            str(UNASKED),
            "--json",
        ],
    )
    assert [alert["rule"] for alert in found(turned)["gained"]] == ["R04"]


def test_events_of_a_file_are_a_history_too(tmp_path: Path) -> None:
    lines = tmp_path / "day.jsonl"
    events = [arrival.event for arrival in arrivals(load_scenario(UNASKED), REGISTRY)]
    lines.write_bytes(b"\n".join(encode(event) for event in events))
    result = backtest(
        tmp_path, "--events", lines, limits={"R04": {"ambulance_request_within": 240}}
    )
    assert result.exit_code == 1
    assert "earlier  R04" in result.stdout
    assert "by 0:01:00" in result.stdout


def test_only_what_was_received_in_the_window_is_history(tmp_path: Path) -> None:
    assert (
        found(backtest(tmp_path, "--events", STORY, "--until", "2001-01-01", "--json"))["events"]
        == 0
    )


def test_history_must_be_given_and_be_readable(tmp_path: Path) -> None:
    assert backtest(tmp_path).exit_code == 2
    missing = backtest(tmp_path, "--events", tmp_path / "nowhere.jsonl")
    assert missing.exit_code == 2
    assert "cannot be read" in missing.output


def test_a_bad_candidate_is_refused_with_place_and_remedy(tmp_path: Path) -> None:
    result = backtest(tmp_path, "--events", STORY, switched_off={"R01": "too loud"})
    assert result.exit_code == 2
    assert "R01 cannot be switched off" in result.output


@pytest.mark.parametrize("path", [STORY, UNASKED], ids=lambda path: path.stem)
def test_history_is_run_as_the_scenario_is(path: Path) -> None:
    scenario = load_scenario(path)
    events = [received(arrival, REGISTRY) for arrival in arrivals(scenario, REGISTRY)]
    outcome = run(scenario, REGISTRY, POLICY)
    first = {
        alert.key: min(
            transition.at for transition in outcome.log if transition.alert_id == alert.alert_id
        )
        for alert in outcome.alerts
        if not alert.feed
    }
    end = scenario.instant(scenario.until)
    assert {
        key: alert.at
        for key, alert in run_history(events, REGISTRY, POLICY).alerts.items()
        if alert.at <= end
    } == first


def test_load_counts_the_worst_hour_and_the_worst_ten_minutes() -> None:
    load = load_of([START + timedelta(minutes=minute) for minute in (0, 1, 2, 30, 59, 60, 200)])
    assert (load.alarms, load.most_in_an_hour, load.most_in_ten_minutes, load.manageable) == (
        7,
        5,
        3,
        True,
    )
    assert not load_of([START + timedelta(seconds=number) for number in range(11)]).manageable
