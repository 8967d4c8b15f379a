"""Why an alert was raised, and why a rule was not: by running the scenario again with one thing
changed.

A rule is one pure function; what kept it silent is found by asking it again, so that there is no
second implementation of any rule that could say otherwise than the rule does
(docs/decisions/0060-why-not.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from schemas.registry import Registry
from schemas.scenario import Scenario
from services.liaison.alert import Alert
from services.liaison.catalogue import CATALOGUE
from services.liaison.policy import Policy
from services.simulation.replay import Arrival, arrivals, play
from services.simulation.simulation import Simulation

# How far time is run on to see whether the rule would come by itself.
LOOK_AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Statement:
    """An event, without its content."""

    source: str
    id: str
    type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an alert was raised."""

    rule: str
    rule_version: int
    policy_version: int
    holds_since: datetime
    act_by: datetime | None
    events: tuple[Statement, ...]
    """Those it names as evidence."""
    limits: tuple[tuple[str, int, str], ...]
    """Name, value under the policy, unit."""
    not_applying: tuple[str, ...]
    """The rule's suppressors: had one applied, the alert would not be there."""


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why no alert of a rule stands at an instant. What is empty was tried and is no reason."""

    rule: str
    at: datetime
    stands: bool
    not_run: str | None
    """Switched off, with the reason, or not in force on the day."""
    ended: tuple[tuple[datetime, str], ...]
    """Alerts that stood before: when they ended and why."""
    comes_at: datetime | None
    """When it is raised if nothing more is said."""
    silenced_by: tuple[Statement, ...]
    """Events without any one of which it would stand."""
    limits_not_reached: tuple[str, ...]
    """Limits that, were they nought, would have it stand."""

    @property
    def condition_missing(self) -> bool:
        """Whether no single change was found: what was said does not make the condition."""
        return not (
            self.stands
            or self.not_run
            or self.comes_at
            or self.silenced_by
            or self.limits_not_reached
        )


def _statement(arrival: Arrival) -> Statement:
    return Statement(arrival.event.source, arrival.event.id, arrival.event.type, arrival.event.time)


def explain(alert: Alert, scenario: Scenario, registry: Registry, policy: Policy) -> Explanation:
    """Why the alert was raised. `scenario` is the one that raised it."""
    named = {tuple(e["event"]) for e in alert.detail["evidence"] if e["event"]}
    sentences = {
        a.event.identity: _statement(a)
        for a in arrivals(scenario, registry)
        if a.event.identity in named
    }
    document, act_by = CATALOGUE[alert.rule], alert.detail["act_by"]
    return Explanation(
        alert.rule,
        alert.rule_version,
        policy.version,
        alert.holds_since,
        None if act_by is None else datetime.fromisoformat(act_by),
        tuple(sorted(sentences.values(), key=lambda s: (s.at, s.source, s.id))),
        tuple(
            (name, policy.number(alert.rule, name), limit.unit)
            for name, limit in document.limits.items()
        ),
        document.not_when,
    )


def _stands(ledger: Simulation, rule: str) -> bool:
    return any(a.rule == rule and a.stands for a in ledger.alerts.values())


def _ended(ledger: Simulation, rule: str) -> tuple[tuple[datetime, str], ...]:
    of_rule = [alert for alert in ledger.alerts.values() if alert.rule == rule]
    return tuple(
        (alert.cleared_at, alert.clear_reason or "")
        for alert in of_rule
        if alert.cleared_at is not None
    )


def why_not(
    rule: str, at: datetime, scenario: Scenario, registry: Registry, policy: Policy
) -> WhyNot:
    """Why no alert of the rule stands at the instant. KeyError for a rule that is not in the
    catalogue.
    """
    document = CATALOGUE[rule]
    not_run = policy.switched_off.get(rule)
    if not_run is None and not policy.runs(rule, at):
        not_run = f"in force from {document.effective_from} until before {document.effective_to or 'further notice'}"
    ledger = play(scenario, registry, policy, until=at, people=False)
    ended = _ended(ledger, rule)
    if not_run is not None or _stands(ledger, rule):
        return WhyNot(rule, at, not_run is None, not_run, ended, None, (), ())
    return WhyNot(
        rule,
        at,
        False,
        None,
        ended,
        _comes_at(rule, at, scenario, registry, policy),
        tuple(_silencing(rule, at, scenario, registry, policy)),
        tuple(_limits(rule, at, scenario, registry, policy)),
    )


def _comes_at(
    rule: str, at: datetime, scenario: Scenario, registry: Registry, policy: Policy
) -> datetime | None:
    later = play(scenario, registry, policy, until=at + LOOK_AHEAD, heard_until=at, people=False)
    ids = {a.alert_id for a in later.alerts.values() if a.rule == rule}
    return min(
        (t.at for t in later.log if t.alert_id in ids and t.kind == "raised" and t.at > at),
        default=None,
    )


def _silencing(
    rule: str, at: datetime, scenario: Scenario, registry: Registry, policy: Policy
) -> Iterator[Statement]:
    # one event left out at a time, and all played anew: only so is it certain that it was this one
    arrived = {a.event.identity: a for a in arrivals(scenario, registry) if a.at <= at}
    for identity, arrival in sorted(
        arrived.items(), key=lambda pair: (pair[1].event.time, pair[0])
    ):
        without = play(
            scenario, registry, policy, until=at, leave_out=frozenset({identity}), people=False
        )
        if _stands(without, rule):
            yield _statement(arrival)


def _limits(
    rule: str, at: datetime, scenario: Scenario, registry: Registry, policy: Policy
) -> Iterator[str]:
    for name, limit in CATALOGUE[rule].limits.items():
        if limit.looser != "higher":
            continue
        strict = policy.model_dump() | {
            "limits": policy.limits | {rule: policy.limits.get(rule, {}) | {name: 0}}
        }
        try:
            tried = Policy.model_validate(strict)
        except ValidationError:
            # this limit cannot be nought beside another
            continue
        if _stands(play(scenario, registry, tried, until=at, people=False), rule):
            yield name
