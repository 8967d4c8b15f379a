"""Every way into the console is behind a door: a table over all routes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from services.console.access import sessions
from services.console.access.doors import AgencyDoor, AnybodyDoor, DeskDoor, Door
from services.console.access.rights import PERMISSIONS
from services.console.app import create_app
from services.console.live.stream import Watcher, events
from services.console.view.desks import Desk, Desks
from services.ledger.operators.grants import set_grants
from services.ledger.operators.roles import ROLES, Grant, Role
from services.ledger.operators.sessions import end_session
from services.runtime.clock import ManualClock
from services.runtime.postgres import create_pool
from services.runtime.settings import Settings
from tests import patience

NOW = datetime(2026, 11, 23, 14, 24, tzinfo=UTC)
DESKS = Desks.of(
    [
        Desk("las", "Desk", "las", "LAS", "ambulance-control"),
        Desk("slam", "Crisis", "slam", "SLaM", "mental-health-crisis"),
    ]
)
PUBLIC = {
    ("GET", "/"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/provider"),
    ("GET", "/sign-in/callback"),
    ("POST", "/sign-out/provider"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    # leads on to a door, and says nothing of what is behind it
    ("GET", "/desks/{desk}/episodes/{rest:path}"),
    ("POST", "/desks/{desk}/episodes/{rest:path}"),
}
LOCKED_TOO = {
    ("GET", "/desks/{desk}/pulse"),
    ("GET", "/desks/{desk}/locked"),
    ("GET", "/desks/{desk}/wall"),
    ("POST", "/desks/{desk}/unlock"),
}


def application(dsn: str, clock: ManualClock) -> FastAPI:
    return create_app(
        Settings(environment="test", postgres_dsn=dsn, console_secret="of the tests"), DESKS, clock
    )


def every_route(of: Any) -> Iterator[Any]:
    """Also those of routers that are included."""
    for route in of.routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from every_route(inner)


def routes() -> Iterator[tuple[str, str, Any]]:
    for route in every_route(application("postgresql://nowhere", ManualClock(NOW))):
        if isinstance(route, APIRoute):
            doors = [
                d.call
                for d in route.dependant.dependencies
                if isinstance(d.call, Door | AnybodyDoor)
            ]
            assert len(doors) == 1, f"{route.path} stands behind {len(doors)} doors"
            for method in route.methods or ():
                yield method, route.path, doors[0]
        else:
            assert getattr(route, "path", "") == "/static", (
                f"{route} is no route that a door can guard"
            )


ROUTES = sorted(routes(), key=lambda r: (r[1], r[0]))
CLOSED = [
    (method, path, door) for method, path, door in ROUTES if not isinstance(door, AnybodyDoor)
]


def named(routes: list[tuple[str, str, Any]]) -> list[str]:
    """Ids of the cases."""
    return [f"{method} {path}" for method, path, _ in routes]


def filled(path: str, desk: str = "las") -> str:
    at = path.replace("{desk}", desk).replace("{agency}", desk).replace("{command}", "acknowledge")
    return (
        at.replace("{incident_agency}", "met")
        .replace("{incident}", "CAD-1")
        .replace("{", "")
        .replace("}", "")
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn)
    yield made
    await made.close()


@pytest.fixture
async def app(postgres_dsn: str, clock: ManualClock) -> AsyncIterator[FastAPI]:
    made = application(postgres_dsn, clock)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as made:
        yield made


async def signed_in(
    pool: asyncpg.Pool, client: httpx.AsyncClient, *grants: Grant, at: datetime = NOW
) -> str:
    """A session with these grants; returns its CSRF token."""
    async with pool.acquire() as connection, connection.transaction():
        cookie = await sessions.start(connection, "issuer P1", "P1", "Adaeze Okoro", at)
        await set_grants(connection, "issuer P1", grants, "administrator", "test", at)
    client.cookies.set("liaison_session", cookie)
    found = await sessions.load(pool, sessions.hash_of(cookie), at)
    assert found is not None
    return found.csrf


OF_AN_AGENCY = [r for r in CLOSED if isinstance(r[2], DeskDoor | AgencyDoor)]
FOR_A_ROLE = [r for r in CLOSED if r[2].permission is not None]
CHANGING = [r for r in CLOSED if r[0] != "GET"]
SHUT_WHEN_LOCKED = [r for r in CLOSED if (r[0], r[1]) not in LOCKED_TOO]


def test_no_table_of_routes_is_empty() -> None:
    assert all((OF_AN_AGENCY, FOR_A_ROLE, CHANGING, SHUT_WHEN_LOCKED))


def test_what_is_open_to_everybody_is_a_list_that_somebody_looked_at() -> None:
    assert {(m, p) for m, p, door in ROUTES if isinstance(door, AnybodyDoor)} == PUBLIC


def test_what_a_locked_session_may_do_is_a_list_that_somebody_looked_at() -> None:
    assert {(m, p) for m, p, door in CLOSED if door._locked} == LOCKED_TOO


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("/desks/las/episodes/4d0e", "/desks/las/crises/4d0e"),
        ("/desks/las/episodes/4d0e/chronology.pdf", "/desks/las/crises/4d0e/chronology.pdf"),
        ("/desks/las/episodes/4d0e/incidents?x=1", "/desks/las/crises/4d0e/incidents?x=1"),
        ("/desks/las/episodes//elsewhere.org", "/desks/las/crises//elsewhere.org"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_address_of_before_leads_to_the_crisis_for_ever(
    client: httpx.AsyncClient, method: str, former: str, now: str
) -> None:
    answer = await client.request(method, former)
    assert (answer.status_code, answer.headers["location"]) == (308, now)
    assert (await client.request(method, now)).status_code in {401, 404, 405}, "and to its door"


@pytest.mark.parametrize(("method", "path", "door"), CLOSED, ids=named(CLOSED))
async def test_nobody_comes_in_without_a_session(
    client: httpx.AsyncClient, method: str, path: str, door: Any
) -> None:
    assert (await client.request(method, filled(path))).status_code == 401
    client.cookies.set("liaison_session", "made up")
    assert (await client.request(method, filled(path))).status_code == 401


@pytest.mark.parametrize(("method", "path", "door"), OF_AN_AGENCY, ids=named(OF_AN_AGENCY))
async def test_every_role_of_another_agency_comes_in_nowhere(
    client: httpx.AsyncClient, pool: asyncpg.Pool, method: str, path: str, door: Any
) -> None:
    csrf = await signed_in(pool, client, *(Grant(role, "slam") for role in ROLES))
    answer = await client.request(method, filled(path), headers={"X-CSRF-Token": csrf})
    assert answer.status_code == 403
    tried = await pool.fetchrow("SELECT actor, subject FROM audit WHERE action = 'access.refused'")
    assert tried is not None
    assert tuple(tried) == ("P1", "las")


@pytest.mark.parametrize(("method", "path", "door"), FOR_A_ROLE, ids=named(FOR_A_ROLE))
async def test_a_role_that_does_not_include_it_is_refused(
    client: httpx.AsyncClient, pool: asyncpg.Pool, method: str, path: str, door: Any
) -> None:
    lacking: list[Role] = [role for role in ROLES if door.permission not in PERMISSIONS[role]]
    csrf = await signed_in(pool, client, *(Grant(role, "las") for role in lacking))
    assert (
        await client.request(method, filled(path), headers={"X-CSRF-Token": csrf})
    ).status_code == 403


@pytest.mark.parametrize(("method", "path", "door"), CHANGING, ids=named(CHANGING))
async def test_nothing_is_changed_by_a_form_that_is_not_ours(
    client: httpx.AsyncClient, pool: asyncpg.Pool, method: str, path: str, door: Any
) -> None:
    await signed_in(pool, client, *(Grant(role, "las") for role in ROLES))
    before = await pool.fetchval("SELECT count(*) FROM audit")
    assert (await client.request(method, filled(path), data={"csrf": "forged"})).status_code == 403
    assert await pool.fetchval("SELECT count(*) FROM audit") == before
    assert (
        await client.request(method, filled(path), headers={"Sec-Fetch-Site": "cross-site"})
    ).status_code == 403


@pytest.mark.parametrize(("method", "path", "door"), SHUT_WHEN_LOCKED, ids=named(SHUT_WHEN_LOCKED))
async def test_a_locked_session_shows_nothing(
    client: httpx.AsyncClient,
    pool: asyncpg.Pool,
    clock: ManualClock,
    method: str,
    path: str,
    door: Any,
) -> None:
    csrf = await signed_in(pool, client, *(Grant(role, "las") for role in ROLES))
    clock.advance(sessions.IDLE + timedelta(seconds=1))
    answer = await client.request(
        method, filled(path), headers={"X-CSRF-Token": csrf, "Accept": "text/html"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] in {"/desks/las/locked", "/"}


async def test_a_session_ends_with_the_shift(
    client: httpx.AsyncClient, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    await signed_in(pool, client, Grant("operator", "las"))
    for _ in range(26):
        assert (await client.get("/desks/las/preferences")).status_code in {200, 401}
        clock.advance(sessions.IDLE - timedelta(minutes=1))
    assert (await client.get("/desks/las/preferences")).status_code == 401


async def test_a_role_that_is_taken_away_counts_at_once(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    await signed_in(pool, client, Grant("operator", "las"))
    assert (await client.get("/desks/las")).status_code == 200
    async with pool.acquire() as connection, connection.transaction():
        await set_grants(connection, "issuer P1", [], "administrator", "test", NOW)
    assert (await client.get("/desks/las")).status_code == 403


@pytest.mark.parametrize("taken", ["grant", "session", "lock"])
async def test_an_open_stream_ends_within_a_second_when_a_right_is_taken(
    app: FastAPI, client: httpx.AsyncClient, pool: asyncpg.Pool, clock: ManualClock, taken: str
) -> None:
    import asyncio

    await signed_in(pool, client, Grant("operator", "las"))
    session = sessions.hash_of(client.cookies["liaison_session"])
    operator = await sessions.load(pool, session, NOW)
    assert operator is not None

    async def still() -> str | None:
        found = await sessions.load(pool, session, clock.now())
        if found is None:
            return "ended"
        return (
            "locked"
            if found.locked_at
            else None
            if found.may("see", DESKS.desks["las"])
            else "refused"
        )

    from services.console.view.list_filter import ListFilter

    watcher = Watcher("las", ListFilter("P1@las"), "", still, lambda _: [], lambda _: "")
    stream = events(app.state.hub, pool, watcher, 0, clock)
    said = [await anext(stream) for _ in range(3)]
    assert b"heartbeat" in said[-1]
    async with pool.acquire() as connection, connection.transaction():
        if taken == "grant":
            await set_grants(connection, "issuer P1", [], "administrator", "test", NOW)
        elif taken == "session":
            await end_session(connection, session, "test", NOW)
        else:
            await sessions.lock(connection, operator, NOW)
    last = await asyncio.wait_for(anext(stream), patience.SECONDS)
    why = json.loads(last.decode().split("data: ")[1])["why"]
    assert why == {"grant": "refused", "session": "ended", "lock": "locked"}[taken]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_an_alert_of_another_desk_is_unknown_here_and_says_nothing(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    await signed_in(pool, client, Grant("operator", "las"))
    answer = await client.get(f"/desks/las/alerts/{uuid4()}")
    assert answer.status_code == 404
    assert "This desk has no such alert" in answer.text
