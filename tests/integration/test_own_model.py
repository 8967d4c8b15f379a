"""An agency's own model decides in the stream and is what the console shows; the shipped one decides without it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from html import unescape
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from services.identity.model import ModelError, load_model, shipped
from services.ledger.operators.roles import Grant
from services.runtime.postgres import create_pool
from tests.integration.console_client import signed_in
from tests.integration.test_blind_sample import PLACED, call
from tests.integration.test_console_review import DESK, HERS, at
from tests.played_ledger import PlayedLedger


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    database = await create_pool(postgres_dsn, max_size=4)
    yield database
    await database.close()


@pytest.fixture
def careful(tmp_path: Path) -> Path:
    """The shipped weights, and a threshold that next to nobody reaches."""
    document = json.loads(
        files("services.identity").joinpath("model.json").read_text(encoding="utf-8")
    )
    file = tmp_path / "model.json"
    file.write_text(json.dumps(document | {"version": "careful-1", "attach": 60}))
    return file


async def decided(pool: asyncpg.Pool) -> tuple[str, str]:
    row = await pool.fetchrow(
        "SELECT outcome, matcher_version FROM identity_decision WHERE superseded_at IS NULL"
    )
    assert row is not None
    return row["outcome"], row["matcher_version"]


async def played(pool: asyncpg.Pool, model: Path | None) -> None:
    ledger = PlayedLedger(pool, load_model(model))
    await ledger.say(
        "slam-ehr", "person.registered", {"local_person": "p-1", "person": HERS}, at(0)
    )
    await call(ledger, "CAD-1", PLACED)


async def test_without_one_the_shipped_model_attaches(pool: asyncpg.Pool) -> None:
    await played(pool, None)
    assert await decided(pool) == ("attached", shipped().version)


async def test_the_own_model_decides_and_the_console_compares_by_it(
    pool: asyncpg.Pool, careful: Path, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await played(pool, careful)
    assert await decided(pool) == ("possible", "careful-1")
    monkeypatch.setenv("LIAISON_IDENTITY_MODEL_PATH", str(careful))
    number = await pool.fetchval(
        "SELECT decision_id FROM identity_decision WHERE superseded_at IS NULL"
    )
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "slam")) as reviewer:
        page = unescape((await reviewer.get(f"{DESK}/review/{number}")).text)
    assert "careful-1" in page
    assert "From +60.0 bits" in page


def test_a_file_that_is_no_model_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.json cannot be read: No such file"):
        load_model(tmp_path / "nothing.json")
    (tmp_path / "half.json").write_text('{"version": "x", "clamp": [-12, 24]}')
    with pytest.raises(ModelError, match=r"half\.json: the model lacks"):
        load_model(tmp_path / "half.json")
