"""The AsyncAPI document says what is on which topic. No package carries AsyncAPI's own JSON
Schema, so the structure of the objects it uses (AsyncAPI 3.0.0) is checked here.
"""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from schemas import generate
from schemas.alerts import ALERT_CHANGED
from schemas.envelope import STRUCTURED, event_models, structured
from schemas.generate import FOLDER, key, short
from schemas.receipts import AUDIT_SEALED, RECEIPTS_GIVEN
from schemas.scenario import load_scenario
from services.ledger.alerts import store as alert_store
from services.liaison.policy import load_policy
from services.simulation.replay import run
from tests.own_registry import own_registry

SCENARIOS = Path(__file__).parents[2] / "scenarios"
KEY = re.compile(r"^[A-Za-z0-9_-]+$")
ADDRESS_PARAMETER = re.compile(r"{([^{}]+)}")
INFO = {"title", "version", "description", "license"}
CHANNEL = {"address", "description", "parameters", "messages", "bindings"}
OPERATION = {"action", "channel", "summary"}
MESSAGE = {"name", "title", "summary", "traits", "payload"}
TRAIT = {"contentType", "headers", "bindings"}
KAFKA_MESSAGE = {"key", "bindingVersion"}
NOW = datetime(2026, 11, 23, 14, 24, tzinfo=UTC)


@pytest.fixture
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
    return loaded


def references(node: Any) -> list[str]:
    """Every reference in the document."""
    if isinstance(node, dict):
        own_references = [node["$ref"]] if "$ref" in node else []
        return own_references + [
            reference for value in node.values() for reference in references(value)
        ]
    return (
        [reference for value in node for reference in references(value)]
        if isinstance(node, list)
        else []
    )


def resolve(document: dict[str, Any], reference: str) -> Any:
    """What a reference leads to. Raises KeyError, FileNotFoundError."""
    if reference.startswith("./"):
        return json.loads((FOLDER / reference).read_text(encoding="utf-8"))
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def problems(document: dict[str, Any]) -> list[str]:
    """What AsyncAPI 3.0.0 does not allow in the objects that this document uses."""
    components = document["components"]
    problems_found: list[str] = []

    def only(where: str, node: dict[str, Any], allowed: set[str], needed: set[str]) -> None:
        problems_found.extend(
            f"{where}: {name} is not a field" for name in sorted(set(node) - allowed)
        )
        problems_found.extend(f"{where}: {name} is missing" for name in sorted(needed - set(node)))

    top = {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}
    only("document", document, top, {"asyncapi", "info"})
    only("info", document["info"], INFO, {"title", "version"})
    for name, channel in document["channels"].items():
        only(name, channel, CHANNEL, {"address", "messages"})
        if set(ADDRESS_PARAMETER.findall(channel["address"])) != set(channel.get("parameters", {})):
            problems_found.append(f"{name}: the parameters are not those of the address")
        problems_found.extend(
            f"{name}: {message} is not in components"
            for message in set(channel["messages"]) - set(components["messages"])
        )
    for name, operation in document["operations"].items():
        only(name, operation, OPERATION, {"action", "channel"})
        if operation.get("action") not in {"send", "receive"}:
            problems_found.append(f"{name}: an operation sends or receives")
    for name, message in components["messages"].items():
        only(name, message, MESSAGE, {"payload"})
        only(
            f"{name} payload",
            message.get("payload", {}),
            {"schemaFormat", "schema"},
            {"schemaFormat", "schema"},
        )
    for name, trait in components["messageTraits"].items():
        only(name, trait, TRAIT, set())
        only(f"{name} kafka", trait["bindings"]["kafka"], KAFKA_MESSAGE, set())
    named = [
        *document["channels"],
        *document["operations"],
        *(key for component in components.values() for key in component),
    ]
    problems_found.extend(f"{name} is no key" for name in named if not KEY.match(name))
    for reference in references(document):
        try:
            resolve(document, reference)
        except (KeyError, FileNotFoundError):
            problems_found.append(f"{reference} leads nowhere")
    return problems_found


def test_the_document_is_an_asyncapi_3_document(document: dict[str, Any]) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert problems(document) == []


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("operatons",), {}, "operatons is not a field"),
        (("operations", "takeEvents", "action"), "take", "sends or receives"),
        (("components", "messages", "harm_reported", "paylod"), {}, "paylod is not a field"),
        (("channels", "feed", "address"), "feed.{agency}", "not those of the address"),
        (("components", "messages", "harm.reported"), {"payload": {}}, "harm.reported is no key"),
        (("operations", "sendAlerts", "channel"), {"$ref": "#/channels/alarms"}, "leads nowhere"),
        (
            ("channels", "feed", "messages", "harm_done"),
            {"$ref": "./json/harm.done.schema.json"},
            "leads nowhere",
        ),
    ],
)
def test_what_is_wrong_would_be_seen(
    document: dict[str, Any], place: tuple[str, ...], value: Any, problem: str
) -> None:
    broken = copy.deepcopy(document)
    node = broken
    for part in place[:-1]:
        node = node[part]
    node[place[-1]] = value
    assert any(problem in said for said in problems(broken)), problems(broken)


def test_every_type_is_on_the_feed_channel_and_alerts_on_the_other(
    document: dict[str, Any],
) -> None:
    channels = document["channels"]
    assert set(channels["feed"]["messages"]) == {key(name) for name in event_models()}
    assert set(channels["alerts"]["messages"]) == {key(ALERT_CHANGED)}
    assert set(channels["receipts"]["messages"]) == {key(RECEIPTS_GIVEN)}
    assert set(channels["audit"]["messages"]) == {key(AUDIT_SEALED)}
    ours = {ALERT_CHANGED: "alerts", RECEIPTS_GIVEN: "receipts", AUDIT_SEALED: "audit"}
    for name in (*event_models(), *ours):
        message = resolve(document, channels[ours.get(name, "feed")]["messages"][key(name)]["$ref"])
        assert message["name"] == name
        assert resolve(document, message["payload"]["schema"]["$ref"])["title"] == name
        assert message["summary"]


def test_the_topics_of_the_registry_are_the_addresses(document: dict[str, Any]) -> None:
    registry = own_registry()
    feed, agency = (
        document["channels"]["feed"]["address"],
        document["channels"]["alerts"]["address"],
    )
    assert set(registry.topics()) == {feed.format(feed=name) for name in registry.feeds_by_id}
    assert set(registry.alert_topics()) == {
        agency.format(agency=name) for name in registry.agencies_by_id
    }
    receipts = document["channels"]["receipts"]["address"]
    senders = {agency.id for agency in registry.agencies if agency.feeds}
    assert set(registry.receipt_topics()) == {receipts.format(agency=name) for name in senders}
    assert set(registry.every_topic()) == {
        *registry.topics(),
        *registry.alert_topics(),
        *registry.receipt_topics(),
        document["channels"]["audit"]["address"],
    }


def test_both_modes_are_described_and_the_headers_are_those_that_are_read(
    document: dict[str, Any],
) -> None:
    description = document["info"]["description"]
    assert "Structured mode" in description
    assert "Binary mode" in description
    assert STRUCTURED in description
    headers = document["components"]["schemas"]["Headers"]["properties"]
    sent = [(name, b"x") for name in headers if name.startswith("ce_")]
    read = json.loads(structured(b"{}", sent))
    assert set(read) == set(generate.attributes()) | {"datacontenttype", "data"}


@pytest.mark.parametrize(
    "scenario", ["the-story", "silent-ambulance-feed", "plan-on-file-nobody-has-opened"]
)
def test_an_alert_that_the_ledger_sends_is_what_the_schema_says(scenario: str) -> None:
    schema = json.loads(
        (FOLDER / "json" / f"{short(ALERT_CHANGED)}.schema.json").read_text(encoding="utf-8")
    )
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    registry = own_registry()
    outcome = run(load_scenario(SCENARIOS / f"{scenario}.yaml"), registry, load_policy())
    by_id = {alert.alert_id: alert for alert in outcome.alerts}
    sent = [
        alert_store._message(by_id[transition.alert_id], transition, number, registry, NOW)
        for number, transition in enumerate(outcome.log, start=1)
    ]
    assert {json.loads(body)["data"]["transition"] for *_, body, _ in sent} >= {"raised"}
    for _, topic, record_key, headers, body, _ in sent:
        event = json.loads(body)
        assert list(validator.iter_errors(event)) == []
        assert record_key.decode() == event["data"]["alert"] == event["partitionkey"]
        assert (topic in registry.alert_topics(), headers["content-type"]) == (True, STRUCTURED)
        event["data"]["view"]["name"] = "Kwabena"
        assert not validator.is_valid(event)
