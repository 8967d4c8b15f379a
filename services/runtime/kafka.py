"""Kafka clients as this product wants them: idempotent producers, group-less readers, topics that
exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from services.runtime import kafka_security
from services.runtime.errors import KafkaUnreachable

if TYPE_CHECKING:
    from services.runtime.settings import Settings

# No TLS and no sign-in: what the embedded broker takes.
PLAINTEXT: Mapping[str, Any] = MappingProxyType({})
REQUEST_TIMEOUT_MS = 15_000
READ_COMMITTED = "read_committed"
"""What an open or aborted transaction holds was not said."""


def producer(
    bootstrap: str,
    *,
    idempotent: bool = True,
    linger_ms: int = 0,
    security: Mapping[str, Any] = PLAINTEXT,
) -> AIOKafkaProducer:
    """Not yet started. Acknowledged by all in-sync replicas; idempotent, except on the embedded
    broker, which answers InitProducerId with an error (a repeat is harmless all the same: every
    message carries its identity)."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=idempotent,
        acks="all",
        linger_ms=linger_ms,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_request_size=1_048_576,
        **security,
    )


def producer_of(settings: Settings) -> AIOKafkaProducer:
    """A service's own, by its settings. Not yet started. Raises SettingsError for settings of its
    sign-in that do not go together."""
    return producer(
        settings.kafka_bootstrap,
        idempotent=settings.kafka_idempotent,
        security=kafka_security.security(settings),
    )


async def abandon(producer: AIOKafkaProducer) -> None:
    """Close a producer without what it still holds: where brokers do not answer, its own `stop` waits
    for them without an end.
    """
    producer._closed = True
    sender = None
    if producer._sender is not None:
        sender = producer._sender.sender_task
    if sender is not None:
        sender.cancel()
    await producer.client.close()
    if sender is not None:
        await asyncio.wait([sender], timeout=1)


def reader(bootstrap: str, security: Mapping[str, Any] = PLAINTEXT) -> AIOKafkaConsumer:
    """Not yet started. Belongs to no group and commits nothing: assign and seek it."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level=READ_COMMITTED,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **security,
    )


async def ask(bootstrap: str, security: Mapping[str, Any] = PLAINTEXT) -> None:
    """Whether a broker answers. Raises KafkaError, OSError where none does."""
    client = AIOKafkaClient(
        bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS, **security
    )
    try:
        await client.bootstrap()
    finally:
        await client.close()


async def create_topics(
    bootstrap: str,
    topics: Mapping[str, int],
    *,
    replication: int = 1,
    security: Mapping[str, Any] = PLAINTEXT,
) -> None:
    """Create the topics (name -> partitions) that do not exist. Raises KafkaUnreachable or
    KafkaError.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS, **security
    )
    try:
        await admin.start()
    except KafkaError as error:
        raise KafkaUnreachable(f"no Kafka broker answers at {bootstrap}: {error}") from error
    try:
        present = set(await admin.list_topics())
        missing = [
            NewTopic(name=name, num_partitions=partitions, replication_factor=replication)
            for name, partitions in topics.items()
            if name not in present
        ]
        if not missing:
            return
        answer = await admin.create_topics(missing)
        for name, code, *_ in answer.topic_errors:
            kind = for_code(code)
            if code and kind is not TopicAlreadyExistsError:
                raise kind(f"topic {name}")
    finally:
        await admin.close()
