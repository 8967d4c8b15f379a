"""A change of the contract that would refuse events which were valid before is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas import compatibility
from schemas.compatibility import breaking_changes
from schemas.generate import FOLDER

ELDER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["data"],
    "properties": {"data": {"$ref": "#/$defs/Data"}},
    "$defs": {
        "Data": {
            "type": "object",
            "additionalProperties": False,
            "required": ["incident", "kinds"],
            "properties": {
                "incident": {"type": "string", "maxLength": 64, "pattern": "^[A-Z]+$"},
                "kinds": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Kind"}},
                "free": {"type": "integer", "minimum": 0, "default": 0},
                "reason": {"anyOf": [{"$ref": "#/$defs/Kind"}, {"type": "null"}], "default": None},
                "any": {"type": "object", "additionalProperties": True},
                "pair": {
                    "type": "array",
                    "prefixItems": [{"type": "string"}, {"type": "integer"}],
                    "maxItems": 2,
                },
            },
        },
        "Kind": {"type": "string", "enum": ["prone", "seated"]},
    },
}
DATA = ("$defs", "Data")
FIELDS = (*DATA, "properties")
GONE = object()


def changed(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The elder schema with one thing set, or gone."""
    copied = copy.deepcopy(ELDER)
    node: Any = copied
    for part in place[:-1]:
        node = node[part]
    if value is GONE:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return copied


@pytest.mark.parametrize(
    ("place", "value", "pointer", "code"),
    [
        ((*FIELDS, "free"), GONE, "/data/free", "field-removed"),
        ((*DATA, "required"), ["incident", "kinds", "free"], "/data/free", "field-required"),
        (("$defs", "Kind", "enum"), ["prone"], "/data/kinds/*", "enum-narrowed"),
        (("$defs", "Kind", "enum"), ["prone"], "/data/reason", "enum-narrowed"),
        ((*FIELDS, "incident", "enum"), ["CAD"], "/data/incident", "enum-narrowed"),
        ((*FIELDS, "incident", "const"), "CAD", "/data/incident", "enum-narrowed"),
        ((*FIELDS, "incident", "maxLength"), 63, "/data/incident", "limit-narrowed"),
        ((*FIELDS, "incident", "minLength"), 1, "/data/incident", "limit-narrowed"),
        ((*FIELDS, "incident", "pattern"), "^[A-Y]+$", "/data/incident", "pattern-changed"),
        ((*FIELDS, "incident", "format"), "date", "/data/incident", "format-changed"),
        ((*FIELDS, "incident", "type"), "integer", "/data/incident", "type-narrowed"),
        ((*FIELDS, "free", "default"), 1, "/data/free", "default-changed"),
        ((*FIELDS, "reason", "anyOf"), [{"$ref": "#/$defs/Kind"}], "/data/reason", "type-narrowed"),
        ((*FIELDS, "any", "additionalProperties"), False, "/data/any", "closed"),
        (
            (*FIELDS, "any", "additionalProperties"),
            {"type": "string"},
            "/data/any/*",
            "type-narrowed",
        ),
        (
            (*FIELDS, "any", "properties"),
            {"at": {"type": "string"}},
            "/data/any/at",
            "type-narrowed",
        ),
        ((*FIELDS, "kinds", "uniqueItems"), True, "/data/kinds", "unique-items-changed"),
        ((*FIELDS, "kinds", "items"), False, "/data/kinds/*", "refused"),
        (
            (*FIELDS, "pair", "prefixItems"),
            [{"type": "string"}, {"const": 4}],
            "/data/pair/1",
            "enum-narrowed",
        ),
        ((*FIELDS, "pair", "items"), {"type": "string"}, "/data/pair/*", "type-narrowed"),
    ],
)
def test_what_breaks_is_named_with_its_place(
    place: tuple[Any, ...], value: Any, pointer: str, code: str
) -> None:
    breaks = breaking_changes(ELDER, changed(place, value))
    assert (pointer, code) in [(breaking.pointer, breaking.code) for breaking in breaks]
    assert all(breaking.message for breaking in breaks)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*FIELDS, "note"), {"type": "string", "default": ""}),
        ((*DATA, "required"), ["incident"]),
        (("$defs", "Kind", "enum"), ["kneeling", "seated", "prone"]),
        (("$defs", "Kind", "enum"), GONE),
        ((*FIELDS, "incident", "maxLength"), 65),
        ((*FIELDS, "incident", "maxLength"), GONE),
        ((*FIELDS, "incident", "pattern"), GONE),
        ((*FIELDS, "free", "type"), "number"),
        ((*FIELDS, "free", "type"), ["integer", "null"]),
        ((*FIELDS, "free", "minimum"), -1),
        ((*FIELDS, "kinds", "items"), True),
        ((*FIELDS, "kinds", "items"), {"anyOf": [{"$ref": "#/$defs/Kind"}, {"type": "integer"}]}),
        ((*FIELDS, "kinds", "items"), {"type": "string", "enum": ["seated", "prone"]}),
        ((*FIELDS, "incident", "description"), "Another text"),
        ((*DATA, "additionalProperties"), True),
    ],
)
def test_what_only_widens_or_explains_breaks_nothing(place: tuple[Any, ...], value: Any) -> None:
    assert breaking_changes(ELDER, changed(place, value)) == []


def test_a_field_that_becomes_optional_may_have_any_default() -> None:
    newer = changed((*DATA, "required"), ["kinds"])
    newer["$defs"]["Data"]["properties"]["incident"]["default"] = "NONE"
    assert breaking_changes(ELDER, newer) == []


def test_schemas_that_refer_to_themselves_are_compared() -> None:
    def tree(limit: int) -> dict[str, Any]:
        node = {
            "type": "object",
            "properties": {"n": {"maximum": limit}, "next": {"$ref": "#/$defs/Node"}},
        }
        return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert breaking_changes(tree(9), tree(10)) == []
    assert [change.code for change in breaking_changes(tree(10), tree(9))] == ["limit-narrowed"]
    with pytest.raises(ValueError, match="leads back to itself"):
        breaking_changes({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, tree(9))


def test_what_is_asked_in_two_places_is_said_not_to_be_understood() -> None:
    twice = {"$ref": "#/$defs/A", "maxLength": 9, "$defs": {"A": {"maxLength": 5}}}
    with pytest.raises(ValueError, match="maxLength"):
        breaking_changes(ELDER, twice)


SCHEMAS = sorted((FOLDER / "json").glob("*.schema.json"))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name.removesuffix(".schema.json"))
def test_each_schema_of_the_contract_breaks_nothing_of_itself(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert breaking_changes(schema, copy.deepcopy(schema)) == []


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a schema."""
    if path:
        yield path
    for key, value in (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    ):
        yield from places(value, (*path, key))


def narrowed(value: Any) -> Iterator[Any]:
    """Other values in its stead, of which some refuse more."""
    yield GONE
    yield False
    if isinstance(value, dict):
        yield {**value, "maxLength": 1, "maxItems": 0, "maximum": -1, "maxProperties": 0}
        yield {**value, "type": "boolean"}
        yield {**value, "required": ["what-nobody-sends"]}
        yield {**value, "not": {}}
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from (0, value - 1, value + 1)
    elif isinstance(value, str):
        yield from ("integer", "string", "^$", "other")
    elif isinstance(value, list):
        yield value[1:]
        yield [*value, "what-nobody-sends"]


@pytest.mark.parametrize(
    "kind", ["detention.detained", "force.started", "pathway.opened", "place-of-safety.capacity"]
)
def test_no_mutation_that_refuses_a_good_example_goes_unnoticed(kind: str) -> None:
    schema = json.loads((FOLDER / "json" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    good = [
        json.loads(path.read_text())
        for path in (FOLDER / "examples" / kind).glob("*.json")
        if path.name[0] in "ve"
    ]
    refusing = 0
    for place in places(schema):
        node: Any = schema
        for part in place:
            node = node[part]
        for value in narrowed(node):
            newer = copy.deepcopy(schema)
            inner: Any = newer
            for part in place[:-1]:
                inner = inner[part]
            if value is GONE:
                del inner[place[-1]]
            else:
                inner[place[-1]] = value
            try:
                refuses = any(not Draft202012Validator(newer).is_valid(event) for event in good)
            except Exception:  # not a schema at all: nobody would release it
                continue
            if refuses:
                refusing += 1
                try:
                    assert breaking_changes(schema, newer) != [], (place, value)
                except (ValueError, KeyError, AttributeError, TypeError) as error:
                    assert str(error)  # noqa: PT017  # said loudly is noticed too
    assert refusing > 30


def test_two_folders_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in SCHEMAS:
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert compatibility.main([str(tmp_path)]) == 0
    before = json.loads((tmp_path / "harm.reported.schema.json").read_text())
    before["$defs"]["HarmReported"]["properties"]["harm"]["enum"].append("fright")
    (tmp_path / "harm.reported.schema.json").write_text(json.dumps(before))
    (tmp_path / "incident.exploded.schema.json").write_text("{}")
    assert compatibility.main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert 'harm.reported /data/harm enum-narrowed: no longer accepted: "fright"' in printed
    assert "incident.exploded: the type is not there any longer" in printed
    assert compatibility.main([]) == 2
