"""Writes the contract's files from the models: `python -m schemas.generate`; with `--check` it only
compares.

One JSON Schema 2020-12 file an event type, one each for the alerts that are sent, scenario files
and the agency registry, and one AsyncAPI 3 document. The files are committed, so that a reader
needs no Python and a change of the contract is seen in review.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from schemas.alerts import ALERT_CHANGED, alert_model
from schemas.envelope import STRUCTURED, Event, event_models
from schemas.events import TYPE_PREFIX
from schemas.receipts import AUDIT_SEALED, AUDIT_TOPIC, RECEIPTS_GIVEN, receipts_model, sealed_model
from schemas.registry import Registry
from schemas.scenario import Scenario

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
KAFKA_BINDING = "0.5.0"
KAFKA_TOPIC = {"kafka": {"bindingVersion": KAFKA_BINDING}}

# Names of CloudEvents attributes: extensions are passed over.
EXTENSION = "^[a-z0-9]{1,20}$"
CONTENT_TYPE = (
    r"^([Aa]pplication/([A-Za-z0-9.!#$&^_-]+\+)?|[Tt]ext/)[Jj][Ss][Oo][Nn]"
    r"( *; *[Cc][Hh][Aa][Rr][Ss][Ee][Tt]=\"?([Uu][Tt][Ff]-?8|([Uu][Ss]-)?[Aa][Ss][Cc][Ii][Ii])\"?)?$"
)

MODES = """Agencies send events to their feeds and read the alerts of their desks. Events are CloudEvents 1.0 in either
mode of the Kafka protocol binding; alerts are sent in structured mode.

Structured mode: the value of the record is the whole event as JSON, the `content-type` header is
`application/cloudevents+json`. The payload schemas describe this form.

Binary mode: the value of the record is the event's `data` alone, the `content-type` header is `application/json`, and
each attribute is a header `ce_` with its name. `ce_specversion` tells the mode. The value follows the property `data`
of the payload schema, the headers its other properties.
"""


def short(type_name: str) -> str:
    """`incident.reported` of `uk.crisisliaison.incident.reported.v1`; a later version keeps its
    suffix.
    """
    return type_name.removeprefix(TYPE_PREFIX).removesuffix(".v1")


def key(type_name: str) -> str:
    """The type's key in the AsyncAPI document; some of its tools take no full stop there."""
    return short(type_name).replace(".", "_")


class _Block(yaml.SafeDumper):
    """Writes text of several lines as it reads."""


_Block.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def _schema(model: type[BaseModel], name: str, title: str) -> dict[str, Any]:
    document = model.model_json_schema(mode="validation")
    document.pop("title", None)
    _unwrap(document)
    return {
        "$schema": DIALECT,
        "$id": f"urn:crisisliaison:schema:{name}",
        "title": title,
        **document,
    }


def _unwrap(node: Any) -> None:
    """Descriptions in one line each: how a docstring is broken into lines is no part of the
    contract.
    """
    if isinstance(node, list):
        for member in node:
            _unwrap(member)
    if isinstance(node, dict):
        if isinstance(node.get("description"), str):
            node["description"] = " ".join(node["description"].split())
        for member in node.values():
            _unwrap(member)


def event_schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    """The schema of an event type. `x-core` marks what refuses the event where it cannot be
    read; any other field is then left out.
    """
    document = _schema(model, short(name), name)
    document["patternProperties"] = {EXTENSION: True}
    document["properties"]["datacontenttype"] = {
        "default": "application/json",
        "pattern": CONTENT_TYPE,
        "title": "Datacontenttype",
        "type": "string",
    }
    data = document["$defs"][document["properties"]["data"]["$ref"].rpartition("/")[2]]
    for node in (document, data):
        for field in node.get("required", ()):
            node["properties"][field]["x-core"] = True
    return document


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _line(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _message(name: str, model: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": name,
        "title": short(name),
        "summary": _line(model),
        "traits": [{"$ref": "#/components/messageTraits/CloudEvent"}],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./json/{short(name)}.schema.json"},
        },
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document: feeds that agencies send, alert topics that agencies read."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Crisis Liaison",
            "version": "1.0.0",
            "description": MODES,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": STRUCTURED,
        "channels": _channels(),
        "operations": _operations(),
        "components": _components(),
    }


def _channels() -> dict[str, Any]:
    messages = [key(name) for name in event_models()]
    alert, receipts, sealed = key(ALERT_CHANGED), key(RECEIPTS_GIVEN), key(AUDIT_SEALED)
    return {
        "feed": {
            "address": "feed.{feed}",
            "description": "One Kafka topic a feed, written by one agency.",
            "parameters": {
                "feed": {
                    "description": "Id of the feed in the agency registry.",
                    "examples": ["met-cad"],
                }
            },
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            "bindings": KAFKA_TOPIC,
        },
        "alerts": {
            "address": "alerts.{agency}",
            "description": "One Kafka topic an agency: what its desks may see, after disclosure. At least once: the "
            "id is the same when a message is sent again.",
            "parameters": {
                "agency": {
                    "description": "Id of the agency in the agency registry.",
                    "examples": ["met"],
                }
            },
            "messages": {alert: {"$ref": f"#/components/messages/{alert}"}},
            "bindings": KAFKA_TOPIC,
        },
        "receipts": {
            "address": "receipts.{agency}",
            "description": "One Kafka topic an agency that sends events: what became of each. At least once.",
            "parameters": {
                "agency": {
                    "description": "Id of the agency in the agency registry.",
                    "examples": ["met"],
                }
            },
            "messages": {receipts: {"$ref": f"#/components/messages/{receipts}"}},
            "bindings": KAFKA_TOPIC,
        },
        "audit": {
            "address": AUDIT_TOPIC,
            "description": "One Kafka topic: where the chains of the audit end, each minute. At least once.",
            "messages": {sealed: {"$ref": f"#/components/messages/{sealed}"}},
            "bindings": KAFKA_TOPIC,
        },
    }


def _operations() -> dict[str, Any]:
    return {
        "sendReceipts": {
            "action": "send",
            "channel": {"$ref": "#/channels/receipts"},
            "summary": "For each event of the agency but signs of life: received, and what became of it.",
        },
        "takeEvents": {
            "action": "receive",
            "channel": {"$ref": "#/channels/feed"},
            "summary": "Every event is kept. What intake refuses is kept in quarantine with its faults.",
        },
        "sendAlerts": {
            "action": "send",
            "channel": {"$ref": "#/channels/alerts"},
            "summary": "Each change of an alert, once for each of the agency's desks that it concerns.",
        },
        "sealAudit": {
            "action": "send",
            "channel": {"$ref": "#/channels/audit"},
            "summary": "For whoever keeps evidence: a record that is altered, taken out or put in is found by it.",
        },
    }


def _components() -> dict[str, Any]:
    messages = {key(name): _message(name, model) for name, model in event_models().items()}
    alert, receipts, sealed = key(ALERT_CHANGED), key(RECEIPTS_GIVEN), key(AUDIT_SEALED)
    return {
        "messages": {
            **messages,
            alert: _message(ALERT_CHANGED, alert_model()),
            receipts: _message(RECEIPTS_GIVEN, receipts_model()),
            sealed: _message(AUDIT_SEALED, sealed_model()),
        },
        "messageTraits": {
            "CloudEvent": {
                "contentType": STRUCTURED,
                "headers": {"$ref": "#/components/schemas/Headers"},
                "bindings": {
                    "kafka": {
                        "key": {
                            "type": "string",
                            "description": "Feeds: the incident's or local person's reference, so that what is said "
                            "of one stays in order. Alerts: the alert's id. Receipts: the agency. "
                            "Audit: always the same. "
                            "Never a name or an NHS number.",
                        },
                        "bindingVersion": KAFKA_BINDING,
                    }
                },
            }
        },
        "schemas": {
            "Headers": {
                "type": "object",
                "description": "Structured mode has the content type only; binary mode has the attributes too.",
                "properties": {
                    "content-type": {"type": "string", "enum": [STRUCTURED, "application/json"]},
                    **{f"ce_{name}": {"type": "string"} for name in attributes()},
                },
            }
        },
    }


def attributes() -> list[str]:
    """CloudEvents attributes that are headers in binary mode: all but the content type, which is
    Kafka's own header.
    """
    return [name for name in Event.model_fields if name not in {"data", "datacontenttype"}]


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    texts = {
        FOLDER / "json" / f"{short(name)}.schema.json": _text(event_schema(name, model))
        for name, model in event_models().items()
    }
    texts[FOLDER / "json" / f"{short(ALERT_CHANGED)}.schema.json"] = _text(
        _schema(alert_model(), short(ALERT_CHANGED), ALERT_CHANGED)
    )
    texts[FOLDER / "json" / f"{short(RECEIPTS_GIVEN)}.schema.json"] = _text(
        _schema(receipts_model(), short(RECEIPTS_GIVEN), RECEIPTS_GIVEN)
    )
    texts[FOLDER / "json" / f"{short(AUDIT_SEALED)}.schema.json"] = _text(
        _schema(sealed_model(), short(AUDIT_SEALED), AUDIT_SEALED)
    )
    texts[FOLDER / "json" / "scenario.schema.json"] = _text(
        _schema(Scenario, "scenario", "Scenario file")
    )
    texts[FOLDER / "json" / "registry.schema.json"] = _text(
        _schema(Registry, "registry", "Agency registry")
    )
    texts[FOLDER / "asyncapi.yaml"] = yaml.dump(
        asyncapi(), Dumper=_Block, sort_keys=False, allow_unicode=True, width=120
    )
    return texts


def stale() -> list[str]:
    """Files that are not as the models say, and files that no model makes."""
    texts = files()
    wrong = [
        path.name
        for path, text in texts.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    return sorted(wrong + [path.name for path in (FOLDER / "json").glob("*") if path not in texts])


def main(arguments: list[str]) -> int:
    """Write, or with `--check` compare: 1 when something is stale."""
    if arguments == ["--check"]:
        wrong = stale()
        for name in wrong:
            print(f"stale: {name}; run `python -m schemas.generate`")
        if wrong:
            return 1
        return 0
    (FOLDER / "json").mkdir(exist_ok=True)
    texts = files()
    for path in (FOLDER / "json").glob("*"):
        if path not in texts:
            path.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(texts)} files written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
