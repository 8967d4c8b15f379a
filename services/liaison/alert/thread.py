"""One crisis, one thread: the alerts of a crisis at one desk, and which of them keeps quiet for a
more urgent one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.liaison.alert.life import LIAISON
from services.liaison.alert.record import Alert, AlertChange, DeskAlert, Transition, moved
from services.liaison.alert.states import HELD, UNACKNOWLEDGED, TransitionKind

# Standing and not answered: what a desk still has to do.
_LOUD = UNACKNOWLEDGED | HELD
# Sorts after every urgency.
NOTHING_WAITS = 9


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
    return tuple(sorted((_thread(group, desk) for group in grouped.values()), key=_urgency_of))


def _thread(alerts: Iterable[Alert], desk: str) -> Thread:
    ordered = tuple(sorted(alerts, key=_rank))
    waiting, presented = [], 0
    for alert in ordered:
        part = alert.at(desk)
        if part is None:
            continue
        # every new alarm counts, also of what has ended since: it was heard
        presented += part.presented
        if part.state in _LOUD:
            waiting.append(alert.urgency)
    return Thread(ordered[0].crisis_id, desk, min(waiting, default=None), ordered, presented)


def _rank(alert: Alert) -> tuple[int, datetime, str]:
    """The most urgent first; of these the one that was raised first."""
    return (alert.urgency, alert.raised_at, alert.alert_id)


def _urgency_of(thread: Thread) -> tuple[int, datetime, str]:
    """Threads in which nothing waits come last."""
    first = thread.alerts[0]
    urgency = NOTHING_WAITS
    if thread.urgency is not None:
        urgency = thread.urgency
    return (urgency, first.raised_at, first.alert_id)


def inhibit(alerts: Iterable[Alert], now: datetime) -> tuple[AlertChange, ...]:
    """Of the standing alerts of one crisis: which keep quiet, and which return.

    At each desk a less urgent alert is marked with the most urgent one there that is not yet
    answered. The mark is visible, is recorded, and silences nothing else: it ends at once with the
    other's answer or end, and the alert then sounds as if new. A P1 is never marked, since nothing
    is more urgent.
    """
    standing = sorted((alert for alert in alerts if alert.stands), key=_rank)
    loudest: dict[str, Alert] = {}
    for alert in standing:
        for part in alert.desks:
            if part.state in _LOUD:
                # in order of urgency, so the first that is loud at a desk is its
                # loudest
                loudest.setdefault(part.desk, alert)
    changes = (_marked(alert, loudest, now) for alert in standing)
    return tuple(change for change in changes if change is not None)


def _marked(alert: Alert, loudest: Mapping[str, Alert], now: datetime) -> AlertChange | None:
    records: list[Transition] = []
    marked_alert = alert
    for part in alert.desks:
        louder = _louder(alert, part, loudest)
        inhibitor = None
        if louder is not None:
            inhibitor = louder.alert_id
        if part.ended or inhibitor == part.inhibited_by:
            continue
        kind: TransitionKind = "released"
        reason = None
        if louder is not None:
            kind = "inhibited"
            reason = f"{louder.rule} is more urgent"
        marked, record = moved(part, kind, alert.alert_id, now, LIAISON, reason)
        marked = replace(marked, inhibited_by=inhibitor)
        # the time to acknowledge begins anew: nobody could hear it while it kept quiet
        if louder is None:
            marked = _returned(marked, now)
        marked_alert = marked_alert.with_desk(marked)
        records.append(record)
    if records:
        return AlertChange(marked_alert, tuple(records))
    return None


def _louder(alert: Alert, part: DeskAlert, loudest: Mapping[str, Alert]) -> Alert | None:
    """The alert for which this one keeps quiet at the desk; None where it may sound."""
    if part.state not in _LOUD:
        return None
    loud = loudest.get(part.desk)
    if loud is None or loud.urgency >= alert.urgency:
        return None
    return loud


def _returned(part: DeskAlert, now: datetime) -> DeskAlert:
    if not part.unanswered:
        return part
    limit = now + part.ladder.acknowledge_within
    return replace(
        part,
        acknowledge_by=limit,
        due_at=limit,
        ladder_since=now,
        ladder_step=0,
        presented=part.presented + 1,
    )
