"""What came beside what must come: one sentence, in London time, for each difference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.london_time import LONDON
from schemas.scenario import Between, Expected, Moment, Scenario
from services.liaison.alert import Alert, DeskAlert, Transition

# More than any alert of the same rule can differ in.
_ANOTHER_RULE = ["another rule"] * 9


def raised_at(alert: Alert, log: tuple[Transition, ...]) -> datetime:
    """When the alert was raised first."""
    return min(t.at for t in log if t.alert_id == alert.alert_id and t.kind == "raised")


def differences(
    scenario: Scenario, alerts: tuple[Alert, ...], log: tuple[Transition, ...]
) -> tuple[str, ...]:
    """One sentence for each expectation that is not met and for each alert that nobody expected."""
    left = list(alerts)
    sentences: list[str] = []
    # each alert answers one expectation: two of one rule need two alerts
    for expected in scenario.expect:
        fits = [a for a in left if not _faults(scenario, expected, a, log)]
        if fits:
            left.remove(fits[0])
            continue
        near = [a for a in left if a.rule == expected.rule]
        if not near:
            desks = ", ".join(expected.desks)
            must = _window(scenario, expected.raised)
            sentences.append(f"missing: {expected.rule} to {desks}, raised {must}")
            continue
        nearest = min(near, key=lambda a: len(_faults(scenario, expected, a, log)))
        left.remove(nearest)
        faults = _faults(scenario, expected, nearest, log)
        sentences.append(f"{expected.rule}: " + "; ".join(faults))
    sentences += [_unexpected(scenario, alert, log) for alert in left]
    return tuple(sentences)


def _unexpected(scenario: Scenario, alert: Alert, log: tuple[Transition, ...]) -> str:
    at = clock(scenario, raised_at(alert, log))
    desks = ", ".join(d.desk for d in alert.desks)
    return f"unexpected: {alert.rule} {alert.detail['title']!r} raised {at} to {desks}: {alert.detail['reason']}"


def clock(scenario: Scenario, at: datetime) -> str:
    """The time in London, with the date where it is not the day on which the scenario starts."""
    local = at.astimezone(LONDON)
    if local.date() == scenario.start.astimezone(LONDON).date():
        return f"{local:%H:%M:%S}"
    return f"{local:%d %B %H:%M:%S}"


def _window(scenario: Scenario, expected: Moment | Between) -> str:
    if isinstance(expected, Between):
        since, until = scenario.window(expected)
        return f"between {clock(scenario, since)} and {clock(scenario, until)}"
    return f"at {clock(scenario, scenario.instant(expected))}"


def _names(desks: set[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(desks)) or "nobody"


def _faults(
    scenario: Scenario, expected: Expected, alert: Alert, log: tuple[Transition, ...]
) -> list[str]:
    if alert.rule != expected.rule:
        return _ANOTHER_RULE
    transitions = [t for t in log if t.alert_id == alert.alert_id]
    return [
        *_raised_faults(scenario, expected, alert, log),
        *_end_faults(scenario, expected, alert),
        *_people_faults(expected, alert),
        *_worsened_faults(expected, transitions),
        *_escalation_faults(scenario, expected, alert, transitions),
        *_sound_faults(expected, transitions),
        *_state_faults(expected, alert),
    ]


def _raised_faults(
    scenario: Scenario, expected: Expected, alert: Alert, log: tuple[Transition, ...]
) -> Iterator[str]:
    first = raised_at(alert, log)
    since, until = scenario.window(expected.raised)
    if not since <= first <= until:
        must = _window(scenario, expected.raised)
        yield f"raised {clock(scenario, first)}, expected {must}"
    # who has it by escalation or dispute is asked for by itself
    desks = {d.desk for d in alert.desks if d.origin == "rule"}
    if desks != set(expected.desks):
        yield f"desks {_names(desks)}, expected {_names(expected.desks)}"


def _people_faults(expected: Expected, alert: Alert) -> Iterator[str]:
    if alert.detail["verification"] != expected.verification:
        yield f"{alert.detail['verification']}, expected {expected.verification}"
    acknowledged = {d.desk for d in alert.desks if d.acknowledged_at is not None}
    if acknowledged != set(expected.acknowledged_by):
        must = _names(expected.acknowledged_by)
        yield f"acknowledged by {_names(acknowledged)}, expected {must}"


def _worsened_faults(expected: Expected, log: list[Transition]) -> Iterator[str]:
    if expected.worsened is None:
        return
    # once however many desks heard of it
    times = len({t.at for t in log if t.kind == "worsened"})
    if times != expected.worsened:
        yield f"worsened {times} times, expected {expected.worsened}"


def _end_faults(scenario: Scenario, expected: Expected, alert: Alert) -> Iterator[str]:
    ended = "still standing"
    if alert.cleared_at is not None:
        ended = f"cleared {clock(scenario, alert.cleared_at)}"
    if expected.cleared is None:
        if alert.cleared_at is not None:
            yield f"{ended} ({alert.clear_reason}), expected to stand at the end"
        return
    since, until = scenario.window(expected.cleared)
    if alert.cleared_at is None or not since <= alert.cleared_at <= until:
        yield f"{ended}, expected cleared {_window(scenario, expected.cleared)}"


def _escalation_faults(
    scenario: Scenario, expected: Expected, alert: Alert, log: list[Transition]
) -> Iterator[str]:
    if expected.escalated_to is None:
        return
    above = {d.desk for d in alert.desks if d.origin != "rule"}
    must = {e.desk: e.since for e in expected.escalated_to}
    if above != set(must):
        yield f"escalated to {_names(above)}, expected {_names(set(must))}"
    for desk in sorted(above & set(must)):
        at = min(t.at for t in log if t.desk == desk and t.kind in {"raised", "disputed"})
        since, until = scenario.window(must[desk])
        if not since <= at <= until:
            window = _window(scenario, must[desk])
            yield f"escalated to {desk} {clock(scenario, at)}, expected {window}"


def _sound_faults(expected: Expected, log: list[Transition]) -> Iterator[str]:
    for desk, must in (expected.sounded_again or {}).items():
        times = sum(t.kind == "sounded-again" and t.desk == desk for t in log)
        if times != must:
            yield f"sounded again {times} times at {desk}, expected {must}"


def _state_faults(expected: Expected, alert: Alert) -> Iterator[str]:
    for desk, must in (expected.states or {}).items():
        state = _shown_state(alert.at(desk), must)
        if state != must:
            yield f"{state} at {desk}, expected {must}"


def _shown_state(at_desk: DeskAlert | None, must: str) -> str:
    if at_desk is None:
        return "not there"
    # what stands behind another alert is in a state of its own too; it is shown as inhibited only
    # where that is asked
    if must == "inhibited" and at_desk.inhibited_by:
        return "inhibited"
    if at_desk.state == "delivered":
        return "raised"
    return str(at_desk.state)
