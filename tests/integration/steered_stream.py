"""A scenario through the real stream: Kafka, a worker process and PostgreSQL, on a clock that the test steers."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from schemas.registry import Registry
from schemas.scenario import Doing, Operator, Scenario
from services.ledger.alerts import store as alert_store
from services.liaison.alert import Alert, CommandRefused, Transition
from services.liaison.feeds import ON_TIME
from services.liaison.policy import load_policy
from services.orchestration.batch import Record, read, take_in
from services.orchestration.decisions import regrouping
from services.runtime import kafka
from services.simulation.comparison import differences
from services.simulation.feeds_heard import Listening
from services.simulation.replay import Outcome, chosen, command_of, deliveries, everything_done
from tests import patience
from tests.empty_ledger import FILLED_BY_MIGRATIONS, empty_ledger
from tests.worker import Worker

KEPT = FILLED_BY_MIGRATIONS | {"kafka_cursor", "kafka_cursor_skip"}


_NEVER = datetime.min.replace(tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
"""The least by which two instants differ."""


class NotApplied(AssertionError):
    """The stream did not take what was published."""


PLACES = itertools.count()
"""Offsets at which what is known beforehand stands, of no topic that Kafka has."""


@dataclass
class SteeredStream:
    """Plays scenarios one after another through one running worker; between them the ledger is emptied but for its
    place in the topics."""

    pool: asyncpg.Pool
    producer: AIOKafkaProducer
    clock_file: Path
    registry: Registry
    _clock: datetime = _NEVER
    _heard: dict[str, datetime] = field(default_factory=dict)
    """When each feed of the present scenario was heard last."""
    _told: dict[str, datetime] = field(default_factory=dict)
    """When each feed of the present scenario last said something itself."""

    def set_clock(self, instant: datetime) -> None:
        """Move the worker's clock. Replaced at once, so that it never reads half an instant."""
        self._clock = instant
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(instant.isoformat())
        os.replace(fresh, self.clock_file)

    async def empty(self) -> None:
        """Forget everything but the place in the topics."""
        await empty_ledger(self.pool, self.registry.zone, KEPT)

    async def run(self, scenario: Scenario) -> Outcome:
        """Play to the end and compare, exactly as `liaison replay` does."""
        await self.empty()
        self._heard = {}
        end = scenario.instant(scenario.until)
        self._told = {}
        sent = deliveries(scenario, self.registry)
        known = [(each.feed, each.body) for each in sent if each.known]
        steps: list[tuple[datetime, int, object]] = [(scenario.start, 3, known)] if known else []
        steps += [(each.at, 1, (each.feed, each.body)) for each in sent if not each.known]
        steps += [(scenario.instant(d.at), 2, d) for d in everything_done(scenario)]
        steps += [(scenario.instant(o.at), 2, o) for o in scenario.operator]
        listening = Listening(scenario, self.registry)
        steps += [(at, 0, None) for at in listening.turns()]
        self.set_clock(scenario.start)
        await self._clock_read()
        # what is known is there first: 3 stands for nothing that comes later
        for at, kind, step in sorted(steps, key=lambda s: (s[0], s[1] % 3)):
            await self._until(at, listening)
            await self._hold(at)
            self.set_clock(at)
            if kind == 1:
                await self._publish([step])  # type: ignore[list-item]  # told by kind
                self._heard[step[0]] = at  # type: ignore[index]  # as above
                self._told[step[0]] = at  # type: ignore[index]  # as above
                await self._feeds_taken(at)
            elif kind == 3:
                await self._have_known(known, at)
            elif isinstance(step, Doing):
                await self._do(step, at)
            elif isinstance(step, Operator):
                await self._regroup(step, at)
        await self._until(end + A_MOMENT, listening)
        found, log = await self._alerts()
        return Outcome(found, log, differences(scenario, found, log))

    async def _have_known(self, known: Sequence[tuple[str, bytes]], at: datetime) -> None:
        """All at once, as one batch of the orchestration: Kafka would have it in several, and judge it between them."""
        worker = self._worker()
        records = [
            # a place of its own over all scenarios: the worker keeps what it decoded by place
            Record(self.registry.feeds_by_id[feed][1].topic, 0, next(PLACES), body, ())
            for feed, body in known
        ]
        batch = read(records, self.registry, at)
        # at no place that Kafka will ever give
        batch.located = [replace(each, topic="known") for each in batch.located]
        batch.quarantined = [replace(each, topic="known") for each in batch.quarantined]
        async with worker.ledger.transaction() as transaction:
            await take_in(transaction, worker.settling, batch, at)
        self._heard |= {feed: at for feed, _ in known}
        self._told |= {feed: at for feed, _ in known}

    async def _on_time(self, listening: Listening, at: datetime) -> None:
        """The first sign of life after what a feed told says that the feed is on time."""
        troubled = await self.pool.fetch(
            "SELECT feed FROM feed_state WHERE late_since IS NOT NULL OR ahead_since IS NOT NULL"
        )
        for feed in (r["feed"] for r in troubled if r["feed"] in self._told):
            sign = listening.on_time(feed, self._told[feed], at)
            if sign is not None:
                await self._feeds_taken(sign)
                await self._worker().hear({feed: ON_TIME}, sign)

    async def _clock_read(self) -> None:
        """Wait until the worker goes by the clock as it is now. Between two scenarios it may be set back, and a look that began
        before would take what is due by the other's date. Of two, one after the other, the second began afterwards."""
        for _ in range(2):
            await self.pool.execute(
                "INSERT INTO deadline (kind, subject, zone, due_at) VALUES ('alert', $1, $2, $3)",
                str(uuid4()),
                self.registry.zone,
                self._clock,
            )
            await self._taken(self._clock)

    async def _regroup(self, step: Operator, at: datetime) -> None:
        """A person says that two incidents are, or are not, one crisis; both sides are looked at again."""
        one, other = step.incidents
        worker = self._worker()
        async with worker.ledger.transaction() as transaction:
            await regrouping.decide(
                transaction,
                worker.settling,
                one,
                [other],
                step.decision,
                actor="scenario",
                reason="the scenario says so",
                now=at,
            )

    async def _hold(self, at: datetime) -> None:
        """What falls due at this very instant waits for what is told at it, as in replay: what comes when a limit ends is in
        time. By the worker's clock alone the two would race."""
        if at > self._clock:
            await self.pool.execute(
                "UPDATE deadline SET due_at = $1::timestamptz + $2 WHERE kind <> 'feed' AND due_at = $1",
                at,
                A_MOMENT,
            )

    async def _release(self) -> None:
        """Nothing more is told at the instant of the clock: what falls due at it is taken at it."""
        await self.pool.execute(
            "UPDATE deadline SET due_at = $1 WHERE kind <> 'feed' AND due_at = $1::timestamptz + $2",
            self._clock,
            A_MOMENT,
        )

    async def _until(self, at: datetime, listening: Listening) -> None:
        """Let every deadline before the instant pass at its own time, every feed being heard until then."""
        if at > self._clock:
            await self._release()
        while True:
            due = await self.pool.fetchval("SELECT min(due_at) FROM deadline WHERE kind <> 'feed'")
            limit = at if due is None or due >= at else due
            await self._on_time(listening, limit)
            await self._hear_all(
                {f: i for f in listening.feeds if (i := listening.last_sign(f, limit)) is not None}
            )
            if await self._feeds_taken(limit):
                continue
            await self._hear_all(
                {f: i for f in listening.feeds if (i := listening.assured(f, limit)) is not None}
            )
            overdue = await self.pool.fetchval(
                "SELECT min(due_at) FROM deadline WHERE due_at < $1", at
            )
            if overdue is None or (overdue > limit):
                return
            self.set_clock(max(overdue, self._clock))
            await self._taken(overdue)

    async def _feeds_taken(self, at: datetime) -> bool:
        """Let every feed be looked at that seems silent by then, or is heard again. Whether there was one."""
        due = await self.pool.fetchval(
            "SELECT min(due_at) FROM deadline WHERE kind = 'feed' AND due_at <= $1", at
        )
        if due is not None:
            self.set_clock(max(due, self._clock))
            await self._taken(due)
        return due is not None

    async def _hear_all(self, signs: Mapping[str, datetime]) -> None:
        """Signs of life that are news. Before the clock moves: the worker must not find a deadline that one had moved."""
        for instant in sorted(set(signs.values())):
            fresh = {
                f for f, i in signs.items() if i == instant and self._heard.get(f, _NEVER) < instant
            }
            if fresh:
                await self._hear(fresh, instant)

    async def _hear(self, feeds: set[str], at: datetime) -> None:
        """A sign of life, written as the stream writes it."""
        await self._worker().hear(dict.fromkeys(feeds), at)
        self._heard |= dict.fromkeys(feeds, at)

    async def _publish(self, sent: Iterable[tuple[str, bytes]]) -> None:
        """Send, and wait until the ledger has it."""
        topics = {feed.id: topic for topic, (_, feed) in self.registry.feeds_by_topic.items()}
        places = {}
        for feed, body in sent:
            at = await self.producer.send_and_wait(topics[feed], body, partition=0)
            places[(at.topic, at.partition)] = at.offset
        give_up = time.monotonic() + patience.SECONDS
        while time.monotonic() < give_up:
            rows = await self.pool.fetch("SELECT topic, partition, next_offset FROM kafka_cursor")
            cursors = {(r["topic"], r["partition"]): r["next_offset"] for r in rows}
            if all(cursors.get(place, 0) > offset for place, offset in places.items()):
                return
            await asyncio.sleep(0.003)
        raise NotApplied(f"not applied after {patience.SECONDS:g} s: {places}")

    async def _taken(self, due: datetime) -> None:
        give_up = time.monotonic() + patience.SECONDS
        while time.monotonic() < give_up:
            oldest = await self.pool.fetchval("SELECT min(due_at) FROM deadline")
            if oldest is None or oldest > due:
                return
            await asyncio.sleep(0.003)
        raise NotApplied(f"the deadline of {due} was not taken after {patience.SECONDS:g} s")

    def _worker(self) -> Worker:
        return Worker(self.pool, self.registry, load_policy())

    async def _do(self, step: Doing, at: datetime) -> None:
        found, _ = await self._alerts()
        alert = chosen(
            [a for a in found if a.rule == step.rule and a.at(step.desk) is not None], step.desk
        )
        refused = None
        try:
            await self._worker().command(
                command_of(step), desk=step.desk, alert=alert.alert_id, actor=step.actor, now=at
            )
        except CommandRefused as error:
            refused = error.code
        assert refused == step.refused

    async def _alerts(self) -> tuple[tuple[Alert, ...], tuple[Transition, ...]]:
        async with self.pool.acquire() as connection:
            rows = await connection.fetch("SELECT DISTINCT crisis_id, feed FROM alert")
            found = await alert_store.load(
                connection,
                crises=[str(r["crisis_id"]) for r in rows if r["crisis_id"]],
                feeds=[r["feed"] for r in rows if r["feed"]],
                ids=await alert_store.of_neither(connection),
            )
            log = await connection.fetch("SELECT * FROM alert_log ORDER BY sequence")
        transitions = tuple(
            Transition(
                str(r["alert_id"]), r["desk"], r["transition"], r["at"], r["actor"], r["reason"]
            )
            for r in log
        )
        return tuple(sorted(found, key=lambda a: (a.raised_at, a.rule, a.alert_id))), transitions


def producer_for(bootstrap: str, idempotent: bool) -> AIOKafkaProducer:
    """The producer of a steered stream."""
    return kafka.producer(bootstrap, idempotent=idempotent)
