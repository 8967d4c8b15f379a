"""An alert as one desk sees it: from the ledger's row to what the template prints. Only the disclosed view is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.console.desks import Desks
from services.console.text import SHAPES, URGENCY

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class Told:
    """Another desk that has this alert."""

    desk: str
    acknowledged_at: datetime | None


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

    @property
    def visible(self) -> bool:
        """Whether it belongs in the list: it stands, or has ended without anybody's answer."""
        return self.acknowledged_at is None or self.cleared_at is None

    @property
    def order(self) -> str:
        """Sorts as text in the list's order: most urgent, then unacknowledged, then oldest."""
        done = int(self.acknowledged_at is not None)
        return f"{self.urgency}-{done}-{int(self.raised_at.timestamp() * 1_000_000):020}-{self.alert_id}"


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
    told: tuple[tuple[str, datetime | None], ...]
    urgency: str
    shape: str


def _instant(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


def article(state: AlertState, desks: Desks) -> Article:
    """Read the disclosed view. What is missing in it is left out."""
    view = state.view
    shown = view.get("shown")
    return Article(
        state=state,
        title=str(view.get("title", "")),
        reason=str(view.get("reason", "")),
        next_step=str(view.get("next_step", "")),
        evidence=tuple(Line(str(e.get("statement", "")), _instant(e.get("at"))) for e in view.get("evidence") or ()),
        act_by=_instant(view.get("act_by")),
        verified=view.get("verification", "verified") == "verified",
        incidents=tuple(f"{i.get('agency', '')} {i.get('reference', '')}".strip() for i in view.get("incidents") or ()),
        shown=tuple((str(k), str(v)) for k, v in sorted(shown.items())) if isinstance(shown, Mapping) else (),
        told=tuple((desks.name(t.desk), t.acknowledged_at) for t in state.told),
        urgency=URGENCY[state.urgency],
        shape=SHAPES[state.urgency],
    )


def clock(at: datetime) -> str:
    """24-hour clock in London, e.g. 14:24."""
    return at.astimezone(LONDON).strftime("%H:%M")


def clock_seconds(at: datetime) -> str:
    """Date and 24-hour clock in London with seconds, for the history."""
    return at.astimezone(LONDON).strftime("%-d %b %Y %H:%M:%S")
