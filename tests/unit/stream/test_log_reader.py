"""A partition's log read straight from Kafka: how far it goes, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaTimeoutError

from services.stream import log_reader
from services.stream.log_reader import LogReader, Unreadable

PLACE = ("feed.met-cad", 0)


@dataclass
class Message:
    offset: int
    topic: str = PLACE[0]
    partition: int = PLACE[1]
    value: bytes = b"{}"
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Log:
    """A consumer of a log with these records; the rest up to its end are markers."""

    offsets: tuple[int, ...]
    end: int
    unreadable: int | None = None
    stuck: bool = False
    at: int = 0
    fetches: list[int] = field(default_factory=list)

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.at = offset

    async def position(self, _: TopicPartition) -> int:
        return self.at

    async def getmany(
        self, partition: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[Any, list[Message]]:
        self.fetches.append(self.at)
        if self.stuck:
            return {}
        if self.unreadable is not None and self.unreadable >= self.at:
            # as aiokafka: what came before it in the same answer is gone
            self.at = self.unreadable
            raise CorruptRecordException
        messages = [Message(each) for each in self.offsets if each >= self.at][:max_records]
        self.at = self.end if len(messages) < max_records else messages[-1].offset + 1
        return {partition: messages} if messages else {}

    async def getone(self, _: TopicPartition) -> Message:
        following = min(each for each in self.offsets if each >= self.at)
        if following == self.unreadable:
            raise CorruptRecordException
        self.at = following + 1
        return Message(following)


async def read(log: Log, first: int, following: int) -> tuple[list[tuple[int, int | None]], int]:
    """(offset, preceding) of what it gives, and how far it came."""
    reader = LogReader(log, PLACE)
    records = []
    async for batch in reader.batches(first, following, 2):
        records += [(each.offset, each.preceding) for each in batch]
    return records, reader.position


async def test_each_record_says_from_where_on_nothing_lies_before_it() -> None:
    assert await read(Log((0, 2, 4), end=6), 0, 6) == ([(0, 0), (2, 1), (4, 3)], 6)


async def test_a_log_of_markers_alone_ends() -> None:
    assert await read(Log((), end=7), 3, 7) == ([], 7)


async def test_nothing_is_given_from_beyond_what_was_asked_for() -> None:
    assert await read(Log((0, 1, 2, 3), end=4), 0, 3) == ([(0, 0), (1, 1), (2, 2)], 3)


async def test_what_stands_before_the_unreadable_one_is_given() -> None:
    batches = LogReader(Log((0, 1, 2), end=3, unreadable=2), PLACE).batches(0, 3, 10)
    for offset in (0, 1):
        assert [each.offset for each in await anext(batches)] == [offset]
    with pytest.raises(Unreadable, match="offset 2 cannot be read"):
        await anext(batches)


async def test_a_broker_that_gives_nothing_is_away_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_reader, "QUIET_SECONDS", 0.0)
    with pytest.raises(KafkaTimeoutError):
        await read(Log((0,), end=1, stuck=True), 0, 1)
