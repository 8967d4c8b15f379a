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
from services.runtime.logging import logger
from services.runtime.settings import Settings

SEND_TIMEOUT_SECONDS = 10.0


class Road:
    """The way to the brokers; an answer is given only when they have acknowledged."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def _ready_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = kafka.producer_of(self._settings)
                try:
                    await producer.start()
                except BaseException:
                    with contextlib.suppress(Exception):
                        await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def check(self) -> str | None:
        """None when the brokers answer."""
        try:
            producer = await self._ready_producer()
            await producer.client.fetch_all_metadata()
        except (KafkaError, OSError) as error:
            return f"the brokers do not answer: {type(error).__name__}"
        return None

    async def send(self, agency: Agency, feed: Feed, events: Sequence[AnyEvent]) -> None:
        """Raises Problem (503) unless all are acknowledged; the sender then sends the same
        again.
        """
        headers = [("content-type", STRUCTURED.encode()), ("liaison_agency", agency.id.encode())]
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                producer = await self._ready_producer()
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
        if self._producer is not None:
            await self._producer.stop()
