"""`liaison grants`: an administrator gives and takes roles, and it counts at once and is in the audit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from click.testing import CliRunner, Result

from services.command_line import main
from services.ledger.operators.roles import Grant
from services.runtime.postgres import create_pool
from tests.integration.console_client import SignedIn, signed_in

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    database = await create_pool(postgres_dsn, max_size=2)
    yield database
    await database.close()


@pytest.fixture
async def person(postgres_dsn: str) -> AsyncIterator[SignedIn]:
    async with signed_in(postgres_dsn, NOW, Grant("operator", "slam")) as client:
        yield client


async def run(dsn: str, *arguments: str) -> Result:
    """The command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(
        CliRunner().invoke,
        main,
        ["grants", *arguments],
        env={"LIAISON_POSTGRES_DSN": dsn, "LIAISON_ENVIRONMENT": "test"},
    )


async def test_a_role_that_is_given_counts_at_once_and_taken_it_is_gone(
    postgres_dsn: str, pool: asyncpg.Pool, person: SignedIn
) -> None:
    assert (await person.get("/desks/slam-crisis/review")).status_code == 403
    result = await run(postgres_dsn, "give", "P1", "reviewer@slam-crisis", "--by", "boss")
    assert result.exit_code == 0, result.output
    assert (await person.get("/desks/slam-crisis/review")).status_code == 200
    assert (
        "P1\treviewer@slam-crisis\tadministrator, by boss"
        in (await run(postgres_dsn, "list")).output
    )
    assert (
        "had reviewer@slam-crisis already"
        in (await run(postgres_dsn, "give", "P1", "reviewer@slam-crisis")).output
    )
    assert (
        await run(postgres_dsn, "take", "P1", "reviewer@slam-crisis", "--by", "boss")
    ).exit_code == 0
    assert (await person.get("/desks/slam-crisis/review")).status_code == 403
    assert "taken away" in (await run(postgres_dsn, "list", "--all")).output
    actions = [
        row["action"]
        for row in await pool.fetch(
            "SELECT action FROM audit WHERE actor = 'boss' ORDER BY audit_id"
        )
    ]
    assert actions == ["grant.given", "grant.taken"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("give", "P1", "boss@slam-crisis"), 2, "write ROLE@DESK or ROLE@AGENCY"),
        (("give", "P1", "reviewer@nowhere"), 2, "a desk or an agency of the registry"),
        (("give", "P7", "reviewer@slam-crisis"), 1, "let the person sign in once"),
        (("take", "P1", "supervisor@slam"), 1, "does not hold supervisor@slam"),
    ],
)
async def test_what_cannot_be_given_or_taken_is_said_with_the_remedy(
    postgres_dsn: str, person: SignedIn, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    answer = await run(postgres_dsn, *arguments)
    assert answer.exit_code == code
    assert sentence in answer.output
