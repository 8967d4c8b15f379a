"""Run a scenario through the heart on a virtual clock, and compare what came with what must come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.envelope import AnyEvent
from schemas.events import TYPE_PREFIX
from schemas.received import Received
from schemas.registry import Registry
from schemas.scenario import Doing, Scenario, ScenarioError, Statement
from services.intake.accept import checked
from services.liaison.alert import (
    Accept,
    Acknowledge,
    Alert,
    Claim,
    Command,
    CommandRefused,
    Decline,
    HandOver,
    Note,
    NotOurs,
    Shelve,
    TakeOver,
    Transition,
    Unshelve,
)
from services.liaison.policy import Policy
from services.simulation.comparison import differences
from services.simulation.feeds_heard import Listening
from services.simulation.simulation import Simulation


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event of the scenario on its way to us."""

    at: datetime
    feed: str
    event: AnyEvent


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a feed sends, also what intake must refuse."""

    at: datetime
    feed: str
    body: bytes
    identity: tuple[str, str]
    event: AnyEvent | None
    """None where it must be refused."""
    known: bool
    """It is there before the story begins."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave: alerts with their records, and what differs from the expectations."""

    alerts: tuple[Alert, ...]
    log: tuple[Transition, ...]
    differences: tuple[str, ...]


def document_of(
    scenario: Scenario, statement: Statement, number: int, registry: Registry
) -> dict[str, Any]:
    """The event as its agency sends it; `number` counts from 1 through known and events. KeyError
    for an unknown feed.
    """
    return {
        "specversion": "1.0",
        "id": statement.id or f"e{number:03}",
        "source": registry.feeds_by_id[statement.feed][1].sources[0],
        "type": f"{TYPE_PREFIX}{statement.type}.v1",
        "time": scenario.instant(statement.at).isoformat(),
        "data": statement.data,
    }


def _event(scenario: Scenario, statement: Statement, number: int, body: bytes) -> AnyEvent | None:
    """The event, or None where intake refuses it as the scenario says it must."""
    answer = checked(body)
    if statement.refused is not None:
        codes = [fault.code for fault in answer.faults]
        if statement.refused not in codes:
            verdict = verdict_of(codes)
            raise ScenarioError(
                f"{scenario.title}: event {number} must be refused as {statement.refused}; intake {verdict}"
            )
        return None
    for fault in answer.faults:
        raise ScenarioError(
            f"{scenario.title}: event {number} ({statement.type}) {fault.pointer}: {fault.message}"
        )
    return answer.event


def verdict_of(codes: Sequence[str]) -> str:
    """What intake does with an event that has these faults."""
    if codes:
        return f"refuses it with {', '.join(codes)}"
    return "accepts it"


def deliveries(scenario: Scenario, registry: Registry) -> tuple[Delivery, ...]:
    """Everything that is sent, in order of arrival; what is known arrives at the start."""
    sent = []
    for number, statement in enumerate((*scenario.known, *scenario.events), start=1):
        if statement.feed not in registry.feeds_by_id:
            raise ScenarioError(
                f"{scenario.title}: feed {statement.feed} is not in the agency registry"
            )
        document = document_of(scenario, statement, number, registry)
        body = json.dumps(document, default=str).encode()
        event = _event(scenario, statement, number, body)
        is_known = number <= len(scenario.known)
        at, pause = scenario.start, timedelta(0)
        if not is_known:
            at = scenario.instant(statement.arrives or statement.at)
            # a sender that repeats does so at once, and each comes by itself
            pause = timedelta(milliseconds=10)
        for again in range(statement.repeat):
            later = again * pause
            identity = (document["source"], document["id"])
            sent.append(Delivery(at + later, statement.feed, body, identity, event, is_known))
    return tuple(sorted(sent, key=lambda delivery: delivery.at))


def arrivals(scenario: Scenario, registry: Registry) -> tuple[Arrival, ...]:
    """Every event that intake accepts, in order of arrival."""
    return tuple(
        Arrival(delivery.at, delivery.feed, delivery.event)
        for delivery in deliveries(scenario, registry)
        if delivery.event is not None
    )


def received(arrival: Arrival, registry: Registry) -> Received:
    """As intake would hand it on."""
    agency, feed = registry.feeds_by_id[arrival.feed]
    return Received(arrival.event, agency.id, agency.kind, feed.id, arrival.at)


def run(scenario: Scenario, registry: Registry, policy: Policy) -> Outcome:
    """Run to the end and compare. Raises ScenarioError for a scenario that cannot be run."""
    ledger = play(scenario, registry, policy)
    alerts = tuple(sorted(ledger.alerts.values(), key=lambda a: (a.raised_at, a.rule, a.alert_id)))
    log = tuple(ledger.log)
    return Outcome(alerts, log, differences(scenario, alerts, log))


def play(
    scenario: Scenario,
    registry: Registry,
    policy: Policy,
    *,
    until: datetime | None = None,
    heard_until: datetime | None = None,
    leave_out: frozenset[tuple[str, str]] = frozenset(),
    people: bool = True,
) -> Simulation:
    """The ledger as it is at `until` (without one at the scenario's end), what is due then
    included.

    For counterfactuals: no event is heard after `heard_until`, those in `leave_out` (source, id)
    never are, and without `people` nobody at a desk does anything. Raises ScenarioError for a
    scenario that cannot be run.
    """
    simulation = Simulation(registry, policy)
    sent = [
        delivery
        for delivery in deliveries(scenario, registry)
        if delivery.identity not in leave_out
    ]
    if heard_until is not None:
        sent = [delivery for delivery in sent if delivery.at <= heard_until]
    listening = Listening(scenario, registry)
    steps = _steps(scenario, sent, listening, people)
    end = scenario.instant(scenario.until)
    if until is not None:
        end = until
    last_heard: dict[str, datetime] = {}
    for at, kind, step in steps:
        if at > end:
            break
        _until(simulation, at, listening, last_heard)
        if kind == _SENT:
            simulation.deliver([(delivery.feed, delivery.body) for delivery in step], at)
            last_heard |= {delivery.feed: at for delivery in step}
            _feeds_due(simulation, at)
        elif kind == _DONE:
            _decide(simulation, scenario, step, at)
    # what falls due at the very end is part of the story
    _until(simulation, end + timedelta(microseconds=1), listening, last_heard)
    return simulation


# What happens at one instant, in this order: feeds turn, events come, people act on what they see.
_TURN, _SENT, _DONE = 0, 1, 2


def _steps(
    scenario: Scenario, sent: Iterable[Delivery], listening: Listening, people: bool
) -> list[tuple[datetime, int, Any]]:
    """Everything that happens, in order."""
    # what is known is there before the story begins, all at once: nobody judged it piece by piece
    known_deliveries: list[Delivery] = []
    steps: list[tuple[datetime, int, Any]] = [(scenario.start, _SENT, known_deliveries)]
    for delivery in sent:
        if delivery.known:
            known_deliveries.append(delivery)
        else:
            steps.append((delivery.at, _SENT, [delivery]))
    steps += [(at, _TURN, None) for at in listening.turns()]
    if people:
        steps += [(scenario.instant(doing.at), _DONE, doing) for doing in everything_done(scenario)]
    steps += [(scenario.instant(step.at), _DONE, step) for step in scenario.operator]
    return sorted(steps, key=lambda step: step[:2])


def _until(
    simulation: Simulation, at: datetime, listening: Listening, last_heard: Mapping[str, datetime]
) -> None:
    """Let every deadline before the instant pass, each at its own time, every feed being heard
    until then.
    """
    while (due := simulation.next_due("crisis", "alert", "monitor")) is not None and due < at:
        _hear(simulation, due, listening, last_heard)
        simulation.tick(due)
    _hear(simulation, at, listening, last_heard)


def _hear(
    simulation: Simulation, at: datetime, listening: Listening, last_heard: Mapping[str, datetime]
) -> None:
    """Every sign of life up to the instant, what is due of the feeds themselves, and then the signs
    that lie ahead.
    """
    for feed, since in last_heard.items():
        # late or ahead, it is on time again at the first sign that says so
        if simulation.troubled(feed):
            sign = listening.on_time(feed, since, at)
            if sign is not None:
                _feeds_due(simulation, sign)
                simulation.hear(feed, sign)
    for sign_of in (listening.last_sign, listening.assured):
        for feed in listening.feeds:
            sign, heard_at = sign_of(feed, at), simulation.heard_at(feed)
            if sign is not None and (heard_at is None or sign > heard_at):
                simulation.hear(feed, sign, None)
        _feeds_due(simulation, at)


def _feeds_due(simulation: Simulation, at: datetime) -> None:
    """Look at every feed that seems silent, or is heard again."""
    while (due := simulation.next_due("feed")) is not None and due <= at:
        simulation.tick(due)


def _decide(ledger: Simulation, scenario: Scenario, step: Any, at: datetime) -> None:
    if hasattr(step, "decision"):
        (left, right) = step.incidents
        if step.decision == "joined":
            ledger.join(left, right, at)
        else:
            ledger.separate(left, right, at)
        return
    having = _having(ledger, step.rule, step.desk)
    if not having:
        raise ScenarioError(
            f"{scenario.title}: at {step.at} desk {step.desk} has no {step.rule} to {step.do}"
        )
    # a story names the rule and not the alert: of several the one that a person would take
    alert = chosen(having, step.desk)
    refusal = None
    try:
        ledger.command(alert.alert_id, step.desk, command_of(step), step.actor, at)
    except CommandRefused as refused:
        refusal = refused.code
    if refusal != step.refused:
        outcome, must = _done_or_refused("was", refusal), _done_or_refused("be", step.refused)
        raise ScenarioError(
            f"{scenario.title}: at {step.at} {step.do} at {step.desk} {outcome}, but must {must}"
        )


def _having(ledger: Simulation, rule: str, desk: str) -> list[Alert]:
    """The alerts of the rule that the desk has, ended ones too."""
    of_rule = [alert for alert in ledger.alerts.values() if alert.rule == rule]
    return [alert for alert in of_rule if alert.at(desk) is not None]


def _done_or_refused(verb: str, refusal: str | None) -> str:
    if refusal:
        return f"{verb} refused as {refusal}"
    return f"{verb} done"


def everything_done(scenario: Scenario) -> tuple[Doing, ...]:
    """What people do at their desks; an acknowledgement is one of these."""
    acknowledgements = (
        Doing(at=a.at, desk=a.desk, rule=a.rule, do="acknowledge")
        for a in scenario.acknowledgements
    )
    return (*acknowledgements, *scenario.doings)


def chosen(having: Iterable[Alert], desk: str) -> Alert:
    """Of the alerts of a rule that a desk has, the one a person would take: open before closed,
    unanswered first.
    """

    def order(alert: Alert) -> tuple[bool, bool, datetime, str]:
        delivery = alert.at(desk)
        assert delivery is not None
        return (
            delivery.state in {"closed", "answered"},
            delivery.acknowledged_at is not None,
            alert.raised_at,
            alert.alert_id,
        )

    return min(having, key=order)


def command_of(step: Doing) -> Command:
    """What the person does."""
    reason = step.reason or ""
    commands: dict[str, Command] = {
        "acknowledge": Acknowledge(),
        "claim": Claim(),
        "take-over": TakeOver(reason),
        "accept": Accept(step.reason),
        "decline": Decline(reason),  # type: ignore[arg-type]  # what is no code is refused with a sentence
        "not-ours": NotOurs(reason),
        "shelve": Shelve(timedelta(minutes=step.minutes or 0), reason),
        "unshelve": Unshelve(),
        "note": Note(reason),
        "hand-over": HandOver(step.to or "", step.reason),
    }
    return commands[step.do]
