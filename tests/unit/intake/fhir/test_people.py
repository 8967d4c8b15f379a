"""What a trust's FHIR says of people becomes events; what may not be held is left out."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.events import care
from services.identity.register import fold_local, people_of
from services.intake import fhir
from services.intake.translation import Sender, Translated

FIXTURES = Path(__file__).parents[3] / "fixtures/nhs"
SENDER = Sender("slam", "mental-health-trust", "/slam/ehr", b"a secret of the tests")
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


def patient(**more: Any) -> dict[str, Any]:
    verified = {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {
            "coding": [
                {
                    "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus",
                    "code": "01",
                }
            ]
        },
    }
    return {
        "resourceType": "Patient",
        "id": "p-4411",
        "meta": {"versionId": "1", "lastUpdated": "2026-11-20T10:00:00Z"},
        "identifier": [
            {"system": NUMBER, "value": "9990000018", "extension": [verified]},
            {"system": "https://slam.nhs.uk/Id/mrn", "value": "M 77"},
        ],
        "name": [
            {
                "use": "old",
                "family": "Adeyemi",
                "given": ["Tunde"],
                "period": {"end": "2020-01-01"},
            },
            {"use": "usual", "family": "Okafor", "given": ["Tunde", "Emeka"]},
        ],
        "gender": "male",
        "birthDate": "1988-02-29",
        "address": [
            {"use": "home", "line": ["1 Acre Lane"], "postalCode": "sw25sg"},
            {"use": "old", "line": ["2 Brixton Hill"], "postalCode": "SW2 1RW"},
        ],
        "telecom": [
            {"system": "phone", "value": "020 7946 0211"},
            {"system": "email", "value": "t@example.org"},
        ],
    } | more


def read(document: Any) -> Translated:
    return fhir.translate(json.dumps(document).encode(), SENDER, NOW)


def said_of(document: Any) -> care.PersonRegistered | care.PersonUpdated:
    (first, *_) = read(document).events
    assert isinstance(first.data, care.PersonRegistered | care.PersonUpdated)
    return first.data


def test_a_patient_is_on_the_trusts_books_under_its_own_identifier() -> None:
    result = read(patient())
    assert (result.faults, result.notes) == ((), ())
    registered, joined = result.events
    assert registered.type == "uk.crisisliaison.person.registered.v1"
    assert registered.source == "/slam/ehr"
    assert registered.time == datetime(2026, 11, 20, 10, tzinfo=UTC)
    person = registered.data.person
    assert registered.data.local_person == "p-4411"
    assert (person.nhs_number, person.nhs_number_status) == ("9990000018", "01")
    assert [(name.given, name.family, name.use) for name in person.names] == [
        ("Tunde", "Okafor", "usual"),
        ("Tunde", "Adeyemi", "old"),
    ]
    assert person.names[0].middle == "Emeka"
    assert (person.date_of_birth, person.sex) == (date(1988, 2, 29), "male")
    assert [(address.street, address.postcode) for address in person.addresses] == [
        ("1 Acre Lane", "SW2 5SG")
    ]
    assert person.phones == ("020 7946 0211",)
    assert {identifier.system for identifier in person.identifiers} == {"slam.nhs.uk/id/mrn"}
    assert isinstance(joined.data, care.PersonMerged)
    assert joined.data.local_person == "p-4411"


def test_the_same_version_sent_again_is_the_same_event_whenever_it_comes() -> None:
    later = fhir.translate(json.dumps(patient()).encode(), SENDER, datetime(2030, 1, 1, tzinfo=UTC))
    assert later == read(patient())


def test_another_version_is_an_update_with_another_id() -> None:
    second = read(patient(meta={"versionId": "2", "lastUpdated": "2026-11-21T10:00:00Z"}))
    assert second.events[0].type == "uk.crisisliaison.person.updated.v1"
    assert second.events[0].id != read(patient()).events[0].id


def test_no_nhs_number_stands_in_an_id_or_a_local_name() -> None:
    pds = patient(id="9990000018")
    for event in read(pds).events:
        assert "9990000018" not in event.id
        assert "9990000018" not in event.data.local_person


@pytest.mark.parametrize("code", ["R", "V"])
def test_of_a_restricted_person_no_address_and_no_phone_is_held(code: str) -> None:
    result = read(
        patient(
            meta={
                "versionId": "3",
                "lastUpdated": "2026-11-22T10:00:00Z",
                "security": [{"code": code}],
            }
        )
    )
    person = result.events[0].data.person
    assert (person.restricted, person.addresses, person.phones) == (True, (), ())
    assert [note.code for note in result.notes] == ["restricted-location-not-carried"]
    # the control: the same record without the mark holds both
    assert said_of(patient()).person.addresses
    assert said_of(patient()).person.phones


def test_a_person_restricted_later_loses_the_addresses_told_before() -> None:
    from schemas.received import Received

    before = read(patient()).events[0]
    after = read(
        patient(
            meta={
                "versionId": "2",
                "lastUpdated": "2026-11-22T10:00:00Z",
                "security": [{"code": "R"}],
            }
        )
    )
    events = [
        Received(event, "slam", "mental-health-trust", "slam-ehr", NOW)
        for event in (before, after.events[0])
    ]
    (person,) = people_of([fold_local("slam", "p-4411", events[:1])]).values()
    assert person.descriptors[0].addresses
    (hidden,) = people_of([fold_local("slam", "p-4411", events)]).values()
    assert [(descriptor.addresses, descriptor.phones) for descriptor in hidden.descriptors] == [
        ((), ())
    ] * 2
    lifted = read(patient(meta={"versionId": "3", "lastUpdated": "2026-11-23T10:00:00Z"})).events[0]
    events.append(Received(lifted, "slam", "mental-health-trust", "slam-ehr", NOW))
    (hidden_person,) = people_of([fold_local("slam", "p-4411", events)]).values()
    assert hidden_person.descriptors[0].addresses


def test_of_a_redacted_record_nothing_is_held() -> None:
    result = read(patient(meta={"security": [{"code": "REDACTED"}]}))
    assert result.events == ()
    assert [fault.code for fault in result.faults] == ["redacted"]


def test_a_wrong_nhs_number_is_left_out_and_the_person_kept() -> None:
    result = read(patient(identifier=[{"system": NUMBER, "value": "9990000019"}]))
    assert result.events[0].data.person.nhs_number is None
    assert [(note.pointer, note.code) for note in result.notes] == [
        ("/identifier", "nhs-number-check-digit")
    ]


def test_a_number_that_is_not_verified_joins_nobody() -> None:
    result = read(patient(identifier=[{"system": NUMBER, "value": "9990000018"}]))
    assert [event.type for event in result.events] == ["uk.crisisliaison.person.registered.v1"]
    assert result.events[0].data.person.nhs_number_status == "03"


@pytest.mark.parametrize("written", ["ZZ99 3VZ", "LONDON", "SW2"])
def test_a_postcode_that_is_no_place_is_left_out(written: str) -> None:
    result = read(patient(address=[{"line": ["1 Acre Lane"], "postalCode": written}]))
    assert [address.postcode for address in result.events[0].data.person.addresses] == [None]
    assert [note.pointer for note in result.notes] == ["/address/0/postalCode"]


def test_a_death_is_told_with_its_day() -> None:
    died = [
        event.data for event in read(patient(deceasedDateTime="2026-11-19T23:30:00+00:00")).events
    ][-1]
    assert isinstance(died, care.PersonDied)
    assert died.on == date(2026, 11, 19)


def test_without_a_key_nobody_is_named_by_an_nhs_number() -> None:
    body = json.dumps(patient(id="9990000018")).encode()
    result = fhir.translate(body, Sender("slam", "mental-health-trust", "/slam/ehr", b""), NOW)
    assert result.events == ()
    assert result.faults[0].code == "person-named-by-nhs-number-alone"
    assert "LIAISON_PSEUDONYM_KEY" in result.faults[0].remedy


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"{", "", "json-invalid"),
        (b"[]", "", "json-invalid"),
        (b"\xff\xfe", "", "json-invalid"),
        (b"[" * 50_000, "", "nested-too-deeply"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "", "nested-too-deeply"),
        (b'{"resourceType": "Observation"}', "/resourceType", "resource-not-carried"),
        (b'{"resourceType": "Bundle", "entry": {}}', "/entry", "fhir-invalid"),
        (b'{"resourceType": "Patient", "gender": 3}', "/gender", "fhir-invalid"),
        (b'{"resourceType": "Patient"}', "/id", "person-not-named"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(body: bytes, pointer: str, code: str) -> None:
    result = fhir.translate(body, SENDER, NOW)
    assert result.events == ()
    assert (result.faults[0].pointer, result.faults[0].code) == (pointer, code)
    assert result.faults[0].remedy


def test_one_bad_resource_stops_no_other() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": patient(gender="m", birthDate="not a date")},
            {"resource": patient(id="p-2")},
        ],
    }
    result = read(bundle)
    assert result.events[0].data.local_person == "p-2"
    assert {fault.pointer.split("/")[2] for fault in result.faults} == {"0"}


def test_a_fault_never_repeats_what_the_document_says() -> None:
    result = read(patient(birthDate="Okafor-was-born-in-May"))
    assert result.faults
    assert "Okafor" not in str(result.faults)


def test_every_patient_of_the_pds_examples_is_read() -> None:
    listed = json.loads((FIXTURES / "pds_patients.json").read_text())
    translated = {resource["id"]: read(resource) for resource in listed}
    assert [
        identifier for identifier, translation in translated.items() if translation.faults
    ] == []
    assert len(translated) == 57
    hidden = {
        identifier
        for identifier, translation in translated.items()
        if translation.events[0].data.person.restricted
    }
    assert hidden == {"9000000025", "9693632125"}
    assert (
        sum(
            isinstance(event.data, care.PersonDied)
            for translation in translated.values()
            for event in translation.events
        )
        == 8
    )
