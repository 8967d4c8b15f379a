"""`liaison quarantine`: what was rejected is listed, looked at, replayed through the same door, or discarded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import yaml
from click.testing import CliRunner, Result

from services.command_line import main
from services.liaison.policy import load_policy
from services.orchestration.batch import Record
from services.runtime.postgres import create_pool
from tests.own_registry import OWN_REGISTRY, own_registry
from tests.unjudgeable import detained
from tests.worker import Worker

REGISTRY = own_registry()
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=4)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn, max_size=3)
    yield made
    await made.close()


async def run(dsn: str, *arguments: str, registry: Path = OWN_REGISTRY) -> Result:
    """The command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(
        CliRunner().invoke,
        main,
        ["quarantine", *arguments],
        env={
            "LIAISON_POSTGRES_DSN": dsn,
            "LIAISON_ENVIRONMENT": "test",
            "LIAISON_REGISTRY_PATH": str(registry),
        },
    )


def binary_mode(log: str) -> Record:
    """A call in binary mode, whose source the registry does not have yet."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"{log}-call",
        "ce_source": "/met/cad-new",
        "ce_type": "uk.crisisliaison.incident.reported.v1",
        "ce_time": NOW.isoformat(),
        "content-type": "application/json",
    }
    body = {"incident": log, "nature": "welfare-concern", "channel": "999"}
    kept = tuple((name, value.encode()) for name, value in headers.items())
    return Record("feed.met-cad", 0, 0, json.dumps(body).encode(), kept)


def with_the_new_source(folder: Path) -> Path:
    """The registry once somebody has mended it."""
    document = yaml.safe_load(OWN_REGISTRY.read_text(encoding="utf-8"))
    for agency in document["agencies"]:
        for feed in agency.get("feeds", ()):
            if feed["id"] == "met-cad":
                feed["sources"] = [*feed["sources"], "/met/cad-new"]
    file = folder / "agencies.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    assert "/met/cad-new" in file.read_text(encoding="utf-8")
    return file


async def rejected(pool: asyncpg.Pool, *more: Record) -> Worker:
    """One call from a source nobody knows, and what else is said."""
    worker = Worker(pool, REGISTRY, load_policy())
    applied = await worker.apply([binary_mode("CAD-7"), *more], NOW)
    assert len(applied.outcome.rejected) == 1 + len(more)
    return worker


async def test_after_the_registry_is_mended_the_call_is_taken_in_with_its_headers(
    pool: asyncpg.Pool, postgres_dsn: str, tmp_path: Path
) -> None:
    await rejected(pool)
    listed = (await run(postgres_dsn, "list", "--feed", "met-cad")).output
    number = listed.split("\t")[0]
    still = await run(postgres_dsn, "replay", number)
    assert still.exit_code == 1
    assert f"{number} is still refused" in still.output
    done = await run(
        postgres_dsn, "replay", number, "--by", "boss", registry=with_the_new_source(tmp_path)
    )
    assert (done.exit_code, done.output) == (0, "1 taken in, 0 still refused\n")
    assert await pool.fetchval("SELECT count(*) FROM incident WHERE reference = 'CAD-7'") == 1
    rows = await pool.fetch("SELECT resolution, resolved_by FROM rejection")
    assert [tuple(row) for row in rows] == [("replayed", "boss")]
    audit = await pool.fetch("SELECT action, actor, subject FROM audit")
    assert [tuple(each) for each in audit] == [
        ("quarantine.replayed", "boss", f"rejection {number}")
    ]
    assert (await run(postgres_dsn, "list")).output == "nothing waits\n"


async def test_without_its_headers_it_would_be_refused_for_ever(
    pool: asyncpg.Pool, postgres_dsn: str, tmp_path: Path
) -> None:
    """The control: a binary-mode event is its headers too."""
    await rejected(pool)
    await pool.execute("UPDATE rejection SET headers = NULL")
    file = with_the_new_source(tmp_path)
    assert (await run(postgres_dsn, "replay", "--feed", "met-cad", registry=file)).exit_code == 1


async def test_what_broke_its_handler_is_replayed_and_raises_what_it_should_have(
    pool: asyncpg.Pool, postgres_dsn: str
) -> None:
    worker = Worker(pool, REGISTRY, load_policy())
    records = [
        Record("feed.met-cad", 0, offset, body, ())
        for offset, (_, body) in enumerate(detained("CAD-9", NOW))
    ]
    await worker._batches.apply(records, NOW, poison=True)
    heard = await pool.fetchval("SELECT last_heard_at FROM feed_state WHERE feed = 'met-cad'")
    done = await run(postgres_dsn, "replay", "--code", "handler-error")
    assert done.output == "3 taken in, 0 still refused\n"
    await worker.take_due(datetime.now(UTC) + timedelta(minutes=5))
    assert await pool.fetchval("SELECT count(*) FROM alert WHERE rule = 'R04'") == 1
    after = await pool.fetchval("SELECT last_heard_at FROM feed_state WHERE feed = 'met-cad'")
    assert after == heard, "what is replayed says nothing of how its feed is now"


async def test_it_is_shown_to_whom_the_audit_names_and_the_list_shows_nothing_of_it(
    pool: asyncpg.Pool, postgres_dsn: str
) -> None:
    await rejected(pool, Record("feed.met-cad", 0, 1, b'{"name": "Zofia Nowak"', ()))
    listed = (await run(postgres_dsn, "list")).output
    assert "Nowak" not in listed
    number = listed.splitlines()[1].split("\t")[0]
    assert "Nowak" in (await run(postgres_dsn, "show", number, "--by", "boss")).output
    audit = await pool.fetch("SELECT action, actor FROM audit")
    assert [tuple(each) for each in audit] == [("quarantine.show", "boss")]
    assert (await run(postgres_dsn, "show", "99")).exit_code == 1


async def test_only_what_is_named_is_discarded_and_it_is_kept(
    pool: asyncpg.Pool, postgres_dsn: str
) -> None:
    await rejected(pool, Record("feed.met-cad", 0, 1, b"no json", ()))
    assert (await run(postgres_dsn, "discard")).exit_code == 2, "never all by a slip"
    code = await pool.fetchval('SELECT code FROM rejection WHERE "offset" = 1')
    assert (await run(postgres_dsn, "discard", "--code", code)).output == "1 discarded\n"
    since = (NOW + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (await run(postgres_dsn, "list", "--since", since)).output == "nothing waits\n"
    assert len((await run(postgres_dsn, "list")).output.splitlines()) == 1
    assert await pool.fetchval("SELECT count(*) FROM rejection") == 2
