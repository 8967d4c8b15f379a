"""An event is the same in both modes of the Kafka binding, whatever else hangs on the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.envelope import decode, structured
from schemas.generate import FOLDER

EVENT: dict[str, Any] = json.loads(
    next((FOLDER / "examples/incident.reported").glob("valid-*.json")).read_text()
)
BODY = json.dumps(EVENT).encode()
DATA = json.dumps(EVENT["data"]).encode()
BINARY = [(f"ce_{name}", value.encode()) for name, value in EVENT.items() if name != "data"]
FOREIGN: list[tuple[str, bytes | None]] = [
    ("b3", b"\xff\xfe"),
    ("retry", None),
    ("ce_subject", None),
]


def test_structured_mode_is_handed_on_as_it_is() -> None:
    assert structured(BODY, [("content-type", b"application/cloudevents+json")]) == BODY
    assert structured(BODY, FOREIGN) == BODY


@pytest.mark.parametrize(
    "also",
    [
        [],
        [("content-type", b"application/json; charset=utf-8")],
        [("Content-Type", b"application/json")],
        [("content-type", None)],
        FOREIGN,
    ],
)
def test_binary_mode_says_the_same_event(also: list[tuple[str, bytes | None]]) -> None:
    assert decode(structured(DATA, [*BINARY, *also])) == decode(BODY)


def test_a_specversion_without_a_value_does_not_make_it_binary() -> None:
    assert structured(BODY, [("ce_specversion", None)]) == BODY


def test_what_is_no_text_or_no_json_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        structured(DATA, [*BINARY, ("ce_subject", b"\xff")])
    with pytest.raises(ValueError, match="Expecting"):
        structured(b"{", BINARY)
