"""An alert as one desk sees it: from the ledger's row to what the template prints. Only the
disclosed view is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.london_time import LONDON
from services.console.view.desks import Desks
from services.console.view.text.vocabulary import REASONS, SHAPES, URGENCY
from services.ledger.alerts.desk import AlertState, OtherDesk, Outcome
from services.liaison.disclosure.words import READ_FIRST


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence with its instant."""

    statement: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Article:
    """What the template prints."""

    state: AlertState
    title: str
    headline: str
    """What is wrong for this desk; the title where the rule has no words of its own for it."""
    reason: str
    next_step: str
    evidence: tuple[Line, ...]
    act_by: datetime | None
    verified: bool
    incidents: tuple[str, ...]
    to_act: tuple[tuple[str, str], ...]
    """Where, what signs, who is there, whom to ring: label and words, in the order in which a desk
    needs them.
    """
    facts: tuple[tuple[str, str], ...]
    """What else was disclosed of the person and the place: label and words."""
    certainty: str
    """How sure we are who it is."""
    other_desks: tuple[tuple[str, OtherDesk], ...]
    urgency: str
    shape: str


# The label under which disclosure says how sure we are of the person.
WHO = "Who"


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    return datetime.fromisoformat(value)


def article(state: AlertState, desks: Desks) -> Article:
    """Read the disclosed view. What is missing in it is left out."""
    view = state.view
    facts = desks.with_area_named(_facts(view))
    others = set(facts) - {WHO, *READ_FIRST}
    return Article(
        state=state,
        title=str(view.get("title", "")),
        headline=str(view.get("headline") or view.get("title", "")),
        reason=str(view.get("reason", "")),
        next_step=str(view.get("next_step", "")),
        evidence=tuple(_line(item) for item in view.get("evidence") or ()),
        act_by=_instant(view.get("act_by")),
        verified=view.get("verification", "verified") == "verified",
        incidents=tuple(_incident(item, desks) for item in view.get("incidents") or ()),
        to_act=read_first(facts),
        facts=tuple(sorted((label, text) for label, text in facts.items() if label in others)),
        certainty=facts.get(WHO, ""),
        other_desks=tuple((desks.name(other.desk), other) for other in state.other_desks),
        urgency=URGENCY[state.urgency],
        shape=SHAPES[state.urgency],
    )


def read_first(facts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Of what was disclosed that which a desk needs to act, label and words, in its order."""
    return tuple((label, facts[label]) for label in READ_FIRST if label in facts)


def _facts(view: Mapping[str, Any]) -> dict[str, str]:
    facts = view.get("shown")
    if not isinstance(facts, Mapping):
        return {}
    return {str(label): str(text) for label, text in facts.items()}


def _line(evidence: Mapping[str, Any]) -> Line:
    return Line(str(evidence.get("statement", "")), _instant(evidence.get("at")))


def _incident(incident: Mapping[str, Any], desks: Desks) -> str:
    agency = str(incident.get("agency", ""))
    name = desks.agencies.get(agency, agency)
    return f"{name} {incident.get('reference', '')}".strip()


def reason_in_words(outcome: Outcome, reason: str | None) -> str:
    """What was said with an answer: the words of a coded reason, then what was typed."""
    if reason is None or outcome != "declined":
        return reason or ""
    code, _, typed = reason.partition(": ")
    if code == "other":
        return typed
    words = REASONS[code]
    if typed:
        return f"{words}: {typed}"
    return words


def clock_seconds(at: datetime) -> str:
    """Date and 24-hour clock in London with seconds, for the history."""
    return at.astimezone(LONDON).strftime("%-d %b %Y %H:%M:%S")


def day_clock(at: datetime) -> str:
    """Day and 24-hour clock in London, e.g. 23 Nov 14:24."""
    return at.astimezone(LONDON).strftime("%-d %b %H:%M")


def day(on: date) -> str:
    """A date without a time, e.g. 3 Nov 1987."""
    return on.strftime("%-d %b %Y")


def length(seconds: float) -> str:
    """A length of time for a table: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {rest} s"
    return f"{rest} s"
