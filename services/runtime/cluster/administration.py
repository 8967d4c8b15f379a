"""The brokers asked for what they hold, and told what to change. aiokafka 0.14 knows the requests
for access lists but has no calls for them, and lacks IncrementalAlterConfigs (44), which leaves a
topic's other settings as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, assert_never

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, SecurityDisabled, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

from services.runtime.cluster.changes import (
    AddPartitions,
    Allow,
    ByHand,
    Change,
    Cluster,
    MakeTopic,
    Revoke,
    SetConfigs,
    TopicState,
)
from services.runtime.cluster.layout import Grant, Operation, Pattern, Resource, Topic
from services.runtime.errors import KafkaUnreachable
from services.runtime.kafka import REQUEST_TIMEOUT_MS
from services.runtime.kafka_security import security
from services.runtime.settings import Settings

STEP_SECONDS = 30.0
ANY = 1
ALLOWED = 3
SET = 0
_TEXT = String("utf-8")


class _ConfigsResponse(Response):  # type: ignore[misc]  # aiokafka is not typed
    API_KEY = 44
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "resources",
            Array(
                ("error_code", Int16),
                ("error_message", _TEXT),
                ("resource_type", Int8),
                ("resource_name", _TEXT),
            ),
        ),
    )


class _ConfigsStruct(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 44
    API_VERSION = 0
    RESPONSE_TYPE = _ConfigsResponse
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", _TEXT),
                ("configs", Array(("name", _TEXT), ("operation", Int8), ("value", _TEXT))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _Configs(Request[_ConfigsStruct]):  # type: ignore[misc]  # as above
    API_KEY = 44

    def __init__(self, change: SetConfigs) -> None:
        self._change = change

    def build(self, request_struct_class: type[_ConfigsStruct]) -> _ConfigsStruct:
        configs = [(name, SET, value) for name, value in self._change.configs.items()]
        topic = (int(Resource.TOPIC), self._change.name, configs)
        return request_struct_class([topic], False)


@asynccontextmanager
async def administration(settings: Settings) -> AsyncIterator[Administration]:
    """As whoever the settings name. Raises KafkaUnreachable, SettingsError."""
    client = AIOKafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **security(settings),
    )
    try:
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await client.start()
        except (KafkaError, OSError, TimeoutError) as error:
            raise KafkaUnreachable(
                f"no broker lets us in at {settings.kafka_bootstrap} (LIAISON_KAFKA_BOOTSTRAP):"
                f" {error or type(error).__name__}"
            ) from error
        yield Administration(client)
    finally:
        await client.close()


class Administration:
    """What may be asked and changed; each step has an end."""

    def __init__(self, client: AIOKafkaAdminClient) -> None:
        self._client = client

    async def cluster(self, topics: Sequence[Topic]) -> Cluster:
        """What the brokers hold of these topics, and every right. Raises KafkaError, TimeoutError."""
        async with asyncio.timeout(STEP_SECONDS):
            described = await self._client.describe_topics()
            names = {topic.name for topic in topics}
            states: dict[str, TopicState] = {}
            present = [topic for topic in described if topic["topic"] in names]
            configs = await self._configs([topic["topic"] for topic in present], topics)
            for topic in present:
                partitions = topic["partitions"]
                states[topic["topic"]] = TopicState(
                    len(partitions),
                    min(len(partition["replicas"]) for partition in partitions),
                    configs[topic["topic"]],
                )
            return Cluster(states, await self._grants())

    async def carry_out(self, change: Change) -> None:
        """Raises KafkaError, TimeoutError, also for what only a person can change."""
        async with asyncio.timeout(STEP_SECONDS):
            match change:
                case MakeTopic(topic):
                    await self._make(topic)
                case AddPartitions(name, _, count):
                    await self._client.create_partitions({name: NewPartitions(count)})
                case SetConfigs():
                    await self._set_configs(change)
                case Allow(grant):
                    answer = await self._send(CreateAclsRequest(*_fields(grant), ALLOWED))
                    for code, message in answer.creation_responses:
                        _refuse(code, message)
                case Revoke(grant):
                    answer = await self._send(DeleteAclsRequest(*_fields(grant), ALLOWED))
                    for code, message, _ in answer.filter_responses:
                        _refuse(code, message)
                case ByHand(sentence):
                    raise KafkaError(sentence)
                case _:
                    assert_never(change)

    async def _make(self, topic: Topic) -> None:
        answer = await self._client.create_topics(
            [
                NewTopic(
                    name=topic.name,
                    num_partitions=topic.partitions,
                    replication_factor=topic.replication,
                    topic_configs=dict(topic.configs),
                )
            ]
        )
        for _, code, message in answer.topic_errors:
            _refuse(code, message)

    async def _set_configs(self, change: SetConfigs) -> None:
        answer = await self._client._send_to_controller(_Configs(change))
        for code, message, *_ in answer.resources:
            _refuse(code, message)

    async def _configs(
        self, names: Sequence[str], topics: Sequence[Topic]
    ) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        keys = dict.fromkeys(name for topic in topics for name in topic.configs)
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict(keys)) for name in names]
        configs = {}
        for answer in await self._client.describe_configs(resources):
            for code, message, _, name, entries in answer.resources:
                _refuse(code, message)
                configs[name] = {entry[0]: entry[1] for entry in entries}
        return configs

    async def _grants(self) -> frozenset[Grant] | None:
        every = DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ALLOWED)
        answer = await self._send(every)
        if answer.error_code == SecurityDisabled.errno:
            return None
        _refuse(answer.error_code, answer.error_message)
        return frozenset(
            Grant(principal, Resource(resource), name, Pattern(pattern), Operation(operation), host)
            for resource, name, pattern, entries in answer.resources
            for principal, host, operation, _ in entries
        )

    async def _send(self, request: Request[Any]) -> Any:
        return await self._client._send_request(request)


def _fields(grant: Grant) -> tuple[Any, ...]:
    return (
        int(grant.resource),
        grant.name,
        int(grant.pattern),
        grant.principal,
        grant.host,
        int(grant.operation),
    )


def _refuse(code: int, message: str | None) -> None:
    """Raise what the brokers answered, where it is an error."""
    if code:
        raise for_code(code)(message)
