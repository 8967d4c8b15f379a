"""Each minute the ends of the audit's chains are told outside the ledger: by the outbox to a topic,
and to a file where one is configured. It fails aloud: an audit that is not sealed is no evidence."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import datetime
from pathlib import Path

import asyncpg

from services.ledger.evidence.seal import seal
from services.runtime import postgres
from services.runtime.logging import logger

EVERY_SECONDS = 60.0


class Sealing:
    """One a process, asked again and again; it seals when a minute has gone."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._sealed_at: float | None = None
        self._trouble: str | None = "the audit was not sealed yet"

    async def trouble(self) -> str | None:
        """What readiness says."""
        return self._trouble

    async def when_due(self, pool: asyncpg.Pool, now: datetime) -> bool:
        """Seal if a minute has gone since the last time. Says whether it did."""
        if self._sealed_at is not None and time.monotonic() - self._sealed_at < EVERY_SECONDS:
            return False
        try:
            async with pool.acquire() as connection, connection.transaction():
                line = await asyncio.wait_for(seal(connection, now), 20)
            if self._path is not None:
                await asyncio.to_thread(_append, self._path, line)
        except (*postgres.OUTAGE, asyncpg.PostgresError, TimeoutError, OSError) as error:
            self._trouble = f"the audit cannot be sealed: {type(error).__name__}"
            logger().error("audit.not-sealed", error=type(error).__name__)
            return False
        self._sealed_at, self._trouble = time.monotonic(), None
        return True


def _append(path: Path, line: str) -> None:
    # on the disk before the minute counts as sealed: what a crash loses would prove nothing
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
