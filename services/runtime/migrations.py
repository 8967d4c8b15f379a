"""Forward-only migrations: numbered SQL files, applied once, each in a transaction, and never changed afterwards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

import asyncpg

from services.runtime.errors import MigrationError

_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_LOCK = 0x11A1501
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    version int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Digest of the text, so that a changed file is seen."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped(package: str = "services.ledger") -> tuple[Migration, ...]:
    """The migrations in the package's `migrations` folder, in order of number. Numbers may be left out: parts of the
    product have ranges of their own. Raises MigrationError for one that stands twice or a bad name."""
    found = []
    for entry in (resources.files(package) / "migrations").iterdir():
        if entry.name.endswith(".sql"):
            match = _NAME.match(entry.name)
            if match is None:
                raise MigrationError(f"{entry.name} is not named NNNN_what_it_does.sql")
            found.append(Migration(int(match[1]), match[2], entry.read_text(encoding="utf-8")))
    found.sort(key=lambda m: m.version)
    if len({m.version for m in found}) != len(found):
        raise MigrationError(
            "two migration files have the same number; give the newer one the next"
        )
    return tuple(found)


async def migrate(
    connection: asyncpg.Connection, now: datetime, files: Sequence[Migration] | None = None
) -> list[Migration]:
    """Apply what is missing and return it. Two at once wait for each other. Raises MigrationError."""
    wanted = shipped() if files is None else files
    done = []
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_TABLE)
        applied = {
            r["version"]: r
            for r in await connection.fetch("SELECT version, name, sha256 FROM schema_migration")
        }
        if unknown := sorted(applied.keys() - {m.version for m in wanted}):
            raise MigrationError(
                f"the ledger has migration {unknown[-1]}, which this software does not know: update it"
            )
        for migration in wanted:
            row = applied.get(migration.version)
            if row is not None:
                if row["sha256"] != migration.sha256:
                    raise MigrationError(
                        f"migration {migration.version:04} was changed after it was applied; restore the file"
                    )
                continue
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migration (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4)",
                    migration.version,
                    migration.name,
                    migration.sha256,
                    now,
                )
            done.append(migration)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return done


async def at_head(connection: asyncpg.Connection | asyncpg.Pool) -> str | None:
    """None when the ledger is at the newest migration of this software, else what is wrong: for readiness."""
    try:
        rows = await connection.fetch(
            "SELECT version, sha256 FROM schema_migration ORDER BY version"
        )
    except asyncpg.UndefinedTableError:
        return "the ledger has no tables: run `liaison migrate`"
    if [(r["version"], r["sha256"]) for r in rows] != [(m.version, m.sha256) for m in shipped()]:
        return "the ledger is not at this software's migrations: run `liaison migrate`"
    return None
