"""A candidate policy in the shadow: evaluated beside the live one, kept in its own tables, sent to
nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from services.ledger.alerts import shadow
from services.ledger.transaction import PostgresLedger, PostgresTransaction
from services.liaison.policy import Policy, PolicyError, load_policy
from services.liaison.settlement import Settlement
from services.orchestration.ledger import Transaction
from services.orchestration.settling import Settling
from services.runtime.logging import logger
from services.runtime.metrics import SHADOW_FAILURES, SHADOW_RUNNING, SHADOW_STEPS

LIMIT = 50
"""Crises in one transaction at the most: the live path waits for the zone meanwhile."""


class Shadow:
    """Looks at what the live policy looks at. Whatever goes wrong in here is counted and ends here."""

    def __init__(self, policy: Policy, live_version: int, zone: str) -> None:
        self.policy, self.candidate = policy, shadow.candidate_of(policy)
        self._live_version, self._zone = live_version, zone
        self._failures = 0

    async def begin(self, ledger: PostgresLedger, now: datetime) -> None:
        """Write down since when it looks on. A failure is counted; the first look writes it then."""
        try:
            async with ledger.pool.acquire() as connection:
                await shadow.begin(
                    connection, self.candidate, self.policy.version, self._live_version, now
                )
        except Exception as error:
            SHADOW_FAILURES.inc()
            logger().error("shadow.failed", error=type(error).__name__)

    async def look(
        self, transaction: Transaction, judge: Callable[[Policy], Settlement], now: datetime
    ) -> None:
        """Judge and keep it inside a savepoint. Never raises but for the end of the task or the
        connection.
        """
        # what the candidate would have raised is kept in PostgreSQL and nowhere else
        assert isinstance(transaction, PostgresTransaction)
        try:
            async with transaction.savepoint():
                await shadow.save(
                    transaction.connection,
                    self.candidate,
                    judge(self.policy),
                    self._zone,
                    now,
                    policy_version=self.policy.version,
                    live_version=self._live_version,
                    failures=self._failures,
                )
        except Exception as error:
            self._failures += 1
            SHADOW_FAILURES.inc()
            logger().error("shadow.failed", error=type(error).__name__)
        else:
            self._failures = 0
            SHADOW_STEPS.inc()


def shadow_of(path: Path | None, live: Policy, zone: str) -> Shadow | None:
    """The shadow that the settings ask for. A candidate that cannot be used is told and counted;
    the live path starts.
    """
    SHADOW_RUNNING.set(0)
    if path is None:
        return None
    try:
        candidate = load_policy(path)
    except PolicyError as error:
        SHADOW_FAILURES.inc()
        logger().error("shadow.unusable", detail=str(error)[:300])
        return None
    SHADOW_RUNNING.set(1)
    return Shadow(candidate, live.version, zone)


async def take_shadow_due(ledger: PostgresLedger, settling: Settling, now: datetime) -> int:
    """Let the candidate look at what is due by its own limits, in a transaction without anything
    live.
    """
    if not isinstance(settling.shadow, Shadow):
        return 0
    candidate, zone = settling.shadow.candidate, settling.registry.zone
    async with ledger.pool.acquire() as connection:
        due = await shadow.next_due(connection, candidate, zone)
        if due is None or due > now:
            return 0
        async with connection.transaction():
            transaction = ledger.within(connection)
            await transaction.lock_zone()
            crises = await shadow.take(connection, candidate, zone, now, LIMIT)
            await settling.look_in_shadow(transaction, crises, now)
    return len(crises)
