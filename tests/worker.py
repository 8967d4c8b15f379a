"""What a stream worker does, without Kafka: batches, deadlines and people's decisions on a real ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from schemas.registry import Registry
from services.identity.model import Model
from services.ledger.transaction import PostgresLedger
from services.liaison.alert import Command
from services.liaison.feeds import Timing
from services.liaison.policy import Policy
from services.orchestration import deadlines
from services.orchestration.batch import Record
from services.orchestration.deadlines import Due
from services.orchestration.decisions import alert_commands
from services.orchestration.decisions.alert_commands import Done
from services.orchestration.feeds import hear
from services.orchestration.settling import Beside, Settling
from services.stream.batches import Applied, Batches
from services.stream.shadow import take_shadow_due


class Worker:
    """One worker's parts, put together as the stream does it."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        registry: Registry,
        policy: Policy,
        shadow: Beside | None = None,
        model: Model | None = None,
    ) -> None:
        self.pool, self.registry, self.policy = pool, registry, policy
        self.ledger = PostgresLedger(pool, registry)
        self.settling = Settling(registry, policy, shadow, model)
        self._batches = Batches(self.ledger, self.settling, lambda _: None)

    async def apply(self, records: Sequence[Record], now: datetime) -> Applied:
        """One batch."""
        return await self._batches.apply(records, now)

    async def take_due(self, now: datetime) -> Due:
        """What is due by then."""
        return await deadlines.take_due(self.ledger, self.settling, now)

    async def take_shadow_due(self, now: datetime) -> int:
        """What is due for the candidate policy by then."""
        return await take_shadow_due(self.ledger, self.settling, now)

    async def hear(self, timings: Mapping[str, Timing | None], now: datetime) -> None:
        """Signs of life."""
        async with self.ledger.transaction() as transaction:
            await transaction.lock_zone()
            await hear(transaction, timings, self.registry, self.policy, now)

    async def command(
        self, command: Command, *, desk: str, alert: Any, actor: str, now: datetime
    ) -> Done:
        """Somebody at a desk does something. Raises CommandRefused."""
        async with self.ledger.transaction() as transaction:
            return await alert_commands.run(
                transaction,
                self.registry,
                self.policy,
                command,
                desk=desk,
                alert=str(alert),
                actor=actor,
                now=now,
            )
