"""One moment of the ledger for everything that a page shows."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from services.runtime.postgres import Connection


@asynccontextmanager
async def one_moment(pool: asyncpg.Pool) -> AsyncGenerator[Connection, None]:
    """A connection whose statements all see the same moment."""
    # two statements of one page would else see two moments: a count beside a list that it is not of
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        yield connection
