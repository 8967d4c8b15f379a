"""Alerts in memory, their log and what was disclosed; and when each thing is looked at again."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import get_args

from services.liaison.alert import Alert, AlertChange, Disclosed, Transition
from services.liaison.alert.states import HELD
from services.orchestration.ledger import DeadlineKind
from services.simulation.ledger.tables import Index, Journal, Log, Table

KINDS: tuple[DeadlineKind, ...] = get_args(DeadlineKind)
_MONITOR = ("monitor", "")


def _subject(alert: Alert) -> tuple[str, str]:
    if alert.crisis_id is not None:
        return ("crisis", alert.crisis_id)
    if alert.feed is not None:
        return ("feed", alert.feed)
    return _MONITOR


class MemoryAlerts:
    """By what they are about."""

    def __init__(self, journal: Journal) -> None:
        self.alert_rows: Table[str, Alert] = Table(journal)
        self.log: Log[Transition] = Log(journal)
        self.disclosed: Log[tuple[str, Disclosed, datetime]] = Log(journal)
        self._about: Index[tuple[str, str], str] = Index(journal)

    async def alerts(
        self,
        *,
        crises: Collection[str] = (),
        feeds: Collection[str] = (),
        ids: Collection[str] = (),
    ) -> list[Alert]:
        """Every alert of the crises and feeds, and those of the ids, standing or not."""
        subjects = [("crisis", crisis) for crisis in crises] + [("feed", feed) for feed in feeds]
        every = dict.fromkeys([*self._about.under(subjects), *ids])
        return list(self.alert_rows.some(every).values())

    async def alert_subjects(self, ids: Collection[str]) -> list[tuple[str | None, str | None]]:
        """(crisis, feed) of each alert that there is."""
        return [(alert.crisis_id, alert.feed) for alert in self.alert_rows.some(ids).values()]

    async def monitor_alerts(self) -> list[str]:
        """Alerts that are about no crisis and no feed."""
        return sorted(self._about.at(_MONITOR))

    async def alerts_in_hand(self, desk: str, actor: str) -> list[str]:
        """Alerts that this person holds at the desk, in order."""
        in_hand = []
        for alert in self.alert_rows.rows.values():
            part = alert.at(desk)
            if part is None or part.state not in HELD:
                continue
            if (part.claimed_by or part.acknowledged_by) == actor:
                in_hand.append(alert.alert_id)
        return sorted(in_hand)

    async def save_alerts(self, changes: Sequence[AlertChange], now: datetime) -> int:
        """Write alerts, disclosures and the log. Gives the newest sequence of the log."""
        recorded = False
        for change in changes:
            alert = change.alert
            earlier = self.alert_rows.rows.get(alert.alert_id)
            if earlier is not None and _subject(earlier) != _subject(alert):
                self._about.discard(_subject(earlier), alert.alert_id)
            self._about.add(_subject(alert), alert.alert_id)
            self.alert_rows.put(alert.alert_id, alert)
            for disclosed in change.disclosed:
                self.disclosed.append((alert.alert_id, disclosed, now))
            for transition in change.transitions:
                self.log.append(transition)
                recorded = True
        if recorded:
            return len(self.log.rows)
        return 0


class MemoryDeadlines:
    """The instants at which something must be looked at again, the next of each kind at hand."""

    def __init__(self, journal: Journal) -> None:
        self.deadlines: Table[tuple[DeadlineKind, str], datetime] = Table(journal)
        self._queues: dict[DeadlineKind, list[tuple[datetime, str]]] = {kind: [] for kind in KINDS}
        """What was ever set, in order of time; what is not so any more is passed over."""

    def queue_anew(self) -> None:
        """Something was taken back."""
        for queue in self._queues.values():
            queue.clear()
        for (kind, subject), at in self.deadlines.rows.items():
            heapq.heappush(self._queues[kind], (at, subject))

    async def set_deadlines(self, kind: DeadlineKind, due: Mapping[str, datetime | None]) -> None:
        """Set or take away the instants at which subjects must be looked at again."""
        for subject, at in due.items():
            if at is None:
                self.deadlines.remove((kind, subject))
            else:
                self._set(kind, subject, at)

    def _set(self, kind: DeadlineKind, subject: str, at: datetime) -> None:
        if self.deadlines.rows.get((kind, subject)) != at:
            self.deadlines.put((kind, subject), at)
            heapq.heappush(self._queues[kind], (at, subject))

    async def begin_deadline(self, kind: DeadlineKind, subject: str, at: datetime) -> None:
        """Set it where there is none."""
        if (kind, subject) not in self.deadlines.rows:
            self._set(kind, subject, at)

    async def bring_forward(
        self, kind: DeadlineKind, subjects: Collection[str], at: datetime
    ) -> None:
        """Have those that are due later looked at by then; one that is not set stays so."""
        for subject in subjects:
            due = self.deadlines.rows.get((kind, subject))
            if due is not None and due > at:
                self._set(kind, subject, at)

    async def take_deadlines(self, now: datetime, limit: int) -> list[tuple[DeadlineKind, str]]:
        """Take away what is due, the longest overdue first."""
        due: list[tuple[DeadlineKind, str]] = []
        while len(due) < limit:
            instants = [(at, kind) for kind in KINDS if (at := self.next_due(kind)) is not None]
            if not instants or min(instants)[0] > now:
                break
            _, kind = min(instants)
            _, subject = heapq.heappop(self._queues[kind])
            self.deadlines.remove((kind, subject))
            due.append((kind, subject))
        return due

    def next_due(self, *kinds: DeadlineKind) -> datetime | None:
        """The next instant at which something of these kinds is due; of all kinds without."""
        instants = []
        for kind in kinds or KINDS:
            queue = self._queues[kind]
            while queue and self.deadlines.rows.get((kind, queue[0][1])) != queue[0][0]:
                heapq.heappop(queue)
            if queue:
                instants.append(queue[0][0])
        return min(instants, default=None)
