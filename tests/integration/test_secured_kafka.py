"""Access lists made by `liaison topics` on a real broker: who may do what, tried as each of them, and an event's whole way."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    for_code,
)
from aiokafka.producer import AIOKafkaProducer
from aiokafka.protocol.fetch import FetchRequest
from click.testing import CliRunner, Result

from services.command_line import main
from services.command_line.running.stack import Stack
from services.runtime import kafka
from services.runtime.cluster.administration import administration
from services.runtime.cluster.changes import Allow, Change, Revoke, SetConfigs
from services.runtime.cluster.layout import Grant, Operation, Pattern, Resource
from services.runtime.kafka_security import security
from tests import patience
from tests.secured_kafka import ADMINISTRATOR, SecuredKafka, password
from tests.servers import ROOT, require_apache_kafka

pytestmark = pytest.mark.kafka


def liaison(broker: SecuredKafka, name: str, *words: str) -> Result:
    """The command as whoever signs in by this name."""
    return CliRunner().invoke(main, words, env=broker.environment(name))


@pytest.fixture(scope="module")
def secured() -> Iterator[SecuredKafka]:
    """A broker after `liaison topics apply`."""
    require_apache_kafka()
    with SecuredKafka(ROOT) as broker:
        applied = liaison(broker, ADMINISTRATOR, "topics", "apply")
        assert applied.exit_code == 0, applied.output
        yield broker


async def write(broker: SecuredKafka, name: str, topic: str, body: bytes = b"{}") -> None:
    # who may write anywhere may be idempotent; without, the refusal is the topic's own
    producer = kafka.producer(
        broker.bootstrap, idempotent=False, security=security(broker.settings(name))
    )
    await producer.start()
    try:
        await producer.send_and_wait(topic, body)
    finally:
        await producer.stop()


async def read(broker: SecuredKafka, name: str, topic: str) -> None:
    """The bare request: a whole client goes on asking for what it may not know of."""
    client = AIOKafkaClient(bootstrap_servers=broker.bootstrap, **security(broker.settings(name)))
    try:
        await client.bootstrap()
        request = FetchRequest(100, 0, 1_000_000, 1, [(topic, [(0, 0, 1_000_000)])])
        answer = await client.send(client.get_random_node(), request)
    finally:
        await client.close()
    for _, partitions in answer.topics:
        for _, code, *_ in partitions:
            if code:
                raise for_code(code)(topic)


async def join(broker: SecuredKafka, name: str, group: str) -> None:
    """Read in a group, from a topic that the principal may read."""
    topic = "feed.met-cad" if name == "liaison-stream" else f"alerts.{name}"
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=broker.bootstrap, group_id=group, **security(broker.settings(name))
    )
    try:
        await consumer.start()
    finally:
        await consumer.stop()


async def transact(broker: SecuredKafka, name: str, topic: str) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap,
        transactional_id=f"of-{name}",
        **security(broker.settings(name)),
    )
    try:
        await producer.start()
    finally:
        await producer.stop()


ACTS = {"write": write, "read": read, "join": join, "transact": transact}

MAY = [
    ("met", "write", "feed.met-cad"),
    ("met", "write", "feed.met-custody"),
    ("met", "read", "alerts.met"),
    ("met", "read", "receipts.met"),
    ("met", "join", "met.desk"),
    ("las", "write", "feed.las-cad"),
    ("liaison-stream", "read", "feed.met-cad"),
    ("liaison-stream", "read", "feed.las-cad"),
    ("liaison-stream", "join", "liaison"),
    ("liaison-relay", "write", "alerts.met"),
    ("liaison-relay", "write", "receipts.las"),
    ("liaison-relay", "write", "audit.sealed"),
    ("liaison-gateway", "write", "feed.met-cad"),
    ("liaison-trace", "write", "feed.slam-ehr"),
]

MAY_NOT = [
    # an agency speaks in another's name, to desks, or as the audit
    ("met", "write", "feed.las-cad"),
    ("met", "write", "alerts.met"),
    ("met", "write", "alerts.las"),
    ("met", "write", "receipts.met"),
    ("met", "write", "audit.sealed"),
    ("las", "write", "feed.met-custody"),
    # an agency reads what another said or was told, and what it said itself: the topic has others' corrections no less
    ("met", "read", "feed.las-cad"),
    ("met", "read", "feed.met-cad"),
    ("met", "read", "alerts.las"),
    ("met", "read", "receipts.las"),
    ("met", "read", "audit.sealed"),
    # it takes part in another's group, or in the stream's, and moves what that has read
    ("met", "join", "las.desk"),
    ("met", "join", "liaison"),
    ("met", "transact", "feed.met-cad"),
    # a service that is taken over does not what another may
    ("liaison-stream", "write", "feed.met-cad"),
    ("liaison-stream", "write", "alerts.met"),
    ("liaison-stream", "read", "alerts.met"),
    ("liaison-stream", "join", "met.desk"),
    ("liaison-relay", "read", "feed.met-cad"),
    ("liaison-relay", "read", "alerts.met"),
    ("liaison-relay", "write", "feed.met-cad"),
    ("liaison-gateway", "read", "feed.met-cad"),
    ("liaison-gateway", "write", "alerts.met"),
    ("liaison-gateway", "read", "alerts.met"),
    ("liaison-trace", "write", "feed.met-cad"),
    ("liaison-trace", "read", "feed.slam-ehr"),
    ("liaison-console", "read", "alerts.met"),
    ("liaison-console", "write", "feed.met-cad"),
    # somebody whom the registry does not name signs in
    ("stranger", "write", "feed.met-cad"),
    ("stranger", "read", "alerts.met"),
]
REFUSED = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)


async def test_agencies_and_services_do_what_they_must(secured: SecuredKafka) -> None:
    for name, act, place in MAY:
        await ACTS[act](secured, name, place)


async def test_no_agency_and_no_service_does_anything_else(secured: SecuredKafka) -> None:
    passed = []
    for name, act, place in MAY_NOT:
        try:
            async with asyncio.timeout(20):
                await ACTS[act](secured, name, place)
        except REFUSED:
            continue
        passed.append((name, act, place))
    assert sorted(passed) == []


async def carry_out(broker: SecuredKafka, *differences: Change) -> None:
    async with administration(broker.settings(ADMINISTRATOR)) as brokers:
        for change in differences:
            await brokers.carry_out(change)


def test_a_right_that_nobody_gave_is_found_and_taken_away(secured: SecuredKafka) -> None:
    stray = Grant("User:stranger", Resource.TOPIC, "alerts.met", Pattern.LITERAL, Operation.READ)
    lost = Grant("User:las", Resource.TOPIC, "alerts.las", Pattern.LITERAL, Operation.READ)
    short = SetConfigs("feed.las-cad", {}, {"retention.ms": "60000"})
    asyncio.run(carry_out(secured, Allow(stray), Revoke(lost), short))
    asyncio.run(read(secured, "stranger", "alerts.met"))
    checked = liaison(secured, ADMINISTRATOR, "topics", "check")
    assert checked.exit_code == 1, checked.stderr
    assert checked.stdout.splitlines() == [
        "~ topic feed.las-cad: retention.ms=1209600000 instead of retention.ms=60000",
        "+ User:las: read topic alerts.las",
        "- User:stranger: read topic alerts.met",
    ]
    applied = liaison(secured, ADMINISTRATOR, "topics", "apply")
    assert applied.exit_code == 0, applied.stderr
    assert "3 of 3  - User:stranger: read topic alerts.met" in applied.stdout
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(read(secured, "stranger", "alerts.met"))
    assert liaison(secured, ADMINISTRATOR, "topics", "check").exit_code == 0


def test_nobody_but_the_administrator_changes_topics(secured: SecuredKafka) -> None:
    refused = liaison(secured, "liaison-stream", "topics", "apply")
    assert refused.exit_code == 1
    assert "Error: " in refused.stderr
    assert "Authorization" in refused.stderr


def events(at: datetime) -> Iterator[dict[str, Any]]:
    """A man in Lambeth with a head injury, on his way to a place of safety."""
    story: list[tuple[str, dict[str, Any]]] = [
        (
            "incident.reported",
            {
                "nature": "mental-health-crisis",
                "location": {"uprn": "1", "area": "lambeth"},
                "signs": ["head-injury"],
            },
        ),
        ("detention.consulted", {"detention": "D-1", "role": "nurse"}),
        ("detention.detained", {"detention": "D-1", "power": "s136"}),
        (
            "detention.conveyed",
            {
                "detention": "D-1",
                "by": "ambulance",
                "to": {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"},
            },
        ),
    ]
    for number, (kind, data) in enumerate(story):
        yield {
            "specversion": "1.0",
            "id": f"{uuid.uuid4()}",
            "source": "/met/cad",
            "type": f"uk.crisisliaison.{kind}.v1",
            "time": (at + timedelta(seconds=number)).isoformat(),
            "data": {"incident": "C-1", **data},
        }


def test_an_event_goes_its_whole_way_with_each_service_as_itself(
    secured: SecuredKafka, postgres_dsn: str, tmp_path: Path
) -> None:
    settings = secured.settings(ADMINISTRATOR).model_copy(update={"postgres_dsn": postgres_dsn})
    settings.model_fields_set.add("postgres_dsn")
    file = tmp_path / "events.jsonl"
    at = datetime.now(UTC) - timedelta(seconds=20)
    file.write_text("\n".join(json.dumps(event) for event in events(at)))
    with Stack(settings, datetime.now(UTC), services=()) as stack:
        for service in ("stream", "relay"):
            stack.start(service, extra=secured.environment(f"liaison-{service}"))
        stack.wait_until_ready()
        sent = liaison(secured, "met", "publish", str(file))
        assert sent.exit_code == 0, sent.stderr
        assert "R22" in alert_rules(secured, "las")
        # past every door of ours, on its own topic, in another agency's name
        forged = {**next(events(at)), "source": "/las/cad"}
        asyncio.run(write(secured, "met", "feed.met-cad", json.dumps(forged).encode()))
        assert rejected(postgres_dsn) == "feed.met-cad"
        others = liaison(secured, "las", "publish", str(file))
        assert others.exit_code == 1, others.stdout
        assert "Authorization" in others.stderr


def rejected(dsn: str) -> str:
    """The topic of what was refused for its source."""
    end = time.monotonic() + patience.SECONDS
    while time.monotonic() < end:
        words = ["quarantine", "list", "--code", "source-not-registered"]
        listed = CliRunner().invoke(main, words, env={"LIAISON_POSTGRES_DSN": dsn})
        if "/source" in listed.output:
            return listed.output.rpartition("\t")[2].partition("[")[0]
        time.sleep(0.2)
    return ""


def alert_rules(broker: SecuredKafka, agency: str) -> set[str]:
    """The rules of the alerts that the agency reads, in a group of its own, until R22 is among them."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(broker.ca),
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": agency,
            "sasl.password": password(agency),
            "group.id": f"{agency}.desk",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([f"alerts.{agency}"])
    rules: set[str] = set()
    end = time.monotonic() + patience.SECONDS
    try:
        while time.monotonic() < end and "R22" not in rules:
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                # what the other tests of this broker wrote says no rule
                rules.add(json.loads(message.value() or b"{}").get("data", {}).get("rule"))
    finally:
        consumer.close()
    return rules
