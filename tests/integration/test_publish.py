"""`liaison publish` brings a file's events to the feed's topic, byte for byte, in both brokers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from aiokafka import TopicPartition

from schemas.generate import FOLDER
from services.runtime import kafka as clients
from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.embedded.kafka import EmbeddedKafka
from tests import patience
from tests.own_registry import own_registry


async def test_what_is_published_stands_in_the_topic(
    kafka: EmbeddedKafka | ApacheKafka, tmp_path: Path
) -> None:
    await clients.create_topics(kafka.bootstrap, own_registry().topics())
    event = json.loads(next((FOLDER / "examples/resource.left").glob("valid*.json")).read_text())
    lines = [json.dumps(event | {"id": f"published-{n}"}) for n in range(5)]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(lines))
    environment = os.environ | {
        "LIAISON_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "LIAISON_KAFKA_IDEMPOTENT": "1" if isinstance(kafka, ApacheKafka) else "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", "services.command_line", "publish", str(file)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "5 events sent" in done.stdout
    reader = clients.reader(kafka.bootstrap)
    await reader.start()
    try:
        places = [TopicPartition("feed.met-cad", n) for n in range(4)]
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        read = [
            m
            for batch in (await reader.getmany(timeout_ms=10_000, max_records=500)).values()
            for m in batch
        ]
    finally:
        await reader.stop()
    mine = [m for m in read if b"published-" in (m.value or b"")]
    assert [m.value.decode() for m in mine if m.value] == lines
    assert {m.key for m in mine} == {event["data"]["incident"].encode()}


async def test_a_broker_that_is_away_is_named_with_its_setting(tmp_path: Path) -> None:
    file = next((FOLDER / "examples/resource.left").glob("valid*.json"))
    done = subprocess.run(
        [sys.executable, "-m", "services.command_line", "publish", str(file)],
        env=os.environ | {"LIAISON_KAFKA_BOOTSTRAP": "127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "127.0.0.1:9 (LIAISON_KAFKA_BOOTSTRAP)" in done.stderr
