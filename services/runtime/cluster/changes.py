"""What has to change so that the brokers hold what the registry asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from services.runtime.cluster.layout import TOPIC_BEGINS, Grant, Layout, Pattern, Resource, Topic

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is."""

    partitions: int
    replication: int
    configs: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the brokers hold now."""

    topics: Mapping[str, TopicState]
    grants: frozenset[Grant] | None
    """None: they keep no access lists, so whoever reaches them may do anything."""


@dataclass(frozen=True, slots=True)
class MakeTopic:
    """A topic is missing."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """A topic has fewer partitions than the registry says."""

    name: str
    present: int
    count: int


@dataclass(frozen=True, slots=True)
class SetConfigs:
    """A topic keeps its records otherwise than it should."""

    name: str
    present: Mapping[str, str] = field(hash=False)
    configs: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Allow:
    """A right is missing."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Revoke:
    """Somebody has a right that the registry does not give."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class ByHand:
    """Something differs that no command changes."""

    sentence: str


Change = MakeTopic | AddPartitions | SetConfigs | Allow | Revoke | ByHand


def changes(layout: Layout, cluster: Cluster, access: bool = True) -> tuple[Change, ...]:
    """In the order in which they are safe: nobody loses a right before who needs it has theirs.
    Without `access` the brokers' access lists are not looked at."""
    differences: list[Change] = []
    for topic in layout.topics:
        differences += _of_topic(topic, cluster.topics.get(topic.name))
    if not access:
        return tuple(differences)
    if cluster.grants is None:
        differences.append(
            ByHand("the brokers keep no access lists: set authorizer.class.name on each")
        )
        return tuple(differences)
    present = {grant.anywhere for grant in cluster.grants}
    differences += [Allow(grant) for grant in sorted(layout.grants - present)]
    for grant in sorted(cluster.grants):
        differences += _unasked(grant, layout)
    return tuple(differences)


def sentence(change: Change) -> str:
    """One line for whoever decides."""
    match change:
        case MakeTopic(topic):
            configs = _listed(topic.configs)
            return (
                f"+ topic {topic.name}: {topic.partitions} partitions,"
                f" {topic.replication} replicas, {configs}"
            )
        case AddPartitions(name, present, count):
            return f"~ topic {name}: {count} partitions instead of {present}"
        case SetConfigs(name, present, configs):
            return f"~ topic {name}: {_listed(configs)} instead of {_listed(present)}"
        case Allow(grant):
            return f"+ {grant}"
        case Revoke(grant):
            return f"- {grant}"
        case ByHand(text):
            return f"! {text}"
        case _:
            assert_never(change)


def _listed(configs: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(configs.items()))


def _of_topic(topic: Topic, state: TopicState | None) -> Iterator[Change]:
    if state is None:
        yield MakeTopic(topic)
        return
    if state.partitions < topic.partitions:
        yield AddPartitions(topic.name, state.partitions, topic.partitions)
    if state.partitions > topic.partitions:
        yield ByHand(
            f"topic {topic.name} has {state.partitions} partitions and the registry says"
            f" {topic.partitions}: Kafka takes none away, write {state.partitions} into the registry"
        )
    if state.replication != topic.replication:
        yield ByHand(
            f"topic {topic.name} has {state.replication} replicas instead of {topic.replication}:"
            " move them with kafka-reassign-partitions"
        )
    present = {name: state.configs.get(name, "nothing") for name in topic.configs}
    if present != topic.configs:
        differing = {name for name, value in topic.configs.items() if present[name] != value}
        yield SetConfigs(
            topic.name,
            {name: present[name] for name in differing},
            {name: topic.configs[name] for name in differing},
        )


def _unasked(grant: Grant, layout: Layout) -> Iterator[Change]:
    if grant.anywhere in layout.grants:
        return
    if grant.principal in layout.principals or _names_ours(grant):
        yield Revoke(grant)
    elif _reaches_ours(grant):
        # others' topics are in it too, so what it is for is not known here
        yield ByHand(f"{grant}: reaches topics of this product, narrow it")


def _names_ours(grant: Grant) -> bool:
    return grant.resource is Resource.TOPIC and grant.name.startswith(TOPIC_BEGINS)


def _reaches_ours(grant: Grant) -> bool:
    if grant.resource is not Resource.TOPIC:
        return False
    if grant.pattern is Pattern.PREFIXED:
        return any(begin.startswith(grant.name) for begin in TOPIC_BEGINS)
    return grant.name == EVERYTHING
