"""A lane a topic: what is in the way of one recipient is in the way of no other, and no message of an alert overtakes
another one at its desk."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from services.ledger.outbox import Outgoing
from services.relay import lane
from services.relay.lane import Lane, in_order

TOPIC = "alerts.met"
ALERT, OTHER = "a1", "a2"


def message(number: int, alert: str = ALERT, desk: str = "met-control", size: int = 1) -> Outgoing:
    data = {"alert": alert, "desk": desk, "sequence": number, "view": "x" * size}
    body = json.dumps({"data": data}).encode()
    return Outgoing(uuid.UUID(int=number), TOPIC, alert.encode(), {}, body)


def number(body: bytes) -> int:
    return int(json.loads(body)["data"]["sequence"])


class Brokers:
    """A topic that is there or not, takes messages up to a size, and may fail when one comes."""

    def __init__(self, room: int = 10_000, fails_at: Collection[int] = ()) -> None:
        self.room, self.fails_at = room, set(fails_at)
        self.is_there = True
        self.log: list[int] = []

    def open(self) -> Producer:
        return Producer(self)


class Producer:
    """What is sent at one time goes into one batch, as with Kafka's: the broker weighs the batch."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._batch: list[tuple[bytes, asyncio.Future[None]]] = []

    async def start(self) -> None:
        return

    async def partitions_for(self, topic: str) -> set[int]:
        if not self._brokers.is_there:
            await asyncio.Event().wait()
        return {0}

    async def send(self, topic: str, value: bytes, *, key: Any, headers: Any) -> Any:
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._batch:
            asyncio.get_running_loop().call_soon(self._flush)
        self._batch.append((value, answer))
        return answer

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        error: Exception | None = None
        if sum(len(body) for body, _ in batch) > self._brokers.room:
            error = MessageSizeTooLargeError()
        for body, answer in batch:
            if error is not None:
                answer.set_exception(error)
            elif number(body) in self._brokers.fails_at:
                self._brokers.fails_at.discard(number(body))
                answer.set_exception(KafkaError())
            else:
                self._brokers.log.append(number(body))
                answer.set_result(None)


class Outbox:
    def __init__(self, messages: Sequence[Outgoing]) -> None:
        self.waiting = list(messages)

    async def take(self, topic: str, limit: int, but: Collection[uuid.UUID]) -> list[Outgoing]:
        return [m for m in self.waiting if m.message_id not in but][:limit]

    async def sent(self, messages: Sequence[Outgoing]) -> None:
        self.waiting = [m for m in self.waiting if m not in messages]


async def abandon(_: Any) -> None:
    return


def lane_of(outbox: Outbox, brokers: Brokers) -> Lane:
    return Lane(TOPIC, outbox, brokers.open, abandon, lambda _: None)


async def test_messages_of_one_alert_to_one_desk_leave_one_after_the_other() -> None:
    brokers, outbox = Brokers(), Outbox([message(n) for n in range(1, 6)])
    await lane_of(outbox, brokers).work()
    assert brokers.log == [1, 2, 3, 4, 5]
    assert not outbox.waiting


async def test_what_comes_after_one_that_failed_waits_behind_it() -> None:
    brokers = Brokers(fails_at=[2])
    outbox = Outbox([message(n) for n in range(1, 5)])
    first = lane_of(outbox, brokers)
    await first.work()
    assert brokers.log == [1], "3 and 4 may not overtake 2"
    assert first.trouble == "KafkaError"
    await lane_of(outbox, brokers).work()
    assert brokers.log == [1, 2, 3, 4], "and none is repeated"


async def test_all_at_once_they_would_overtake_one_that_failed() -> None:
    """The control: so it was sent before."""
    brokers = Brokers(fails_at=[2])
    producer = brokers.open()
    sent = [
        await producer.send(TOPIC, m.body, key=None, headers=()) for m in map(message, [1, 2, 3])
    ]
    await asyncio.gather(*sent, return_exceptions=True)
    assert brokers.log == [1, 3]


async def test_another_alert_and_another_desk_do_not_wait_behind_it() -> None:
    brokers = Brokers(room=300)
    outbox = Outbox([message(1, size=900), message(2), message(3, OTHER), message(4, desk="met-2")])
    big = lane_of(outbox, brokers)
    await big.work()
    assert brokers.log == [3, 4]
    assert big.trouble == "1 messages are larger than the topic takes"
    assert [number(m.body) for m in outbox.waiting] == [1, 2]


async def test_small_messages_are_not_refused_for_the_size_of_their_batch() -> None:
    brokers = Brokers(room=300)
    outbox = Outbox([message(n, alert=f"a{n}", size=100) for n in range(1, 6)])
    await lane_of(outbox, brokers).work()
    assert sorted(brokers.log) == [1, 2, 3, 4, 5]


async def test_weighed_together_all_would_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(Lane, "_send", Lane._send_together)
    brokers = Brokers(room=300)
    outbox = Outbox([message(n, alert=f"a{n}", size=100) for n in range(1, 6)])
    await lane_of(outbox, brokers).work()
    assert not brokers.log


async def test_more_that_is_too_large_than_is_taken_at_a_time_hides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane, "LIMIT", 3)
    brokers = Brokers(room=300)
    large = [message(n, alert=f"a{n}", size=900) for n in range(1, 8)]
    outbox = Outbox([*large, message(8, "b1")])
    await lane_of(outbox, brokers).work()
    assert brokers.log == [8]


async def test_what_was_too_large_is_tried_again_when_the_topic_may_have_more_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brokers, outbox = Brokers(room=300), Outbox([message(1, size=900), message(2)])
    one = lane_of(outbox, brokers)
    await one.work()
    await one.work()
    assert not brokers.log, "not at once"
    brokers.room = 10_000
    monkeypatch.setattr(one, "_again_at", 0.0)
    await one.work()
    assert brokers.log == [1, 2]
    assert one.trouble is None


async def test_a_missing_topic_is_said_and_comes_back_without_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane, "TOPIC_SECONDS", 0.01)
    brokers, outbox = Brokers(), Outbox([message(1)])
    brokers.is_there = False
    one = lane_of(outbox, brokers)
    await one.work()
    assert one.trouble == "no broker has the topic"
    assert one.rests
    brokers.is_there = True
    await one.work()
    assert brokers.log == [1]
    assert one.trouble is None


async def test_receipts_do_not_wait_for_each_other() -> None:
    receipts = [
        Outgoing(uuid.UUID(int=n), "receipts.met", b"met", {}, b'{"data": {}}') for n in (1, 2)
    ]
    waves = []

    async def send(messages: Sequence[Outgoing]) -> dict[uuid.UUID, None]:
        waves.append(len(messages))
        return {m.message_id: None for m in messages}

    sent = await in_order(receipts, send)
    assert waves == [2]
    assert len(sent.acknowledged) == 2
