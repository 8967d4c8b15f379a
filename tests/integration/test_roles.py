"""A role a service in PostgreSQL: what each does passes, what another does is refused by PostgreSQL itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from services.ledger import audit, outbox
from services.ledger.access.rights import RIGHTS, ROLE_NAMES, RoleName
from services.ledger.access.roles import apply, difference
from services.ledger.alerts import audited
from services.ledger.evidence import records
from services.ledger.evidence.seal import seal
from services.ledger.people import traces
from services.runtime.postgres import create_pool
from tests.ledger_roles import address, as_role
from tests.played_ledger import played

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
REFUSED: list[tuple[RoleName, str]] = [
    # events are said by agencies: nobody at a desk makes, changes or takes one away
    ("console", "INSERT INTO event SELECT * FROM event LIMIT 0"),
    ("console", "UPDATE event SET body = body"),
    ("console", "DELETE FROM event"),
    ("console", "INSERT INTO rejection DEFAULT VALUES"),
    ("console", "UPDATE kafka_cursor SET next_offset = 0"),
    ("console", "UPDATE outbox SET body = body"),
    ("console", "SELECT body FROM outbox"),
    # the stream itself changes no word of what was said, and gives nobody a right
    ("stream", "UPDATE event SET body = body"),
    ("stream", "DELETE FROM event"),
    ("stream", "SELECT * FROM operator_session"),
    ("stream", "INSERT INTO operator_grant DEFAULT VALUES"),
    ("stream", "SELECT detail FROM audit"),
    # the relay reads the outbox and writes its marks
    ("relay", "UPDATE outbox SET body = body"),
    ("relay", "INSERT INTO outbox (message_id) VALUES (gen_random_uuid())"),
    ("relay", "DELETE FROM outbox"),
    ("relay", "SELECT * FROM event"),
    ("relay", "SELECT * FROM local_record"),
    ("relay", "SELECT * FROM audit"),
    ("relay", "UPDATE alert_desk SET view = view"),
    # the auditor changes nothing of what it watches
    ("auditor", "UPDATE alert SET cleared_at = now()"),
    ("auditor", "UPDATE alert_desk SET state = 'closed'"),
    ("auditor", "SELECT * FROM event"),
    ("auditor", "SELECT * FROM local_record"),
    ("auditor", "UPDATE audit_head SET place = 0"),
    ("trace", "INSERT INTO event SELECT * FROM event LIMIT 0"),
    ("trace", "SELECT * FROM alert"),
    ("trace", "SELECT * FROM local_record"),
    ("gateway", "SELECT * FROM event"),
    ("gateway", "SELECT * FROM schema_migration"),
    ("commands", "UPDATE event SET body = body"),
    ("commands", "SELECT * FROM operator_session"),
]
BY_NOBODY = (
    "UPDATE audit SET actor = 'somebody else'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "UPDATE audit_head SET hash = ''",
    "INSERT INTO audit_head VALUES (99, 0, '')",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_is_only_added_to ON audit",
    "SET session_replication_role = replica",
    "CREATE TABLE beside (one int)",
    "UPDATE schema_migration SET sha256 = ''",
    "ALTER TABLE event ADD COLUMN more text",
    "SELECT pg_read_file('/etc/passwd')",
    "CREATE ROLE another",
)


@pytest.fixture
async def dsn(postgres_dsn: str) -> str:
    """Of a ledger in which the roles may what they should."""
    await as_role(postgres_dsn, "stream")
    return postgres_dsn


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


async def is_refused(connection: asyncpg.Connection, statement: str) -> bool:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    except asyncpg.PostgresError:
        return False
    finally:
        await transaction.rollback()
    return False


async def test_a_service_is_refused_what_another_does(dsn: str, owner: asyncpg.Connection) -> None:
    passed = []
    for name, statement in REFUSED:
        connection = await asyncpg.connect(address(dsn, name))
        if not await is_refused(connection, statement):
            passed.append((name, statement))
        await connection.close()
    assert passed == []
    # who owns the ledger may: it is the role that refuses
    assert not [text for _, text in REFUSED if await is_refused(owner, text)]


async def test_no_service_alters_an_audit_row_or_a_wall(dsn: str) -> None:
    passed = []
    for name in ROLE_NAMES:
        connection = await asyncpg.connect(address(dsn, name))
        passed += [(name, text) for text in BY_NOBODY if not await is_refused(connection, text)]
        await connection.close()
    assert passed == []


async def test_the_stream_the_relay_the_auditor_and_the_trace_do_their_work(dsn: str) -> None:
    async with played(address(dsn, "stream"), "the-story") as ledger:
        assert await ledger.pool.fetchval("SELECT count(*) FROM alert") > 0
        assert await ledger.pool.fetchval("SELECT count(*) FROM parked_crisis") == 0
        alerts = await ledger.pool.fetch("SELECT alert_id::text, desk FROM alert_desk")
    pool = await create_pool(address(dsn, "relay"), max_size=2)
    async with pool.acquire() as relay:
        (topic, *_) = await outbox.topics_waiting(relay)
        messages = await outbox.take_lane(pool, topic, 10, ())
        assert messages
        await outbox.mark_sent(relay, [message.message_id for message in messages], NOW)
        await outbox.mark_delivered(relay, [tuple(row) for row in alerts], NOW, "london")
        assert await outbox.backlog(pool)
    await pool.close()
    auditor = await asyncpg.connect(address(dsn, "auditor"))
    assert await audited.standing_at_desks(auditor)
    await audited.keep_look(auditor, NOW, 0, None)
    trace = await asyncpg.connect(address(dsn, "trace"))
    await traces.find(trace, "/pds-trace", NOW)
    await traces.waiting(trace)
    for connection in (auditor, trace):
        await connection.close()


async def test_who_adds_to_the_audit_goes_on_with_its_chain(dsn: str) -> None:
    for name in ("stream", "console", "auditor", "commands"):
        pool = await create_pool(address(dsn, name), max_size=1)
        async with pool.acquire() as connection, connection.transaction():
            await audit.write(connection, "crisis.viewed", f"{name}@las", "a subject", {}, NOW)
            if name == "auditor":
                await seal(connection, NOW)
        await pool.close()
    commands = await asyncpg.connect(address(dsn, "commands"))
    assert [head.place for head in await records.heads(commands)] == [5]
    await commands.close()


async def test_what_somebody_gave_by_hand_is_found_and_taken_back(
    owner: asyncpg.Connection,
) -> None:
    assert (await difference(owner)).sentences == []
    await owner.execute("GRANT INSERT ON event TO liaison_console")
    await owner.execute("GRANT SELECT (body) ON event TO PUBLIC")
    await owner.execute("REVOKE SELECT ON outbox FROM liaison_relay")
    assert (await difference(owner)).sentences == [
        "+ liaison_relay: select outbox",
        "- PUBLIC: select event (body)",
        "- liaison_console: insert event",
    ]
    async with owner.transaction():
        await apply(owner)
    assert (await difference(owner)).sentences == []


async def test_every_table_belongs_to_some_service(owner: asyncpg.Connection) -> None:
    tables = {
        row["tablename"]
        for row in await owner.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
    }
    named = {relation for needs in RIGHTS.values() for relation in needs} | {"schema_migration"}
    assert tables - named == set(), "RIGHTS in services/ledger/access/rights.py: who needs it?"
