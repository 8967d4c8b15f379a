"""What the registry asks of the brokers, and what has to change so that they hold it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.registry import Registry
from services.runtime.cluster.changes import (
    AddPartitions,
    Allow,
    ByHand,
    Cluster,
    MakeTopic,
    Revoke,
    SetConfigs,
    TopicState,
    changes,
    sentence,
)
from services.runtime.cluster.layout import Grant, Layout, Operation, Pattern, Resource, layout
from services.runtime.settings import Settings
from tests.own_registry import own_registry

DAY = 86_400_000
ASKED = layout(own_registry(), Settings())


def as_asked(asked: Layout = ASKED) -> Cluster:
    """Brokers that hold all of it and nothing else."""
    states = {
        topic.name: TopicState(topic.partitions, topic.replication, topic.configs)
        for topic in asked.topics
    }
    return Cluster(states, asked.grants)


def right(principal: str, name: str, operation: Operation, **more: Any) -> Grant:
    resource = more.pop("resource", Resource.TOPIC)
    pattern = more.pop("pattern", Pattern.LITERAL)
    return Grant(principal, resource, name, pattern, operation, **more)


def rights_of(principal: str) -> set[tuple[str, str]]:
    return {
        (grant.operation.name, grant.name) for grant in ASKED.grants if grant.principal == principal
    }


def test_an_agency_writes_its_feeds_and_reads_its_alerts_and_receipts_and_nothing_else() -> None:
    assert rights_of("User:met") == {
        ("WRITE", "feed.met-cad"),
        ("WRITE", "feed.met-custody"),
        ("READ", "alerts.met"),
        ("READ", "receipts.met"),
        ("READ", "met."),
    }


def test_an_agency_that_sends_nothing_writes_nothing() -> None:
    silent = [agency.id for agency in own_registry().agencies if not agency.feeds]
    assert silent
    for agency in silent:
        assert rights_of(f"User:{agency}") == {("READ", f"alerts.{agency}"), ("READ", f"{agency}.")}


def test_a_service_has_what_it_does_and_nothing_else() -> None:
    registry = own_registry()
    feeds = set(registry.topics())
    assert rights_of("User:liaison-stream") == {("READ", topic) for topic in feeds} | {
        ("READ", "liaison")
    }
    leaving = {*registry.alert_topics(), *registry.receipt_topics(), "audit.sealed"}
    assert rights_of("User:liaison-relay") == {("WRITE", topic) for topic in leaving}
    assert rights_of("User:liaison-gateway") == {("WRITE", topic) for topic in feeds}
    assert rights_of("User:liaison-console") == rights_of("User:liaison-auditor") == set()
    traced = rights_of("User:liaison-trace")
    assert ("WRITE", "feed.slam-ehr") in traced
    assert ("WRITE", "feed.met-cad") not in traced


def test_no_right_is_wider_than_a_name_but_an_agencys_own_groups() -> None:
    wide = {grant for grant in ASKED.grants if grant.pattern is not Pattern.LITERAL}
    assert {grant.resource for grant in wide} == {Resource.GROUP}
    assert all(grant.name == grant.principal.removeprefix("User:") + "." for grant in wide)


def test_topics_keep_records_for_as_long_as_each_kind_is_needed() -> None:
    configs = {topic.name: topic.configs for topic in ASKED.topics}
    assert configs["feed.met-cad"]["retention.ms"] == str(14 * DAY)
    assert configs["alerts.met"]["retention.ms"] == str(7 * DAY)
    assert configs["audit.sealed"]["retention.ms"] == "-1"
    assert {entry["min.insync.replicas"] for entry in configs.values()} == {"2"}
    assert {entry["unclean.leader.election.enable"] for entry in configs.values()} == {"false"}
    assert {topic.replication for topic in ASKED.topics} == {3}
    assert {topic.name for topic in ASKED.topics} == set(own_registry().every_topic())


def test_brokers_that_hold_all_of_it_need_no_change() -> None:
    assert changes(ASKED, as_asked()) == ()


def test_on_empty_brokers_everything_is_made() -> None:
    made = changes(ASKED, Cluster({}, frozenset()))
    assert [change.topic for change in made if isinstance(change, MakeTopic)] == list(ASKED.topics)
    assert {change.grant for change in made if isinstance(change, Allow)} == ASKED.grants
    assert len(made) == len(ASKED.topics) + len(ASKED.grants)


@pytest.mark.parametrize(
    ("state", "change"),
    [
        ({"partitions": 2}, AddPartitions("feed.met-cad", 2, 4)),
        (
            {"configs": {"retention.ms": "1"}},
            SetConfigs("feed.met-cad", {"retention.ms": "1"}, {"retention.ms": str(14 * DAY)}),
        ),
    ],
)
def test_what_differs_of_a_topic_is_one_change(state: dict[str, Any], change: object) -> None:
    held = as_asked()
    topic = held.topics["feed.met-cad"]
    if "configs" in state:
        state["configs"] = {**topic.configs, **state["configs"]}
    found = changes(
        ASKED, replace(held, topics={**held.topics, "feed.met-cad": replace(topic, **state)})
    )
    assert found == (change,)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"partitions": 8}, "write 8 into the registry"),
        ({"replication": 1}, "1 replicas instead of 3"),
    ],
)
def test_what_no_command_changes_is_left_to_a_person(state: dict[str, int], words: str) -> None:
    held = as_asked()
    topic = replace(held.topics["feed.met-cad"], **state)  # type: ignore[arg-type]
    (change,) = changes(ASKED, replace(held, topics={**held.topics, "feed.met-cad": topic}))
    assert isinstance(change, ByHand)
    assert words in change.sentence


@pytest.mark.parametrize(
    "grant",
    [
        right("User:las", "feed.met-cad", Operation.WRITE),
        right("User:las", "somewhere.else", Operation.READ),
        right("User:*", "alerts.met", Operation.READ),
        right("User:monitoring", "alerts.met", Operation.DESCRIBE),
        right("User:retired-agency", "feed.retired", Operation.WRITE),
        right("User:liaison-console", "alerts.met", Operation.READ),
        right("User:met", "liaison", Operation.READ, resource=Resource.GROUP),
        right("User:met", "", Operation.READ, pattern=Pattern.PREFIXED),
        right("User:met", "kafka-cluster", Operation.ALTER, resource=Resource.CLUSTER),
    ],
)
def test_a_right_that_the_registry_does_not_give_is_taken_away(grant: Grant) -> None:
    held = as_asked()
    assert held.grants is not None
    assert changes(ASKED, replace(held, grants=held.grants | {grant})) == (Revoke(grant),)


@pytest.mark.parametrize(
    "grant",
    [
        right("User:mirror", "*", Operation.READ),
        right("User:mirror", "alert", Operation.READ, pattern=Pattern.PREFIXED),
        right("User:mirror", "", Operation.READ, pattern=Pattern.PREFIXED),
    ],
)
def test_one_of_somebody_else_that_reaches_ours_is_told_and_left(grant: Grant) -> None:
    held = as_asked()
    assert held.grants is not None
    (change,) = changes(ASKED, replace(held, grants=held.grants | {grant}))
    assert isinstance(change, ByHand)
    assert "User:mirror" in change.sentence


def test_what_others_do_with_their_own_topics_is_theirs() -> None:
    held = as_asked()
    assert held.grants is not None
    theirs = right("User:mirror", "payroll", Operation.READ)
    assert changes(ASKED, replace(held, grants=held.grants | {theirs})) == ()


def test_a_right_from_one_machine_alone_is_not_widened() -> None:
    held = as_asked()
    assert held.grants is not None
    anywhere = right("User:met", "feed.met-cad", Operation.WRITE)
    here = replace(anywhere, host="198.51.100.7")
    assert changes(ASKED, replace(held, grants=held.grants - {anywhere} | {here})) == ()


def test_brokers_without_access_lists_are_told_and_may_be_accepted() -> None:
    held = replace(as_asked(), grants=None)
    (change,) = changes(ASKED, held)
    assert isinstance(change, ByHand)
    assert "authorizer.class.name" in change.sentence
    assert changes(ASKED, held, access=False) == ()


def test_an_agency_cannot_be_named_as_a_service() -> None:
    registry = own_registry()
    agency = registry.agencies[0].model_copy(update={"id": "liaison-relay"})
    confused = Registry.model_construct(
        **{**dict(registry), "agencies": (agency, *registry.agencies[1:])}
    )
    with pytest.raises(ValueError, match="liaison-relay: that is the principal of a service"):
        layout(confused, Settings())


def test_more_replicas_to_wait_for_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing could be sent"):
        layout(own_registry(), Settings(kafka_replication=1))


def test_a_plan_reads_as_sentences() -> None:
    grant = right(
        "User:met", "met.", Operation.READ, resource=Resource.GROUP, pattern=Pattern.PREFIXED
    )
    assert sentence(Allow(grant)) == "+ User:met: read group met.…"
    assert sentence(Revoke(replace(grant, host="198.51.100.7"))) == (
        "- User:met: read group met.… from 198.51.100.7"
    )
    assert (
        sentence(AddPartitions("feed.met-cad", 2, 4))
        == "~ topic feed.met-cad: 4 partitions instead of 2"
    )
