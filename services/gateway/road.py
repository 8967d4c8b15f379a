"""The way from the door to the brokers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.envelope import STRUCTURED, AnyEvent, encode
from schemas.registry import Agency, Feed
from services.gateway.answers import Problem
from services.intake.ordering import key_of
from services.runtime import kafka, metrics
from services.runtime.kafka_security import security
from services.runtime.logging import logger
from services.runtime.settings import Settings

SEND_TIMEOUT_SECONDS = 10.0


class Road:
    """The way to the brokers, of each topic by itself; an answer is given only when they have
    acknowledged.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producers: dict[str, AIOKafkaProducer] = {}
        self._starting: dict[str, asyncio.Lock] = {}

    async def _producer_of(self, topic: str) -> AIOKafkaProducer:
        """One a topic: what its brokers refuse breaks the producer that sent it, which counts what
        it sends."""
        async with self._starting.setdefault(topic, asyncio.Lock()):
            if topic not in self._producers:
                producer = kafka.producer_of(self._settings)
                try:
                    await producer.start()
                except BaseException:
                    await kafka.abandon(producer)
                    raise
                self._producers[topic] = producer
            return self._producers[topic]

    async def _give_up(self, topic: str, producer: AIOKafkaProducer | None) -> None:
        """The next events of the topic have another producer."""
        if producer is not None and self._producers.get(topic) is producer:
            del self._producers[topic]
            with contextlib.suppress(Exception):
                await kafka.abandon(producer)

    async def check(self) -> str | None:
        """None when the brokers answer."""
        try:
            await kafka.ask(self._settings.kafka_bootstrap, security(self._settings))
        except (KafkaError, OSError) as error:
            return f"the brokers do not answer: {type(error).__name__}"
        return None

    async def send(self, agency: Agency, feed: Feed, events: Sequence[AnyEvent]) -> None:
        """Raises Problem (503) unless all are acknowledged; the sender then sends the same
        again.
        """
        headers = [("content-type", STRUCTURED.encode()), ("liaison_agency", agency.id.encode())]
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                producer = await self._producer_of(feed.topic)
                sent = []
                for event in events:
                    body = encode(event)
                    sent.append(
                        await producer.send(
                            feed.topic, body, key=key_of(json.loads(body)), headers=headers
                        )
                    )
                await asyncio.gather(*sent)
        except (KafkaError, OSError, TimeoutError) as error:
            metrics.GATEWAY_EVENTS.labels(feed.id, "not-stored").inc(len(events))
            logger().error("gateway.not_stored", feed=feed.id, error=type(error).__name__)
            await self._give_up(feed.topic, producer)
            raise Problem(
                503,
                "REC_UNAVAILABLE",
                "the events could not be stored",
                "send the same again; what was stored is a repeat, and harmless",
                5,
            ) from error
        metrics.GATEWAY_EVENTS.labels(feed.id, "accepted").inc(len(events))

    async def close(self) -> None:
        """Send what is under way and stop."""
        await asyncio.gather(*(producer.stop() for producer in self._producers.values()))
