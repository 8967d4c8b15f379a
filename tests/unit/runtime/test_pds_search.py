"""The PDS simulator searches as the national service's own tests say, where their people are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.runtime.embedded.pds_search import Refused, search, shown, soundex

FIXTURES = Path(__file__).parents[2] / "fixtures/nhs"
PEOPLE: list[dict[str, Any]] = json.loads((FIXTURES / "pds_patients.json").read_text())
CASES: list[dict[str, Any]] = json.loads((FIXTURES / "pds_search_cases.json").read_text())

NOT_PUBLISHED = "the person it asks for is not among the published patients"
FORMER_NAME = "it asks by a former name, which the published record of the person does not hold"
NOT_PASSED = {
    0: NOT_PUBLISHED,
    2: NOT_PUBLISHED,
    3: NOT_PUBLISHED,
    4: NOT_PUBLISHED,
    7: NOT_PUBLISHED,
    9: NOT_PUBLISHED,
    10: NOT_PUBLISHED,
    11: NOT_PUBLISHED,
    13: NOT_PUBLISHED,
    22: NOT_PUBLISHED,
    37: FORMER_NAME,
    38: FORMER_NAME,
    40: NOT_PUBLISHED,
}
"""Position in the file and why. One that begins to pass, or to fail, fails the test."""


SAYS_LITTLE = {5, 6}
"""Passed, but they ask for people who are not published and expect nobody."""


def parameters(case: dict[str, Any]) -> dict[str, list[str]]:
    """As they stand in the address."""
    return {
        name: [
            item if isinstance(item, str) else json.dumps(item)
            for item in (value if isinstance(value, list) else [value])
        ]
        for name, value in case["params"].items()
    }


def passes(case: dict[str, Any]) -> bool:
    """Whether the simulator answers as the case expects: status, outcome, number found, who, in which order."""
    access = "patient" if "patientAccess" in case["source"] else "healthcare-worker"
    expect = case["expect"]
    try:
        hits = search(PEOPLE, parameters(case), access)  # type: ignore[arg-type]  # one of the accesses, as text
    except Refused as error:
        named = expect.get("outcome") or " ".join(case["asserts"])
        return error.status == case["status"] and error.code in named
    if case["status"] != 200 or "outcome" in expect:
        return False
    ids = [hit.patient["id"] for hit in hits]
    if "total" in expect:
        sign, number = expect["total"]
        if not {"==": len(ids) == number, ">": len(ids) > number, ">=": len(ids) >= number}[sign]:
            return False
    elif "total: 0" in " ".join(case["asserts"]) and ids:
        return False
    if "ids_all" in expect and ids != expect["ids_all"]:
        return False
    return all(
        len(ids) > int(name) and ids[int(name)] == wanted
        for name, wanted in expect.get("ids", {}).items()
    )


@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=lambda number: CASES[number]["scenario"][:60]
)
def test_each_case_passes_or_is_named_with_the_reason(number: int) -> None:
    assert passes(CASES[number]) is (number not in NOT_PASSED), NOT_PASSED.get(
        number, "it should pass"
    )


def test_those_named_are_indeed_people_who_are_not_published() -> None:
    published = {person["id"] for person in PEOPLE}
    for number, why in NOT_PASSED.items():
        ids = set(CASES[number]["expect"].get("ids", {}).values())
        if why == NOT_PUBLISHED:
            assert not ids & published
        else:
            assert ids <= published


def test_those_that_say_little_are_counted_apart() -> None:
    published = {_family(person) for person in PEOPLE}
    vacuous = {
        number
        for number, case in enumerate(CASES)
        if number not in NOT_PASSED
        and case["expect"].get("total") == ["==", 0]
        and str(case["params"].get("family", "")).casefold() not in published
        and "*" not in str(case["params"].get("family"))
        and "_fuzzy-match" in case["params"]
        and case["params"]["family"] not in ("Smythe", "MED")
    }
    assert vacuous == SAYS_LITTLE
    assert len(CASES) - len(NOT_PASSED) - len(SAYS_LITTLE) == 26


def _family(person: dict[str, Any]) -> str:
    names: list[dict[str, Any]] = person.get("name", [{}])
    return str(names[0].get("family", "")).casefold()


def patient(
    number: str, family: str, given_name: str, mark: str = "U", **more: Any
) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": number,
        "meta": {"security": [{"code": mark}]},
        "gender": "male",
        "birthDate": "1988-02-29",
        "name": [{"use": "usual", "family": family, "given": [given_name]}],
        "address": [{"postalCode": "SW2 5SG"}],
        "telecom": [{"system": "phone", "value": "020 7946 0211"}],
        "generalPractitioner": [{"identifier": {"value": "A20047"}}],
    } | more


ASKED = {"family": ["Okafor"], "birthdate": ["1988-02-29"]}


@pytest.mark.parametrize(
    "term", [{"address-postalcode": ["SW2 5SG"]}, {"general-practitioner": ["A20047"]}]
)
def test_a_restricted_person_is_never_found_by_postcode_or_practice(
    term: dict[str, list[str]],
) -> None:
    hidden = patient("9990000018", "Okafor", "Tunde", "R")
    assert search([hidden], ASKED | term) == []
    assert [hit.patient["id"] for hit in search([hidden], ASKED)] == ["9990000018"]
    assert [
        hit.patient["id"]
        for hit in search([patient("9990000018", "Okafor", "Tunde")], ASKED | term)
    ] == ["9990000018"]


def test_of_a_restricted_person_no_location_is_given() -> None:
    assert {"address", "telecom", "generalPractitioner"} & shown(
        patient("9990000018", "Okafor", "T", "R")
    ).keys() == set()
    assert {"address", "telecom", "generalPractitioner"} <= shown(
        patient("9990000018", "Okafor", "T")
    ).keys()


def test_a_redacted_person_is_not_found() -> None:
    assert search([patient("9990000018", "Okafor", "Tunde", "REDACTED")], ASKED) == []


def test_a_former_name_is_found_only_when_history_is_asked_for() -> None:
    names = [
        {"use": "usual", "family": "Okafor", "given": ["Tunde"]},
        {"use": "old", "family": "Adeyemi", "given": ["Tunde"]},
    ]
    changed = patient("9990000018", "", "", name=names)
    query = ASKED | {"family": ["Adeyemi"]}
    assert search([changed], query) == []
    assert len(search([changed], query | {"_history": ["true"]})) == 1


def test_an_application_gets_one_match_or_none() -> None:
    two = [patient("9990000018", "Okafor", "Tunde"), patient("9990000026", "Okafor", "Chidi")]
    assert len(search(two, ASKED)) == 2
    with pytest.raises(Refused) as refused:
        search(two, ASKED, "application")
    assert refused.value.code == "TOO_MANY_MATCHES"


def test_a_fuzzy_search_finds_those_who_sound_alike_and_those_whose_names_are_crossed() -> None:
    one = [patient("9990000018", "Okafor", "Tunde")]
    query = {"birthdate": ["1988-02-29"], "gender": ["male"], "_fuzzy-match": ["true"]}
    assert len(search(one, query | {"family": ["Okafur"], "given": ["Tundi"]})) == 1
    assert len(search(one, query | {"family": ["Tunde"], "given": ["Okafor"]})) == 1
    assert search(one, query | {"family": ["Smith"], "given": ["John"]}) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"family": ["Okafor"]}, "MISSING_VALUE"),
        ({"birthdate": ["1988-02-29"]}, "MISSING_VALUE"),
        (ASKED | {"family": ["O*"]}, "INVALID_VALUE"),
        (ASKED | {"birthdate": ["1988-02-30"]}, "INVALID_VALUE"),
        (ASKED | {"_max-results": ["51"]}, "INVALID_VALUE"),
        (ASKED | {"shoe-size": ["9"]}, "UNSUPPORTED_PARAMETER"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused_by_code(
    query: dict[str, list[str]], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        search([], query)
    assert (refused.value.status, refused.value.code) == (400, code)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Robert", "R163"),
        ("Rupert", "R163"),
        ("Ashcraft", "A261"),
        ("Tymczak", "T522"),
        ("Pfister", "P236"),
        ("Özil", "O240"),
        ("", ""),
    ],
)
def test_soundex(name: str, code: str) -> None:
    assert soundex(name) == code
