"""What the server says of itself and of the role that asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg


@dataclass(frozen=True, slots=True)
class Server:
    """Its release, as it counts it (180004 is 18.4), who signed in, and what its clock shows."""

    version: int
    role: str
    is_superuser: bool
    time: datetime


async def server_of(connection: asyncpg.Connection) -> Server:
    """Of the server that this connection is with."""
    row = await connection.fetchrow(
        """SELECT current_setting('server_version_num')::int AS version, current_user AS role,
                  current_setting('is_superuser') = 'on' AS superuser, clock_timestamp() AS at"""
    )
    assert row is not None
    return Server(row["version"], row["role"], row["superuser"], row["at"])
