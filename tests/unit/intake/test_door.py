"""What is accepted can be held and settled; an optional field that cannot be read does not cost a call."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.codes import AgencyKind
from schemas.events import TYPE_PREFIX
from services.intake.accept import Accepted, Rejected, accept, checked
from services.intake.examine import MAX_NOTES, Examined
from services.intake.plausible import Circumstances
from tests.own_registry import own_registry

REGISTRY = own_registry()
RECEIVED = datetime(2026, 11, 23, 14, 25, tzinfo=UTC)
BOX = REGISTRY.box
NUMBER = "9990000042"


def event(name: str, data: dict[str, Any], **attributes: Any) -> bytes:
    """An event at 14:24; None takes an attribute away."""
    document = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/met/cad",
        "type": f"{TYPE_PREFIX}{name}.v1",
        "time": "2026-11-23T14:24:00Z",
        "data": data,
    }
    return json.dumps(document | attributes).encode()


def call(attributes: dict[str, Any] | None = None, **data: Any) -> bytes:
    """A 999 call."""
    facts = {"incident": "CAD-1", "nature": "suicidal"} | data
    return event("incident.reported", facts, **attributes or {})


def examined(document: bytes, kind: AgencyKind | None = None) -> Examined:
    return checked(document, Circumstances(RECEIVED, kind, BOX))


def faults(document: bytes, kind: AgencyKind | None = None) -> list[tuple[str, str]]:
    """(pointer, code) of what refuses it."""
    return [(fault.pointer, fault.code) for fault in examined(document, kind).faults]


def notes(document: bytes) -> list[tuple[str, str]]:
    """(pointer, code) of what was left out of an event that counts."""
    answer = examined(document)
    assert answer.event is not None, answer.faults
    return [(note.pointer, note.code) for note in answer.notes]


# -- a dirty optional field ----------------------------------------------------------------------------------------------


DIRTY: list[tuple[dict[str, Any], str, str]] = [
    ({"caller": {"phone": "Withheld"}}, "/data/caller/phone", "value-malformed"),
    ({"caller": {"phone": "07700 900123 (mum)"}}, "/data/caller/phone", "value-malformed"),
    ({"location": {"postcode": "SE5 8A"}}, "/data/location/postcode", "value-malformed"),
    ({"location": {"what3words": "a.b.c"}}, "/data/location/what3words", "field-unknown"),
    ({"location": {"easting": 532100}}, "/data/location/easting", "field-unknown"),
    ({"person": {"nhs_number": "9990000043"}}, "/data/person/nhs_number", "nhs-number-check-digit"),
    ({"person": {"sex": "F"}}, "/data/person/sex", "value-not-in-set"),
    ({"person": {"ethnicity": "A1"}}, "/data/person/ethnicity", "value-not-in-set"),
    ({"person": {"date_of_birth": ""}}, "/data/person/date_of_birth", "date-malformed"),
    ({"person": {"date_of_birth": "0"}}, "/data/person/date_of_birth", "date-malformed"),
    ({"person": {"date_of_birth": 1654646400}}, "/data/person/date_of_birth", "date-malformed"),
    ({"person": {"date_of_birth": "1900-01-01"}}, "/data/person/date_of_birth", "date-placeholder"),
    ({"person": {"date_of_birth": "1970-01-01"}}, "/data/person/date_of_birth", "date-placeholder"),
    ({"person": {"date_of_birth": "0001-01-01"}}, "/data/person/date_of_birth", "date-placeholder"),
    (
        {"person": {"date_of_birth": "1899-12-30"}},
        "/data/person/date_of_birth",
        "date-out-of-range",
    ),
    (
        {"person": {"date_of_birth": "2062-04-01"}},
        "/data/person/date_of_birth",
        "date-out-of-range",
    ),
    ({"person": "unknown"}, "/data/person", "value-invalid"),
    ({"channel": "telephone"}, "/data/channel", "value-not-in-set"),
    ({"indicators": ["suicidal", "sad"]}, "/data/indicators/1", "value-not-in-set"),
    ({"linked": [{"agency": "las"}]}, "/data/linked/0/reference", "field-missing"),
    ({"ambulance_category": "CAT 2"}, "/data/ambulance_category", "value-not-in-set"),
    ({"location": {"area": "Southwark"}}, "/data/location/area", "value-malformed"),
    ({"location": {"street": ""}}, "/data/location/street", "value-invalid"),
    ({"location": {"street": "x" * 201}}, "/data/location/street", "value-invalid"),
    ({"location": {"street": "High\x00 Road"}}, "/data/location/street", "control-character"),
    ({"location": {"street": "High \x1b[31m"}}, "/data/location/street", "control-character"),
    ({"location": {"street": "High \u202edaoR"}}, "/data/location/street", "control-character"),
    ({"location": {"street": "High \ud800"}}, "/data/location/street", "control-character"),
    ({"location": {"x\x00": 1}}, "/data/location/x\ufffd", "control-character"),
]


@pytest.mark.parametrize(("data", "pointer", "code"), DIRTY, ids=[str(d[0])[:50] for d in DIRTY])
def test_an_optional_field_that_cannot_be_read_is_left_out_and_the_call_counts(
    data: dict[str, Any], pointer: str, code: str
) -> None:
    assert notes(call(**data)) == [(pointer, code)]
    answer = examined(call(**data))
    assert answer.event is not None
    assert answer.event.data.nature == "suicidal"
    again = examined(answer.document)
    assert (again.event, again.notes) == (answer.event, ()), "what is stored needs no mending"


def test_with_a_readable_value_nothing_is_left_out() -> None:
    good: dict[str, Any] = {
        "caller": {"phone": "07700 900123"},
        "location": {"postcode": "SE5 8AZ", "area": "southwark", "street": "High Road"},
        "person": {"nhs_number": NUMBER, "sex": "female", "date_of_birth": "1991-04-12"},
        "channel": "999",
    }
    document = call(**good)
    assert notes(document) == []
    assert examined(document).document == document


def test_text_broken_into_lines_becomes_one_line() -> None:
    broken = call(location={"street": "12 High Road\r\nCamberwell\tLondon"})
    assert notes(broken) == [("/data/location/street", "line-break-mended")]
    event_ = examined(broken).event
    assert event_ is not None
    assert event_.data.location.street == "12 High Road Camberwell London"


def test_of_a_list_that_is_too_long_the_first_members_count() -> None:
    names = [{"family": f"Name{n}"} for n in range(30)]
    answer = examined(call(person={"names": names}))
    assert answer.event is not None
    assert len(answer.event.data.person.names) == 20
    assert [note.pointer for note in answer.notes] == ["/data/person/names"]


def test_no_event_has_more_notes_than_a_receipt_can_bear() -> None:
    answer = examined(call(person={f"x{n}": n for n in range(500)}))
    assert answer.event is not None
    assert len(answer.notes) == len(answer.left_out) == MAX_NOTES


@pytest.mark.parametrize(
    ("name", "data", "field", "meaning"),
    [
        (
            "incident.reported",
            {"incident": "C-1", "nature": "other", "person": {"restricted": "Y"}},
            "person",
            {"restricted": True},
        ),
        (
            "pathway.updated",
            {"local_person": "P-1", "pathway": "CP-1", "consent_to_share": "no"},
            "consent_to_share",
            "refused",
        ),
    ],
)
def test_where_leaving_out_would_be_the_unsafe_answer_the_safe_one_is_taken(
    name: str, data: dict[str, Any], field: str, meaning: Any
) -> None:
    answer = examined(event(name, data))
    assert answer.event is not None
    value = getattr(answer.event.data, field)
    assert (value.restricted if field == "person" else value) == (
        meaning["restricted"] if field == "person" else meaning
    )
    assert len(answer.notes) == 1


# -- the core ------------------------------------------------------------------------------------------------------------


CORE: list[tuple[bytes, str, str]] = [
    (call(nature="psychiatric"), "/data/nature", "value-not-in-set"),
    (call(incident="CAD\x001"), "/data/incident", "control-character"),
    (call({"id": "e\x00"}), "/id", "control-character"),
    (
        event("event.retracted", {"retracts": "q\x00", "reason": "test"}),
        "/data/retracts",
        "control-character",
    ),
    (
        event("event.corrected", {"corrects": "q", "data": {"team": "a\x00"}}),
        "/data/data/team",
        "control-character",
    ),
    (
        event("incident.graded", {"incident": "C-1", "ambulance_category": "C9"}),
        "/data/ambulance_category",
        "value-not-in-set",
    ),
    (
        event("force.started", {"incident": "C-1", "force": "F-1", "kinds": ["leg-brace"]}),
        "/data/kinds",
        "value-invalid",
    ),
    (
        event("detention.arrived", {"incident": "C-1", "detention": "D", "at": {"site": "x"}}),
        "/data/at/kind",
        "field-missing",
    ),
    (
        event("custody.interview-planned", {"custody": "C-1", "at": "0001-01-01T00:00:00Z"}),
        "/data/at",
        "time-out-of-range",
    ),
    (call({"time": "0001-06-01T00:00:00Z"}), "/time", "time-out-of-range"),
    (call({"time": "0001-01-01T00:00:00Z"}), "/time", "time-out-of-range"),
    (call({"time": "1970-01-01T00:00:00Z"}), "/time", "time-out-of-range"),
    (call({"time": "9999-12-31T23:59:59Z"}), "/time", "time-out-of-range"),
    (call({"time": "2026-11-24T14:26:00Z"}), "/time", "time-ahead"),
    (
        call({"recordedtime": "2026-11-23T13:24:00Z"}),
        "/recordedtime",
        "recorded-before-it-happened",
    ),
    (
        event("person.merged", {"local_person": "P-1", "merged": "P-1"}),
        "/data/merged",
        "merged-into-itself",
    ),
    (
        event("person.split", {"local_person": "P-1", "split_off": "P-1"}),
        "/data/split_off",
        "split-from-itself",
    ),
    (call(incident=NUMBER), "/data/incident", "nhs-number-as-reference"),
    (call(incident="NHS-999-000-0042"), "/data/incident", "nhs-number-as-reference"),
    (call({"id": NUMBER}), "/id", "nhs-number-as-reference"),
    (
        call(incident=f"CAD-{NUMBER}-1", person={"nhs_number": NUMBER}),
        "/data/incident",
        "nhs-number-as-reference",
    ),
    (
        call(incident="CAD-Asante-Reid", person={"names": [{"family": "Reid"}]}),
        "/data/incident",
        "name-as-reference",
    ),
    (
        event("person.merged", {"local_person": NUMBER, "merged": "P-2"}),
        "/data/local_person",
        "nhs-number-as-reference",
    ),
]


@pytest.mark.parametrize(
    ("document", "pointer", "code"), CORE, ids=[f"{c[1]} {c[2]} {n}" for n, c in enumerate(CORE)]
)
def test_in_the_core_it_refuses_the_event_by_name(document: bytes, pointer: str, code: str) -> None:
    assert (pointer, code) in faults(document)


PLAUSIBLE = [
    call({"time": "2026-11-24T14:24:00Z"}),
    call({"time": "1987-05-01T09:00:00+01:00"}),
    call({"recordedtime": "2026-11-23T14:10:00Z"}),
    call({"recordedtime": "2026-11-23T18:00:00Z"}),
    call(incident="4177/23NOV26"),
    call(incident="1234567890"),
    call({"id": "1764318001"}),
    call(incident="KING-1", person={"names": [{"family": "Kin"}]}),
    call(person={"names": [{"given": "Ama", "family": "Reid"}], "date_of_birth": "1900-01-02"}),
    call(person={"date_of_birth": "2026-11-23"}),
    call(location={"latitude": 51.47, "longitude": -0.08}),
    event("person.merged", {"local_person": "P-1", "merged": "P-2"}),
    event(
        "event.corrected", {"corrects": "q", "data": {"team": "a", "by": "2026-12-01T00:00:00Z"}}
    ),
]


@pytest.mark.parametrize("document", PLAUSIBLE, ids=range(len(PLAUSIBLE)))
def test_what_is_only_unusual_is_taken_whole(document: bytes) -> None:
    assert faults(document) == []
    assert notes(document) == []


def test_an_optional_reference_that_names_a_person_is_left_out() -> None:
    document = event(
        "assistance.requested", {"incident": "C-1", "of": "ambulance", "request": NUMBER}
    )
    assert notes(document) == [("/data/request", "nhs-number-as-reference")]
    assert notes(call({"subject": NUMBER})) == [("/subject", "nhs-number-as-reference")]
    named = call(
        {"partitionkey": "Ama Reid"}, person={"names": [{"given": "Ama", "family": "Reid"}]}
    )
    assert notes(named) == [("/partitionkey", "name-as-reference")]


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(-0.08, 51.47), (0.0, 0.0), (55.95, -3.19), (51.47, 0.08 + 10)]
)
def test_coordinates_outside_the_zone_are_left_out_together(
    latitude: float, longitude: float
) -> None:
    document = call(location={"latitude": latitude, "longitude": longitude, "area": "southwark"})
    assert notes(document) == [
        ("/data/location/latitude", "coordinates-out-of-zone"),
        ("/data/location/longitude", "coordinates-out-of-zone"),
    ]
    event_ = examined(document).event
    assert event_ is not None
    assert event_.data.location.area == "southwark"


@pytest.mark.parametrize(
    ("name", "far", "here"),
    [("grid_reference", "NT 258 735", "TQ 326 762"), ("plus_code", "8FVC9G8F+6W", "9C3XFW95+HH")],
)
def test_a_square_outside_the_zone_is_left_out_and_one_within_is_taken(
    name: str, far: str, here: str
) -> None:
    document = call(location={name: far, "area": "southwark"})
    assert notes(document) == [(f"/data/location/{name}", "coordinates-out-of-zone")]
    assert notes(call(location={name: here, "area": "southwark"})) == []
    # nor does a correction carry it past the door
    for square, expected in ((far, [f"/data/data/location/{name}"]), (here, [])):
        correction = event(
            "event.corrected", {"corrects": "q", "data": {"location": {name: square}}}
        )
        assert [pointer for pointer, _ in faults(correction)] == expected


def test_a_grid_reference_that_is_none_is_left_out_and_the_event_counts() -> None:
    document = call(location={"grid_reference": "XX 30 80", "area": "southwark"})
    assert notes(document) == [("/data/location/grid_reference", "value-malformed")]
    event_ = examined(document).event
    assert event_ is not None
    assert event_.data.location.area == "southwark"


@pytest.mark.parametrize("field", ["date_of_birth", "last_seen_at"])
def test_a_correction_does_not_carry_past_the_door_what_no_event_may(field: str) -> None:
    value = "0001-01-01" if field == "date_of_birth" else "0001-01-01T00:00:00Z"
    document = event("event.corrected", {"corrects": "q", "data": {"person": {field: value}}})
    assert [pointer for pointer, _ in faults(document)] == [f"/data/data/person/{field}"]


# -- who may say it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "data", "said"),
    [
        ("police", "pathway.opened", {"local_person": "P-1", "pathway": "CP-1"}, False),
        ("mental-health-trust", "pathway.opened", {"local_person": "P-1", "pathway": "CP-1"}, True),
        ("ambulance", "custody.reviewed", {"custody": "C-1"}, False),
        ("police", "custody.reviewed", {"custody": "C-1"}, True),
        ("police", "person.died", {"local_person": "P-1"}, False),
    ],
)
def test_an_agency_says_what_its_kind_may_say(
    kind: AgencyKind, name: str, data: dict[str, Any], said: bool
) -> None:
    expected = [] if said else [("/type", "type-not-of-agency")]
    assert faults(event(name, data), kind) == expected


# -- CloudEvents as others write them ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attributes",
    [
        {"datacontenttype": "application/json; charset=utf-8"},
        {"datacontenttype": "Application/JSON;charset=UTF-8"},
        {"datacontenttype": "application/vnd.met.cad+json"},
        {"tracestate": "rojo=1", "sequence": "42", "dataref": "https://x.example/1"},
        {"comexampleextension": {"any": ["thing"]}},
        {"dataschema": "https://met.example/schema.json"},
    ],
)
def test_extensions_and_parameters_are_passed_over(attributes: dict[str, Any]) -> None:
    answer = examined(call(attributes))
    assert (answer.faults, answer.notes) == ((), ())
    assert answer.event is not None
    assert answer.event.datacontenttype == "application/json"


def test_an_attribute_that_is_a_slip_of_the_pen_is_noted() -> None:
    assert notes(call({"recordedtme": "2026-11-23T14:24:00Z"})) == [
        ("/recordedtme", "field-unknown")
    ]
    assert notes(call({"recordedTime": "2026-11-23T14:24:00Z"})) == [
        ("/recordedTime", "field-unknown")
    ]


def test_data_in_base64_is_read_and_data_twice_is_refused() -> None:
    document = json.loads(call())
    data = document.pop("data")
    import base64

    encoded = base64.b64encode(json.dumps(data).encode()).decode()
    answer = examined(json.dumps(document | {"data_base64": encoded}).encode())
    assert answer.event == examined(call()).event
    twice = document | {"data": data, "data_base64": encoded}
    assert faults(json.dumps(twice).encode()) == [("/data_base64", "data-twice")]


def test_another_character_set_than_utf_8_is_refused() -> None:
    latin = {"datacontenttype": "application/json; charset=iso-8859-1"}
    assert faults(call(latin)) == [("/datacontenttype", "character-set-unknown")]


@pytest.mark.parametrize(
    "text",
    [
        b'{"source":"/las/cad",' + call()[1:],
        call().replace(b'"nature": "suicidal"', b'"nature": "other", "nature": "suicidal"'),
        call().replace(b'"nature"', b'"nature": "suicidal", "n\\u0061ture"'),
    ],
)
def test_a_member_that_stands_twice_is_refused(text: bytes) -> None:
    assert faults(text) == [("", "json-member-twice")]


def test_stream_and_offline_check_say_the_same() -> None:
    agency, feed = REGISTRY.feeds_by_id["met-cad"]
    for document in [call(**data) for data, _, _ in DIRTY] + [document for document, *_ in CORE]:
        offline = checked(document, Circumstances(RECEIVED, agency.kind, BOX, feed))
        online = accept(document, (), agency, feed, RECEIVED, BOX)
        if isinstance(online, Accepted):
            assert (online.notes, online.received.event) == (offline.notes, offline.event)
        else:
            assert isinstance(online, Rejected)
            assert online.faults == offline.faults
