"""The auditor of escalations: an independent service that reads the ledger and nothing else. It
also seals the audit each minute (`sealing`).

It does not ask whether the steps are taken; it works out from the snapshot and the log of each
standing alert what should have happened by now, and compares. It shares no code with what takes the
steps (services.liaison.alert.passing, services.orchestration.deadlines). Its heartbeat, a metric
and a row, is renewed only while nothing is overdue, so that an overdue step and a dead auditor look
the same from outside: silent. (After Grafana OnCall's check_escalation_finished.)
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import asyncpg

from schemas.registry import load_registry
from services.ledger import deadlines
from services.ledger.alerts import audited
from services.ledger.alerts.alarm_load import AGES, Load, flooded, loads
from services.ledger.crises.parked import Standing, standing
from services.runtime import metrics, postgres
from services.runtime.clock import clock_from
from services.runtime.exposition.first_values import loop_ended
from services.runtime.health import HealthServer
from services.runtime.logging import logger
from services.runtime.migrations import at_head
from services.runtime.postgres import Connection, create_pool
from services.runtime.settings import Settings
from services.stream.sealing import Sealing

Fault = Literal["rung", "sound", "dispute", "no-deadline", "no-ladder"]
FAULTS: tuple[Fault, ...] = ("rung", "sound", "dispute", "no-deadline", "no-ladder")


@dataclass(frozen=True, slots=True)
class Overdue:
    """Something that should have happened to an alert at a desk and did not."""

    alert: str
    desk: str
    fault: Fault
    due_at: datetime


def overdue_of(row: Mapping[str, Any], now: datetime, grace: timedelta) -> Iterable[Overdue]:
    """What is overdue at one desk."""
    late = now - grace
    waiting = row["state"] in ("raised", "delivered")
    quiet = waiting and row["inhibited_by"] is not None
    name = (row["alert"], row["desk"])
    if row["due_at"] is not None and row["due_at"] <= late and not quiet:
        yield Overdue(*name, "sound", row["due_at"])
    if row["dispute"] == "open" and row["answered_at"] <= late:
        yield Overdue(*name, "dispute", row["answered_at"])
    if not waiting or quiet:
        return
    if row["raised_at"] <= late and row["deadline"] is None:
        yield Overdue(*name, "no-deadline", row["raised_at"])
    if row["origin"] != "rule":
        return
    if row["ladder_since"] is None or not row["ladder"]["rungs"]:
        if row["raised_at"] <= late:
            yield Overdue(*name, "no-ladder", row["raised_at"])
        return
    for number, rung in enumerate(row["ladder"]["rungs"]):
        due = row["ladder_since"] + timedelta(seconds=rung["after"])
        if due <= late and number >= row["taken"]:
            yield Overdue(*name, "rung", due)


async def look(connection: Connection, now: datetime, grace: timedelta) -> tuple[Overdue, ...]:
    """Look at every standing alert and record what was found."""
    overdue: list[Overdue] = []
    for row in await audited.standing_at_desks(connection):
        overdue += overdue_of(dict(row), now, grace)
    oldest_due = min((each.due_at for each in overdue), default=None)
    await audited.keep_look(connection, now, len(overdue), oldest_due)
    return tuple(overdue)


def unjudged(parked: Standing, now: datetime) -> str | None:
    """What readiness says of crises that cannot be judged."""
    if parked.since is None:
        return None
    waited = _seconds_since(parked.since, now)
    return (
        f"{parked.count} crises cannot be judged, the first for {waited:.0f} s: liaison parked list"
    )


def late(oldest: datetime | None, now: datetime, grace: timedelta) -> str | None:
    """What readiness says of deadlines, of whatever kind, that nobody takes."""
    if oldest is None or now - oldest <= grace:
        return None
    return f"the oldest deadline is {_seconds_since(oldest, now):.0f} s late: nobody takes it"


def _seconds_since(instant: datetime | None, now: datetime) -> float:
    return 0.0 if instant is None else max(0.0, (now - instant).total_seconds())


class Auditor:
    """Looks again and again until it is stopped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = clock_from(settings.clock)
        self._grace = timedelta(seconds=settings.auditor_grace_seconds)
        self._stop = asyncio.Event()
        self._registry = load_registry(settings.registry_path)
        self._flooded: frozenset[str] = frozenset()
        self._said: str | None = "no look at the ledger yet"
        self._unjudged: str | None = None
        self._late: str | None = None
        self._sealing = Sealing(settings.audit_heads_path)

    async def _escalation(self) -> str | None:
        return self._said

    async def _judging(self) -> str | None:
        return self._unjudged

    async def _deadlines(self) -> str | None:
        return self._late

    async def run(self) -> None:
        """Look, wait, look."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        pool = await create_pool(self._settings.postgres_dsn, max_size=2)
        health = HealthServer(
            "auditor",
            self._settings.metrics_host,
            self._settings.metrics_port,
            {
                "ledger": lambda: at_head(pool),
                "escalation": self._escalation,
                "judging": self._judging,
                "deadlines": self._deadlines,
                "audit": self._sealing.trouble,
            },
        )
        await health.start()
        while not self._stop.is_set():
            await self.once(pool)
            await self._sealing.when_due(pool, self._clock.now())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._settings.auditor_poll_seconds)
        await health.stop()
        await pool.close()

    async def once(self, pool: asyncpg.Pool) -> tuple[Overdue, ...]:
        """One look. Without a ledger there is no heartbeat."""
        now = self._clock.now()
        try:
            async with pool.acquire() as connection:
                overdue_steps = await asyncio.wait_for(look(connection, now, self._grace), 20)
                self._measure(await asyncio.wait_for(loads(connection, now), 20))
                await asyncio.wait_for(self._look_at_work(connection, now), 20)
        except (*postgres.OUTAGE, asyncpg.PostgresError, TimeoutError) as error:
            self._said = f"the ledger cannot be read: {type(error).__name__}"
            logger().error("auditor.failed", error=type(error).__name__)
            return ()
        loop_ended("look")
        counted = Counter(o.fault for o in overdue_steps)
        for fault in FAULTS:
            metrics.ESCALATION_OVERDUE.labels(fault).set(counted[fault])
        if not overdue_steps:
            self._said = None
            metrics.AUDITOR_HEARTBEAT.set(now.timestamp())
            return overdue_steps
        oldest = min(overdue_steps, key=lambda o: o.due_at)
        self._said = f"{len(overdue_steps)} steps of escalations are overdue, the oldest since {oldest.due_at:%H:%M:%S} UTC"
        logger().critical(
            "escalation.overdue",
            count=len(overdue_steps),
            alert=oldest.alert,
            desk=oldest.desk,
            fault=oldest.fault,
        )
        return overdue_steps

    async def _look_at_work(self, connection: Connection, now: datetime) -> None:
        """Whether any crisis cannot be judged, and whether any deadline is taken too late."""
        zone = self._registry.zone
        parked = await standing(connection, zone)
        self._unjudged = unjudged(parked, now)
        metrics.PARKED.set(parked.count)
        metrics.PARKED_OLDEST_SECONDS.set(_seconds_since(parked.since, now))
        oldest = await deadlines.oldest(connection, zone)
        self._late = late(oldest, now, self._grace)
        metrics.DEADLINE_OVERDUE_SECONDS.set(_seconds_since(oldest, now))

    def _measure(self, load: Mapping[str, Load]) -> None:
        """The alarm load of every desk of the registry; desks that are no more are not shown."""
        self._flooded = flooded(
            self._flooded, {desk: each.presented for desk, each in load.items()}
        )
        for desk in self._registry.desks_by_id:
            metrics.FLOOD.labels(desk).set(int(desk in self._flooded))
            for age in AGES:
                metrics.ALARMS_STANDING.labels(desk, age).set(
                    load[desk].standing[age] if desk in load else 0
                )


def run_auditor(settings: Settings) -> None:
    """Run until a signal ends it."""
    asyncio.run(Auditor(settings).run())
