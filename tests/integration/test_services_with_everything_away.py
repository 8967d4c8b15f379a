"""Every service while neither Kafka nor PostgreSQL answers: its log is JSON lines and nothing else, no
traceback, and SIGTERM ends it in time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from services.runtime.embedded.kafka import free_port
from services.runtime.exposition.registries import SERVICES
from tests import patience
from tests.own_registry import OWN_REGISTRY

TERMINATED_WITHIN = 10.0
"""What service managers give before they kill."""


async def started(service: str, folder: Path) -> asyncio.subprocess.Process:
    credentials = folder / "credentials.yaml"
    credentials.write_text("agencies: {}\n")
    nobody = f"127.0.0.1:{free_port()}"
    environment = os.environ | {
        "LIAISON_ENVIRONMENT": "test",
        "LIAISON_KAFKA_BOOTSTRAP": nobody,
        "LIAISON_POSTGRES_DSN": f"postgresql://liaison@{nobody}/liaison",
        "LIAISON_REGISTRY_PATH": str(OWN_REGISTRY),
        "LIAISON_GATEWAY_CREDENTIALS_PATH": str(credentials),
        "LIAISON_GATEWAY_PORT": "0",
        "LIAISON_CONSOLE_PORT": "0",
        "LIAISON_PDS_URL": f"http://{nobody}",
        "LIAISON_LOG_LEVEL": "info",
    }
    with (folder / "log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.command_line", "worker", service),
            env=environment,
            stdout=log,
            stderr=log,
        )


@pytest.mark.parametrize("service", SERVICES)
async def test_its_log_is_json_alone_and_it_ends_in_time(service: str, tmp_path: Path) -> None:
    process = await started(service, tmp_path)
    log = tmp_path / "log"

    async def has_begun() -> bool:
        return process.returncode is not None or bool(log.read_text())

    # some say at once what is away; who has nothing to say is asked to end after a moment
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "SECONDS", 6)
        try:
            await patience.until(has_begun, "a word of it")
        except patience.NeverCame:
            assert process.returncode is None
    began = time.monotonic()
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    code = await asyncio.wait_for(process.wait(), 60)
    assert time.monotonic() - began < TERMINATED_WITHIN
    lines = log.read_text().splitlines()
    for line in lines:
        assert {"action", "level", "service", "timestamp"} <= json.loads(line).keys(), lines
    assert code in {0, 1, -signal.SIGTERM}, lines
