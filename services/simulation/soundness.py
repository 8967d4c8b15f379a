"""What in a scenario cannot be meant: what names nothing, comes after the end, or would say nothing
about any alert.

A scenario that names a desk, a rule or an event that is not there would pass or fail for another
reason than it tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from rapidfuzz import process

from schemas.marked_yaml import Place
from schemas.registry import Registry
from schemas.scenario import Between, Fault, Moment, Scenario, ScenarioError, Statement
from services.intake.accept import checked
from services.liaison.catalogue import CATALOGUE
from services.simulation.replay import document_of, verdict_of

# Events about an earlier event of the same source, and the field that names it.
_REFERS = {"event.corrected": "corrects", "event.retracted": "retracts"}


def check_scenario(scenario: Scenario, registry: Registry) -> None:
    """Raises ScenarioError with every fault."""
    faults = tuple(faults_of(scenario, registry))
    if faults:
        raise ScenarioError(*faults)


def faults_of(scenario: Scenario, registry: Registry) -> Iterator[Fault]:
    """Each with its place in the file and a remedy."""
    yield from _times(scenario)
    for place, statement in statements(scenario):
        if statement.feed not in registry.feeds_by_id:
            yield _unknown(scenario, (*place, "feed"), "feed", statement.feed, registry.feeds_by_id)
    for number, silence in enumerate(scenario.silences):
        if silence.feed not in registry.feeds_by_id:
            place = ("silences", number, "feed")
            yield _unknown(scenario, place, "feed", silence.feed, registry.feeds_by_id)
    yield from _events(scenario, registry)
    yield from _desks_and_rules(scenario, registry)
    if "expect" not in scenario.model_fields_set:
        yield scenario.fault(
            (),
            "expect-missing",
            "it does not say which alerts must come",
            "add `expect`; where none must come write `expect: []`",
        )


def statements(scenario: Scenario) -> Iterator[tuple[Place, Statement]]:
    """What is known and what is said, each with its place, in the order of their numbers."""
    for number, statement in enumerate(scenario.known):
        yield ("known", number), statement
    for number, statement in enumerate(scenario.events):
        yield ("events", number), statement


def _unknown(scenario: Scenario, place: Place, kind: str, name: str, names: Iterable[str]) -> Fault:
    near = process.extractOne(name, list(names), score_cutoff=60)
    where = "the agency registry"
    if kind == "rule":
        where = "the catalogue"
    remedy = f"use one of {where}; another registry is given with --registry"
    if kind == "rule":
        remedy = "see `liaison rules list`"
    elif near is not None:
        remedy = f"did you mean `{near[0]}`? Another registry is given with --registry"
    return scenario.fault(place, f"{kind}-unknown", f"{kind} {name} is not in {where}", remedy)


def _times(scenario: Scenario) -> Iterator[Fault]:
    end = scenario.instant(scenario.until)
    if end <= scenario.start:
        yield scenario.fault(
            ("until",),
            "until-before-start",
            "the story ends before it starts",
            "correct one of the two; an instant of another day is written as RFC 3339",
        )
        return
    for place, moment in _moments(scenario):
        if scenario.instant(moment) > end:
            yield scenario.fault(
                place,
                "after-the-end",
                f"{moment} is after `until`, so it would never be played",
                "make `until` later, or correct the moment",
            )
    for place, since, until in _windows(scenario):
        if scenario.instant(until) < scenario.instant(since):
            yield scenario.fault(
                (*place, "until"),
                "until-before-since",
                f"it is over at {until}, before it begins at {since}",
                "put the earlier moment into `since`",
            )


def _moments(scenario: Scenario) -> Iterator[tuple[Place, Moment]]:
    for number, statement in enumerate(scenario.events):
        field = "arrives"
        if statement.arrives is None:
            field = "at"
        yield ("events", number, field), statement.arrives or statement.at
    for name in ("acknowledgements", "doings", "operator"):
        for number, step in enumerate(getattr(scenario, name)):
            yield (name, number, "at"), step.at
    for number, expected in enumerate(scenario.expect):
        moment = expected.raised
        if isinstance(moment, Between):
            moment = moment.since
        yield ("expect", number, "raised"), moment


def _windows(scenario: Scenario) -> Iterator[tuple[Place, Moment, Moment]]:
    for number, silence in enumerate(scenario.silences):
        if silence.until is not None:
            yield ("silences", number), silence.since, silence.until
    for number, expected in enumerate(scenario.expect):
        for name in ("raised", "cleared"):
            window = getattr(expected, name)
            if isinstance(window, Between):
                yield ("expect", number, name), window.since, window.until
        for rung, above in enumerate(expected.escalated_to or ()):
            if isinstance(above.since, Between):
                place = ("expect", number, "escalated_to", rung, "since")
                yield place, above.since.since, above.since.until


def _events(scenario: Scenario, registry: Registry) -> Iterator[Fault]:
    """What intake says of each event, ids that stand for two of them, and corrections of nothing."""
    bodies: dict[tuple[str, str], bytes] = {}
    referring: list[tuple[Place, str, str]] = []
    for number, (place, statement) in enumerate(statements(scenario), start=1):
        if statement.feed not in registry.feeds_by_id:
            continue
        document = document_of(scenario, statement, number, registry)
        body = json.dumps(document, default=str, sort_keys=True).encode()
        yield from _refused(scenario, place, statement, body)
        if statement.refused is not None:
            continue
        identity = (document["source"], document["id"])
        if bodies.setdefault(identity, body) != body:
            yield scenario.fault(
                (*place, "id"),
                "event-id-reused",
                f"{identity[1]} names an earlier event of {statement.feed} that says something else",
                "give each event an id of its own; `repeat` sends the same again",
            )
        field = _REFERS.get(statement.type)
        if field is not None and field in statement.data:
            referring.append((place, field, statement.feed))
    sources = {feed: registry.feeds_by_id[feed][1].sources[0] for _, _, feed in referring}
    for place, field, feed in referring:
        target = _statement_at(scenario, place).data[field]
        if (sources[feed], target) not in bodies:
            yield scenario.fault(
                (*place, "data", field),
                "correction-of-nothing",
                f"{feed} sends no event {target}",
                "give the event that it is about this `id`",
            )


def _statement_at(scenario: Scenario, place: Place) -> Statement:
    section, number = place
    statements_of: tuple[Statement, ...] = getattr(scenario, str(section))
    return statements_of[int(number)]


def _refused(
    scenario: Scenario, place: Place, statement: Statement, body: bytes
) -> Iterator[Fault]:
    answer = checked(body)
    # what the door would leave out of a sender's event is a mistake in a story
    faults = answer.notes + answer.faults
    if statement.refused is not None:
        codes = [fault.code for fault in answer.faults]
        if statement.refused not in codes:
            yield scenario.fault(
                (*place, "refused"),
                "not-refused-so",
                f"it must be refused as {statement.refused}, and intake {verdict_of(codes)}",
                "correct the event or the code",
            )
        return
    notes = [note.code for note in answer.notes]
    if statement.left_out is not None and statement.left_out not in notes:
        yield scenario.fault(
            (*place, "left_out"),
            "not-left-out-so",
            f"something must be left out as {statement.left_out}, and intake leaves out {notes or 'nothing'}",
            "correct the event or the code",
        )
    for fault in faults:
        if fault.code == statement.left_out:
            continue
        parts = (_part_of(part) for part in fault.pointer.split("/")[1:])
        yield scenario.fault((*place, *parts), fault.code, fault.message, fault.remedy)


def _part_of(text: str) -> str | int:
    # RFC 6901: a member's name writes `/` and `~` otherwise; a number is a place in a list
    if text.isdigit():
        return int(text)
    return text.replace("~1", "/").replace("~0", "~")


def _desks_and_rules(scenario: Scenario, registry: Registry) -> Iterator[Fault]:
    for place, desk in _desks(scenario):
        if desk not in registry.desks_by_id:
            yield _unknown(scenario, place, "desk", desk, registry.desks_by_id)
    for name in ("acknowledgements", "doings", "expect"):
        for number, step in enumerate(getattr(scenario, name)):
            if step.rule not in CATALOGUE:
                yield _unknown(scenario, (name, number, "rule"), "rule", step.rule, CATALOGUE)


def _desks(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    for name in ("acknowledgements", "doings"):
        for number, step in enumerate(getattr(scenario, name)):
            yield (name, number, "desk"), step.desk
    for number, expected in enumerate(scenario.expect):
        place: Place = ("expect", number)
        for field in ("desks", "acknowledged_by"):
            for item, desk in enumerate(getattr(expected, field)):
                yield (*place, field, item), desk
        for rung, above in enumerate(expected.escalated_to or ()):
            yield (*place, "escalated_to", rung, "desk"), above.desk
        for field in ("sounded_again", "states"):
            for desk in getattr(expected, field) or {}:
                yield (*place, field, desk), desk
