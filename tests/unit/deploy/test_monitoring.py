"""What is watched exists: a rule over a metric that no service has would never fire."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from prometheus_client import REGISTRY

from services.runtime import metrics

ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy/prometheus/liaison.rules.yml"
DASHBOARD = ROOT / "deploy/grafana/dashboards/liaison.json"
_USED = re.compile(r"\bliaison_[a-z_]+")


def _defined() -> set[str]:
    """Names of the series that the definitions in services.runtime.metrics give."""
    names: set[str] = set()
    for family in REGISTRY.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(
            family.type, [""]
        )
        names |= {family.name + suffix for suffix in suffixes}
    return names


def _unset() -> set[str]:
    """Metrics that are defined and that no service touches."""
    code = "\n".join(
        path.read_text()
        for path in (ROOT / "services").rglob("*.py")
        if path != Path(metrics.__file__)
    )
    constants = [name for name in vars(metrics) if name.isupper() and name != "LATENCY_BUCKETS"]
    return {
        getattr(metrics, name)._name for name in constants if not re.search(rf"\b{name}\b", code)
    }


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


def test_rules_and_panels_use_metrics_that_a_service_sets() -> None:
    text = "\n".join(_expressions())
    assert {name for name in _unset() if name in text} == set()


def test_every_rule_says_how_bad_and_what_it_means() -> None:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert rule["annotations"]["summary"]


def test_prometheus_asks_the_ports_that_compose_gives() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    assert config["rule_files"] == [RULES.name]
    targets = [
        target
        for job in config["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    ]
    assert len(targets) == 4
    for target in targets:
        name, port = target.split(":")
        environment = compose[name]["environment"]
        given = environment.get("LIAISON_METRICS_PORT") or environment["LIAISON_CONSOLE_PORT"]
        assert given == int(port)
