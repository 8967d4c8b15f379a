"""Sign-in at a real OpenID Connect provider on the loopback: code flow with PKCE, `acr`, roles, logout."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from services.console.app import create_app
from services.console.view.desks import Desk, Desks
from services.runtime.clock import SystemClock
from services.runtime.postgres import create_pool
from services.runtime.settings import Settings
from tests.oidc_provider import CLIENT, Provider, provider

DESKS = Desks.of([Desk("las", "Desk", "las", "LAS"), Desk("slam", "Crisis", "slam", "SLaM")])


@pytest.fixture(scope="module")
def oidc() -> Iterator[Provider]:
    with provider() as made:
        yield made


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn)
    yield made
    await made.close()


@pytest.fixture
async def client(postgres_dsn: str, oidc: Provider) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        environment="test",
        postgres_dsn=postgres_dsn,
        console_secret="of the tests",
        oidc_issuer=oidc.url,
        oidc_client_id=CLIENT,
        oidc_client_secret="secret",
        oidc_acr="AAL3",
        console_url="http://console",
    )
    app = create_app(settings, DESKS, SystemClock())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://console") as made,
    ):
        yield made


async def sign_in(
    client: httpx.AsyncClient, oidc: Provider, sub: str = "P1", desk: str = "las", **claims: Any
) -> httpx.Response:
    """From the sign-in page to the provider, and back."""
    said = {
        "name": "Adaeze Okoro",
        "preferred_username": "p1.okoro",
        "acr": "AAL3",
        "sid": f"s-{sub}",
        "liaison_roles": ["operator@las"],
        **claims,
    }
    async with httpx.AsyncClient() as outside:
        (
            await outside.put(
                f"{oidc.url}/users/{sub}", json={k: v for k, v in said.items() if v is not None}
            )
        ).raise_for_status()
        begun = await client.get("/sign-in/provider", params={"desk": desk})
        assert begun.status_code == 302, begun.text
        await outside.get(begun.headers["location"])
        back = await outside.post(begun.headers["location"], data={"sub": sub})
    return await client.get(back.headers["location"])


async def csrf(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/")).text)
    assert found is not None
    return found[1]


async def test_a_person_signs_in_with_pkce_and_has_the_roles_that_the_provider_states(
    client: httpx.AsyncClient, oidc: Provider, pool: asyncpg.Pool
) -> None:
    verified = oidc.verified
    answer = await sign_in(client, oidc)
    assert answer.headers["location"] == "/desks/las"
    assert oidc.verified == verified + 1
    assert oidc.asked[-1]["acr_values"] == "AAL3"
    assert {"state", "nonce", "code_challenge"} <= oidc.asked[-1].keys()
    assert "Adaeze Okoro" in (await client.get("/desks/las")).text
    assert (await client.get("/desks/slam")).status_code == 403
    row = await pool.fetchrow("SELECT acr, provider_session FROM operator_session")
    assert row is not None
    assert tuple(row) == ("AAL3", "s-P1")
    assert await pool.fetchval("SELECT handle FROM operator") == "p1.okoro"


async def test_a_role_that_the_provider_no_longer_states_is_gone_at_the_next_sign_in(
    client: httpx.AsyncClient, oidc: Provider
) -> None:
    await sign_in(client, oidc)
    await sign_in(client, oidc, liaison_roles=["supervisor@slam", "king@las"])
    assert (await client.get("/desks/las")).status_code == 403
    assert (await client.get("/desks/slam")).status_code == 200


async def test_a_sign_in_that_is_not_strong_enough_is_refused(
    client: httpx.AsyncClient, oidc: Provider, pool: asyncpg.Pool
) -> None:
    for acr in ("AAL2", None):
        answer = await sign_in(client, oidc, acr=acr)
        assert answer.status_code == 403
        assert "not strong enough" in answer.text
    assert await pool.fetchval("SELECT count(*) FROM operator_session") == 0


async def test_an_answer_that_nobody_asked_for_signs_nobody_in(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    answer = await client.get("/sign-in/callback", params={"code": "stolen", "state": "made up"})
    assert answer.status_code == 403
    assert "Begin again" in answer.text
    assert await pool.fetchval("SELECT count(*) FROM operator_session") == 0


async def test_signing_out_ends_the_session_and_not_only_the_cookie(
    client: httpx.AsyncClient, oidc: Provider
) -> None:
    await sign_in(client, oidc)
    kept = client.cookies["liaison_session"]
    assert (await client.post("/sign-out", data={"csrf": await csrf(client)})).status_code == 303
    client.cookies.set("liaison_session", kept)
    assert (await client.get("/desks/las")).status_code == 401


async def test_the_provider_ends_a_session_over_the_back_channel(
    client: httpx.AsyncClient, oidc: Provider
) -> None:
    await sign_in(client, oidc)
    other = oidc.logout_token(sid="s-somebody-else")
    assert (
        await client.post("/sign-out/provider", data={"logout_token": other})
    ).status_code == 200
    assert (await client.get("/desks/las")).status_code == 200
    token = oidc.logout_token(sid="s-P1")
    assert (
        await client.post("/sign-out/provider", data={"logout_token": token})
    ).status_code == 200
    assert (await client.get("/desks/las")).status_code == 401
    assert (
        await client.post("/sign-out/provider", data={"logout_token": token})
    ).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "http://elsewhere"},
        {"aud": "another"},
        {"events": {}},
        {"nonce": "x"},
        {"jti": None},
        {"iat": 1},
        {"sid": None},
    ],
    ids=str,
)
async def test_a_logout_token_that_is_not_right_ends_nothing(
    client: httpx.AsyncClient, oidc: Provider, change: dict[str, Any]
) -> None:
    await sign_in(client, oidc)
    token = oidc.logout_token(**{"sid": "s-P1", **change})
    assert (
        await client.post("/sign-out/provider", data={"logout_token": token})
    ).status_code == 400
    assert (
        await client.post("/sign-out/provider", data={"logout_token": token + "x"})
    ).status_code == 400
    assert (await client.get("/desks/las")).status_code == 200


async def test_a_provider_that_is_away_is_said_with_what_to_do(postgres_dsn: str) -> None:
    settings = Settings(
        environment="live",
        postgres_dsn=postgres_dsn,
        console_secret="of the tests",
        oidc_issuer="http://localhost:9",
        oidc_client_id=CLIENT,
    )
    app = create_app(settings, DESKS, SystemClock())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://console") as client,
    ):
        answer = await client.get("/sign-in/provider")
    assert answer.status_code == 503
    assert "identity provider does not answer" in answer.text
