"""Forward-only migrations: numbered SQL files, applied once, each in a transaction, and never
changed afterwards.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

import asyncpg
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from services.runtime.errors import MigrationError

_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_LOCK = 0x11A1501
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    version int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL
)"""
# Until November 2026 each part of the product numbered in a range of its own. These gaps are
# history and stay;
# nothing may be put into them, as ledgers have long passed them. From here on there is one line
# without gaps.
HISTORY = (1, 2, 10, 11, 20, 30, 40, 55, 58, 60, 75, 76, 80, 85, 90, 95, 96)


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

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.version:04}_{self.name}.sql"


def shipped(package: str = "services.ledger") -> tuple[Migration, ...]:
    """The migrations in the package's `migrations` folder, in order. Raises MigrationError for a
    bad name or number.
    """
    folder = resources.files(package) / "migrations"
    texts = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }
    return in_one_line(texts)


def in_one_line(texts: dict[str, str]) -> tuple[Migration, ...]:
    """The files in order of number. Raises MigrationError for a bad name, a number that stands
    twice, one that was put into a gap of the past, and one that leaves a gap."""
    migrations = sorted(
        (_migration(name, text) for name, text in texts.items()),
        key=lambda migration: migration.version,
    )
    latest = 0
    for migration in migrations:
        if migration.version == latest:
            raise MigrationError(
                f"two migration files have number {latest:04}; give the newer one the next"
            )
        if migration.version in HISTORY:
            latest = migration.version
            continue
        if migration.version < HISTORY[-1]:
            raise MigrationError(_too_low(migration, HISTORY[-1], _highest(migrations) + 1))
        following = max(latest, HISTORY[-1]) + 1
        if migration.version != following:
            raise MigrationError(
                f"{migration.file} leaves out number {following:04}: numbers have no gaps, "
                f"name it {following:04}_{migration.name}.sql"
            )
        latest = migration.version
    return tuple(migrations)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a migration waits for a lock. Whoever asks for the table after it waits behind it, so it
    gives up soon, lets the others through and tries again."""

    lock_seconds: float = 5.0
    pause_seconds: float = 10.0
    attempts: int = 6


async def migrate(
    connection: asyncpg.Connection,
    now: datetime,
    files: Sequence[Migration] | None = None,
    waiting: Waiting | None = None,
) -> list[Migration]:
    """Apply what is missing and return it. Two at once wait for each other. Raises MigrationError."""
    migrations = shipped() if files is None else files
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_TABLE)
        rows = await connection.fetch("SELECT version, sha256 FROM schema_migration")
        missing = still_to_apply({row["version"]: row["sha256"] for row in rows}, migrations)
        for migration in missing:
            await _applied_in_the_end(connection, migration, now, waiting or Waiting())
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return missing


def still_to_apply(applied: dict[int, str], migrations: Sequence[Migration]) -> list[Migration]:
    """What a ledger with these migrations, by number and digest, lacks. Raises MigrationError for a
    ledger that is newer than this software, for a file that was changed, and for one that comes too
    late for its number."""
    newest = max(applied, default=0)
    unknown = applied.keys() - {migration.version for migration in migrations}
    if unknown:
        raise MigrationError(
            f"the ledger has migration {max(unknown)}, which this software does not know: update it"
        )
    missing = []
    for migration in migrations:
        digest = applied.get(migration.version)
        if digest is None:
            # applied now it would come after what a new ledger applies before it: two ledgers, two
            # results
            if migration.version < newest:
                raise MigrationError(_too_low(migration, newest, _highest(migrations) + 1))
            missing.append(migration)
        elif digest != migration.sha256:
            raise MigrationError(
                f"migration {migration.version:04} was changed after it was applied; restore the file"
            )
    return missing


async def at_head(connection: asyncpg.Connection | asyncpg.Pool) -> str | None:
    """None when the ledger is at the newest migration of this software, else what is wrong: for
    readiness.
    """
    try:
        rows = await connection.fetch(
            "SELECT version, sha256 FROM schema_migration ORDER BY version"
        )
    except asyncpg.UndefinedTableError:
        return "the ledger has no tables: run `liaison migrate`"
    applied = [(row["version"], row["sha256"]) for row in rows]
    if applied != [(migration.version, migration.sha256) for migration in shipped()]:
        return "the ledger is not at this software's migrations: run `liaison migrate`"
    return None


async def _applied_in_the_end(
    connection: asyncpg.Connection, migration: Migration, now: datetime, waiting: Waiting
) -> None:
    """Raises MigrationError where others hold what it changes all the time."""
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(asyncpg.LockNotAvailableError),
            stop=stop_after_attempt(waiting.attempts),
            wait=wait_fixed(waiting.pause_seconds),
            reraise=True,
        ):
            with attempt:
                await _apply(connection, migration, now, waiting.lock_seconds)
    except asyncpg.LockNotAvailableError as error:
        raise MigrationError(
            f"{migration.file}: somebody holds what it changes ({waiting.attempts} tries of {waiting.lock_seconds:g} s); "
            "nothing of it was done. Run it again, or end the long transaction that pg_stat_activity shows"
        ) from error


async def _apply(
    connection: asyncpg.Connection, migration: Migration, now: datetime, lock_seconds: float
) -> None:
    async with connection.transaction():
        milliseconds = str(round(lock_seconds * 1000))
        await connection.execute("SELECT set_config('lock_timeout', $1, true)", milliseconds)
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migration (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4)",
            migration.version,
            migration.name,
            migration.sha256,
            now,
        )


def _migration(file: str, text: str) -> Migration:
    match = _NAME.match(file)
    if match is None:
        raise MigrationError(f"{file} is not named NNNN_what_it_does.sql")
    return Migration(int(match[1]), match[2], text)


def _highest(migrations: Iterable[Migration]) -> int:
    return max(migration.version for migration in migrations)


def _too_low(migration: Migration, newest: int, following: int) -> str:
    return (
        f"{migration.file} comes too late for its number: ledgers have {newest:04} already; "
        f"name it {following:04}_{migration.name}.sql"
    )
