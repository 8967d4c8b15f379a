"""The topics and the access lists that a registry asks for. A principal an agency, a principal a
service, each with the least that it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import assert_never

from schemas.receipts import AUDIT_TOPIC
from schemas.registry import TRACE_SOURCE_END, Agency, Feed, Registry
from services.runtime.exposition.registries import SERVICES, ServiceName
from services.runtime.settings import Settings

# Begins the principal of every service; an agency's is the agency's own id.
SERVICE_BEGIN = "liaison-"
# Whatever begins so is this product's: nobody whom the registry does not name has a right to it.
TOPIC_BEGINS = ("feed.", "alerts.", "receipts.", AUDIT_TOPIC)
ANY_HOST = "*"
DAY_MILLISECONDS = 86_400_000
FOR_EVER = "-1"


# What a right is about, by Kafka's numbers.
Resource = IntEnum(
    "Resource",
    {"TOPIC": 2, "GROUP": 3, "CLUSTER": 4, "TRANSACTIONAL_ID": 5, "DELEGATION_TOKEN": 6, "USER": 7},
)
# How a right names what it is about, by Kafka's numbers.
Pattern = IntEnum("Pattern", {"LITERAL": 3, "PREFIXED": 4})
# What may be done, by Kafka's numbers.
Operation = IntEnum(
    "Operation",
    {
        "ALL": 2,
        "READ": 3,
        "WRITE": 4,
        "CREATE": 5,
        "DELETE": 6,
        "ALTER": 7,
        "DESCRIBE": 8,
        "CLUSTER_ACTION": 9,
        "DESCRIBE_CONFIGS": 10,
        "ALTER_CONFIGS": 11,
        "IDEMPOTENT_WRITE": 12,
        "CREATE_TOKENS": 13,
        "DESCRIBE_TOKENS": 14,
        "TWO_PHASE_COMMIT": 15,
    },
)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One right of one principal."""

    principal: str
    resource: Resource
    name: str
    pattern: Pattern
    operation: Operation
    host: str = ANY_HOST

    @property
    def anywhere(self) -> Grant:
        """The same right from any machine."""
        return replace(self, host=ANY_HOST)

    def __str__(self) -> str:
        name = self.name
        if self.pattern is Pattern.PREFIXED:
            name += "…"
        place = "" if self.host == ANY_HOST else f" from {self.host}"
        action = self.operation.name.lower().replace("_", " ")
        kind = self.resource.name.lower().replace("_", " ")
        return f"{self.principal}: {action} {kind} {name}{place}"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Layout:
    """All that the brokers must hold."""

    topics: tuple[Topic, ...]
    grants: frozenset[Grant]
    principals: frozenset[str]
    """Of the agencies and the services: they have these rights and no others."""


def layout(registry: Registry, settings: Settings) -> Layout:
    """What the registry asks for. Raises ValueError for an agency that is named as a service is,
    and for more replicas that must have a record than there are."""
    if settings.kafka_min_insync > settings.kafka_replication:
        raise ValueError(
            "LIAISON_KAFKA_MIN_INSYNC is more than LIAISON_KAFKA_REPLICATION: nothing could be sent"
        )
    services = {SERVICE_BEGIN + service for service in SERVICES}
    for agency in registry.agencies:
        if agency.id in services:
            raise ValueError(f"agency {agency.id}: that is the principal of a service, rename it")
    grants: set[Grant] = set()
    principals: set[str] = set()
    for agency in registry.agencies:
        principals.add(principal(agency.id))
        grants.update(_of_agency(agency, registry))
    for service in SERVICES:
        principals.add(service_principal(service))
        grants.update(_of_service(service, registry, settings))
    return Layout(tuple(_topics(registry, settings)), frozenset(grants), frozenset(principals))


def principal(name: str) -> str:
    """As Kafka writes who signed in by that name."""
    return f"User:{name}"


def service_principal(service: ServiceName) -> str:
    """Who the service is to the brokers."""
    return principal(SERVICE_BEGIN + service)


def _topics(registry: Registry, settings: Settings) -> Iterator[Topic]:
    common = {
        "cleanup.policy": "delete",
        "min.insync.replicas": str(settings.kafka_min_insync),
        # a leader without the newest records would lose what was acknowledged
        "unclean.leader.election.enable": "false",
    }
    feeds = common | {
        "retention.ms": _milliseconds(settings.feed_retention_days),
        # as its sender packed it: packing every feed anew would be the brokers' greatest work
        "compression.type": "producer",
    }
    leaving = common | {
        "retention.ms": _milliseconds(settings.alert_retention_days),
        "compression.type": "lz4",
    }
    # where the audit ended is evidence: what a retention deletes could be denied
    seals = leaving | {"retention.ms": FOR_EVER}
    for names, configs in (
        (registry.topics(), feeds),
        (registry.alert_topics() | registry.receipt_topics(), leaving),
        ({AUDIT_TOPIC: 1}, seals),
    ):
        for name, partitions in sorted(names.items()):
            yield Topic(name, partitions, settings.kafka_replication, configs)


def _milliseconds(days: float) -> str:
    return str(round(days * DAY_MILLISECONDS))


def _topic(name: str, operation: Operation, holder: str) -> Grant:
    return Grant(holder, Resource.TOPIC, name, Pattern.LITERAL, operation)


def _of_agency(agency: Agency, registry: Registry) -> Iterator[Grant]:
    """Writing on its feeds, reading its alerts and receipts in groups of its own, nothing else."""
    holder = principal(agency.id)
    for feed in agency.feeds:
        yield _topic(feed.topic, Operation.WRITE, holder)
    for name in (f"alerts.{agency.id}", f"receipts.{agency.id}"):
        if name in registry.every_topic():
            yield _topic(name, Operation.READ, holder)
    # the full stop, which no id has, keeps `met` out of the groups of `met-police`
    yield Grant(holder, Resource.GROUP, f"{agency.id}.", Pattern.PREFIXED, Operation.READ)


def _of_service(service: ServiceName, registry: Registry, settings: Settings) -> Iterator[Grant]:
    holder = service_principal(service)
    match service:
        case "stream":
            for name in registry.topics():
                yield _topic(name, Operation.READ, holder)
            group = settings.consumer_group
            yield Grant(holder, Resource.GROUP, group, Pattern.LITERAL, Operation.READ)
        case "relay":
            leaving = registry.alert_topics() | registry.receipt_topics()
            for name in (*leaving, AUDIT_TOPIC):
                yield _topic(name, Operation.WRITE, holder)
        case "gateway":
            for name in registry.topics():
                yield _topic(name, Operation.WRITE, holder)
        case "trace":
            for name, (_, feed) in registry.feeds_by_topic.items():
                if _is_traced(feed):
                    yield _topic(name, Operation.WRITE, holder)
        case "console" | "auditor":
            # they work on the ledger alone
            return
        case _:
            assert_never(service)


def _is_traced(feed: Feed) -> bool:
    return any(source.endswith(TRACE_SOURCE_END) for source in feed.sources)
