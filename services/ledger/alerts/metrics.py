"""Counts what happens to alerts, once it is committed: alarms presented, re-alarms, escalations,
answers, chatter.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from schemas.registry import Level
from services.liaison.alert import AlertChange, Transition
from services.runtime import metrics

OUTCOMES = frozenset({"accepted", "declined", "not-ours"})
LEVELS: tuple[Level, ...] = ("supervisor", "tactical", "strategic")
CHATTER, CHATTER_TIMES = timedelta(seconds=60), 3
REMEMBERED = 10_000


class AlarmCounts:
    """One for a process: it remembers the last alarms, so that chattering is seen."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def count(self, changes: Iterable[AlertChange]) -> None:
        """Labels are desks and rules of the registry and the catalogue, urgencies and closed sets."""
        for change in changes:
            rule, urgency = change.alert.rule, str(change.alert.urgency)
            for alarm in change.new_alarms():
                metrics.ALARMS_PRESENTED.labels(alarm.desk, urgency).inc()
                if self._chatters(alarm.alert_id, alarm.desk, alarm.at):
                    metrics.CHATTERING.labels(rule).inc()
            for transition in change.transitions:
                _count(transition, rule, urgency)

    def _chatters(self, alert: str, desk: str, at: datetime) -> bool:
        times = self._last.setdefault((alert, desk), deque(maxlen=CHATTER_TIMES))
        # the oldest falls out first: an alert that chatters is one that was heard lately
        self._last.move_to_end((alert, desk))
        while len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        times.append(at)
        return len(times) == CHATTER_TIMES and times[-1] - times[0] <= CHATTER


def _count(transition: Transition, rule: str, urgency: str) -> None:
    metrics.ALERT_TRANSITIONS.labels(rule, transition.kind).inc()
    if transition.kind == "sounded-again":
        metrics.REALARMS.labels(transition.desk, urgency).inc()
    elif transition.kind == "escalated":
        # the reason is a sentence: only a word of the closed set may become a label
        level = (transition.reason or "").partition(":")[0]
        if level in LEVELS:
            metrics.ESCALATIONS.labels(level, urgency).inc()
    elif transition.kind in OUTCOMES:
        metrics.ANSWERS.labels(rule, transition.kind).inc()


COUNTS = AlarmCounts()
