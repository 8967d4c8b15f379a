"""One writer a zone at a time."""

from __future__ import annotations

from services.runtime.postgres import Connection


async def lock_zone(connection: Connection, zone: str) -> None:
    """Held until the transaction ends."""
    if await connection.fetchval("SELECT zone FROM zone WHERE zone = $1 FOR UPDATE", zone) is None:
        await connection.execute("INSERT INTO zone (zone) VALUES ($1) ON CONFLICT DO NOTHING", zone)
        await connection.fetchval("SELECT zone FROM zone WHERE zone = $1 FOR UPDATE", zone)
