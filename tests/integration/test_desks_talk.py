"""Desks talk on the page of a crisis, by forms without script; who may, who has seen it, what leaves."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from uuid import uuid4

import pytest

from services.ledger.operators.roles import Grant
from services.runtime.postgres import create_pool
from tests.integration.console_client import SignedIn, signed_in
from tests.played_ledger import PlayedLedger

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
LAS, SLAM, OXLEAS = "las-mental-health", "slam-crisis", "oxleas-crisis"
WORDS = "Crew held at the corner until you say <go>"


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    pool = await create_pool(postgres_dsn, max_size=4)
    played = PlayedLedger(pool)
    await played.play("the-story")
    yield played
    await pool.close()


async def crisis_page(ledger: PlayedLedger, desk: str) -> str:
    crisis = await ledger.pool.fetchval(
        "SELECT crisis_id FROM incident WHERE reference = 'CAD-4177'"
    )
    return f"/desks/{desk}/crises/{crisis}"


async def key_of(person: SignedIn, page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', (await person.get(page)).text)
    assert found is not None
    return found.group(1)


async def said(ledger: PlayedLedger, postgres_dsn: str, words: str = WORDS) -> None:
    async with signed_in(postgres_dsn, NOW, Grant("operator", "las", LAS)) as person:
        page = await crisis_page(ledger, LAS)
        key = await key_of(person, page)
        # pressed twice
        for _ in range(2):
            answer = await person.post(f"{page}/messages", key=key, words=words)
            assert (answer.status_code, answer.headers["location"]) == (303, f"{page}#talk")


async def test_what_one_desk_says_another_reads_and_the_first_sees_that_it_was_seen(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    await said(ledger, postgres_dsn)
    async with signed_in(
        postgres_dsn, NOW, Grant("operator", "slam", SLAM), name="P2"
    ) as colleague:
        page = await crisis_page(ledger, SLAM)
        # a page that renews itself says nothing of anybody who sits there
        renewed = await colleague.get(f"{page}/renewed")
        assert await ledger.pool.fetchval("SELECT count(*) FROM desk_message_view") == 0
        first = unescape((await colleague.get(page)).text)
        again = unescape((await colleague.get(page)).text)
    assert WORDS in unescape(renewed.text)
    assert "&lt;go&gt;" in renewed.text
    assert WORDS in first
    assert "new here" in first
    assert WORDS in again
    assert "new here" not in again
    rows = await ledger.pool.fetch("SELECT desk, actor FROM desk_message_view")
    assert [tuple(row) for row in rows] == [(SLAM, f"P2@{SLAM}")]
    async with signed_in(postgres_dsn, NOW, Grant("operator", "las", LAS)) as person:
        back = unescape((await person.get(await crisis_page(ledger, LAS))).text)
    assert re.search(r"Seen by\s+South London[^<]*15:00", re.sub(r"<[^>]+>", "", back))


async def test_it_is_kept_once_and_audited_without_its_words_and_nothing_of_it_leaves(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    before = await ledger.pool.fetchval("SELECT count(*) FROM outbox WHERE topic LIKE 'alerts.%'")
    await said(ledger, postgres_dsn)
    rows = await ledger.pool.fetch("SELECT desk, actor, words FROM desk_message")
    assert [tuple(row) for row in rows] == [(LAS, f"P1@{LAS}", WORDS)]
    audit = await ledger.pool.fetchrow(
        "SELECT actor, detail FROM audit WHERE action = 'message.sent'"
    )
    assert audit is not None
    assert audit["actor"] == f"P1@{LAS}"
    assert SLAM in audit["detail"]["told"]
    assert WORDS not in str(audit["detail"])
    bodies = [
        bytes(row["body"]).decode()
        for row in await ledger.pool.fetch("SELECT body FROM outbox WHERE topic LIKE 'alerts.%'")
    ]
    waits = [body for body in bodies if '"message-waits"' in body]
    assert len(waits) == len(bodies) - before == len(audit["detail"]["told"])
    assert not [body for body in bodies if "corner" in body or f"P1@{LAS}" in body]
    logged = await ledger.pool.fetch(
        "SELECT DISTINCT actor, reason FROM alert_log WHERE transition = 'message-waits'"
    )
    assert [tuple(row) for row in logged] == [(LAS, None)]


async def test_a_desk_that_was_not_told_neither_reads_nor_writes(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    await said(ledger, postgres_dsn)
    async with signed_in(postgres_dsn, NOW, Grant("operator", "oxleas", OXLEAS)) as stranger:
        page = await crisis_page(ledger, OXLEAS)
        assert (await stranger.get(page)).status_code == 404
        answer = await stranger.post(f"{page}/messages", key=str(uuid4()), words="hello")
    assert answer.status_code == 404
    assert await ledger.pool.fetchval("SELECT count(*) FROM desk_message") == 1
    assert await ledger.pool.fetchval("SELECT count(*) FROM desk_message_view") == 0


async def test_what_is_no_message_comes_back_with_what_was_typed(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, NOW, Grant("operator", "las", LAS)) as person:
        page = await crisis_page(ledger, LAS)
        long = await person.post(f"{page}/messages", key=str(uuid4()), words="é" * 301)
        steered = await person.post(f"{page}/messages", key=str(uuid4()), words="turn\u202eed")
        forged = await person.client.post(
            f"{page}/messages", data={"key": str(uuid4()), "words": "hello"}
        )
        lines = await person.post(f"{page}/messages", key=str(uuid4()), words="one\r\ntwo")
    assert (long.status_code, steered.status_code, forged.status_code) == (422, 422, 403)
    assert "300 characters at the most" in long.text
    assert "é" * 301 in long.text
    assert "control character" in steered.text
    assert lines.status_code == 303
    assert await ledger.pool.fetchval("SELECT words FROM desk_message") == "one two"


async def test_the_page_is_another_once_a_message_or_somebody_elses_view_is_there(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, NOW, Grant("operator", "las", LAS)) as person:
        page = await crisis_page(ledger, LAS)

        async def mark() -> str:
            return str((await person.get(f"{page}/mark")).json()["mark"])

        quiet = await mark()
        await said(ledger, postgres_dsn)
        written = await mark()
        await person.get(page)
        own_view = await mark()
        async with signed_in(
            postgres_dsn, NOW, Grant("operator", "slam", SLAM), name="P2"
        ) as colleague:
            await colleague.get(await crisis_page(ledger, SLAM))
        seen = await mark()
    assert quiet != written == own_view != seen
