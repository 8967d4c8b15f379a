"""An event is the same in both modes of the Kafka binding, whatever else hangs on the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.envelope import decode, structured
from schemas.generate import FOLDER
from services.intake.accept import checked

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
    assert checked(structured(DATA, [*BINARY, *also])).event == decode(BODY)


@pytest.mark.parametrize("charset", [b"", b"; charset=UTF-8"])
def test_the_content_type_tells_structured_mode_before_stray_headers(charset: bytes) -> None:
    stray = [("ce_specversion", b"1.0"), ("ce_id", b"of-another-hop")]
    structured_mode = ("content-type", b"application/cloudevents+json" + charset)
    assert structured(BODY, [*stray, structured_mode]) == BODY


def test_an_attribute_in_two_headers_is_refused_not_chosen_among() -> None:
    with pytest.raises(ValueError, match="two members of one name"):
        structured(DATA, [*BINARY, ("ce_id", b"another")])


def test_a_specversion_without_a_value_does_not_make_it_binary() -> None:
    assert structured(BODY, [("ce_specversion", None)]) == BODY


def test_what_is_no_text_or_no_json_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        structured(DATA, [*BINARY, ("ce_subject", b"\xff")])
    with pytest.raises(ValueError, match="Expecting"):
        structured(b"{", BINARY)
