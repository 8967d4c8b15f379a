"""How far a batch reaches whose records cannot be read: its head says so, which is never packed."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError, LeaderNotAvailableError, for_code
from aiokafka.protocol.fetch import FetchRequest

from services.orchestration.batch import Place

# First offset, length, epoch of the leader, form, checksum, attributes, last offset less the first.
HEAD = struct.Struct("!qiibIhi")
HEADED_FORM = 2
"""Before it a batch was one message, at the offset of the last one that is packed in it."""
CONTROL = 0x20
WAIT_MS = 500
READ_COMMITTED = 1


@dataclass(frozen=True, slots=True)
class Extent:
    """A batch's offsets: [first, following)."""

    first: int
    following: int
    is_control: bool = False
    """A marker of a transaction: no record."""


def extent_of(raw: bytes) -> Extent | None:
    """Of the batch that begins there; None where not even its head is whole."""
    if len(raw) < HEAD.size:
        return None
    first, _, _, form, _, attributes, delta = HEAD.unpack_from(raw)
    if form < HEADED_FORM:
        return Extent(first, first + 1)
    return Extent(first, first + delta + 1, bool(attributes & CONTROL))


def following_of(extent: Extent, offset: int, end: int) -> int:
    """Where to read on behind a batch that cannot be read at this offset. A head that cannot be true
    costs one offset and no more."""
    if offset < extent.following <= end:
        return extent.following
    return offset + 1


async def end_of_batch(consumer: AIOKafkaConsumer, place: Place, offset: int, end: int) -> int:
    """Where to read on behind the first batch of records at this offset or behind it. Raises
    KafkaError."""
    extent = await _extent_at(consumer, place, offset)
    while extent.is_control and offset < extent.following < end:
        offset = extent.following
        extent = await _extent_at(consumer, place, offset)
    return following_of(extent, offset, end)


async def _extent_at(consumer: AIOKafkaConsumer, place: Place, offset: int) -> Extent:
    client, (topic, number) = consumer._client, place
    leader = client.cluster.leader_for_partition(TopicPartition(*place))
    if leader is None or leader < 0:
        raise LeaderNotAvailableError(f"{topic}[{number}]")
    # one byte: a broker gives one whole batch all the same
    request = FetchRequest(WAIT_MS, 1, 1, READ_COMMITTED, [(topic, [(number, offset, 1)])])
    answer = await client.send(leader, request)
    for _, partitions in answer.topics:
        for _, error, *_, records in partitions:
            if error:
                raise for_code(error)(f"{topic}[{number}]")
            extent = extent_of(bytes(records or b""))
            if extent is not None:
                return extent
    raise KafkaTimeoutError(f"{topic}[{number}] gives nothing")
