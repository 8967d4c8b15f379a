"""The whole product in memory: what the stream and the console do with PostgreSQL, for replay,
backtest and tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from schemas.received import Received
from schemas.registry import Registry
from services.intake.accept import Accepted
from services.liaison.alert import Acknowledge, Alert, Command, Transition
from services.liaison.feeds import ON_TIME, Timing
from services.liaison.linking.decisions import LinkVerdict
from services.liaison.policy import Policy
from services.liaison.settlement import Key, SettledCrisis
from services.orchestration.batch import Batch, Record, TakenIn, read, take_in
from services.orchestration.deadlines import LIMIT, Due, take_due
from services.orchestration.decisions import alert_commands, regrouping
from services.orchestration.feeds import hear
from services.orchestration.ledger import DeadlineKind, Located
from services.orchestration.settling import Settling
from services.simulation.ledger.memory import MemoryLedger, done


class Simulation:
    """Takes records and the passing of time by the same orchestration as the stream, one thing
    after another.
    """

    def __init__(self, registry: Registry, policy: Policy) -> None:
        self.registry, self.policy = registry, policy
        self.ledger = MemoryLedger()
        self.settling = Settling(registry, policy)
        self._offsets: Counter[str] = Counter()

    # -- what is there
    # ------------------------------------------------------------------------------------------------

    @property
    def alerts(self) -> Mapping[str, Alert]:
        """Every alert that was ever raised, by id."""
        return self.ledger.alert_rows.rows

    @property
    def log(self) -> Sequence[Transition]:
        """What happened to alerts, in order."""
        return self.ledger.log.rows

    @property
    def crises(self) -> Mapping[str, SettledCrisis]:
        """The crises as they were last settled, by id."""
        return self.ledger.crises.rows

    def heard_at(self, feed: str) -> datetime | None:
        """When the feed was last heard."""
        state = self.ledger.feeds.rows.get(feed)
        if state is None:
            return None
        return state.last_heard_at

    def troubled(self, feed: str) -> bool:
        """Whether what came of the feed last was late or from the future."""
        state = self.ledger.feeds.rows.get(feed)
        return state is not None and (state.late_since is not None or state.ahead_since is not None)

    # -- what comes in
    # ------------------------------------------------------------------------------------------------

    def deliver(self, bodies: Iterable[tuple[str, bytes]], now: datetime) -> TakenIn:
        """One batch as it comes from the feeds, (feed, body) each: intake may refuse it."""
        records = []
        for feed, body in bodies:
            topic = self.registry.feeds_by_id[feed][1].topic
            records.append(Record(topic, 0, self._next_offset(topic), body, ()))
        return self._take_in(read(records, self.registry, now), now)

    def receive(self, events: Iterable[Received], now: datetime) -> TakenIn:
        """One batch of events that were accepted before. Repeats are harmless."""
        located = []
        for received in events:
            topic = self.registry.feeds_by_id[received.feed][1].topic
            located.append(Located(Accepted(received), topic, 0, self._next_offset(topic)))
        return self._take_in(Batch(located), now)

    def _next_offset(self, topic: str) -> int:
        self._offsets[topic] += 1
        return self._offsets[topic] - 1

    def _take_in(self, batch: Batch, now: datetime) -> TakenIn:
        async def work() -> TakenIn:
            async with self.ledger.transaction() as transaction:
                return await take_in(transaction, self.settling, batch, now)

        taken = done(work())
        _raise_first(taken.settled.failures)
        return taken

    def hear(self, feed: str, now: datetime, timing: Timing | None = ON_TIME) -> None:
        """The feed gave a sign of life."""

        async def work() -> None:
            async with self.ledger.transaction() as transaction:
                await hear(transaction, {feed: timing}, self.registry, self.policy, now)

        done(work())

    # -- time and people
    # ----------------------------------------------------------------------------------------------

    def next_due(self, *kinds: DeadlineKind) -> datetime | None:
        """The next instant at which something must be looked at: of these kinds; of all without."""
        return self.ledger.next_due(*kinds)

    def tick(self, now: datetime) -> Due:
        """Take every deadline that is due. Raises what kept a crisis from being judged, a feed or the
        weekly monitor from its look: the stream parks it and goes on, here nothing may hide it."""
        due = self._take_due(now)
        count = due.count
        # one transaction takes so many at most: go on until fewer are left than it takes
        while due.count == LIMIT:
            due = self._take_due(now)
            count += due.count
        return replace(due, count=count)

    def _take_due(self, now: datetime) -> Due:
        due = done(take_due(self.ledger, self.settling, now))
        _raise_first(due.settled.failures)
        _raise_first([failure for _, failure in due.feed_failures])
        if due.monitor_failure is not None:
            raise due.monitor_failure
        return due

    def command(
        self, alert_id: str, desk: str, command: Command, actor: str, now: datetime
    ) -> None:
        """A person at a desk does something. Raises CommandRefused."""

        async def work() -> None:
            async with self.ledger.transaction() as transaction:
                await alert_commands.run(
                    transaction,
                    self.registry,
                    self.policy,
                    command,
                    desk=desk,
                    alert=alert_id,
                    actor=actor,
                    now=now,
                )

        done(work())

    def acknowledge(self, alert_id: str, desk: str, actor: str, now: datetime) -> None:
        """A person at a desk acknowledges. Raises CommandRefused."""
        self.command(alert_id, desk, Acknowledge(), actor, now)

    def separate(self, one: Key, other: Key, now: datetime) -> None:
        """A person decides that two incidents are not one crisis."""
        self._decide(one, other, "separated", now)

    def join(self, one: Key, other: Key, now: datetime) -> None:
        """A person decides that two incidents are one crisis."""
        self._decide(one, other, "joined", now)

    def _decide(self, one: Key, other: Key, verdict: LinkVerdict, now: datetime) -> None:
        async def work() -> None:
            async with self.ledger.transaction() as transaction:
                await regrouping.decide(
                    transaction,
                    self.settling,
                    one,
                    [other],
                    verdict,
                    actor="scenario",
                    reason="the scenario says so",
                    now=now,
                )

        done(work())


def _raise_first(failures: Sequence[Exception]) -> None:
    if failures:
        raise failures[0]
