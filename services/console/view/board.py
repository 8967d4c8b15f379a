"""The board of a desk: its alerts as one row a crisis, in the order in which somebody there has to
look at them.

Pure. What decides the order is what the desk was disclosed, so that a row's place tells nothing
that its words may not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never, get_args

from schemas.codes import Nature, RiskLevel
from services.ledger.alerts.desk import AlertState
from services.liaison.alert.states import HELD
from services.liaison.disclosure.vocabulary import NATURE_WORDS
from services.liaison.disclosure.words import UNSTATED

# What a row asks of the person at the desk, the most first.
Group = Literal["needs", "mine", "colleague", "watching", "ended"]
GROUPS: tuple[Group, ...] = get_args(Group)
# What may kill within minutes, the quickest first.
Danger = Literal["restraint", "signs", "attempt", "none"]
DANGERS: tuple[Danger, ...] = get_args(Danger)
# Urgencies at which a danger lifts a row: it must not lift a follow-up above what is critical now.
PRESSING = (1, 2)
ATTEMPTS = frozenset(NATURE_WORDS[nature] for nature in (Nature.SUICIDAL, Nature.SELF_HARM))
# Of a row without a limit: after all that have one.
NO_LIMIT = 10**17


@dataclass(frozen=True, slots=True)
class Row:
    """One crisis as a desk has it, or an alert that is of none."""

    key: str
    """The crisis; the alert where it is of none."""
    crisis_id: str | None
    alerts: tuple[AlertState, ...]
    """The one that speaks for the row first: of those that decide its group the most urgent."""
    group: Group
    danger: Danger
    due: datetime | None
    """The earliest limit of what decides the group."""

    @property
    def lead(self) -> AlertState:
        """The alert that speaks for the row."""
        return self.alerts[0]

    @property
    def sequence(self) -> int:
        """The newest change of any of its alerts."""
        return max(alert.sequence for alert in self.alerts)

    @property
    def order(self) -> str:
        """Sorts as text in the board's order: group, danger, urgency, limit, age."""
        place = f"{GROUPS.index(self.group)}-{DANGERS.index(self.danger)}-{self.lead.urgency}"
        if self.group == "ended":
            # the newest end first: it is what somebody may still be looking for
            place, instant = f"{GROUPS.index('ended')}", NO_LIMIT - _micros(_end(self.alerts))
        else:
            instant = _micros(self.due)
        return f"{place}-{instant:018}-{_micros(self.lead.raised_at):018}-{self.key}"


def board(alerts: Iterable[AlertState], actor: str) -> tuple[Row, ...]:
    """The desk's alerts as rows in their order, for one person at it."""
    crises: defaultdict[str, list[AlertState]] = defaultdict(list)
    for alert in alerts:
        crises[row_key(alert)].append(alert)
    rows = [row_of(members, actor) for members in crises.values()]
    return tuple(sorted(rows, key=lambda row: row.order))


def row_key(alert: AlertState) -> str:
    """Which row an alert stands in."""
    return alert.crisis_id or alert.alert_id


def row_of(alerts: Sequence[AlertState], actor: str) -> Row:
    """The row of one crisis's alerts, of which there is at least one."""
    group = _group(alerts, actor)
    speaking = [alert for alert in alerts if _speaks(alert, group, actor)]
    limits = [due for alert in speaking if (due := limit_of(alert)) is not None]
    ordered = sorted(alerts, key=lambda alert: _urgent_first(alert, speaking))
    danger: Danger = "none"
    if ordered[0].urgency in PRESSING:
        danger = min(
            (danger_of(alert) for alert in alerts if not alert.ended),
            key=DANGERS.index,
            default="none",
        )
    return Row(
        key=row_key(ordered[0]),
        crisis_id=ordered[0].crisis_id,
        alerts=tuple(ordered),
        group=group,
        danger=danger,
        due=min(limits, default=None),
    )


def limit_of(alert: AlertState) -> datetime | None:
    """By when somebody has to act; where the rule names no limit, by when to acknowledge."""
    stated = alert.view.get("act_by")
    if isinstance(stated, str) and stated:
        return datetime.fromisoformat(stated)
    if alert.waiting:
        return alert.acknowledge_by
    return None


def danger_of(alert: AlertState) -> Danger:
    """The worst that the desk was told with the alert."""
    shown = alert.view.get("shown") or {}
    if _is_stated(shown, "force-clinical"):
        return "restraint"
    if _is_stated(shown, "signs"):
        return "signs"
    natures = str(shown.get("Why the police are there", ""))
    if shown.get("Risk to self") == RiskLevel.HIGH or any(word in natures for word in ATTEMPTS):
        return "attempt"
    return "none"


def _is_stated(shown: dict[str, str], item: Literal["force-clinical", "signs"]) -> bool:
    label, unstated = UNSTATED[item]
    return shown.get(label, unstated) != unstated


def _group(alerts: Sequence[AlertState], actor: str) -> Group:
    if all(alert.ended for alert in alerts):
        return "ended"
    if any(alert.waiting for alert in alerts):
        return "needs"
    holders = {holder_of(alert) for alert in alerts if alert.state in HELD}
    if actor in holders:
        return "mine"
    if holders:
        return "colleague"
    return "watching"


def holder_of(alert: AlertState) -> str | None:
    """Who at the desk has it."""
    return alert.claimed_by or alert.acknowledged_by


def _speaks(alert: AlertState, group: Group, actor: str) -> bool:
    """Whether the alert is one of those that put the row in its group."""
    match group:
        case "needs":
            return alert.waiting
        case "mine":
            return alert.state in HELD and holder_of(alert) == actor
        case "colleague":
            return alert.state in HELD
        case "watching":
            return not alert.ended
        case "ended":
            return True
        case _:
            assert_never(group)


def _urgent_first(
    alert: AlertState, speaking: Sequence[AlertState]
) -> tuple[bool, bool, int, int, datetime, str]:
    due = _micros(limit_of(alert))
    standing = (alert not in speaking, alert.ended)
    return (*standing, alert.urgency, due, alert.raised_at, alert.alert_id)


def _end(alerts: Iterable[AlertState]) -> datetime | None:
    return max((alert.cleared_at for alert in alerts if alert.cleared_at), default=None)


def _micros(at: datetime | None) -> int:
    if at is None:
        return NO_LIMIT
    return int(at.timestamp() * 1_000_000)
