"""What is watched exists: a rule over a metric that no service has would never fire."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.command_line import COMMANDS
from services.runtime.exposition.registries import METRICS, SERVICES

# a metric is exported once its module is imported
for defining in ("services.runtime.metrics", "services.console.metrics"):
    import_module(defining)
ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy/prometheus/liaison.rules.yml"
DASHBOARD = ROOT / "deploy/grafana/dashboards/liaison.json"
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
_USED = re.compile(r"\bliaison_[a-z_]+")


def _defined() -> set[str]:
    """Names of the series that the services export."""
    names: set[str] = set()
    for metric in {metric for service in SERVICES for metric in METRICS[service]}:
        (family,) = metric.describe()
        names |= {family.name + suffix for suffix in SUFFIXES.get(family.type, [""])}
    return names


def _alerts() -> dict[str, Any]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}
    assert rules
    return rules


def _unused(text: str) -> set[str]:
    """Metrics that this text does not name."""
    names = {metric._name for service in SERVICES for metric in METRICS[service]}
    return {name for name in names if not re.search(rf"\b{name}(_total|_bucket|_count)?\b", text)}


def _expressions() -> list[str]:
    rules = [
        rule["expr"]
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for rule in group["rules"]
    ]
    panels = [
        target["expr"]
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel["targets"]
    ]
    assert rules
    assert panels
    return rules + panels


def test_rules_and_panels_use_metrics_that_exist() -> None:
    used = {name for expression in _expressions() for name in _USED.findall(expression)}
    assert used
    assert used - _defined() == set()


def test_a_misspelt_metric_would_be_seen() -> None:
    assert set(_USED.findall("liaison_outbox_oldest_secs > 10")) - _defined() == {
        "liaison_outbox_oldest_secs"
    }


def test_every_rule_says_how_bad_and_what_it_means() -> None:
    for rule in _alerts().values():
        assert rule["labels"]["severity"] in {"page", "ticket", "none"}
        assert rule["annotations"]["summary"]


def test_prometheus_asks_the_ports_that_compose_gives() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    assert config["rule_files"] == [RULES.name]
    targets = [
        target
        for job in config["scrape_configs"]
        for static in job.get("static_configs", [])
        for target in static["targets"]
    ]
    assert len(targets) == 5
    for target in targets:
        name, port = target.split(":")
        environment = compose[name]["environment"]
        given = environment.get("LIAISON_METRICS_PORT") or environment["LIAISON_CONSOLE_PORT"]
        assert given == int(port)


def test_every_metric_is_in_a_rule_or_a_panel() -> None:
    assert _unused("\n".join(_expressions())) == set(), "use it under deploy/, or take it out"


def test_a_metric_that_nobody_looks_at_would_be_seen() -> None:
    without = "\n".join(_expressions()).replace("liaison_outbox_oldest_seconds", "")
    assert _unused(without) == {"liaison_outbox_oldest_seconds"}


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    runbooks = {path.stem for path in (ROOT / "deploy/runbooks").glob("*.md")}
    assert runbooks == _alerts().keys()
    for name, rule in _alerts().items():
        assert rule["annotations"]["runbook_url"] == f"deploy/runbooks/{name}.md"


@pytest.mark.parametrize("name", sorted(_alerts()))
def test_a_runbook_says_what_it_means_where_to_look_what_to_do_and_what_to_tell(name: str) -> None:
    text = (ROOT / f"deploy/runbooks/{name}.md").read_text()
    title, *parts = text.split("\n## ")
    assert title.startswith(f"# {name}\n")
    assert [part.partition("\n")[0] for part in parts] == [
        "What it means",
        "Look",
        "Do",
        "Tell the desks",
    ]
    assert all(part.partition("\n")[2].strip() for part in parts)


def test_the_commands_of_the_runbooks_are_commands_that_there_are() -> None:
    for path in (ROOT / "deploy/runbooks").glob("*.md"):
        commands = re.findall(r"`liaison (\w+)", path.read_text())
        assert set(commands) <= COMMANDS.keys(), path.name


def test_every_alert_is_fired_in_the_tests_of_the_rules() -> None:
    text = (RULES.parent / "liaison.tests.yml").read_text()
    assert [name for name in _alerts() if name not in text] == []


def test_every_severity_has_somebody_who_is_told() -> None:
    config = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text())
    receivers = {receiver["name"] for receiver in config["receivers"]}
    told = {
        matcher.split('"')[1]: route["receiver"]
        for route in config["route"]["routes"]
        for matcher in route["matchers"]
    }
    assert told == {"none": "dead-mans-switch", "page": "page", "ticket": "inform"}
    assert receivers == set(told.values())
    assert told.keys() == {rule["labels"]["severity"] for rule in _alerts().values()}


def test_what_is_inhibited_and_by_what_are_alerts_that_there_are() -> None:
    config = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text())
    named = {
        matcher.split('"')[1]
        for rule in config["inhibit_rules"]
        for matcher in rule["source_matchers"] + rule["target_matchers"]
    }
    assert named <= _alerts().keys()
