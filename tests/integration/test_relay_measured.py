"""What waits in the outbox is measured there, also while nothing can be published."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.ledger.events.store import put_in_outbox
from services.orchestration.ledger import Message
from services.relay import app
from services.relay.app import Relay
from services.runtime import metrics
from services.runtime.postgres import create_pool
from services.runtime.settings import Settings

MESSAGE = "5a1f0e0e-0000-5000-8000-000000000001"


async def waiting(dsn: str) -> tuple[float, str | None]:
    """What the gauge and readiness say when a relay without brokers has run for a while."""
    metrics.OUTBOX_PENDING.set(0)
    settings = Settings(
        environment="test", postgres_dsn=dsn, kafka_bootstrap="127.0.0.1:9", relay_poll_seconds=0.1
    )
    relay = Relay(settings)
    running = asyncio.create_task(relay.run())
    try:
        for _ in range(50):
            await asyncio.sleep(0.1)
            if metrics.OUTBOX_PENDING._value.get() and await relay._kafka():
                break
        return float(metrics.OUTBOX_PENDING._value.get()), await relay._kafka()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def unsent(postgres_dsn: str) -> str:
    """A ledger in whose outbox a message waits for a minute."""
    pool = await create_pool(postgres_dsn, max_size=1)
    created = datetime.now(UTC) - timedelta(minutes=1)
    message = Message(MESSAGE, "alerts.met", b"k", {}, b"{}", created)
    async with pool.acquire() as connection:
        await put_in_outbox(connection, [message])
    await pool.close()
    return postgres_dsn


async def test_with_kafka_away_the_outbox_is_measured(unsent: str) -> None:
    messages, brokers = await waiting(unsent)
    assert messages == 1
    assert brokers is not None, "also where nothing waits"
    assert brokers.startswith("no broker answers")
    assert metrics.OUTBOX_OLDEST_SECONDS._value.get() >= 60


async def test_measured_after_a_success_only_it_would_be_said_to_be_empty(
    unsent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(app.Relay, "_measure_always", never)
    messages, _ = await waiting(unsent)
    assert messages == 0
