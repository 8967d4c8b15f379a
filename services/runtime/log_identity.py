"""What tells one log from another of the same name: the cluster's id, the topic's id, the epochs of
its leaders. aiokafka 0.14 does not ask for the last two, so the two requests are written out here
(Kafka's protocol: Metadata 12, OffsetForLeaderEpoch 4).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IncompatibleBrokerVersion, LeaderNotAvailableError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

Partition = tuple[str, int]
NO_ID = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Of one partition. None: not known, or the broker does not say."""

    cluster_id: str | None = None
    topic_id: str | None = None
    leader_epoch: int | None = None

    def is_another(self, former: LogIdentity) -> bool:
        """Whether this is certainly another topic, or one of another cluster."""
        return _differ(self.cluster_id, former.cluster_id) or _differ(
            self.topic_id, former.topic_id
        )


NOT_KNOWN = LogIdentity()


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


class _Id:
    """Kafka's UUID: sixteen bytes."""

    @staticmethod
    def encode(value: uuid.UUID) -> bytes:
        return value.bytes

    @staticmethod
    def decode(data: Any) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))


_NAME = CompactString("utf-8")


class _MetadataResponse(Response):  # type: ignore[misc]  # aiokafka is not typed
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", _NAME),
                ("port", Int32),
                ("rack", _NAME),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", _NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _NAME),
                ("topic_id", _Id),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]  # aiokafka is not typed
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Id), ("name", _NAME), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Metadata(Request[_MetadataStruct]):  # type: ignore[misc]  # as above
    API_KEY = 3

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = sorted(topics)

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class(
            [(NO_ID, topic, {}) for topic in self._topics], False, False, {}
        )


class _EpochEndResponse(Response):  # type: ignore[misc]  # aiokafka is not typed
    API_KEY = 23
    API_VERSION = 4
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", _NAME),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader_epoch", Int32),
                        ("end_offset", Int64),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _EpochEndStruct(RequestStruct):  # type: ignore[misc]  # aiokafka is not typed
    FLEXIBLE_VERSION = True
    API_KEY = 23
    API_VERSION = 4
    RESPONSE_TYPE = _EpochEndResponse
    SCHEMA = Schema(
        ("replica_id", Int32),
        (
            "topics",
            CompactArray(
                ("topic", _NAME),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("current_leader_epoch", Int32),
                        ("leader_epoch", Int32),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _EpochEnd(Request[_EpochEndStruct]):  # type: ignore[misc]  # as above
    API_KEY = 23

    def __init__(self, partition: Partition, epoch: int) -> None:
        self._partition, self._epoch = partition, epoch

    def build(self, request_struct_class: type[_EpochEndStruct]) -> _EpochEndStruct:
        topic, number = self._partition
        return request_struct_class(-1, [(topic, [(number, -1, self._epoch, {})], {})], {})


@dataclass(frozen=True, slots=True)
class Logs:
    """What the cluster says of the topics that were asked for and are there."""

    identities: Mapping[Partition, LogIdentity]
    leaders: Mapping[Partition, int]


async def logs_of(consumer: AIOKafkaConsumer, topics: Collection[str]) -> Logs:
    """Every partition of these topics, as far as they are there. Raises KafkaError."""
    client = consumer._client
    try:
        answer = await client.send(client.get_random_node(), _Metadata(topics))
    except (NotImplementedError, IncompatibleBrokerVersion):
        return Logs({}, {})
    identities: dict[Partition, LogIdentity] = {}
    leaders: dict[Partition, int] = {}
    for error, name, topic_id, _, partitions, *_ in answer.topics:
        if error:
            continue
        for partition in partitions:
            _, number, leader, epoch = partition[:4]
            identities[(name, number)] = LogIdentity(
                answer.cluster_id or None,
                None if topic_id == NO_ID else str(topic_id),
                epoch if epoch >= 0 else None,
            )
            leaders[(name, number)] = leader
    return Logs(identities, leaders)


async def end_of_epoch(
    consumer: AIOKafkaConsumer, partition: Partition, leader: int, epoch: int
) -> int | None:
    """Where the log stops to be what the leader of that epoch wrote; None: the broker does not
    say. Raises KafkaError.
    """
    if leader < 0:
        raise LeaderNotAvailableError(f"{partition[0]}[{partition[1]}]")
    try:
        answer = await consumer._client.send(leader, _EpochEnd(partition, epoch))
    except (NotImplementedError, IncompatibleBrokerVersion):
        return None
    for _, partitions, _ in answer.topics:
        for error, _, _, end, _ in partitions:
            if error:
                raise for_code(error)(f"{partition[0]}[{partition[1]}]")
            if end >= 0:
                offset: int = end
                return offset
    return None
