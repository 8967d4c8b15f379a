"""What a command does in the ledger: one connection, one transaction, and an error in a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

import asyncpg
import click

from services.runtime.errors import LiaisonError
from services.runtime.postgres import Connection, create_pool
from services.runtime.settings import Settings

T = TypeVar("T")
Isolation = Literal["read_committed", "repeatable_read"]


def on_ledger(
    act: Callable[[Connection], Awaitable[T]], isolation: Isolation = "read_committed"
) -> T:
    """The act's result. Raises click.ClickException where the ledger cannot be reached or refuses."""
    settings = Settings()

    async def inside() -> T:
        pool = await create_pool(settings.postgres_dsn, max_size=1)
        try:
            async with (
                pool.acquire(timeout=10) as connection,
                connection.transaction(isolation=isolation),
            ):
                return await act(connection)
        finally:
            await pool.close()

    try:
        return asyncio.run(inside())
    except (OSError, TimeoutError, asyncpg.PostgresError, LiaisonError) as error:
        raise click.ClickException(f"{error or type(error).__name__}") from error
