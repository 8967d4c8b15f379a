"""`liaison migrate`: bring the ledger's tables to this software's version, forward only."""

from __future__ import annotations

import asyncio

import asyncpg
import click

from services.runtime.clock import SystemClock
from services.runtime.errors import LiaisonError
from services.runtime.migrations import Migration
from services.runtime.migrations import migrate as apply
from services.runtime.settings import Settings


async def _run(dsn: str) -> list[Migration]:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await apply(connection, SystemClock().now())
    finally:
        await connection.close()


@click.command()
def migrate() -> None:
    """Apply the migrations that are missing; safe to run at every start and by two at once."""
    settings = Settings()
    try:
        done = asyncio.run(_run(settings.postgres_dsn))
    except (OSError, TimeoutError, asyncpg.PostgresError, LiaisonError) as error:
        raise click.ClickException(f"{error or type(error).__name__}") from error
    for migration in done:
        click.echo(f"applied {migration.version:04} {migration.name}")
    click.echo("the ledger is at the newest migration")
