"""One topic's lane: a producer, an order and troubles of its own, so that no recipient's topic delays
another's.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from aiokafka.errors import (
    MessageSizeTooLargeError,
    RecordTooLargeError,
    UnknownTopicOrPartitionError,
)

from services.ledger.outbox import Outgoing
from services.runtime import metrics
from services.runtime.logging import logger

# Messages that are taken at a time.
LIMIT = 200
# In these a broker answers, or the lane begins anew.
START_SECONDS = 5.0
TOPIC_SECONDS = 3.0
SEND_SECONDS = 10.0
# Until a lane tries again; twice as long each time it fails.
FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0
# A topic may be given more room: what was too large is tried again.
AGAIN_SECONDS = 30.0
TOO_LARGE = (MessageSizeTooLargeError, RecordTooLargeError)

Thread = tuple[str, ...]
"""Messages that must arrive in order: those of one alert to one desk."""


class Producer(Protocol):
    """What a lane needs of one."""

    async def start(self) -> None: ...

    async def partitions_for(self, topic: str) -> Any: ...

    async def send(
        self, topic: str, value: bytes, *, key: bytes | None, headers: Any
    ) -> Awaitable[Any]: ...


class Outbox(Protocol):
    """Where messages wait."""

    async def take(self, topic: str, limit: int, but: Collection[UUID]) -> Sequence[Outgoing]: ...

    async def sent(self, messages: Sequence[Outgoing]) -> None: ...


@dataclass
class Sent:
    """What became of messages: the brokers have some, of some threads one was refused, and where
    something failed the rest was not tried.
    """

    acknowledged: list[Outgoing] = field(default_factory=list)
    refused: list[Outgoing] = field(default_factory=list)
    failure: BaseException | None = None


def thread_of(message: Outgoing) -> Thread:
    """The messages before which this one must not arrive. A receipt is about itself alone."""
    data = json.loads(message.body).get("data", {})
    if "alert" in data and "desk" in data:
        return (data["alert"], data["desk"])
    return (str(message.message_id),)


Answers = Mapping[UUID, BaseException | None]


async def in_order(
    messages: Iterable[Outgoing], send: Callable[[Sequence[Outgoing]], Awaitable[Answers]]
) -> Sent:
    """Send the first of every thread, then the second: none leaves before the one ahead of it is
    acknowledged, and behind one that is refused none does.
    """
    waiting: dict[Thread, deque[Outgoing]] = {}
    for message in messages:
        waiting.setdefault(thread_of(message), deque()).append(message)
    sent = Sent()
    while waiting and sent.failure is None:
        heads = {thread: queue[0] for thread, queue in waiting.items()}
        answers = await send(list(heads.values()))
        for thread, message in heads.items():
            answer = answers[message.message_id]
            if answer is None:
                sent.acknowledged.append(message)
                waiting[thread].popleft()
            elif isinstance(answer, TOO_LARGE):
                sent.refused.append(message)
                waiting[thread].clear()
            else:
                sent.failure = answer
            if not waiting[thread]:
                del waiting[thread]
    return sent


class Lane:
    """Publishes one topic. What is in its way is in the way of no other."""

    def __init__(
        self,
        topic: str,
        outbox: Outbox,
        open_producer: Callable[[], Producer],
        abandon: Callable[[Any], Awaitable[None]],
        reach: Callable[[str], None],
    ) -> None:
        self.topic = topic
        self._outbox, self._open_producer, self._abandon = outbox, open_producer, abandon
        self._reach = reach
        self._producer: Producer | None = None
        self._delay = FIRST_DELAY
        self._rests_until = 0.0
        self._threads_refused: set[Thread] = set()
        self._behind: set[UUID] = set()
        """What was refused, and what waits behind it."""
        self._again_at = 0.0
        self._failing: str | None = None
        self._messages_refused = 0

    @property
    def trouble(self) -> str | None:
        """What keeps its messages from leaving; None while all is well."""
        if self._failing is None and self._messages_refused:
            return f"{self._messages_refused} messages are larger than the topic takes"
        return self._failing

    @property
    def rests(self) -> bool:
        """Whether it failed a moment ago."""
        return time.monotonic() < self._rests_until

    def nothing_waits(self) -> None:
        """Whoever published it: there is nothing in the way of."""
        self._failing, self._messages_refused = None, 0

    async def work(self) -> None:
        """Publish what waits, until nothing does or something is in the way."""
        try:
            self._look_again()
            while messages := await self._outbox.take(self.topic, LIMIT, self._behind):
                await self._publish(messages)
            self._failing, self._delay = None, FIRST_DELAY
        # whatever it is, it is this lane's alone
        except Exception as error:
            await self._fail(error)

    async def close(self) -> None:
        """Let go of the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await self._abandon(producer)

    def _look_again(self) -> None:
        if self._behind and time.monotonic() >= self._again_at:
            self._threads_refused.clear()
            self._behind.clear()
            self._messages_refused = 0

    async def _publish(self, messages: Sequence[Outgoing]) -> None:
        ready = []
        for message in messages:
            if thread_of(message) in self._threads_refused:
                self._behind.add(message.message_id)
            else:
                ready.append(message)
        if not ready:
            return
        self._reach("relay-before-send")
        sent = await in_order(ready, self._send)
        self._reach("relay-after-send")
        if sent.acknowledged:
            await self._outbox.sent(sent.acknowledged)
        self._keep_refused(sent.refused, ready)
        if sent.failure is not None:
            raise sent.failure

    def _keep_refused(self, refused: Sequence[Outgoing], messages: Sequence[Outgoing]) -> None:
        if not refused:
            return
        self._messages_refused += len(refused)
        self._again_at = time.monotonic() + AGAIN_SECONDS
        threads = {thread_of(message) for message in refused}
        self._threads_refused |= threads
        self._behind |= {m.message_id for m in messages if thread_of(m) in threads}
        metrics.OUTBOX_FAILURES.inc(len(refused))
        logger().error("relay.too-large", topic=self.topic, messages=len(refused))

    async def _send(self, messages: Sequence[Outgoing]) -> Answers:
        answers = await self._send_together(messages)
        if len(messages) == 1 or not any(isinstance(a, TOO_LARGE) for a in answers.values()):
            return answers
        # brokers weigh what was put into one batch: each must be weighed by itself
        alone = dict(answers)
        for message in messages:
            if answers[message.message_id] is not None:
                alone |= await self._send_together([message])
        return alone

    async def _send_together(self, messages: Sequence[Outgoing]) -> Answers:
        producer = await self._started()
        results = await asyncio.gather(
            *(asyncio.wait_for(self._send_one(producer, m), SEND_SECONDS) for m in messages),
            return_exceptions=True,
        )
        answers = {
            message.message_id: result for message, result in zip(messages, results, strict=True)
        }
        if any(answer is not None for answer in answers.values()):
            # an idempotent producer has counted what the broker never took
            await self.close()
        return answers

    async def _send_one(self, producer: Producer, message: Outgoing) -> None:
        headers = [(name, value.encode()) for name, value in sorted(message.headers.items())]
        written = await producer.send(self.topic, message.body, key=message.key, headers=headers)
        await written

    async def _started(self) -> Producer:
        if self._producer is None:
            producer = self._open_producer()
            try:
                await asyncio.wait_for(producer.start(), START_SECONDS)
                await self._find_topic(producer)
            except BaseException:
                await self._abandon(producer)
                raise
            self._producer = producer
        return self._producer

    async def _find_topic(self, producer: Producer) -> None:
        try:
            await asyncio.wait_for(producer.partitions_for(self.topic), TOPIC_SECONDS)
        except TimeoutError as error:
            raise UnknownTopicOrPartitionError(self.topic) from error

    async def _fail(self, error: Exception) -> None:
        self._failing = type(error).__name__
        if isinstance(error, UnknownTopicOrPartitionError):
            self._failing = "no broker has the topic"
        metrics.OUTBOX_FAILURES.inc()
        logger().error("relay.failed", topic=self.topic, error=type(error).__name__)
        await self.close()
        self._rests_until = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)
