"""A worker starts before Kafka does, reads when it is there, and ends in time when it has gone."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest

from services.command_line.running.stack import Stack
from services.runtime import kafka
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.settings import Settings
from tests import patience
from tests.integration.test_log_troubles import MET, event

TERMINATED_WITHIN = 10.0
"""What service managers give before they kill."""


class Late(Stack):
    """A stack that does not look for Kafka before its service starts."""

    async def _prepare(self) -> None:
        self.metrics_ports.clear()


@pytest.fixture
async def stack(postgres_dsn: str) -> AsyncIterator[Late]:
    broker = EmbeddedKafka()
    settings = Settings(kafka_bootstrap=broker.bootstrap, postgres_dsn=postgres_dsn)
    quick = {
        "LIAISON_ENVIRONMENT": "test",
        "LIAISON_LOG_LEVEL": "error",
        "LIAISON_SWEEP_SECONDS": "0.5",
    }
    stack = Late(settings, datetime.now(UTC), "system", ["stream"], quick)
    await asyncio.to_thread(stack.__enter__)
    yield stack
    await asyncio.to_thread(stack.__exit__, None, None, None)


async def _failing(stack: Late) -> dict[str, str] | None:
    """What readiness says; None: nobody answers yet."""
    process = stack.processes["stream"]
    assert process.poll() is None, "the worker has ended"
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            port = stack.metrics_ports["stream"]
            answer = await client.get(f"http://127.0.0.1:{port}/readyz")
        except httpx.TransportError:
            return None
    failing: dict[str, str] = answer.json()["failing"]
    return failing


async def _ends(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Terminate it; gives its code and how long it took."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(process.wait, patience.SECONDS)
    return code, time.monotonic() - began


async def test_it_waits_says_so_reads_without_a_restart_and_ends_in_time(stack: Late) -> None:
    async def waits() -> bool:
        return await _failing(stack) == {"kafka": "no Kafka broker answers"}

    await patience.until(waits, "readiness that says what is waited for")
    port = int(stack.kafka_bootstrap.rsplit(":", maxsplit=1)[1])
    with EmbeddedKafka(port) as broker:
        await kafka.create_topics(broker.bootstrap, stack.registry.every_topic())
        producer = kafka.producer(broker.bootstrap, idempotent=False)
        await producer.start()
        await producer.send_and_wait(MET, event(MET, "late"))
        await producer.stop()
        ledger = await asyncpg.connect(stack.postgres_dsn)

        async def there() -> bool:
            assert stack.processes["stream"].poll() is None, "the worker has ended"
            return bool(await ledger.fetchval("SELECT count(*) FROM event WHERE id = 'late'"))

        await patience.until(there, "the event")
        await ledger.close()

        async def ready() -> bool:
            return await _failing(stack) == {}

        await patience.until(ready, "readiness while Kafka is there")

    async def away() -> bool:
        return "Kafka's logs were not looked at" in (await _failing(stack) or {}).get("kafka", "")

    await patience.until(away, "readiness that says that Kafka went away")
    code, seconds = await _ends(stack.processes["stream"])
    assert code == 0
    assert seconds < TERMINATED_WITHIN


async def test_it_ends_in_time_while_it_waits(stack: Late) -> None:
    async def waits() -> bool:
        return await _failing(stack) is not None

    await patience.until(waits, "an answer")
    code, seconds = await _ends(stack.processes["stream"])
    assert code == 0
    assert seconds < TERMINATED_WITHIN
