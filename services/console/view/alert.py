"""An alert as one desk sees it: from the ledger's row to what the template prints. Only the disclosed view is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.console.view.desks import Desks
from services.console.view.text import SHAPES, URGENCY

LONDON = ZoneInfo("Europe/London")
WAITING = frozenset({"raised", "delivered", "returned"})
HELD = frozenset({"acknowledged", "claimed"})
ENDED = frozenset({"cleared", "closed"})


@dataclass(frozen=True, slots=True)
class Told:
    """Another desk that has this alert."""

    desk: str
    acknowledged_at: datetime | None
    outcome: str | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertState:
    """The ledger's rows of one alert for one desk."""

    alert_id: str
    sequence: int
    urgency: int
    raised_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    cleared_at: datetime | None
    clear_reason: str | None
    view: Mapping[str, Any]
    """Disclosed to this desk: title, reason, next_step, evidence [{statement, at}], act_by, verification,
    incidents [{agency, reference}], shown {label: text}. Anything else is not printed."""
    told: tuple[Told, ...] = ()
    state: str = "raised"
    rule: str = ""
    origin: str = "rule"
    crisis_id: str | None = None
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    outcome: str | None = None
    outcome_reason: str | None = None
    shelved_until: datetime | None = None
    shelved_reason: str | None = None
    inhibited: bool = False
    """It keeps quiet for a more urgent one of the same crisis."""

    @property
    def waiting(self) -> bool:
        """Whether it calls for somebody: nobody has answered, and it does not keep quiet for another."""
        return self.state in WAITING and not self.inhibited

    @property
    def order(self) -> str:
        """Sorts as text in the list's order: most urgent, then those that wait, then oldest."""
        return f"{self.urgency}-{int(not self.waiting)}-{int(self.raised_at.timestamp() * 1_000_000):020}-{self.alert_id}"


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
    reason: str
    next_step: str
    evidence: tuple[Line, ...]
    act_by: datetime | None
    verified: bool
    incidents: tuple[str, ...]
    shown: tuple[tuple[str, str], ...]
    who: str
    """How sure we are who it is."""
    told: tuple[tuple[str, Told], ...]
    urgency: str
    shape: str


WHO = "Who"
"""The label under which disclosure says how sure we are of the person."""


def _instant(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


def article(state: AlertState, desks: Desks) -> Article:
    """Read the disclosed view. What is missing in it is left out."""
    view = state.view
    given = view.get("shown")
    shown: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    return Article(
        state=state,
        title=str(view.get("title", "")),
        reason=str(view.get("reason", "")),
        next_step=str(view.get("next_step", "")),
        evidence=tuple(
            Line(str(e.get("statement", "")), _instant(e.get("at")))
            for e in view.get("evidence") or ()
        ),
        act_by=_instant(view.get("act_by")),
        verified=view.get("verification", "verified") == "verified",
        incidents=tuple(
            f"{i.get('agency', '')} {i.get('reference', '')}".strip()
            for i in view.get("incidents") or ()
        ),
        shown=tuple((str(k), str(v)) for k, v in sorted(shown.items()) if k != WHO)
        if shown
        else (),
        who=str(shown.get(WHO, "")) if shown else "",
        told=tuple((desks.name(t.desk), t) for t in state.told),
        urgency=URGENCY[state.urgency],
        shape=SHAPES[state.urgency],
    )


def clock(at: datetime) -> str:
    """24-hour clock in London, e.g. 14:24."""
    return at.astimezone(LONDON).strftime("%H:%M")


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
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
