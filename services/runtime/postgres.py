"""Connections to PostgreSQL, with limits on everything that waits."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from services.runtime.logging import logger

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
else:
    Connection = asyncpg.Connection


T = TypeVar("T")


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


async def _prepare(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=_dump, decoder=orjson.loads, schema="pg_catalog"
        )


OUTAGE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InternalClientError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.PostgresSystemError,
)
"""Failures of PostgreSQL that pass by themselves, with what `passes` takes out again. One of them
is what asyncpg may raise on a connection whose server crashed in the middle of an answer, one what
a standby says that is not promoted yet, one a disk that is full."""


def passes(error: BaseException) -> bool:
    """Whether a failure of PostgreSQL passes by itself: nothing in what is written makes it."""
    # asyncpg counts a value that no column can hold among the faults of the interface; the value
    # stays what it is however often it is sent
    is_about_a_value = isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    return isinstance(error, OUTAGE) and not is_about_a_value


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """Do it again, for as long as PostgreSQL is away. For what a service must have done before it
    can be ready.
    """
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(passes),
        wait=wait_exponential_jitter(multiplier=0.1, max=2),
        before_sleep=_waiting,
    ):
        with attempt:
            return await act()
    raise AssertionError("tenacity retries for ever")


def _waiting(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger().warning("postgres.away", attempt=state.attempt_number, error=type(error).__name__)


async def create_pool(dsn: str, *, min_size: int = 0, max_size: int = 8) -> asyncpg.Pool:
    """A pool whose statements, locks and idle transactions all have an end. It connects when it is
    first used, so that a service starts, and says that it is not ready, while PostgreSQL is
    away."""
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        timeout=10,
        command_timeout=60,
        init=_prepare,
        server_settings={
            "application_name": "liaison",
            "statement_timeout": "55000",
            "lock_timeout": "30000",
            "idle_in_transaction_session_timeout": "30000",
            "timezone": "UTC",
        },
    )
