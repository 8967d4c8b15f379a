"""Run a scenario through the heart on a virtual clock, and compare what came with what must come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from schemas.envelope import AnyEvent, decode
from schemas.events import TYPE_PREFIX
from schemas.received import Received
from schemas.registry import Registry
from schemas.scenario import Between, Expected, Scenario, ScenarioError, Statement
from services.intake.faults import check
from services.liaison.alert import Alert, Transition
from services.liaison.memory import MemoryLedger
from services.liaison.policy import Policy

HEARTBEAT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event of the scenario on its way to us."""

    at: datetime
    feed: str
    event: AnyEvent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave: alerts with their records, and what differs from the expectations."""

    alerts: tuple[Alert, ...]
    log: tuple[Transition, ...]
    differences: tuple[str, ...]


def _event(scenario: Scenario, said: Statement, number: int, registry: Registry) -> AnyEvent | None:
    """The event, or None where intake refuses it as the scenario says it must."""
    if said.feed not in registry.feeds_by_id:
        raise ScenarioError(f"{scenario.title}: feed {said.feed} is not in the agency registry")
    document = {
        "specversion": "1.0",
        "id": said.id or f"e{number:03}",
        "source": registry.feeds_by_id[said.feed][1].sources[0],
        "type": f"{TYPE_PREFIX}{said.type}.v1",
        "time": scenario.instant(said.at).isoformat(),
        "data": said.data,
    }
    body = json.dumps(document, default=str).encode()
    if said.refused is not None:
        codes = [fault.code for fault in check(body)]
        if said.refused not in codes:
            found = f"refuses it with {', '.join(codes)}" if codes else "accepts it"
            raise ScenarioError(f"{scenario.title}: event {number} must be refused as {said.refused}; intake {found}")
        return None
    try:
        return decode(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(str(part) for part in first["loc"][1:])
        raise ScenarioError(f"{scenario.title}: event {number} ({said.type}) /{place}: {first['msg']}") from error


def arrivals(scenario: Scenario, registry: Registry) -> tuple[Arrival, ...]:
    """Every event in order of arrival; what is known arrives before the start."""
    found = []
    for number, said in enumerate((*scenario.known, *scenario.events), start=1):
        event = _event(scenario, said, number, registry)
        if event is None:
            continue
        known = number <= len(scenario.known)
        at = scenario.start if known else scenario.instant(said.arrives or said.at)
        found += [Arrival(at + timedelta(milliseconds=10 * n), said.feed, event) for n in range(said.repeat)]
    return tuple(sorted(found, key=lambda a: a.at))


def silent(scenario: Scenario, feed: str, at: datetime) -> bool:
    """Whether the scenario has the feed silent at the instant."""
    return any(
        s.feed == feed and scenario.instant(s.since) <= at and (s.until is None or at < scenario.instant(s.until))
        for s in scenario.silences
    )


def heartbeats(scenario: Scenario, registry: Registry) -> Iterator[tuple[datetime, str]]:
    """When each feed of the scenario is heard although it has nothing to say."""
    feeds = {*scenario.feeds(), *(s.feed for s in scenario.silences)}
    at, end = scenario.start, scenario.instant(scenario.until)
    while at <= end:
        yield from ((at, feed) for feed in sorted(feeds) if not silent(scenario, feed, at))
        at += HEARTBEAT


def received(arrival: Arrival, registry: Registry) -> Received:
    """As intake would hand it on."""
    agency, feed = registry.feeds_by_id[arrival.feed]
    return Received(arrival.event, agency.id, agency.kind, feed.id, arrival.at)


def run(scenario: Scenario, registry: Registry, policy: Policy) -> Outcome:
    """Run to the end and compare. Raises ScenarioError for a scenario that cannot be run."""
    ledger = MemoryLedger(registry, policy)
    steps: list[tuple[datetime, int, Any]] = [(a.at, 1, a) for a in arrivals(scenario, registry)]
    steps += [(at, 0, feed) for at, feed in heartbeats(scenario, registry)]
    steps += [(scenario.instant(a.at), 2, a) for a in scenario.acknowledgements]
    steps += [(scenario.instant(o.at), 2, o) for o in scenario.operator]
    end = scenario.instant(scenario.until)
    for at, kind, step in sorted(steps, key=lambda s: (s[0], s[1])):
        _until(ledger, at)
        if kind == 0:
            ledger.hear(step, at)
        elif kind == 1:
            ledger.receive([received(step, registry)], at)
        else:
            _decide(ledger, scenario, step, at)
    _until(ledger, end + timedelta(microseconds=1))
    alerts = tuple(sorted(ledger.alerts.values(), key=lambda a: (a.raised_at, a.rule, a.alert_id)))
    log = tuple(ledger.log)
    return Outcome(alerts, log, differences(scenario, alerts, log))


def _until(ledger: MemoryLedger, at: datetime) -> None:
    """Let every deadline before the instant pass, each at its own time."""
    while (due := ledger.next_due()) is not None and due < at:
        ledger.tick(due)


def _decide(ledger: MemoryLedger, scenario: Scenario, step: Any, at: datetime) -> None:
    if hasattr(step, "decision"):
        (left, right) = step.incidents
        (ledger.join if step.decision == "joined" else ledger.separate)(left, right, at)
        return
    for alert in list(ledger.alerts.values()):
        if alert.rule == step.rule and any(d.desk == step.desk and d.acknowledged_at is None for d in alert.desks):
            ledger.acknowledge(alert.alert_id, step.desk, "scenario", at)
            return
    raise ScenarioError(f"{scenario.title}: at {step.at} desk {step.desk} has no {step.rule} to acknowledge")


def raised_at(alert: Alert, log: tuple[Transition, ...]) -> datetime:
    """When the alert was raised first."""
    return min(t.at for t in log if t.alert_id == alert.alert_id and t.kind == "raised")


def differences(scenario: Scenario, alerts: tuple[Alert, ...], log: tuple[Transition, ...]) -> tuple[str, ...]:
    """One sentence for each expectation that is not met and for each alert that nobody expected."""
    left = list(alerts)
    said: list[str] = []
    for expected in scenario.expect:
        fits = [a for a in left if not _faults(scenario, expected, a, log)]
        if fits:
            left.remove(fits[0])
            continue
        near = [a for a in left if a.rule == expected.rule]
        if not near:
            said.append(f"missing: {expected.rule} to {', '.join(expected.desks)}, raised {_window(expected.raised)}")
            continue
        best = min(near, key=lambda a: len(_faults(scenario, expected, a, log)))
        left.remove(best)
        said.append(f"{expected.rule}: " + "; ".join(_faults(scenario, expected, best, log)))
    said += [
        f"unexpected: {a.rule} {a.detail['title']!r} raised {raised_at(a, log):%H:%M:%S} UTC to "
        f"{', '.join(d.desk for d in a.desks)}: {a.detail['reason']}"
        for a in left
    ]
    return tuple(said)


def _window(expected: object) -> str:
    return f"between {expected.since} and {expected.until}" if isinstance(expected, Between) else f"at {expected}"


def _faults(scenario: Scenario, expected: Expected, alert: Alert, log: tuple[Transition, ...]) -> list[str]:
    if alert.rule != expected.rule:
        return ["another rule"] * 9
    faults = []
    first = raised_at(alert, log)
    since, until = scenario.window(expected.raised)
    if not since <= first <= until:
        faults.append(f"raised {first:%H:%M:%S} UTC, expected {_window(expected.raised)}")
    desks = tuple(sorted(d.desk for d in alert.desks))
    if desks != tuple(sorted(expected.desks)):
        faults.append(f"desks {', '.join(desks)}, expected {', '.join(sorted(expected.desks))}")
    if expected.cleared is None:
        if alert.cleared_at is not None:
            faults.append(
                f"cleared {alert.cleared_at:%H:%M:%S} UTC ({alert.clear_reason}), expected to stand at the end"
            )
    else:
        since, until = scenario.window(expected.cleared)
        if alert.cleared_at is None or not since <= alert.cleared_at <= until:
            shown = f"cleared {alert.cleared_at:%H:%M:%S} UTC" if alert.cleared_at else "still standing"
            faults.append(f"{shown}, expected cleared {_window(expected.cleared)}")
    if alert.detail["verification"] != expected.verification:
        faults.append(f"{alert.detail['verification']}, expected {expected.verification}")
    acknowledged = tuple(sorted(d.desk for d in alert.desks if d.acknowledged_at is not None))
    if acknowledged != tuple(sorted(expected.acknowledged_by)):
        faults.append(f"acknowledged by {acknowledged or 'nobody'}, expected {expected.acknowledged_by or 'nobody'}")
    if expected.worsened is not None:
        times = len({t.at for t in log if t.alert_id == alert.alert_id and t.kind == "worsened"})
        if times != expected.worsened:
            faults.append(f"worsened {times} times, expected {expected.worsened}")
    return faults
