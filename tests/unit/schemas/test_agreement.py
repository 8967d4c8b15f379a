"""What the published schemas refuse, the intake refuses or leaves out by name, and the other way
round.

Nobody is told two things. What is refused and what is left out is what the schemas mark: `x-core`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from schemas.generate import FOLDER
from services.intake.accept import check, checked

VALID = sorted(
    path
    for path in (FOLDER / "examples").rglob("*.json")
    if path.name.startswith(("valid", "edge"))
)
BEYOND = {"nhs-number-check-digit", "date-out-of-range"}
"""What no schema language can say."""
SUBSTITUTES: tuple[Any, ...] = (
    None,
    "",
    "4",
    "true",
    4,
    -1,
    0.5,
    True,
    [],
    {},
    [[]],
    "2026-11-23",
    "1732371840",
)


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is a value in the document."""
    if path:
        yield path
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in items:
        yield from leaves(value, (*path, key))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at the place."""
    made = copy.deepcopy(document)
    node = made
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return made


@pytest.mark.parametrize("path", VALID, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_wrong_value_anywhere_is_wrong_for_both(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    validator = Draft202012Validator(
        json.loads(
            (FOLDER / "json" / f"{path.parent.name}.schema.json").read_text(encoding="utf-8")
        ),
        format_checker=FormatChecker(),
    )
    differ = []
    for place in leaves(document):
        for value in SUBSTITUTES:
            other = replaced(document, place, value)
            answer = checked(json.dumps(other).encode())
            complaints = answer.faults + answer.notes
            if complaints and {fault.code for fault in complaints} <= BEYOND:
                continue
            if validator.is_valid(other) == bool(complaints):
                differ.append((place, value, [(fault.pointer, fault.code) for fault in complaints]))
    assert differ == []


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (("time",), 1732371840, "time-malformed"),
        (("time",), "1732371840", "time-malformed"),
        (("time",), "2026-11-23 14:24:00Z", "time-malformed"),
        (("time",), "2026-02-30T14:24:00Z", "time-malformed"),
        (("time",), "2026-11-23T14:24:00", "time-without-offset"),
        (("time",), "0001-01-01T00:00:00+12:00", "time-out-of-range"),
        (("time",), "9999-12-31T23:59:59-12:00", "time-out-of-range"),
        (("data", "total"), "4", "value-invalid"),
        (("data", "free"), True, "value-invalid"),
    ],
)
def test_nothing_is_guessed_from_a_value_of_another_kind(
    place: tuple[str, ...], value: Any, code: str
) -> None:
    document = json.loads(
        next((FOLDER / "examples/place-of-safety.capacity").glob("valid*")).read_text()
    )
    (fault,) = check(json.dumps(replaced(document, place, value)).encode())
    assert (fault.pointer, fault.code) == ("/" + "/".join(place), code)
    assert str(value) not in fault.message, "a fault never repeats a value of the event"


@pytest.mark.parametrize(
    "number", ["٩٩٩٠٠٠٠٠٤٢", "９９９００００　０４２", "999000004", "9990000043"]
)
def test_an_nhs_number_is_ten_plain_digits_with_the_right_check_digit(number: str) -> None:
    document = json.loads(next((FOLDER / "examples/person.registered").glob("valid*")).read_text())
    answer = checked(
        json.dumps(replaced(document, ("data", "person", "nhs_number"), number)).encode()
    )
    assert [(note.pointer, note.code) for note in answer.notes] == [
        ("/data/person/nhs_number", "nhs-number-check-digit")
    ]
    assert answer.event is not None
    assert answer.event.data.person.nhs_number is None
    spaced = replaced(document, ("data", "person", "nhs_number"), "999 000 0042")
    assert check(json.dumps(spaced).encode()) == []


def core_places(schema: dict[str, Any]) -> set[tuple[str, ...]]:
    """Places of the envelope and of the data that the schema marks as core."""
    data = schema["$defs"][schema["properties"]["data"]["$ref"].rpartition("/")[2]]
    places = {(name,) for name, field in schema["properties"].items() if field.get("x-core")}
    return places | {
        ("data", name) for name, field in data["properties"].items() if field.get("x-core")
    }


@pytest.mark.parametrize("path", VALID, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_what_cannot_be_read_refuses_the_event_where_the_schema_says_core_and_nowhere_else(
    path: Path,
) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads((FOLDER / "json" / f"{path.parent.name}.schema.json").read_text())
    core = core_places(schema)
    for place in leaves(document):
        if len(place) > 2 or place == ("specversion",):
            continue
        answer = checked(json.dumps(replaced(document, place, [["no such"]])).encode())
        refused = answer.event is None
        is_open = place == ("data", "data")
        assert refused == (place in core) or is_open, (place, answer.faults, answer.notes)
