"""Where somebody is signed in: they see it and end it, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from click.testing import CliRunner

from services.command_line import main
from services.ledger.operators.roles import Grant
from services.runtime.clock import SystemClock
from services.runtime.postgres import create_pool
from tests.integration.console_client import signed_in

NOW = datetime(2026, 11, 23, 14, 24, tzinfo=UTC)
DESK = Grant("operator", "las", "las-mental-health")


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn)
    yield made
    await made.close()


async def hashes(pool: asyncpg.Pool, name: str) -> list[str]:
    rows = await pool.fetch(
        "SELECT session_hash FROM operator_session WHERE operator_id = $1 ORDER BY started_at",
        f"issuer {name}",
    )
    return [row["session_hash"].hex() for row in rows]


async def run(dsn: str, *arguments: str, code: int = 0) -> str:
    """The command's output, in a thread: it has a loop of its own."""
    environment = {"LIAISON_POSTGRES_DSN": dsn}
    answer = await asyncio.to_thread(CliRunner().invoke, main, arguments, env=environment)
    assert answer.exit_code == code, answer.output
    return answer.output


async def test_a_person_ends_a_session_that_was_left_open_elsewhere(
    postgres_dsn: str, pool: asyncpg.Pool
) -> None:
    async with (
        signed_in(postgres_dsn, NOW, DESK) as left_open,
        signed_in(postgres_dsn, NOW + timedelta(minutes=5), DESK) as here,
    ):
        page = (await here.get("/sessions")).text
        assert page.count('<tr><th scope="row">') == 2
        assert "This screen" in page
        assert "Locked" not in page
        assert "23 Nov 14:24" in page
        elsewhere, _ = await hashes(pool, "P1")
        answer = await here.post("/sessions/end", session=elsewhere)
        assert answer.headers["location"] == "/sessions"
        assert (await left_open.get("/desks/las-mental-health")).status_code == 401
        assert (await here.get("/desks/las-mental-health")).status_code == 200
        record = await pool.fetchrow(
            "SELECT actor, detail FROM audit WHERE action = 'session.ended'"
        )
    assert record is not None
    assert (record["actor"], record["detail"]) == ("P1", {"reason": "ended by its person"})


async def test_a_screen_that_nobody_touched_is_shown_as_locked(postgres_dsn: str) -> None:
    async with (
        signed_in(postgres_dsn, NOW, DESK),
        signed_in(postgres_dsn, NOW + timedelta(minutes=30), DESK) as here,
    ):
        assert "Locked" in (await here.get("/sessions")).text


async def test_nobody_sees_or_ends_the_session_of_another(
    postgres_dsn: str, pool: asyncpg.Pool
) -> None:
    async with (
        signed_in(postgres_dsn, NOW, DESK, name="P1") as one,
        signed_in(postgres_dsn, NOW, DESK, name="P2") as other,
    ):
        (of_one,) = await hashes(pool, "P1")
        assert of_one not in (await other.get("/sessions")).text
        for made_up in (of_one, "00" * 32, "no hash"):
            assert (await other.post("/sessions/end", session=made_up)).status_code == 404
        assert (await one.get("/desks/las-mental-health")).status_code == 200


async def test_an_administrator_ends_all_sessions_of_somebody(postgres_dsn: str) -> None:
    now = SystemClock().now()
    async with (
        signed_in(postgres_dsn, now, DESK, name="P1") as one,
        signed_in(postgres_dsn, now, DESK, name="P2") as other,
    ):
        listed = await run(postgres_dsn, "sessions", "list")
        assert {line.split("\t")[0] for line in listed.splitlines()} == {"P1", "P2"}
        assert "1 sessions of P1 ended" in await run(postgres_dsn, "sessions", "end", "P1")
        assert (await one.get("/desks/las-mental-health")).status_code == 401
        assert (await other.get("/desks/las-mental-health")).status_code == 200
        assert "0 sessions of P1 ended" in await run(postgres_dsn, "sessions", "end", "P1")
        assert "people are known as nobody" in await run(
            postgres_dsn, "sessions", "end", "nobody", code=1
        )
