"""The gateway as a process of its own, before both brokers: what it says it has taken stands in the topic."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.envelope import encode, event_adapter
from schemas.generate import FOLDER
from schemas.registry import Feed
from services.gateway.answers import Problem
from services.gateway.road import Road
from services.runtime import kafka as clients
from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.embedded.kafka import EmbeddedKafka, free_port
from services.runtime.settings import Settings
from tests import patience
from tests.own_registry import own_registry

FIXTURES = Path(__file__).parents[1] / "fixtures/nhs"
TOKEN = "a token of the tests"
PLAN = json.loads((FOLDER / "examples/pathway.opened/valid-with-crisis-plan.json").read_text())


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    file = tmp_path / "credentials.yaml"
    file.write_text(
        f"agencies: {{slam: {{token_sha256: [{hashlib.sha256(TOKEN.encode()).hexdigest()}]}}}}"
    )
    return file


class Process:
    """`liaison worker gateway`."""

    def __init__(self, bootstrap: str, credentials: Path, idempotent: bool) -> None:
        self.port, self.metrics = free_port(), free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.command_line", "worker", "gateway"],
            env=os.environ
            | {
                "LIAISON_KAFKA_BOOTSTRAP": bootstrap,
                "LIAISON_KAFKA_IDEMPOTENT": str(int(idempotent)),
                "LIAISON_GATEWAY_PORT": str(self.port),
                "LIAISON_METRICS_PORT": str(self.metrics),
                "LIAISON_GATEWAY_CREDENTIALS_PATH": str(credentials),
                "LIAISON_PSEUDONYM_KEY": "k",
            },
        )

    def wait(self, status: int) -> None:
        end = time.monotonic() + patience.SECONDS
        while time.monotonic() < end:
            try:
                if (
                    httpx.get(
                        f"http://127.0.0.1:{self.port}/readyz", timeout=patience.SECONDS
                    ).status_code
                    == status
                ):
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"/readyz never said {status}")

    def send(self, path: str, body: bytes, kind: str) -> httpx.Response:
        return httpx.post(
            f"http://127.0.0.1:{self.port}{path}",
            content=body,
            timeout=patience.SECONDS,
            headers={"authorization": f"Bearer {TOKEN}", "content-type": kind},
        )

    def stop(self) -> int:
        self._process.terminate()
        return self._process.wait(patience.SECONDS)


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    running: list[Process] = []
    yield running
    for each in running:
        each.stop()


async def test_what_is_receipted_stands_in_the_topic(
    kafka: EmbeddedKafka | ApacheKafka, credentials: Path, processes: list[Process]
) -> None:
    await clients.create_topics(kafka.bootstrap, own_registry().topics())
    gateway = Process(kafka.bootstrap, credentials, isinstance(kafka, ApacheKafka))
    processes.append(gateway)
    gateway.wait(200)
    event = json.dumps(PLAN | {"id": "gateway-1"}).encode()
    assert gateway.send("/events", event, "application/cloudevents+json").status_code == 202
    fhir = (FIXTURES / "nrl/Y05868-736253002-Valid-with-date.json").read_bytes()
    assert gateway.send("/fhir", fhir, "application/fhir+json").status_code == 202
    adt = (FIXTURES / "adt/ADT_A31_ADT_A05_v2.4_1.hl7").read_bytes()
    assert "MSA|AA|134039113204538055" in gateway.send("/hl7v2", adt, "application/hl7-v2").text
    reader = clients.reader(kafka.bootstrap)
    await reader.start()
    try:
        place = TopicPartition("feed.slam-ehr", 0)
        reader.assign([place])
        await reader.seek_to_beginning(place)
        ends = await reader.end_offsets([place])
        read = []
        while await reader.position(place) < ends[place]:
            for batch in (await reader.getmany(timeout_ms=500, max_records=500)).values():
                read += batch
    finally:
        await reader.stop()
    mine = [m for m in read if ("liaison_agency", b"slam") in m.headers]
    kinds = [json.loads(m.value)["type"].split(".", 2)[2] for m in mine if m.value]
    assert kinds == ["pathway.opened.v1", "pathway.updated.v1", "person.updated.v1"]
    assert mine[0].key == b"P-4411"
    assert b"6700028191" not in b"".join(m.key or b"" for m in mine)
    said = httpx.get(f"http://127.0.0.1:{gateway.metrics}/metrics", timeout=patience.SECONDS).text
    assert 'liaison_gateway_events_total{feed="slam-ehr",outcome="accepted"} 3.0' in said
    processes.remove(gateway)
    assert gateway.stop() in (0, -15)


def test_without_a_broker_it_says_so_and_promises_nothing(
    credentials: Path, processes: list[Process]
) -> None:
    gateway = Process("127.0.0.1:9", credentials, True)
    processes.append(gateway)
    gateway.wait(503)
    answer = gateway.send("/events", json.dumps(PLAN).encode(), "application/cloudevents+json")
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "REC_UNAVAILABLE"


@pytest.mark.kafka
async def test_what_one_topic_does_not_take_costs_no_other_feed_and_not_the_next_event(
    apache_kafka: ApacheKafka,
) -> None:
    agency, feed = own_registry().feeds_by_id["slam-ehr"]
    plan = PLAN["data"]["crisis_plan"]
    large = PLAN | {"data": PLAN["data"] | {"crisis_plan": plan | {"calming": ["x" * 200] * 3}}}
    unlike = uuid.uuid4().hex[:8]
    small: Feed = feed.model_copy(update={"topic": f"feed.small-{unlike}"})
    other: Feed = feed.model_copy(update={"topic": f"feed.other-{unlike}"})
    admin = AIOKafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)
    await admin.start()
    read = event_adapter().validate_python
    room = {"max.message.bytes": str(len(encode(read(PLAN))) + 300)}
    await admin.create_topics([NewTopic(small.topic, 1, 1, topic_configs=room)])
    await admin.create_topics([NewTopic(other.topic, 1, 1)])
    await admin.close()
    road = Road(Settings(environment="test", kafka_bootstrap=apache_kafka.bootstrap))
    # from then on the brokers count what this producer writes
    await road.send(agency, small, [read(PLAN)])
    with pytest.raises(Problem):
        await road.send(agency, small, [read(large)])
    await road.send(agency, small, [read(PLAN)])
    await road.send(agency, other, [read(large)])
    await road.send(agency, small, [read(PLAN)])
    assert await road.check() is None
    await road.close()
