"""Whom an incident is about: attached, possible, or unknown. A wrong person is worse than none."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas.person import PersonDescriptor
from services.identity.deterministic import decide, identity_keys, normalised
from services.identity.person import PersonOnFile

HERS = "9990000018"
ANOTHER = "9990000026"
SHE: dict[str, Any] = {
    "nhs_number": HERS,
    "nhs_number_status": "01",
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "addresses": [{"postcode": "SE5 8AZ"}],
}


def said(**fields: Any) -> PersonDescriptor:
    """What a caller or an agency says of the person."""
    return PersonDescriptor.model_validate(fields)


def on_file(person_id: str = "zofia", **changes: Any) -> PersonOnFile:
    """A person on file who is Zofia Nowak but for the changes; a field that is None is not on file."""
    fields = {k: v for k, v in (SHE | changes).items() if v is not None}
    return PersonOnFile(person_id, (PersonDescriptor.model_validate(fields),))


def without(*fields: str) -> dict[str, Any]:
    return {k: v for k, v in SHE.items() if k not in fields}


def outcome(descriptor: PersonDescriptor | None, *people: PersonOnFile) -> tuple[str, str | None, str]:
    """The decision, which must be the same in whatever order the people are given."""
    (found,) = {(d.outcome, d.person_id, d.rule) for order in permutations(people) for d in [decide(descriptor, order)]}
    return found


def test_a_verified_nhs_number_and_its_date_of_birth_attach() -> None:
    by_number = said(nhs_number=HERS, nhs_number_status="01", date_of_birth="1985-09-14")
    assert outcome(by_number, on_file()) == ("attached", "zofia", "verified-nhs-number")


@pytest.mark.parametrize(
    "guarded",
    [
        {"nhs_number_status": "03"},
        {"nhs_number_status": "02"},
        {"date_of_birth": "1985-09-15"},
        {"date_of_birth": None},
    ],
    ids=["number to be traced", "number not traced", "another date of birth", "no date of birth"],
)
def test_without_its_guard_the_number_only_makes_her_possible(guarded: dict[str, Any]) -> None:
    fields = {"nhs_number": HERS, "nhs_number_status": "01", "date_of_birth": "1985-09-14"} | guarded
    decision = decide(said(**{k: v for k, v in fields.items() if v is not None}), [on_file()])
    assert (decision.outcome, decision.person_id, decision.candidates) == ("possible", None, ("zofia",))


def test_a_number_that_two_people_have_attaches_nobody() -> None:
    found = outcome(said(**SHE), on_file("zofia"), on_file("twin"))
    assert found == ("possible", None, "nhs-number-not-confirmed")


def test_exact_name_birthday_and_postcode_attach_without_a_number() -> None:
    found = outcome(said(**without("nhs_number", "nhs_number_status")), on_file())
    assert found == ("attached", "zofia", "exact-name-birth-postcode")


@pytest.mark.parametrize("lacking", ["names", "date_of_birth"])
def test_without_name_or_birthday_nobody_is_attached(lacking: str) -> None:
    assert outcome(said(**without("nhs_number", "nhs_number_status", lacking)), on_file())[0] == "unknown"


def test_without_a_postcode_or_at_another_one_she_is_only_possible() -> None:
    nameless = without("nhs_number", "nhs_number_status", "addresses")
    assert outcome(said(**nameless), on_file()) == ("possible", None, "postcode-missing")
    moved = nameless | {"addresses": [{"postcode": "E1 4NS"}]}
    assert outcome(said(**moved), on_file())[0] == "possible"


@pytest.mark.parametrize(
    "changes",
    [
        {"names": [{"given": "Zosia", "family": "Nowak"}]},
        {"names": [{"given": "Nowak", "family": "Zofia"}]},
        {"names": [{"family": "Nowak"}]},
        {"date_of_birth": "1958-09-14"},
    ],
    ids=["nickname", "names turned round", "one name only", "figures of the year turned round"],
)
def test_what_is_nearly_her_is_nobody(changes: dict[str, Any]) -> None:
    fields = without("nhs_number", "nhs_number_status") | changes
    assert outcome(said(**fields), on_file())[0] == "unknown"


def test_another_number_contradicts_a_namesake_at_the_same_postcode() -> None:
    twin = SHE | {"nhs_number": ANOTHER}
    assert outcome(said(**twin), on_file()) == ("possible", None, "nhs-number-contradicts")


def test_two_namesakes_at_one_postcode_attach_nobody() -> None:
    nameless = said(**without("nhs_number", "nhs_number_status"))
    found = outcome(nameless, on_file("one", nhs_number=None), on_file("two", nhs_number=None))
    assert found == ("possible", None, "several-fit")


def test_the_postcode_tells_two_namesakes_apart() -> None:
    nameless = said(**without("nhs_number", "nhs_number_status"))
    elsewhere = on_file("other", nhs_number=ANOTHER, addresses=[{"postcode": "E1 4NS"}])
    assert outcome(nameless, on_file(), elsewhere)[:2] == ("attached", "zofia")


@pytest.mark.parametrize(
    "fields", [{"phones": ["020 7946 0111"]}, {"addresses": [{"postcode": "SE5 8AZ", "uprn": "1"}]}]
)
def test_phone_and_address_attach_nobody(fields: dict[str, Any]) -> None:
    housemate = on_file(phones=["020 7946 0111"], addresses=[{"postcode": "SE5 8AZ", "uprn": "1"}])
    assert outcome(said(**fields), housemate)[0] == "unknown"


@pytest.mark.parametrize("name", [{"given": "Unknown", "family": "Male"}, {"given": "Male", "family": "Nowak"}])
def test_a_placeholder_is_no_name(name: dict[str, str]) -> None:
    fields = without("nhs_number", "nhs_number_status") | {"names": [name]}
    assert outcome(said(**fields), on_file(names=[name], nhs_number=None))[0] == "unknown"


def test_nothing_said_and_nobody_on_file() -> None:
    assert outcome(None, on_file()) == ("unknown", None, "no-descriptor")
    assert outcome(said(**without("nhs_number"))) == ("unknown", None, "not-on-file")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn", "NGUYEN"),
        ("O’Brien", "O'Brien"),
        ("Smith-Jones", "smith  jones"),
        ("Yıldız", "YILDIZ"),
        ("Łucja", "Lucja"),
        ("Đặng", "Dang"),
        ("Sørensen", "Sorensen"),
        ("Großmann", "GROSSMANN"),
        ("İbrahim", "Ibrahim"),
        ("Adébáyò", "Adebayo"),
    ],
)
def test_the_same_name_written_otherwise_is_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(("one", "other"), [("Ali", "Alli"), ("Singh", "Sing"), ("Lee", "Li")])
def test_another_name_is_another(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize("fields", [SHE, without("nhs_number"), without("names"), without("addresses")])
def test_whoever_could_be_her_is_found_under_a_key_that_tells_nothing(fields: dict[str, Any]) -> None:
    keys = identity_keys(said(**fields))
    assert keys & identity_keys(said(**SHE))
    text = " ".join(sorted(keys)).lower()
    assert not [w for w in (HERS, "zofia", "nowak", "se5") if w in text]


def test_who_is_not_described_is_under_no_key() -> None:
    assert identity_keys(None) == frozenset()
    assert identity_keys(said(phones=["020 7946 0111"])) == frozenset()
