"""A console over a ledger, and somebody who is signed in at it, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import httpx

from services.console.access import sessions
from services.console.app import create_app
from services.console.view.desks import desks_of
from services.ledger.operators.grants import set_grants
from services.ledger.operators.roles import Grant
from services.runtime.clock import ManualClock
from services.runtime.settings import Settings
from tests.ledger_roles import as_role
from tests.own_registry import own_registry


class SignedIn:
    """A browser without scripts: pages, and forms with their CSRF token."""

    def __init__(self, client: httpx.AsyncClient, csrf: str, clock: ManualClock) -> None:
        self.client, self.csrf, self.clock = client, csrf, clock

    async def get(self, path: str) -> httpx.Response:
        """A page."""
        return await self.client.get(path)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """A form; what it leads to is not followed."""
        return await self.client.post(path, data={"csrf": self.csrf, **fields})


@asynccontextmanager
async def signed_in(
    dsn: str, now: datetime, *grants: Grant, name: str = "P1"
) -> AsyncIterator[SignedIn]:
    """A person with these grants at a console of their own on the ledger."""
    clock = ManualClock(now)
    # with the console's rights alone: what it does beyond them fails here
    settings = Settings(
        environment="test",
        postgres_dsn=await as_role(dsn, "console"),
        console_secret="of the tests",
    )
    app = create_app(settings, desks_of(own_registry()), clock)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            async with app.state.pool.acquire() as connection, connection.transaction():
                cookie = await sessions.start(
                    connection, f"issuer {name}", name, "Adaeze Okoro", now
                )
                await set_grants(connection, f"issuer {name}", grants, "administrator", "test", now)
            client.cookies.set("liaison_session", cookie)
            session = await sessions.load(app.state.pool, sessions.hash_of(cookie), now)
            assert session is not None
            yield SignedIn(client, session.csrf, clock)
