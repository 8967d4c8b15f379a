"""Every service while neither Kafka nor PostgreSQL answers: its log is JSON lines and nothing else, no
traceback, and it ends when it is told to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from services.runtime.embedded.kafka import free_port
from services.runtime.exposition.registries import SERVICES
from tests import patience
from tests.own_registry import OWN_REGISTRY


async def started(service: str, port: int, folder: Path) -> asyncio.subprocess.Process:
    credentials = folder / "credentials.yaml"
    credentials.write_text("agencies: {}\n")
    nobody = f"127.0.0.1:{free_port()}"
    own_port = "LIAISON_CONSOLE_PORT" if service == "console" else "LIAISON_METRICS_PORT"
    environment = os.environ | {
        "LIAISON_ENVIRONMENT": "test",
        "LIAISON_KAFKA_BOOTSTRAP": nobody,
        "LIAISON_POSTGRES_DSN": f"postgresql://liaison@{nobody}/liaison",
        "LIAISON_REGISTRY_PATH": str(OWN_REGISTRY),
        "LIAISON_GATEWAY_CREDENTIALS_PATH": str(credentials),
        "LIAISON_GATEWAY_PORT": "0",
        "LIAISON_PDS_URL": f"http://{nobody}",
        "LIAISON_LOG_LEVEL": "info",
        own_port: str(port),
    }
    with (folder / "log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.command_line", "worker", service),
            env=environment,
            stdout=log,
            stderr=log,
        )


@pytest.mark.parametrize("service", SERVICES)
async def test_its_log_is_json_alone_and_it_ends_when_it_is_told_to(
    service: str, tmp_path: Path
) -> None:
    port = free_port()
    process = await started(service, port, tmp_path)

    async def runs_or_has_ended() -> bool:
        if process.returncode is not None:
            return True
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{port}/livez")).is_success
        except httpx.TransportError:
            return False

    await patience.until(runs_or_has_ended, "the service")
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    code = await asyncio.wait_for(process.wait(), patience.SECONDS)
    lines = (tmp_path / "log").read_text().splitlines()
    for line in lines:
        assert {"action", "level", "service", "timestamp"} <= json.loads(line).keys(), lines
    # uvicorn hands the signal on once it has ended what it served
    assert code in {0, 1, -signal.SIGTERM}, lines
    # who ended by itself, for want of what it stands on, has said so
    assert lines or code != 1
