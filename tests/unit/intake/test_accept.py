"""Is this event well formed, and does it come from whom it says? Refused with a place, a code and a remedy."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from schemas.envelope import MAX_EVENT_BYTES
from services.intake.accept import Accepted, Rejected, accept, check, checked
from tests.own_registry import own_registry
from tests.unit.liaison.script import minute

REGISTRY = own_registry()
AGENCY, FEED = REGISTRY.feeds_by_id["met-cad"]
SECRET = "Zubaida"
GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/met/cad",
    "type": "uk.crisisliaison.incident.reported.v1",
    "time": "2026-11-23T14:00:00Z",
    "data": {
        "incident": "CAD-1",
        "nature": "suicidal",
        "person": {"names": [{"given": SECRET}], "date_of_birth": "1990-01-01"},
    },
}


def body(**changes: Any) -> bytes:
    """The good event with changes; `data_…` changes a field of its data; None takes it away."""
    document = json.loads(json.dumps(GOOD))
    for name, value in changes.items():
        where, key = (document["data"], name[5:]) if name.startswith("data_") else (document, name)
        if value is None:
            del where[key]
        else:
            where[key] = value
    return json.dumps(document).encode()


def take(
    sent: bytes | None, *headers: tuple[str, bytes], feed: str = "met-cad"
) -> Accepted | Rejected:
    agency, described = REGISTRY.feeds_by_id[feed]
    return accept(sent, headers, agency, described, minute(0))


def accepted(sent: bytes, *headers: tuple[str, bytes]) -> Accepted:
    found = take(sent, *headers)
    assert isinstance(found, Accepted)
    return found


def refused(sent: bytes | None, *headers: tuple[str, bytes]) -> tuple[str, str]:
    """(pointer, code) of the first fault."""
    found = take(sent, *headers)
    assert isinstance(found, Rejected)
    assert found.fault.message
    assert found.fault.remedy
    assert SECRET not in found.fault.message + found.fault.remedy
    return found.fault.pointer, found.fault.code


def test_a_good_event_is_accepted_with_what_the_registry_says_of_its_sender() -> None:
    received = accepted(body()).received
    assert (received.agency, received.agency_kind, received.feed) == ("met", "police", "met-cad")
    assert received.received_at == minute(0)
    assert received.record_key == ("met", "CAD-1")


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("a field that is needed", {"data_nature": None}, "/data/nature", "field-missing"),
    ("an envelope attribute that is needed", {"id": None}, "/id", "field-missing"),
    ("a value not in the set", {"data_nature": "sad"}, "/data/nature", "value-not-in-set"),
    (
        "a type not in the catalogue",
        {"type": "uk.crisisliaison.incident.guessed.v1"},
        "",
        "type-unknown",
    ),
    ("no type", {"type": None}, "", "type-missing"),
    ("a time without offset", {"time": "2026-11-23T14:00:00"}, "/time", "time-without-offset"),
    ("a time that is none", {"time": "two o'clock"}, "/time", "time-malformed"),
    ("seconds since 1970", {"time": 1732371840}, "/time", "time-malformed"),
    ("a source that is a URL", {"source": "https://met.example/cad"}, "/source", "value-malformed"),
    ("an id with a space", {"id": "e 1"}, "/id", "value-malformed"),
    ("an old CloudEvents", {"specversion": "0.3"}, "/specversion", "value-not-in-set"),
    ("another agency's source", {"source": "/las/cad"}, "/source", "source-not-registered"),
    (
        "a reference that is too long",
        {"data_incident": "C" * 65},
        "/data/incident",
        "value-invalid",
    ),
]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_what_is_wrong_is_refused_with_its_place_and_a_code(
    changes: dict[str, Any], pointer: str, code: str
) -> None:
    assert refused(body(**changes)) == (pointer, code)


def test_a_misspelt_field_is_told_what_it_may_have_been() -> None:
    (note,) = accepted(body(data_chanel="999")).notes
    assert note.code == "field-unknown"
    assert "`channel`" in note.remedy


@pytest.mark.parametrize("sent", [b"", b"{", b"hello", b"\xff\xfe", b"[1, 2]", b"null", b"42"])
def test_what_is_not_one_json_object_is_refused_and_never_raises(sent: bytes) -> None:
    assert refused(sent)[1] in {"json-invalid", "value-invalid", "type-missing"}


def test_json_nested_without_end_is_refused() -> None:
    assert refused(b'{"data":' * 7_000)[1] == "nested-too-deeply"


def test_an_empty_message_is_refused_as_that() -> None:
    assert refused(None) == ("", "body-missing")


def test_an_event_at_the_limit_of_size_is_read_and_one_byte_more_is_not() -> None:
    padding = MAX_EVENT_BYTES - len(body())
    assert isinstance(take(body() + b" " * padding), Accepted)
    assert refused(body() + b" " * (padding + 1)) == ("", "event-too-large")


def test_of_an_event_that_is_too_large_no_more_than_the_limit_is_kept() -> None:
    found = take(b"x" * (MAX_EVENT_BYTES * 3))
    assert isinstance(found, Rejected)
    assert len(found.body) == MAX_EVENT_BYTES


def test_an_event_from_the_future_is_accepted_for_its_senders_clock_may_be_wrong() -> None:
    found = accepted(body(time=(minute(0) + timedelta(hours=3)).isoformat()))
    assert found.received.as_sent.time > found.received.received_at
    assert found.received.event.time == found.received.received_at, "what was received has happened"


def test_the_same_source_on_its_own_feed_is_accepted_there_only() -> None:
    foreign = body(source="/las/cad")
    assert isinstance(take(foreign, feed="las-cad"), Accepted)
    assert isinstance(take(foreign), Rejected)


# -- what tells a repeat from a reuse of an id ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        body(),
        body(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        body(partitionkey="CAD-1"),
        body(time="2026-11-23T14:00:00+00:00"),
        json.dumps(GOOD, indent=3).encode(),
    ],
    ids=["again", "another trace", "another key", "the instant written otherwise", "other spaces"],
)
def test_the_same_said_again_has_the_same_hash(same: bytes) -> None:
    assert accepted(same).content_hash == accepted(body()).content_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"data_nature": "medical"},
        {"time": "2026-11-23T14:00:01Z"},
        {"subject": "S"},
        {"data_person": None},
    ],
)
def test_the_same_id_with_other_content_has_another_hash(changes: dict[str, Any]) -> None:
    assert accepted(body(**changes)).content_hash != accepted(body()).content_hash


# -- binary mode ---------------------------------------------------------------------------------------------------------


def binary(**changes: bytes) -> list[tuple[str, bytes]]:
    attributes = {f"ce_{k}": v.encode() for k, v in GOOD.items() if k != "data"}
    return [*(attributes | changes).items(), ("content-type", b"application/json; charset=utf-8")]


def test_binary_mode_is_the_same_event() -> None:
    sent = json.dumps(GOOD["data"]).encode()
    found = accepted(sent, *binary())
    assert found.content_hash == accepted(body()).content_hash
    assert json.loads(found.body)["data"] == GOOD["data"]


def test_binary_mode_with_headers_or_a_body_that_are_no_text_is_refused() -> None:
    assert refused(b"{", *binary())[1] == "json-invalid"
    assert refused(b"{}", *binary(ce_id=b"\xff"))[1] == "json-invalid"


def test_every_fault_is_found_when_a_sender_checks_its_file() -> None:
    answer = checked(body(data_nature=None, data_natur="x", time="noon"))
    assert {(fault.pointer, fault.code) for fault in answer.faults} == {
        ("/time", "time-malformed"),
        ("/data/nature", "field-missing"),
    }
    assert [(note.pointer, note.code) for note in answer.notes] == [
        ("/data/natur", "field-unknown")
    ]


def test_what_is_good_has_no_fault() -> None:
    assert check(body()) == []
