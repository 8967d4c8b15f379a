"""Each service exports the metrics that its own code touches and no others, from 0 on."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from services.console import metrics as console_metrics
from services.console.pages.identity.blind_review import _OUTCOMES
from services.ledger.alerts.metrics import OUTCOMES
from services.ledger.events.logs import ChangeKind
from services.runtime import metrics
from services.runtime.exposition.first_values import LOOPS, OPEN, VALUES, begin, values_of
from services.runtime.exposition.registries import METRICS, SERVICES, ServiceName, exposition
from services.stream.log_reader import LogTrouble
from services.trace.port import Outcome
from tests.own_registry import own_registry

ROOT = Path(__file__).parents[3]
ENTRIES: dict[ServiceName, str] = {
    "stream": "services.stream.process",
    "relay": "services.relay.app",
    "console": "services.console.app",
    "auditor": "services.stream.auditor",
    "trace": "services.trace.app",
    "gateway": "services.gateway.app",
}
DEFINED: dict[str, MetricWrapperBase] = {
    name: value
    for module in (metrics, console_metrics)
    for name, value in vars(module).items()
    if isinstance(value, MetricWrapperBase)
}


@cache
def _modules() -> dict[str, ast.Module]:
    found = {}
    for path in (*ROOT.glob("services/**/*.py"), *ROOT.glob("schemas/**/*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text())
    return found


@cache
def _imports(module: str) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(_modules()[module]):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    # a package is imported with each of its modules
    parts = [name.split(".") for name in names & _modules().keys()]
    return frozenset(".".join(name[:end]) for name in parts for end in range(1, len(name) + 1))


@cache
def _closure(service: ServiceName) -> frozenset[str]:
    """The modules that the service's process imports."""
    reached: set[str] = set()
    waiting = [ENTRIES[service]]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += _imports(module) & _modules().keys()
    return frozenset(reached)


@cache
def _touched(module: str) -> frozenset[str]:
    """The metrics that a module sets: as `metrics.NAME`, or imported by name."""
    names: set[str] = set()
    for node in ast.walk(_modules()[module]):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "metrics"
        ):
            names.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".metrics"):
            names |= {alias.name for alias in node.names}
    return frozenset(names)


@cache
def _told(module: str) -> frozenset[str]:
    """The loops whose end a module tells."""
    path = ROOT / Path(*module.split("."))
    file = path.with_suffix(".py")
    if path.is_dir():
        file = path / "__init__.py"
    return frozenset(re.findall(r'loop_ended\("(\w+)"\)', file.read_text()))


def _touched_by(service: ServiceName) -> set[str]:
    names = {name for module in _closure(service) for name in _touched(module)}
    return names & DEFINED.keys()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_exports_the_metrics_that_its_code_touches_and_no_others(
    service: ServiceName,
) -> None:
    exported = {name for name, metric in DEFINED.items() if metric in METRICS[service]}
    assert exported == _touched_by(service), (
        f"{service}: the `registry=` of a metric in services/runtime/metrics.py names the services"
        " whose code sets it"
    )


def test_only_the_auditor_has_the_auditors_heartbeat() -> None:
    having = [name for name in SERVICES if b"auditor_heartbeat" in exposition(name)]
    assert having == ["auditor"]


def test_every_metric_is_exported_by_somebody_and_its_text_has_it() -> None:
    for name, metric in DEFINED.items():
        services = [service for service in SERVICES if metric in METRICS[service]]
        assert services, name
        for service in services:
            assert metric._name.encode() in exposition(service)


@pytest.mark.parametrize("service", SERVICES)
def test_every_counter_stands_at_zero_for_every_value_before_anything_happens(
    service: ServiceName,
) -> None:
    registry = own_registry()
    begin(service, registry)
    common = values_of(registry)
    for metric in METRICS[service]:
        if not isinstance(metric, Counter | Histogram) or not metric._labelnames:
            continue
        if metric._name in OPEN:
            continue
        sets = [VALUES.get((metric._name, name)) or common[name] for name in metric._labelnames]
        assert prod(len(values) for values in sets) > 0, metric._name
        assert {tuple(map(str, values)) for values in product(*sets)} <= metric._metrics.keys()


def test_the_agencies_of_the_whole_registry_make_a_page_that_prometheus_reads_in_time() -> None:
    begin("stream", own_registry())
    assert len(exposition("stream")) < 1_000_000


def test_open_counters_are_counters_that_there_are() -> None:
    names = {metric._name for metric in DEFINED.values()}
    assert OPEN.keys() <= names
    assert {name for name, _ in VALUES} <= names


def _codes_of_refused_sign_ins() -> set[str]:
    folder = ROOT / "services/console/access"
    text = "\n".join(path.read_text() for path in folder.glob("*.py"))
    return set(re.findall(r'SignInRefused\("(\w+)"\)', text))


def _codes_of_refused_credentials() -> set[str]:
    text = (ROOT / "services/gateway/credentials.py").read_text()
    return set(re.findall(r'Refusal\(\s*"(\w+)"', text))


def _troubles() -> set[str]:
    kinds: list[type[LogTrouble]] = [LogTrouble, *LogTrouble.__subclasses__()]
    return {kind.kind for kind in kinds}


@pytest.mark.parametrize(
    ("metric", "label", "members"),
    [
        ("liaison_log_changes", "kind", set(get_args(ChangeKind))),
        ("liaison_log_troubles", "kind", _troubles()),
        ("liaison_alert_answers", "outcome", set(OUTCOMES)),
        ("liaison_identity_judged", "matcher_was", {each.metric for each in _OUTCOMES.values()}),
        ("liaison_trace_finished", "outcome", {*get_args(Outcome), "not-needed", "no-source"}),
        ("liaison_gateway_not_let_in", "code", _codes_of_refused_credentials()),
        (
            "liaison_console_sign_ins",
            "outcome",
            {*_codes_of_refused_sign_ins(), "provider", "trying", "refused"},
        ),
    ],
)
def test_the_values_of_a_label_are_those_that_its_code_can_count(
    metric: str, label: str, members: set[str]
) -> None:
    assert set(VALUES[metric, label]) == members, f"VALUES[{metric}, {label}]: add what is missing"


@pytest.mark.parametrize("service", SERVICES)
def test_each_loop_of_a_service_tells_its_end(service: ServiceName) -> None:
    told = {loop for module in _closure(service) for loop in _told(module)}
    assert told == set(LOOPS[service])
