"""The console against a real ledger: who may see what, and who was first."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.console.app import create_app
from services.console.view.desks import Desk, Desks
from services.ledger.alerts.desk import alerts_changed
from services.liaison.alert import Acknowledge, AlreadyAcknowledged
from services.liaison.policy import load_policy
from services.orchestration.decisions import alert_commands as commands
from services.runtime.clock import ManualClock
from services.runtime.postgres import create_pool
from services.runtime.settings import Settings
from tests.own_registry import own_registry
from tests.worker import Worker

NOW = datetime(2026, 11, 23, 14, 24, tzinfo=UTC)
DESKS = Desks.of([Desk("las", "Desk", "las", "LAS"), Desk("slam", "Crisis", "slam", "SLaM")])


def application(
    dsn: str, environment: Any = "test", machine_clock: ManualClock | None = None
) -> FastAPI:
    settings = Settings(environment=environment, postgres_dsn=dsn, console_secret="of the tests")
    return create_app(settings, DESKS, ManualClock(NOW), machine_clock)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn)
    yield made
    await made.close()


@pytest.fixture
async def client(postgres_dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    app = application(postgres_dsn)
    async with app.router.lifespan_context(app), browser(app) as made:
        yield made


def browser(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://console", follow_redirects=True)


async def raised(pool: asyncpg.Pool, desk: str = "las") -> UUID:
    alert = uuid4()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO alert (alert_id, alert_key, rule, rule_version, zone, urgency, holds_since, raised_at, detail) "
            "VALUES ($1, $2, 'R1', 1, 'london', 1, $3, $3, $4)",
            alert,
            str(alert),
            NOW,
            {},
        )
        await connection.execute(
            "INSERT INTO alert_desk (alert_id, desk, state, view, acknowledge_by) VALUES ($1, $2, 'raised', $3, $4)",
            alert,
            desk,
            {"title": "Police on scene"},
            NOW + timedelta(minutes=5),
        )
    return alert


async def sit(client: httpx.AsyncClient, desk: str = "las", initials: str = "ab") -> str:
    page = await client.post("/sign-in", data={"desk": desk, "initials": initials})
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def test_the_second_to_acknowledge_is_told_who_was_first_and_when(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    alert = await raised(pool)
    token = await sit(client)
    url = f"/desks/las/alerts/{alert}/acknowledge"
    assert (await client.post(url, data={"csrf": token})).status_code == 200
    second = await client.post(url, data={"csrf": token})
    assert second.status_code == 409
    assert "AB acknowledged this alert at 23 Nov 2026 14:24:00" in second.text
    assert (
        await pool.fetchval("SELECT count(*) FROM alert_log WHERE transition = 'acknowledged'") == 1
    )
    assert (
        await pool.fetchval("SELECT actor FROM audit WHERE action = 'alert.acknowledged'")
        == "AB@las"
    )


async def acknowledge(pool: asyncpg.Pool, desk: str, alert: UUID, actor: str) -> commands.Done:
    worker = Worker(pool, own_registry(), load_policy())
    return await worker.command(Acknowledge(), desk=desk, alert=alert, actor=actor, now=NOW)


async def test_of_many_at_once_one_wins_and_the_sequence_has_no_gap(pool: asyncpg.Pool) -> None:
    ids = [await raised(pool) for _ in range(3)]
    done = await asyncio.gather(
        *(acknowledge(pool, "las", i, f"{n}@las") for i in ids for n in "abc"),
        return_exceptions=True,
    )
    assert sum(isinstance(d, commands.Done) for d in done) == 3
    assert sum(isinstance(d, AlreadyAcknowledged) for d in done) == 6
    assert [r[0] for r in await pool.fetch("SELECT sequence FROM alert_log ORDER BY 1")] == [
        1,
        2,
        3,
    ]


async def test_a_session_sees_its_own_desk_and_no_other(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    alert = await raised(pool, "slam")
    assert (await client.get("/desks/las")).status_code == 401
    token = await sit(client)
    for path in ("/desks/slam", "/desks/slam/stream", f"/desks/slam/alerts/{alert}"):
        assert (await client.get(path)).status_code == 403
    assert (
        await client.post(f"/desks/slam/alerts/{alert}/acknowledge", data={"csrf": token})
    ).status_code == 403
    assert (await client.get(f"/desks/las/alerts/{alert}")).status_code == 404
    assert (await client.get("/desks/nowhere")).status_code == 404
    assert (await client.get("/desks/las/alerts/no-id")).status_code == 404
    assert "Police on scene" not in (await client.get("/desks/las")).text


async def test_a_form_that_is_not_ours_changes_nothing(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    alert = await raised(pool)
    await sit(client)
    assert (
        await client.post(f"/desks/las/alerts/{alert}/acknowledge", data={"csrf": "forged"})
    ).status_code == 403
    assert await pool.fetchval("SELECT acknowledged_at FROM alert_desk") is None


async def test_pages_carry_a_strict_policy(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_sign_in_for_trying_is_refused_in_the_live_environment(postgres_dsn: str) -> None:
    app = application(postgres_dsn, "live")
    async with app.router.lifespan_context(app), browser(app) as client:
        answer = await client.post("/sign-in", data={"desk": "las", "initials": "ab"})
        assert answer.status_code == 403
        assert "LIAISON_ENVIRONMENT=try" in answer.text


async def test_a_part_of_a_desks_name_offers_the_desks_that_may_be_meant(
    client: httpx.AsyncClient,
) -> None:
    unclear = await client.post("/sign-in", data={"desk": "crisis", "initials": "ab"})
    assert unclear.status_code == 422
    assert 'type="radio" name="desk" value="slam"' in unclear.text
    assert "Choose one of these" in unclear.text
    unknown = await client.post("/sign-in", data={"desk": "xyzzy", "initials": "ab"})
    assert unknown.status_code == 422
    assert "No desk is called so" in unknown.text
    assert 'value="xyzzy"' in unknown.text


async def test_an_address_may_fill_in_desk_and_initials_of_the_sign_in_for_trying(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/", params={"desk": "las", "initials": "AB"})
    fields = dict(re.findall(r'<input id="\w+"[^>]*name="(\w+)" value="([^"]*)"', answer.text))
    assert fields == {"desk": "las", "initials": "AB"}
    opened = await client.post("/sign-in", data=fields)
    assert opened.url.path == "/desks/las"


async def test_a_ledger_that_is_away_is_said_with_what_to_do(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    await sit(client)
    await pool.execute("ALTER TABLE alert RENAME TO alert_gone")
    answer = await client.get("/desks/las")
    assert answer.status_code == 503
    assert "Use the telephone procedures" in answer.text


async def test_readiness_and_metrics(client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).json()["status"] == "ready"
    assert "liaison_console_requests_total" in (await client.get("/metrics")).text


async def test_a_machine_whose_clock_was_set_back_is_not_ready(postgres_dsn: str) -> None:
    machine_clock = ManualClock(NOW)
    app = application(postgres_dsn, machine_clock=machine_clock)
    async with app.router.lifespan_context(app), browser(app) as client:
        assert (await client.get("/readyz")).status_code == 200
        machine_clock.set(NOW - timedelta(minutes=1))
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failing"].keys() == {"clock"}


async def test_what_changed_after_a_place_comes_once_and_as_it_is_now(pool: asyncpg.Pool) -> None:
    alert = await raised(pool)
    assert await alerts_changed(pool, "las", 0) == ((), 0)
    await acknowledge(pool, "las", alert, "AB@las")
    states, newest = await alerts_changed(pool, "las", 0)
    assert [(s.alert_id, s.acknowledged_by) for s in states] == [(str(alert), "AB@las")]
    assert newest == 1
    assert json.dumps(states[0].view) == '{"title": "Police on scene"}'
    assert await alerts_changed(pool, "slam", 0) == ((), 1)
