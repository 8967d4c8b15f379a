"""What a trust's FHIR says of care: episodes, crisis plans, whom to call. Narrative never."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.events import care
from services.intake import fhir
from services.intake.translation import Sender, Translated

FIXTURES = Path(__file__).parents[3] / "fixtures/nhs"
SENDER = Sender("slam", "mental-health-trust", "/slam/ehr", b"a secret of the tests")
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ME = {"reference": "Patient/p-4411"}
META = {"versionId": "4", "lastUpdated": "2026-11-20T10:00:00Z"}
PLAN = {"coding": [{"system": "http://snomed.info/sct", "code": "736253002"}]}


def episode(**more: Any) -> dict[str, Any]:
    legal = {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-LegalStatus",
        "extension": [
            {
                "url": "legalStatusClassification",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationEngland",
                            "code": "03",
                        }
                    ]
                },
            }
        ],
    }
    return {
        "resourceType": "EpisodeOfCare",
        "id": "ep-1",
        "meta": META,
        "status": "active",
        "patient": ME,
        "period": {"start": "2026-06-01"},
        "extension": [legal],
        "managingOrganization": {"display": "Southwark home treatment team"},
        "contained": [
            {
                "resourceType": "CareTeam",
                "id": "t",
                "name": "Southwark crisis team",
                "telecom": [{"system": "phone", "value": "020 7946 0211"}],
            }
        ],
        "team": [{"reference": "#t"}],
    } | more


def document(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": "RV5-1",
        "meta": META,
        "status": "current",
        "type": PLAN,
        "subject": {
            "identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}
        },
        "date": "2026-08-20T00:00:00Z",
        "content": [
            {
                "attachment": {
                    "contentType": "application/pdf",
                    "url": "https://x.example/9990000018.pdf",
                }
            }
        ],
    } | more


def flag(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Flag",
        "id": "f-1",
        "status": "active",
        "subject": ME,
        "category": [{"coding": [{"code": "NRAF"}]}],
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "362691000000102"}]},
    } | more


def consent(kind: str, at: str = "2026-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    coded = {"coding": [{"code": "patient-privacy"}]}
    return {
        "resourceType": "Consent",
        "id": f"c-{kind}",
        "status": "active",
        "scope": coded,
        "category": [coded],
        "patient": ME,
        "dateTime": at,
        "policyRule": coded,
        "provision": {"type": kind},
    } | more


def relative(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "RelatedPerson",
        "id": "r-1",
        "patient": ME,
        "relationship": [
            {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "SIS"}
                ]
            }
        ],
        "name": [{"family": "Okafor", "given": ["Ngozi"]}],
        "telecom": [{"system": "phone", "value": "020 7946 0999"}],
    } | more


def read(*resources: Any) -> Translated:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in resources],
    }
    return fhir.translate(json.dumps(bundle).encode(), SENDER, NOW)


def pathway(*resources: Any) -> care.PathwayUpdated:
    result = read(*resources)
    assert result.faults == ()
    (pathways,) = [
        event.data
        for event in result.events
        if isinstance(event.data, care.PathwayUpdated) and event.data.pathway == "ep-1"
    ]
    return pathways


def test_an_active_episode_opens_when_it_began_and_says_what_is_in_place() -> None:
    opened, updated = read(episode()).events
    assert isinstance(opened.data, care.PathwayOpened)
    # midnight in London, in summer
    assert opened.time == datetime(2026, 5, 31, 23, tzinfo=UTC)
    assert isinstance(updated.data, care.PathwayUpdated)
    assert updated.data.local_person == "p-4411"
    assert updated.data.team == "Southwark crisis team"
    assert updated.data.contact_phone == "020 7946 0211"
    assert updated.data.legal_status == "03"


@pytest.mark.parametrize(("code", "carried"), [("19", "19"), ("20", "20"), ("12", None)])
def test_the_legal_status_is_carried_by_its_code(code: str, carried: str | None) -> None:
    result = episode()
    result["extension"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] = code
    assert pathway(result).legal_status == carried


def test_an_episode_that_ends_is_closed_at_the_end_of_its_last_day() -> None:
    *_, closed = read(
        episode(status="finished", period={"start": "2026-06-01", "end": "2026-11-19"})
    ).events
    assert isinstance(closed.data, care.PathwayClosed)
    assert closed.data.reason == "discharged"
    assert closed.time == datetime(2026, 11, 20, 0, tzinfo=UTC)


def test_an_episode_that_has_not_begun_is_not_in_place() -> None:
    result = read(episode(status="planned"))
    assert result.events == ()
    assert [note.code for note in result.notes] == ["episode-not-begun"]


def test_flags_consent_and_family_go_with_the_episode() -> None:
    opened = pathway(episode(), flag(), consent("permit"), relative())
    assert opened.adjustments == ("362691000000102",)
    assert opened.consent_to_share == "given"
    assert [(contact.relation, contact.phone) for contact in opened.family_contacts or ()] == [
        ("family", "020 7946 0999")
    ]
    bare = pathway(episode())
    assert (bare.adjustments, bare.consent_to_share, bare.family_contacts) == (None, None, None)


def test_the_newest_consent_counts() -> None:
    consents = [consent("permit"), consent("deny", "2026-05-01T00:00:00Z")]
    assert pathway(episode(), *consents).consent_to_share == "refused"
    assert pathway(episode(), *reversed(consents)).consent_to_share == "refused"
    ended = [consent("permit"), consent("deny", "2026-05-01T00:00:00Z", status="inactive")]
    assert pathway(episode(), *ended).consent_to_share == "given"


def test_another_flag_is_another_event() -> None:
    ids = {
        tuple(event.id for event in read(episode(), *more).events)[-1]
        for more in ([], [flag()], [flag(id="f-2")])
    }
    assert len(ids) == 3


def test_a_flag_that_may_hold_a_diagnosis_is_left_out() -> None:
    result = read(episode(), flag(category=[{"coding": [{"code": "clinical"}]}]))
    assert [note.code for note in result.notes] == ["flag-not-carried"]
    assert (
        pathway(episode(), flag(category=[{"coding": [{"code": "clinical"}]}])).adjustments is None
    )


@pytest.mark.parametrize("left", [flag(), consent("deny"), relative()])
def test_what_says_nothing_without_an_episode_is_named(left: dict[str, Any]) -> None:
    result = read(left)
    assert (result.events, result.faults) == ((), ())
    assert [note.code for note in result.notes] == ["needs-an-episode"]


def test_nobody_is_named_to_call_for_a_restricted_person() -> None:
    hidden = {
        "resourceType": "Patient",
        "id": "p-4411",
        "meta": META | {"security": [{"code": "R"}]},
    }
    assert pathway(episode(), hidden, relative()).family_contacts is None
    assert pathway(episode(), hidden | {"meta": META}, relative()).family_contacts is not None


def test_a_relative_of_the_past_is_not_called() -> None:
    assert pathway(episode(), relative(active=False)).family_contacts is None
    assert pathway(episode(), relative(period={"end": "2025-01-01"})).family_contacts is None
    assert pathway(episode(), relative(period={"end": "2031-01-01"})).family_contacts is not None


def test_a_crisis_plan_is_pointed_to_and_its_text_never_carried() -> None:
    (event,) = read(document(description="He is frightened of uniforms")).events
    assert isinstance(event.data, care.PathwayUpdated)
    assert event.data.crisis_plan is not None
    assert event.data.crisis_plan.pointer == "DocumentReference/RV5-1"
    assert event.data.crisis_plan.updated_on == date(2026, 8, 20)
    written = event.model_dump_json()
    assert "9990000018" not in written
    assert "frightened" not in written


def test_a_plan_named_by_nhs_number_reaches_the_patient_whose_number_is_verified() -> None:
    from schemas.received import Received
    from services.identity.register import fold_local, people_of
    from tests.unit.intake.fhir.test_people import patient

    events = [
        Received(event, "slam", "mental-health-trust", "slam-ehr", NOW)
        for event in read(patient(), document()).events
    ]
    names = {received.event.data.local_person for received in events}
    records = [
        fold_local(
            "slam",
            name,
            [
                received
                for received in events
                if name
                in (received.event.data.local_person, getattr(received.event.data, "merged", ""))
            ],
        )
        for name in sorted(names)
    ]
    (person,) = people_of(records).values()
    assert [pathway.facts.crisis_plan is not None for pathway in person.pathways] == [True]


def test_a_plan_that_stands_no_more_is_closed() -> None:
    (event,) = read(document(status="superseded")).events
    assert isinstance(event.data, care.PathwayClosed)
    assert event.data.pathway == "plan:RV5-1"


def test_a_plan_that_replaces_another_closes_it() -> None:
    link = [{"code": "replaces", "target": {"reference": "DocumentReference/RV5-0"}}]
    new, old = read(document(relatesTo=link)).events
    assert isinstance(new.data, care.PathwayUpdated)
    assert isinstance(old.data, care.PathwayClosed)
    assert old.data.pathway == "plan:RV5-0"


def test_a_document_of_another_type_is_left_out() -> None:
    result = read(
        document(type={"coding": [{"system": "http://snomed.info/sct", "code": "824321000000109"}]})
    )
    assert result.events == ()
    assert [note.code for note in result.notes] == ["document-not-carried"]


def test_a_care_plan_of_the_type_is_a_crisis_plan_too() -> None:
    plan = {
        "resourceType": "CarePlan",
        "id": "cp-9",
        "meta": META,
        "status": "active",
        "intent": "plan",
        "category": [PLAN],
        "subject": ME,
        "created": "2026-07-01",
    }
    (event,) = read(plan).events
    assert event.data.crisis_plan.pointer == "CarePlan/cp-9"
    assert event.data.crisis_plan.updated_on == date(2026, 7, 1)
    assert read(plan | {"status": "draft"}).events == ()


@pytest.mark.parametrize(
    "path", sorted((FIXTURES / "nrl").glob("*.json")), ids=lambda path: path.stem
)
def test_every_crisis_plan_of_the_nrl_examples_is_read(path: Path) -> None:
    result = fhir.translate(path.read_bytes(), SENDER, NOW)
    assert result.faults == ()
    (event,) = result.events
    assert event.data.crisis_plan.pointer.startswith("DocumentReference/")


def test_a_flag_of_the_retired_interface_is_refused_by_name() -> None:
    result = fhir.translate((FIXTURES / "retired_stu3_flag.json").read_bytes(), SENDER, NOW)
    assert result.events == ()
    assert [(fault.pointer, fault.code) for fault in result.faults] == [
        ("/category", "fhir-invalid")
    ]
