"""Writes the contract's files from the models: `python -m schemas.generate`; with `--check` it only compares.

One JSON Schema 2020-12 file an event type, one each for scenario files and the agency registry, and one AsyncAPI 3
document. The files are committed, so that a reader needs no Python and a change of the contract is seen in review.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from schemas.envelope import STRUCTURED, event_models
from schemas.events import TYPE_PREFIX
from schemas.registry import Registry
from schemas.scenario import Scenario

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def short(type_name: str) -> str:
    """`incident.reported` of `uk.crisisliaison.incident.reported.v1`; a later version keeps its suffix."""
    return type_name.removeprefix(TYPE_PREFIX).removesuffix(".v1")


def _schema(model: type[BaseModel], name: str, title: str) -> dict[str, Any]:
    made = model.model_json_schema(mode="validation")
    made.pop("title", None)
    return {"$schema": DIALECT, "$id": f"urn:crisisliaison:schema:{name}", "title": title, **made}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document: feeds that agencies send, alert topics that agencies read."""
    messages = {
        short(name): {
            "name": name,
            "title": short(name),
            "summary": " ".join((model.__doc__ or "").split()),
            "contentType": STRUCTURED,
            "headers": {"$ref": "#/components/schemas/BinaryModeHeaders"},
            "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12",
                        "schema": {"$ref": f"./json/{short(name)}.schema.json"}},
        }
        for name, model in event_models().items()
    }  # fmt: skip
    alert = {
        "name": f"{TYPE_PREFIX}alert.changed.v1",
        "title": "alert.changed",
        "summary": "An alert of one of the agency's desks was raised, worsened, annotated, delivered, acknowledged or "
        "cleared. The id is the same when it is sent again.",
        "contentType": STRUCTURED,
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Crisis Liaison",
            "version": "1.0.0",
            "description": "Agencies send events to their feeds and read the alerts of their desks. CloudEvents 1.0 in "
            "structured mode (application/cloudevents+json) or binary mode (ce_ headers).",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": STRUCTURED,
        "channels": {
            "feed": {
                "address": "feed.{feed}",
                "description": "One topic a feed. Key: the incident's or local person's reference, so that what is "
                "said of one stays in order. Never a name or an NHS number.",
                "parameters": {"feed": {"description": "Id of the feed in the agency registry."}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"kafka": {"topic": "feed.{feed}", "bindingVersion": "0.5.0"}},
            },
            "alerts": {
                "address": "alerts.{agency}",
                "description": "One topic an agency: what its desks may see, after disclosure.",
                "parameters": {"agency": {"description": "Id of the agency in the agency registry."}},
                "messages": {"alert.changed": {"$ref": "#/components/messages/alert.changed"}},
                "bindings": {"kafka": {"topic": "alerts.{agency}", "bindingVersion": "0.5.0"}},
            },
        },
        "operations": {
            "takeEvents": {"action": "receive", "channel": {"$ref": "#/channels/feed"}},
            "sendAlerts": {"action": "send", "channel": {"$ref": "#/channels/alerts"}},
        },
        "components": {
            "messages": {**messages, "alert.changed": alert},
            "schemas": {
                "BinaryModeHeaders": {
                    "type": "object",
                    "description": "Binary mode only: the attributes as headers, the data as the body.",
                    "properties": {
                        f"ce_{name}": {"type": "string"}
                        for name in ("specversion", "id", "source", "type", "time", "recordedtime", "traceparent")
                    },
                }
            },
        },
    }


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    made = {
        FOLDER / "json" / f"{short(name)}.schema.json": _text(_schema(model, short(name), name))
        for name, model in event_models().items()
    }
    made[FOLDER / "json" / "scenario.schema.json"] = _text(_schema(Scenario, "scenario", "Scenario file"))
    made[FOLDER / "json" / "registry.schema.json"] = _text(_schema(Registry, "registry", "Agency registry"))
    made[FOLDER / "asyncapi.yaml"] = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=120)
    return made


def stale() -> list[str]:
    """Files that are not as the models say, and files that no model makes."""
    made = files()
    wrong = [p.name for p, text in made.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    return sorted(wrong + [p.name for p in (FOLDER / "json").glob("*") if p not in made])


def main(arguments: list[str]) -> int:
    """Write, or with `--check` compare: 1 when something is stale."""
    if arguments == ["--check"]:
        wrong = stale()
        for name in wrong:
            print(f"stale: {name}; run `python -m schemas.generate`")
        return 1 if wrong else 0
    (FOLDER / "json").mkdir(exist_ok=True)
    for name in stale():
        (FOLDER / "json" / name).unlink(missing_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(files())} files written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
