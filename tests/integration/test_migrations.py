"""The ledger's tables are made once, in order, and never changed behind our back."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import asyncpg
import pytest

from schemas.person import PersonDescriptor
from services.identity.candidates import keys_of
from services.identity.decide import identity_keys
from services.identity.described import described
from services.identity.frequency import ALL, stored, values_of
from services.liaison.crisis.subjects import described_key
from services.runtime.errors import MigrationError
from services.runtime.migrations import Migration, Waiting, at_head, migrate, shipped

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


async def test_a_migration_that_comes_late_under_a_low_number_is_refused_and_not_applied(
    postgres_dsn: str,
) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    late = Migration(50, "late", "CREATE TABLE late_table ()")
    with pytest.raises(MigrationError, match=r"0050_late\.sql comes too late"):
        await migrate(connection, NOW, sorted([*shipped(), late], key=lambda entry: entry.version))
    assert await connection.fetchval("SELECT to_regclass('late_table')") is None
    assert await at_head(connection) is None
    await connection.close()


def one_more(sql: str) -> list[Migration]:
    migrations = shipped()
    return [*migrations, Migration(migrations[-1].version + 1, "one_more", sql)]


async def test_a_migration_that_waits_for_a_long_transaction_gives_up_and_lets_the_others_through(
    postgres_dsn: str,
) -> None:
    connection, long, other = [await asyncpg.connect(postgres_dsn) for _ in range(3)]
    held = long.transaction()
    await held.start()
    await long.fetchval("SELECT count(*) FROM alert")
    migrations = one_more("ALTER TABLE alert ADD COLUMN one_more int")
    waiting = Waiting(lock_seconds=0.3, pause_seconds=0.05, attempts=2)
    with pytest.raises(MigrationError, match=r"one_more\.sql: somebody holds what it changes"):
        await migrate(connection, NOW, migrations, waiting)
    assert await other.fetchval("SELECT count(*) FROM alert", timeout=60) == 0
    assert await at_head(connection) is None
    await held.rollback()
    assert [each.name for each in await migrate(connection, NOW, migrations, waiting)] == [
        "one_more"
    ]
    for each in (connection, long, other):
        await each.close()


async def test_readiness_says_what_to_do_when_a_migration_is_missing(postgres_dsn: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("DELETE FROM schema_migration")
    sentence = await at_head(connection)
    assert sentence is not None
    assert "liaison migrate" in sentence
    await connection.close()


async def test_a_register_written_before_keys_were_numbers_is_found_under_them(
    postgres_dsn: str,
) -> None:
    """As the software of that day wrote it: its keys and counts were texts of a kind and 24 hexadecimal figures."""
    descriptor = PersonDescriptor.model_validate(
        {
            "nhs_number": "9990000018",
            "names": [{"given": "Tunde", "family": "Okafor"}],
            "date_of_birth": "1988-02-29",
        }
    )
    keys = {key: f"{key.split('|')[0]}:{_hash(key)}" for key in keys_of(described([descriptor]))}
    values = {
        value: f"frequency:{_hash(f'frequency|{value[0]}|{value[1]}')}"
        for value in values_of(described([descriptor]))
    }
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await migrate(connection, NOW, [migration for migration in shipped() if migration.version < 90])
    await connection.execute(
        """INSERT INTO local_record (agency, local_person, person_id, counted)
               VALUES ('slam', 'p-1', '00000000-0000-4000-8000-000000000001', $1)""",
        list(values.values()),
    )
    await connection.executemany(
        "INSERT INTO identity_key (key, agency, local_person) VALUES ($1, 'slam', 'p-1')",
        [(key,) for key in keys.values()],
    )
    await connection.executemany(
        "INSERT INTO value_frequency (value, records) VALUES ($1, 1)",
        [(value,) for value in ("records", *values.values())],
    )
    await connection.execute(
        """INSERT INTO zone (zone) VALUES ('london');
           INSERT INTO episode (episode_id, zone, opened_at, last_event_at, evaluated_at)
               VALUES ('00000000-0000-4000-8000-000000000002', 'london', now(), now(), now())"""
    )
    await connection.execute(
        """INSERT INTO incident (agency, reference, zone, episode_id, opened_at, last_seen_at, link_keys)
               VALUES ('met', 'i-1', 'london', '00000000-0000-4000-8000-000000000002', now(), now(), $1)""",
        ["incident:met/i-1", *keys.values()],
    )
    await migrate(connection, NOW)
    stored_keys = {
        row["key"]
        for row in await connection.fetch(
            "SELECT key FROM identity_key JOIN local_record USING (record_id)"
        )
    }
    assert stored_keys == identity_keys(descriptor)
    counts = {
        row["value"]: row["records"]
        for row in await connection.fetch("SELECT value, records FROM value_frequency")
    }
    assert counts == dict.fromkeys((ALL, *(stored(*value) for value in values)), 1)
    assert set(await connection.fetchval("SELECT counted FROM local_record")) == {
        stored(*value) for value in values
    }
    incident_keys = set(await connection.fetchval("SELECT link_keys FROM incident"))
    assert incident_keys == {"incident:met/i-1", *map(described_key, identity_keys(descriptor))}
    await connection.close()


async def test_incidents_written_before_places_were_counted_are_counted(postgres_dsn: str) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    counting = next(entry.version for entry in shipped() if entry.name.endswith("place_day"))
    await migrate(connection, NOW, [entry for entry in shipped() if entry.version < counting])
    crisis = "00000000-0000-4000-8000-000000000002"
    await connection.execute("INSERT INTO zone (zone) VALUES ('london')")
    await connection.execute(
        """INSERT INTO crisis (crisis_id, zone, opened_at, last_event_at, evaluated_at, scene)
           VALUES ($1, 'london', $2, $2, $2, $1)""",
        crisis,
        NOW,
    )
    for number, keys in enumerate((["uprn:1", "street:a#1"], ["uprn:1", "usrn:2"])):
        await connection.execute(
            """INSERT INTO incident (agency, reference, zone, crisis_id, opened_at, last_seen_at, link_keys)
               VALUES ('met', $1, 'london', $2, $3, $3, $4)""",
            f"CAD-{number}",
            crisis,
            NOW,
            keys,
        )
    await migrate(connection, NOW)
    counts = {
        row["place"]: (row["day"], row["incidents"])
        for row in await connection.fetch("SELECT place, day, incidents FROM place_day")
    }
    assert counts == {"uprn:1": (NOW.date(), 2), "usrn:2": (NOW.date(), 1)}
    await connection.close()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
