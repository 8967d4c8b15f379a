"""All of the ledger in memory: one transaction at a time, taken back where it ends with an
exception.
"""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

from services.liaison.settlement import Key
from services.orchestration.ledger import FeedState
from services.simulation.ledger.alerts import MemoryDeadlines
from services.simulation.ledger.crises import MemoryCrises
from services.simulation.ledger.events import MemoryEvents
from services.simulation.ledger.parked import MemoryParked
from services.simulation.ledger.people import MemoryPeople
from services.simulation.ledger.tables import Journal, Log, Table
from services.simulation.ledger.talk import MemoryTalk

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Audited:
    """What somebody did."""

    action: str
    actor: str
    subject: str
    detail: Mapping[str, Any]
    at: datetime


def done(work: Coroutine[Any, Any, T]) -> T:
    """What the work gives. Memory never waits, so that it is done in one step, without an event
    loop.
    """
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    work.close()
    raise RuntimeError("this work waits for something, which nothing in memory does")


class _Savepoint:
    """What is written inside is taken back where it ends with an exception."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._mark = 0

    async def __aenter__(self) -> None:
        self._mark = self._ledger.journal.mark()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._ledger.take_back(self._mark)


class _Transaction:
    """The same of everything; what is kept is kept for good."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def __aenter__(self) -> MemoryLedger:
        return self._ledger

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._ledger.take_back(0)
        self._ledger.journal.forget()


class MemoryLedger(
    MemoryEvents, MemoryPeople, MemoryCrises, MemoryParked, MemoryTalk, MemoryDeadlines
):
    """The ledger and the transaction in one: nobody else is there."""

    def __init__(self) -> None:
        self.journal = Journal()
        MemoryEvents.__init__(self, self.journal)
        MemoryPeople.__init__(self, self.journal)
        MemoryCrises.__init__(self, self.journal)
        MemoryParked.__init__(self, self.journal)
        MemoryTalk.__init__(self, self.journal)
        MemoryDeadlines.__init__(self, self.journal)
        self.feeds: Table[str, FeedState] = Table(self.journal)
        self.audited: Log[Audited] = Log(self.journal)

    def take_back(self, mark: int) -> None:
        """Undo what was written since the mark."""
        self.journal.take_back(mark)
        self.forget_what_was_made()
        self.forget_who_was_known()
        self.queue_anew()

    def transaction(self) -> _Transaction:
        """Kept where it ends well, taken back where it ends with an exception."""
        return _Transaction(self)

    def savepoint(self) -> _Savepoint:
        """The same within a transaction."""
        return _Savepoint(self)

    async def lock_zone(self) -> None:
        """Nobody else is there."""

    def passes(self, error: Exception) -> bool:
        """Nothing in memory fails for a while."""
        return False

    async def oldest_deadline(self) -> datetime | None:
        """When the first deadline is due, of any kind."""
        return self.next_due()

    async def audit(
        self, action: str, actor: str, subject: str, detail: Mapping[str, Any], at: datetime
    ) -> None:
        """Keep one record of what somebody did."""
        self.audited.append(Audited(action, actor, subject, detail, at))

    async def feed_states(self) -> Mapping[str, FeedState]:
        """Of every feed that was ever heard or stopped, by feed."""
        return self.feeds.rows

    async def save_feed_states(self, states: Sequence[FeedState]) -> None:
        """Write them."""
        for state in states:
            self.feeds.put(state.feed, state)

    async def incidents_alerted_about(self, people: Collection[str]) -> set[Key]:
        """Incidents that are, or may be, about these people and whose crisis has an alert that
        stands.
        """
        incidents: set[Key] = set()
        for incident, decision in self.decisions.rows.items():
            about = {decision.person_id, *decision.candidates}
            if not about.isdisjoint(people) and self._has_alert(incident):
                incidents.add(incident)
        return incidents

    def _has_alert(self, incident: Key) -> bool:
        row = self.incidents.rows.get(incident)
        if row is None:
            return False
        alerts = self._about.at(("crisis", row.crisis_id))
        return any(self.alert_rows.rows[alert].stands for alert in alerts)
