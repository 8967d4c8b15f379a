"""The contract's files are what the models say, and every event type is shown by examples that hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from schemas import generate
from schemas.envelope import event_models
from schemas.generate import FOLDER, short
from services.intake.faults import check

EXAMPLES = FOLDER / "examples"
TYPES = sorted(short(name) for name in event_models())
SHOWN = sorted(EXAMPLES.rglob("*.json"))
GOOD = [p for p in SHOWN if not p.name.startswith("invalid")]
BAD = [p for p in SHOWN if p.name.startswith("invalid")]


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _schema(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / "json" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    return schema


def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(_schema(kind), format_checker=FormatChecker())


def test_the_committed_files_are_what_the_models_say() -> None:
    assert generate.stale() == []


def test_a_changed_file_and_a_stray_one_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    begins = {p.stem.split("-")[0] for p in (EXAMPLES / kind).glob("*.json")}
    assert begins == {"valid", "edge", "invalid"}


@pytest.mark.parametrize("path", GOOD, ids=_name)
def test_a_good_example_is_accepted_by_the_intake_and_by_the_schema(path: Path) -> None:
    body = path.read_bytes()
    assert check(body) == []
    assert list(_validator(path.parent.name).iter_errors(json.loads(body))) == []


@pytest.mark.parametrize("path", BAD, ids=_name)
def test_an_invalid_example_is_refused_for_exactly_what_it_says(path: Path) -> None:
    shown = json.loads(path.read_text(encoding="utf-8"))
    found = check(json.dumps(shown["event"]).encode())
    assert [{"pointer": f.pointer, "code": f.code} for f in found] == shown["expect"]
    assert all(f.message and f.remedy for f in found)


def test_the_asyncapi_document_names_every_type_and_every_reference_leads_somewhere() -> None:
    document = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert set(document["channels"]["feed"]["messages"]) == set(TYPES)

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [r for v in node.values() for r in references(v)]
        return [r for v in node for r in references(v)] if isinstance(node, list) else []

    for reference in references(document):
        if reference.startswith("./"):
            assert (FOLDER / reference).exists(), reference
            continue
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    assert document["asyncapi"] == "3.0.0"
    assert {o["action"] for o in document["operations"].values()} == {"send", "receive"}
