"""The audit is evidence: what is altered, removed, inserted, moved or cut off is found, and which record it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from click.testing import CliRunner, Result

from services.command_line import main
from services.ledger import audit, outbox
from services.ledger.events.store import put_in_outbox
from services.ledger.evidence import records
from services.ledger.evidence.chain import ChainWalk, Tampering, digest
from services.ledger.evidence.seal import heads_of, seal
from services.ledger.moment import one_moment
from services.orchestration.ledger import Message
from services.runtime.migrations import migrate, shipped
from services.runtime.postgres import create_pool
from services.stream.sealing import Sealing

NOW = datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)
DETAIL = {"wrote": "Oyelaran – “no”", "count": 3, "share": 0.25, "none": None, "list": [1, "a"]}


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    database = await create_pool(postgres_dsn, max_size=6)
    yield database
    await database.close()


async def write(pool: asyncpg.Pool, count: int) -> list[int]:
    return [
        await audit.write(pool, "crisis.viewed", "P1@las", f"subject {n}", DETAIL, NOW)
        for n in range(count)
    ]


async def tampered(pool: asyncpg.Pool, *statements: str) -> None:
    """As somebody who owns the database can: past the triggers, and past the index where it is in the way."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)


async def tamperings(pool: asyncpg.Pool, published: list[str] | None = None) -> list[Tampering]:
    async with one_moment(pool) as connection:
        sealed = await records.sealed_heads(connection)
        walk = ChainWalk(await records.heads(connection), [*sealed, *heads_of(published or [])])
        found: list[Tampering] = []
        async for entry in records.entries(connection):
            found += walk.step(entry)
        return [*found, *walk.end()]


async def kinds(pool: asyncpg.Pool, published: list[str] | None = None) -> list[str]:
    return [each.kind for each in await tamperings(pool, published)]


async def run(dsn: str, *arguments: str) -> Result:
    return await asyncio.to_thread(
        CliRunner().invoke, main, ["audit", *arguments], env={"LIAISON_POSTGRES_DSN": dsn}
    )


async def test_what_nobody_touched_is_whole(pool: asyncpg.Pool, postgres_dsn: str) -> None:
    await write(pool, 5)
    assert await tamperings(pool) == []
    result = await run(postgres_dsn, "verify")
    assert (result.exit_code, "5 records are as they were written" in result.output) == (0, True)


async def test_the_ledger_and_the_walk_work_the_hash_out_alike(pool: asyncpg.Pool) -> None:
    await write(pool, 2)
    async with one_moment(pool) as connection:
        entries = [entry async for entry in records.entries(connection)]
    assert [entry.hash for entry in entries] == [digest(entry) for entry in entries]
    assert entries[1].previous == entries[0].hash
    assert json.loads(entries[0].detail) == DETAIL


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"]
)
async def test_nobody_alters_or_removes_a_record(pool: asyncpg.Pool, statement: str) -> None:
    await write(pool, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only added to"):
        await pool.execute(statement)
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE actor = 'P1@las'") == 1


async def test_without_the_trigger_it_could(pool: asyncpg.Pool) -> None:
    await write(pool, 1)
    await pool.execute("DROP TRIGGER audit_is_only_added_to ON audit")
    await pool.execute("UPDATE audit SET actor = 'x'")
    assert await kinds(pool) == ["altered"]


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody else'",
        "subject = ''",
        "action = 'crisis.listed'",
        "at = at + interval '1 microsecond'",
        "detail = detail - 'count'",
        "audit_id = DEFAULT",
        # a letter moved from one field to the next
        "actor = 'P1@la', subject = 's' || subject",
    ],
)
async def test_an_altered_record_is_named(
    pool: asyncpg.Pool, postgres_dsn: str, change: str
) -> None:
    numbers = await write(pool, 4)
    await tampered(pool, f"UPDATE audit SET {change} WHERE audit_id = {numbers[1]}")
    number = await pool.fetchval("SELECT audit_id FROM audit WHERE place = 2")
    assert [each.sentence for each in await tamperings(pool)] == [
        f"record {number} is not as it was written"
    ]
    result = await run(postgres_dsn, "verify")
    assert (result.exit_code, f"record {number} is not" in result.output) == (1, True)


async def test_one_altered_and_hashed_anew_is_given_away_by_the_next(pool: asyncpg.Pool) -> None:
    numbers = await write(pool, 4)
    await tampered(
        pool,
        f"UPDATE audit SET actor = 'x' WHERE audit_id = {numbers[1]}",
        f"UPDATE audit SET hash = audit_hash(audit) WHERE audit_id = {numbers[1]}",
    )
    (found,) = await tamperings(pool)
    assert found.sentence.startswith(f"record {numbers[2]} does not follow record {numbers[1]}")


async def test_removed_records_are_counted_and_placed(pool: asyncpg.Pool) -> None:
    numbers = await write(pool, 6)
    await tampered(pool, f"DELETE FROM audit WHERE audit_id IN ({numbers[2]}, {numbers[3]})")
    (found,) = await tamperings(pool)
    assert found.sentence == (
        f"records between record {numbers[1]} and record {numbers[4]} were removed: 2 of chain 1"
    )
    await tampered(pool, f"DELETE FROM audit WHERE audit_id = {numbers[0]}")
    assert f"before record {numbers[1]}" in (await tamperings(pool))[0].sentence


async def test_a_record_put_in_is_named(pool: asyncpg.Pool) -> None:
    numbers = await write(pool, 3)
    await tampered(
        pool,
        "DROP INDEX audit_place",
        """INSERT INTO audit (action, actor, subject, detail, at, chain, place, previous, hash)
           SELECT action, 'x', subject, detail, at, chain, place, previous, hash FROM audit WHERE place = 2""",
        "UPDATE audit SET hash = audit_hash(audit) WHERE actor = 'x'",
    )
    number = await pool.fetchval("SELECT audit_id FROM audit WHERE actor = 'x'")
    (found,) = await tamperings(pool)
    assert (found.kind, str(number) in found.sentence) == ("inserted", True)
    assert number not in numbers


async def test_one_put_at_the_end_past_the_trigger_is_named(pool: asyncpg.Pool) -> None:
    await write(pool, 2)
    await tampered(
        pool,
        """INSERT INTO audit (action, actor, subject, detail, at, chain, place, previous, hash)
           SELECT action, 'x', subject, detail, at, chain, 3, hash, hash FROM audit WHERE place = 2""",
        "UPDATE audit SET hash = audit_hash(audit) WHERE actor = 'x'",
    )
    assert await kinds(pool) == ["inserted"]


async def test_two_exchanged_are_both_named(pool: asyncpg.Pool) -> None:
    numbers = await write(pool, 4)
    await tampered(
        pool,
        f"UPDATE audit SET place = -1 WHERE audit_id = {numbers[1]}",
        f"UPDATE audit SET place = 2 WHERE audit_id = {numbers[2]}",
        f"UPDATE audit SET place = 3 WHERE audit_id = {numbers[1]}",
    )
    sentences = " ".join(each.sentence for each in await tamperings(pool))
    assert all(f"record {number} is not as it was" in sentences for number in numbers[1:3])
    assert str(numbers[0]) not in sentences


CUT = (
    "DELETE FROM audit WHERE place > 2",
    "UPDATE audit_head SET (place, hash) = (SELECT place, hash FROM audit WHERE place = 2)",
)


async def test_an_end_that_was_cut_off_is_found_by_what_was_published(
    pool: asyncpg.Pool, postgres_dsn: str, tmp_path: Path
) -> None:
    path = tmp_path / "heads"
    await write(pool, 4)
    assert await Sealing(path).when_due(pool, NOW)
    await tampered(pool, *CUT)
    # the ledger alone does not know: that is why the ends are told outside of it
    assert await tamperings(pool) == []
    assert (await run(postgres_dsn, "verify")).exit_code == 0
    result = await run(postgres_dsn, "verify", "--heads", str(path))
    assert (result.exit_code, "3 at the end of chain 1" in result.output) == (1, True)


async def test_a_chain_hashed_anew_to_its_end_is_found_by_what_was_published(
    pool: asyncpg.Pool,
) -> None:
    await write(pool, 3)
    async with pool.acquire() as connection, connection.transaction():
        line = await seal(connection, NOW)
    assert await tamperings(pool, [line]) == []
    again = [
        f"""UPDATE audit SET previous = coalesce((SELECT b.hash FROM audit b WHERE b.place = {place} - 1), '')
             WHERE place = {place};
            UPDATE audit SET hash = audit_hash(audit) WHERE place = {place}"""
        for place in range(1, 5)
    ]
    await tampered(
        pool,
        "UPDATE audit SET actor = 'x' WHERE place = 2",
        # the one who does it also mends what the seal says within the ledger
        "UPDATE audit SET action = 'was sealed' WHERE action = 'audit.sealed'",
        *again,
        "UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE place = 4)",
    )
    assert await tamperings(pool) == []
    assert "another hash than was published" in (await tamperings(pool, [line]))[0].sentence


async def test_a_whole_chain_that_is_gone_is_missed(pool: asyncpg.Pool) -> None:
    await write(pool, 3)
    async with pool.acquire() as connection, connection.transaction():
        line = await seal(connection, NOW)
    await tampered(pool, "DELETE FROM audit", "DELETE FROM audit_head")
    assert [each.sentence for each in await tamperings(pool, [line])] == [
        "all 4 records of chain 1 were removed"
    ]


async def test_the_ends_go_out_each_minute_to_the_topic_and_to_the_file(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "heads"
    sealing = Sealing(path)
    assert await sealing.trouble() is not None
    assert await sealing.when_due(pool, NOW)
    assert not await sealing.when_due(pool, NOW), "a minute has not gone"
    assert await sealing.trouble() is None
    row = await pool.fetchrow("SELECT topic, body FROM outbox")
    assert row is not None
    assert (row["topic"], row["body"].decode()) == ("audit.sealed", path.read_text().strip())


async def test_a_file_that_cannot_be_written_is_told(pool: asyncpg.Pool, tmp_path: Path) -> None:
    sealing = Sealing(tmp_path / "no folder" / "heads")
    assert not await sealing.when_due(pool, NOW)
    assert "cannot be sealed" in (await sealing.trouble() or "")


async def test_who_writes_at_once_waits_for_nobody_and_all_is_chained(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as two, one_moment(pool) as page:
        assert await page.fetchval("SELECT count(*) FROM audit") == 0
        first, second = one.transaction(), two.transaction()
        await first.start()
        await second.start()
        for connection in (one, two, one):
            await asyncio.wait_for(audit.write(connection, "a.b", "P", "s", {}, NOW), 2)
        await first.commit()
        # the page's moment is from before: it may not follow what it does not see
        await asyncio.wait_for(audit.write(page, "a.b", "P", "s", {}, NOW), 2)
        await second.commit()
    async with one_moment(pool) as page:
        await page.fetchval("SELECT count(*) FROM audit")
        await audit.write(pool, "a.b", "P", "s", {}, NOW)
        await audit.write(page, "a.b", "P", "s", {}, NOW)
    assert await tamperings(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM audit") == 6


async def test_many_at_once_and_some_taken_back_leave_no_gap(pool: asyncpg.Pool) -> None:
    async def one(number: int) -> None:
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await audit.write(connection, "a.b", "P", str(number), {}, NOW)
            await asyncio.sleep(0.001 * (number % 5))
            if number % 7 == 0:
                await transaction.rollback()
            else:
                await transaction.commit()

    await asyncio.gather(*(one(number) for number in range(140)))
    assert await tamperings(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM audit") == 120


async def test_what_was_written_before_there_was_a_chain_is_its_beginning(
    postgres_dsn: str,
) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await migrate(connection, NOW, [each for each in shipped() if each.version < 105])
    for number in range(3):
        await connection.execute(
            "INSERT INTO audit (action, actor, subject, detail, at) VALUES ('a.b', 'P', $1, '{}', $2)",
            str(number),
            NOW,
        )
    await migrate(connection, NOW)
    await connection.close()
    pool = await create_pool(postgres_dsn, max_size=2)
    await audit.write(pool, "a.b", "P", "after", {}, NOW)
    assert await tamperings(pool) == []
    places = await pool.fetch("SELECT chain, place FROM audit ORDER BY audit_id")
    assert [tuple(place) for place in places] == [(0, 1), (0, 2), (0, 3), (0, 4)]
    await pool.close()


async def test_an_export_has_what_is_of_the_subject_and_is_itself_in_the_audit(
    pool: asyncpg.Pool, postgres_dsn: str
) -> None:
    await audit.write(pool, "crisis.viewed", "P1@las", "met/CAD-1", {}, NOW)
    await audit.write(pool, "review.searched", "P2@las", "x", {"shown": ["met/CAD-1"]}, NOW)
    await audit.write(pool, "crisis.viewed", "P1@las", "met/CAD-10", {"note": "of met/CAD-1"}, NOW)
    result = await run(postgres_dsn, "export", "--subject", "met/CAD-1", "--by", "boss")
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert [(line["action"], line["subject"]) for line in lines] == [
        ("crisis.viewed", "met/CAD-1"),
        ("review.searched", "x"),
    ]
    assert await pool.fetchval("SELECT actor FROM audit WHERE action = 'audit.exported'") == "boss"
    later = (await run(postgres_dsn, "export", "--since", "2026-11-24")).output
    # what was done today: the first export, not what was seen on the 23rd
    assert [json.loads(line)["action"] for line in later.splitlines()] == ["audit.exported"]
    assert (await run(postgres_dsn, "export")).exit_code == 2


async def test_an_export_of_a_person_has_what_was_done_with_their_crises(
    pool: asyncpg.Pool, postgres_dsn: str
) -> None:
    person, crisis = "0b9e8f1c-6f0e-4c55-9d4e-1f6b58a3a001", "0b9e8f1c-6f0e-4c55-9d4e-1f6b58a3a002"
    await pool.execute(
        f"""INSERT INTO zone (zone) VALUES ('london') ON CONFLICT DO NOTHING;
            INSERT INTO crisis (crisis_id, zone, opened_at, last_event_at, evaluated_at, scene)
            VALUES ('{crisis}', 'london', now(), now(), now(), '{crisis}');
            INSERT INTO incident (agency, reference, zone, crisis_id, opened_at, last_seen_at, link_keys)
            VALUES ('met', 'CAD-1', 'london', '{crisis}', now(), now(), '{{}}');
            INSERT INTO identity_decision (agency, incident, outcome, person_id, evidence, matcher_version, decided_at)
            VALUES ('met', 'CAD-1', 'attached', '{person}', '{{}}', '1', now())"""
    )
    for subject in (crisis, person, "met/CAD-1", "met/CAD-2"):
        await audit.write(pool, "crisis.viewed", "P1@las", subject, {}, NOW)
    result = await run(postgres_dsn, "export", "--person", person)
    assert [json.loads(line)["subject"] for line in result.output.splitlines()] == [
        crisis,
        person,
        "met/CAD-1",
    ]


async def test_a_seal_waits_in_a_lane_of_its_own(pool: asyncpg.Pool) -> None:
    """So that one that cannot be published holds no alert up."""
    async with pool.acquire() as connection, connection.transaction():
        await seal(connection, NOW)
        await put_in_outbox(
            connection, [Message(str(UUID(int=1)), "alerts.met", b"a", {}, b"", NOW)]
        )
    (alert,) = await outbox.take_lane(pool, "alerts.met", 200, ())
    (sealed,) = await outbox.take_lane(pool, "audit.sealed", 200, ())
    assert (alert.topic, sealed.topic) == ("alerts.met", "audit.sealed")
