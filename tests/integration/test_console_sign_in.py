"""Sign-in at a real OpenID Connect provider on the loopback: code flow with PKCE, `acr`, roles, logout."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal

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


@asynccontextmanager
async def console(
    postgres_dsn: str, oidc: Provider, environment: Literal["live", "test"], address: str
) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        environment=environment,
        postgres_dsn=postgres_dsn,
        console_secret="of the tests",
        oidc_issuer=oidc.url,
        oidc_client_id=CLIENT,
        oidc_client_secret="secret",
        oidc_acr="AAL3",
        console_url=address,
    )
    app = create_app(settings, DESKS, SystemClock())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=address) as made,
    ):
        yield made


@pytest.fixture
async def client(postgres_dsn: str, oidc: Provider) -> AsyncIterator[httpx.AsyncClient]:
    async with console(postgres_dsn, oidc, "test", "http://console") as made:
        yield made


async def sign_in(
    client: httpx.AsyncClient,
    oidc: Provider,
    sub: str = "P1",
    desk: str = "las",
    again: str = "false",
    **claims: Any,
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
        begun = await client.get("/sign-in/provider", params={"desk": desk, "again": again})
        assert begun.status_code == 302, begun.text
        await outside.get(begun.headers["location"])
        back = await outside.post(begun.headers["location"], data={"sub": sub})
    return await client.get(back.headers["location"])


async def lock(client: httpx.AsyncClient) -> None:
    answer = await client.post("/desks/las/lock", data={"csrf": await csrf(client)})
    assert answer.headers["location"] == "/desks/las/locked"


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


def an_hour_ago() -> int:
    return int((SystemClock().now() - timedelta(hours=1)).timestamp())


def just_now() -> int:
    return int(SystemClock().now().timestamp())


@pytest.mark.parametrize("keeps_its_cookie", [True, False])
async def test_a_locked_screen_is_not_opened_by_the_plain_sign_in_link(
    client: httpx.AsyncClient, oidc: Provider, keeps_its_cookie: bool
) -> None:
    await sign_in(client, oidc, auth_time=an_hour_ago())
    await lock(client)
    if not keeps_its_cookie:
        client.cookies.clear()
    # the provider remembers the browser and asks nobody anything
    answer = await sign_in(client, oidc, auth_time=an_hour_ago())
    assert answer.headers["location"] == "/sign-in/provider?desk=las&again=True"
    assert (await client.get("/desks/las")).status_code in {303, 401}


async def test_shown_again_at_the_provider_it_is_opened(
    client: httpx.AsyncClient, oidc: Provider
) -> None:
    await sign_in(client, oidc, auth_time=an_hour_ago())
    await lock(client)
    answer = await sign_in(client, oidc, again="true", auth_time=just_now())
    assert answer.headers["location"] == "/desks/las"
    assert oidc.asked[-1]["prompt"] == "login"
    assert oidc.asked[-1]["max_age"] == "0"
    assert (await client.get("/desks/las")).status_code == 200


async def test_a_provider_that_was_asked_again_and_did_not_look_lets_nobody_in(
    client: httpx.AsyncClient, oidc: Provider
) -> None:
    await sign_in(client, oidc, auth_time=an_hour_ago())
    await lock(client)
    answer = await sign_in(client, oidc, again="true", auth_time=an_hour_ago())
    assert answer.status_code == 403
    assert "did not see you since" in answer.text
    assert (await client.get("/desks/las")).status_code == 303


async def test_where_no_screen_is_locked_the_provider_may_remember_who_signed_in(
    client: httpx.AsyncClient, oidc: Provider
) -> None:
    await sign_in(client, oidc, auth_time=an_hour_ago())
    answer = await sign_in(client, oidc, auth_time=an_hour_ago())
    assert answer.headers["location"] == "/desks/las"


async def test_in_live_every_cookie_is_of_this_host_alone_and_over_tls(
    postgres_dsn: str, oidc: Provider
) -> None:
    async with console(postgres_dsn, oidc, "live", "https://console") as client:
        # whatever Host a browser sends, the provider is told the address of the settings
        begun = await client.get("/sign-in/provider", headers={"host": "elsewhere"})
        assert "redirect_uri=https%3A%2F%2Fconsole%2Fsign-in" in begun.headers["location"]
        answer = await sign_in(client, oidc)
        cookies = [*begun.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert {cookie.split("=")[0] for cookie in cookies} == {
        "__Host-liaison_session",
        "__Host-liaison_sign_in",
    }
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_signing_out_has_the_browser_forget_the_pages(
    client: httpx.AsyncClient, oidc: Provider
) -> None:
    await sign_in(client, oidc)
    answer = await client.post("/sign-out", data={"csrf": await csrf(client)})
    assert answer.headers["clear-site-data"] == '"cache"'


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
        console_url="http://console",
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
