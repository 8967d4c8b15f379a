"""One crisis, one thread: the alerts of a crisis at one desk, and which of them keeps quiet for a more urgent one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.liaison.alert.life import LIAISON
from services.liaison.alert.record import Alert, AlertChange, DeskAlert, moved
from services.liaison.alert.states import HELD, UNACKNOWLEDGED

_LOUD = UNACKNOWLEDGED | HELD
"""Standing and not answered: what a desk still has to do."""


@dataclass(frozen=True, slots=True)
class Thread:
    """What one desk has of one crisis. A repetition raises nothing: only new alarms are counted."""

    crisis_id: str | None
    """None: a feed's own alert."""
    desk: str
    urgency: int | None
    """Of the most urgent that stands unanswered; None where nothing waits."""
    alerts: tuple[Alert, ...]
    """Most urgent first; none is hidden."""
    presented: int
    """New alarms that the desk was given."""


def threads(alerts: Iterable[Alert], desk: str) -> tuple[Thread, ...]:
    """The desk's threads, the most urgent first."""
    grouped: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.at(desk) is not None:
            grouped[alert.crisis_id or alert.alert_id].append(alert)
    found = []
    for own in grouped.values():
        ordered = tuple(sorted(own, key=lambda a: (a.urgency, a.raised_at, a.alert_id)))
        parts = [(a, mine) for a in ordered if (mine := a.at(desk)) is not None]
        waiting = [a.urgency for a, mine in parts if mine.state in _LOUD]
        found.append(
            Thread(
                ordered[0].crisis_id,
                desk,
                min(waiting, default=None),
                ordered,
                sum(m.presented for _, m in parts),
            )
        )
    return tuple(
        sorted(found, key=lambda t: (t.urgency or 9, t.alerts[0].raised_at, t.alerts[0].alert_id))
    )


def inhibit(alerts: Iterable[Alert], now: datetime) -> tuple[AlertChange, ...]:
    """Of the standing alerts of one crisis: which keep quiet, and which return.

    At each desk a less urgent alert is marked with the most urgent one there that is not yet answered. The mark is
    visible, is recorded, and silences nothing else: it ends at once with the other's answer or end, and the alert then
    sounds as if new. A P1 is never marked, since nothing is more urgent.
    """
    standing = sorted(
        (a for a in alerts if a.stands), key=lambda a: (a.urgency, a.raised_at, a.alert_id)
    )
    loudest: dict[str, Alert] = {}
    for alert in standing:
        for mine in alert.desks:
            if mine.state in _LOUD:
                loudest.setdefault(mine.desk, alert)
    return tuple(c for a in standing if (c := _marked(a, loudest, now)) is not None)


def _marked(alert: Alert, loudest: Mapping[str, Alert], now: datetime) -> AlertChange | None:
    said, new = [], alert
    for mine in alert.desks:
        above = loudest.get(mine.desk)
        quiet = mine.state in _LOUD and above is not None and above.urgency < alert.urgency
        by = above.alert_id if quiet and above is not None else None
        if by == mine.inhibited_by or mine.ended:
            continue
        kind = "inhibited" if by is not None else "released"
        why = f"{above.rule} is more urgent" if by is not None and above is not None else None
        changed, record = moved(mine, kind, alert.alert_id, now, LIAISON, why)  # type: ignore[arg-type]  # two of the kinds
        changed = replace(changed, inhibited_by=by)
        new = new.with_desk(_returned(changed, now) if by is None else changed)
        said.append(record)
    return AlertChange(new, tuple(said)) if said else None


def _returned(mine: DeskAlert, now: datetime) -> DeskAlert:
    if not mine.unanswered:
        return mine
    limit = now + mine.ladder.acknowledge_within
    return replace(
        mine,
        acknowledge_by=limit,
        due_at=limit,
        ladder_since=now,
        ladder_step=0,
        presented=mine.presented + 1,
    )
