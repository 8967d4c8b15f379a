"""Producers that agencies use, each sending the same events in every legal way."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

from tests.servers import ROOT

Kind = Literal["plain", "committed", "aborted"]
"""Without a transaction, or one transaction an event and how it ends."""
Mode = Literal["structured", "binary"]
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
TOPIC = "feed.met-cad"


@dataclass(frozen=True)
class Sending:
    """One event on its way."""

    id: str
    codec: str
    kind: Kind
    body: bytes
    headers: tuple[tuple[str, bytes], ...]


def sendings(sender: str) -> list[Sending]:
    """An event for each codec, kind and mode."""
    made = []
    for codec, kind, mode in itertools.product(CODECS, get_args(Kind), get_args(Mode)):
        id_ = f"{sender}-{codec}-{kind}-{mode}"
        body, headers = _event(id_, mode)
        made.append(Sending(id_, codec, kind, body, headers))
    return made


def _event(id_: str, mode: Mode) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    attributes = {
        "specversion": "1.0",
        "id": id_,
        "source": "/met/cad",
        "type": "uk.crisisliaison.incident.reported.v1",
        "time": datetime.now(UTC).isoformat(),
    }
    data = {"incident": f"CAD-{id_}", "nature": "mental-health-crisis", "channel": "999"}
    if mode == "structured":
        return json.dumps({**attributes, "data": data}).encode(), (
            ("content-type", b"application/cloudevents+json; charset=UTF-8"),
        )
    headers = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
    return json.dumps(data).encode(), (("content-type", b"application/json"), *headers)


async def send_by_aiokafka(bootstrap: str, events: Sequence[Sending]) -> None:
    """With the client that this product uses."""
    for codec, kind, members in _by_producer(events):
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            enable_idempotence=True,
            compression_type=None if codec == "none" else codec,
            transactional_id=None if kind == "plain" else f"aiokafka/{codec}/{kind}",
        )
        await producer.start()
        for event in members:
            if kind != "plain":
                await producer.begin_transaction()
            await producer.send_and_wait(
                TOPIC, event.body, partition=0, headers=list(event.headers)
            )
            if kind == "committed":
                await producer.commit_transaction()
            elif kind == "aborted":
                await producer.abort_transaction()
        await producer.stop()


async def send_by_librdkafka(bootstrap: str, events: Sequence[Sending]) -> None:
    """With the client under confluent-kafka, Go's, .NET's and Node's."""
    await asyncio.to_thread(_send_by_librdkafka, bootstrap, events)


def _send_by_librdkafka(bootstrap: str, events: Sequence[Sending]) -> None:
    for codec, kind, members in _by_producer(events):
        settings = {
            "bootstrap.servers": bootstrap,
            "compression.type": codec,
            "enable.idempotence": True,
            "linger.ms": 0,
        }
        if kind != "plain":
            settings["transactional.id"] = f"librdkafka/{codec}/{kind}"
        producer = Producer(settings)
        if kind != "plain":
            producer.init_transactions(30)
        for event in members:
            if kind != "plain":
                producer.begin_transaction()
            producer.produce(TOPIC, event.body, partition=0, headers=list(event.headers))
            producer.flush(30)
            if kind == "committed":
                producer.commit_transaction(30)
            elif kind == "aborted":
                producer.abort_transaction(30)


async def send_by_java(bootstrap: str, events: Sequence[Sending]) -> None:
    """With Apache Kafka's own client."""
    lines = "".join(f"{_line(event)}\n" for event in events)
    await asyncio.to_thread(
        subprocess.run,
        [
            "java",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            f"{ROOT}/.cache/kafka/libs/*",
            str(Path(__file__).with_name("Producers.java")),
            bootstrap,
        ],
        input=lines.encode(),
        check=True,
        capture_output=True,
        timeout=60,
    )


def _line(event: Sending) -> str:
    fields = [TOPIC, event.codec, event.kind, base64.b64encode(event.body).decode()]
    for name, value in event.headers:
        fields += [name, base64.b64encode(value).decode()]
    return "\t".join(fields)


def _by_producer(events: Sequence[Sending]) -> Iterator[tuple[str, Kind, list[Sending]]]:
    for (codec, kind), members in itertools.groupby(events, lambda each: (each.codec, each.kind)):
        yield codec, kind, list(members)


SENDERS = {"aiokafka": send_by_aiokafka, "librdkafka": send_by_librdkafka, "java": send_by_java}
