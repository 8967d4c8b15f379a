"""The contract's files are what the models say, and every event type is shown by examples that
hold.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from schemas import generate
from schemas.envelope import event_models
from schemas.events import TYPE_PREFIX
from schemas.generate import FOLDER, short
from services.intake.accept import Accepted, Rejected, accept, check, checked, content_hash
from tests.own_registry import own_registry

EXAMPLES = FOLDER / "examples"
TYPES = sorted(short(name) for name in event_models())
SHOWN = sorted(EXAMPLES.rglob("*.json"))
BAD = [path for path in SHOWN if path.name.startswith("invalid")]
DIRTY = [path for path in SHOWN if path.name.startswith("dirty")]
GOOD = [path for path in SHOWN if path not in BAD + DIRTY]


REGISTRY = own_registry()
FEED_OF = {
    s: (agency, feed) for agency, feed in REGISTRY.feeds_by_id.values() for s in feed.sources
}
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def missing_kinds(folder: Path) -> set[str]:
    """The kinds of examples of which the folder of a type has none: `kind-name.json`."""
    return {
        kind for kind in ("valid", "edge", "invalid") if not list(folder.glob(f"{kind}-?*.json"))
    }


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _schema(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(
        (FOLDER / "json" / f"{kind}.schema.json").read_text(encoding="utf-8")
    )
    return schema


def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(_schema(kind), format_checker=FormatChecker())


def test_the_committed_files_are_what_the_models_say() -> None:
    assert generate.stale() == []


def test_a_changed_file_and_a_stray_one_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    (tmp_path / "json").mkdir()
    assert generate.main([]) == 0
    assert generate.stale() == []
    (tmp_path / "json" / "force.ended.schema.json").write_text("{}")
    (tmp_path / "json" / "stray.schema.json").write_text("{}")
    assert generate.stale() == ["force.ended.schema.json", "stray.schema.json"]
    assert generate.main(["--check"]) == 1


@pytest.mark.parametrize("path", sorted((FOLDER / "json").glob("*.json")), ids=lambda p: p.stem)
def test_each_schema_is_itself_valid(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_is_closed_at_every_depth(kind: str) -> None:
    schema = _schema(kind)
    objects = [schema, *schema["$defs"].values()]
    assert all(o.get("additionalProperties") is False for o in objects if "properties" in o)


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_has_a_valid_an_edge_and_an_invalid_example(kind: str) -> None:
    assert missing_kinds(EXAMPLES / kind) == set()


def test_a_missing_kind_would_be_seen(tmp_path: Path) -> None:
    for name in ("valid-a.json", "edge-.json", "invalid.json"):
        (tmp_path / name).touch()
    assert missing_kinds(tmp_path) == {"edge", "invalid"}


def test_every_folder_of_examples_is_of_a_type() -> None:
    assert {p.name for p in EXAMPLES.iterdir()} == set(TYPES)
    assert {p.parent.name for p in SHOWN} == set(TYPES)


@pytest.mark.parametrize("path", GOOD, ids=_name)
def test_a_good_example_is_accepted_from_its_feed_with_the_same_answer_online(path: Path) -> None:
    body = path.read_bytes()
    event = json.loads(body)
    assert event["type"] == f"{TYPE_PREFIX}{path.parent.name}.v1"
    agency, feed = FEED_OF[event["source"]]
    assert isinstance(accept(body, (), agency, feed, NOW), Accepted)
    attributes = [(f"ce_{k}", v.encode()) for k, v in event.items() if k != "data"]
    binary = accept(json.dumps(event["data"]).encode(), attributes, agency, feed, NOW)
    assert isinstance(binary, Accepted)
    event = checked(body).event
    assert event is not None
    assert binary.content_hash == content_hash(event), (
        "binary and structured mode say the same event"
    )


def test_people_in_the_examples_are_synthetic() -> None:
    def numbers(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["nhs_number"]] if "nhs_number" in node else []
            return own + [n for v in node.values() for n in numbers(v)]
        return [n for v in node for n in numbers(v)] if isinstance(node, list) else []

    found = [n for path in SHOWN for n in numbers(json.loads(path.read_text(encoding="utf-8")))]
    assert len(set(found)) > 4
    assert [n for n in found if not n.startswith("999")] == []


@pytest.mark.parametrize("path", GOOD, ids=_name)
def test_a_good_example_is_accepted_by_the_intake_and_by_the_schema(path: Path) -> None:
    body = path.read_bytes()
    assert check(body) == []
    assert list(_validator(path.parent.name).iter_errors(json.loads(body))) == []


@pytest.mark.parametrize("path", BAD, ids=_name)
def test_an_invalid_example_is_refused_for_exactly_what_it_says(path: Path) -> None:
    shown = json.loads(path.read_text(encoding="utf-8"))
    body = json.dumps(shown["event"]).encode()
    found = check(body)
    assert [{"pointer": f.pointer, "code": f.code} for f in found] == shown["expect"]
    assert all(f.message and f.remedy for f in found)
    online = accept(body, (), *REGISTRY.feeds_by_id["met-cad"], NOW)
    assert isinstance(online, Rejected)
    assert online.fault == found[0], "offline and online say the same"


@pytest.mark.parametrize("path", DIRTY, ids=_name)
def test_a_dirty_example_counts_and_what_is_left_out_of_it_is_noted(path: Path) -> None:
    shown = json.loads(path.read_text(encoding="utf-8"))
    agency, feed = FEED_OF[shown["event"]["source"]]
    verdict = accept(json.dumps(shown["event"]).encode(), (), agency, feed, NOW)
    assert isinstance(verdict, Accepted)
    notes = [{"pointer": note.pointer, "code": note.code} for note in verdict.notes]
    assert notes == shown["expect"]
    assert len(verdict.left_out) == len(notes) > 0
    assert accept(verdict.body, (), agency, feed, NOW) == replace(verdict, notes=(), left_out=()), (
        "what is stored says the same, and nothing more is to be said of it"
    )
    beyond = {note["code"] for note in notes} <= {"nhs-number-check-digit"}
    assert _validator(path.parent.name).is_valid(shown["event"]) == beyond


@pytest.mark.parametrize("path", BAD, ids=_name)
def test_an_invalid_example_is_refused_by_the_schema_too_where_a_schema_can_say_it(
    path: Path,
) -> None:
    shown = json.loads(path.read_text(encoding="utf-8"))
    beyond = {fault["code"] for fault in shown["expect"]} <= {"nhs-number-check-digit"}
    assert _validator(path.parent.name).is_valid(shown["event"]) == beyond
