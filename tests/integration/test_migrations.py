"""The ledger's tables are made once, in order, and never changed behind our back."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import pytest

from services.runtime.errors import MigrationError
from services.runtime.migrations import Migration, at_head, migrate, shipped

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


async def test_migrating_twice_applies_nothing_the_second_time(postgres_dsn: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    assert await migrate(connection, NOW) == []
    assert await at_head(connection) is None
    await connection.close()


async def test_a_migration_changed_after_it_was_applied_is_refused(postgres_dsn: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    first, *rest = shipped()
    tampered = [Migration(first.version, first.name, first.sql + "\n-- edited"), *rest]
    with pytest.raises(MigrationError, match="0001 was changed"):
        await migrate(connection, NOW, tampered)
    await connection.close()


async def test_a_ledger_newer_than_the_software_is_refused(postgres_dsn: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    with pytest.raises(MigrationError, match="this software does not know"):
        await migrate(connection, NOW, [])
    await connection.close()


async def test_readiness_says_what_to_do_when_a_migration_is_missing(postgres_dsn: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("DELETE FROM schema_migration")
    said = await at_head(connection)
    assert said is not None
    assert "liaison migrate" in said
    await connection.close()
