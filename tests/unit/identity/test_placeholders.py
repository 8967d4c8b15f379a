"""What systems write where nothing is known is evidence of nothing, whatever its status says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.person import PersonDescriptor
from services.identity.contradiction import contradiction
from services.identity.decide import decide, identity_keys
from services.identity.known import candidate_of
from services.identity.likeness.placeholders import is_placeholder_number
from services.identity.person import PersonOnFile
from services.identity.register import LocalRecord, people_of
from services.identity.training.tabular import fault_of, read
from services.trace.port import questions

DAYS = ("0001-01-01", "1900-01-01", "1970-01-01")
NUMBERS = ("9999999999", "0000000000", "1111111111", "9876543210")
SHE: dict[str, Any] = {"names": [{"given": "Zofia", "family": "Nowak"}], "sex": "female"}


def described_as(nhs_number: str | None = None, **fields: Any) -> PersonDescriptor:
    """The contract refuses such numbers now; what was stored before it did is read without it."""
    person = PersonDescriptor.model_validate(fields)
    return person.model_copy(update={"nhs_number": nhs_number})


def decided(event: PersonDescriptor, *on_file: PersonDescriptor) -> str:
    people = [PersonOnFile(f"p{n}", (d,)) for n, d in enumerate(on_file)]
    return decide(event, people, as_of=date(2026, 11, 26)).outcome


@pytest.mark.parametrize("day", DAYS)
def test_a_day_that_means_unknown_attaches_nobody(day: str) -> None:
    """The control beside it: with a birthday that somebody has, the same evidence attaches."""
    unknown = described_as(**SHE, date_of_birth=day)
    assert decided(unknown, unknown) != "attached"
    born = described_as(**SHE, date_of_birth="1985-09-14")
    assert decided(born, born) == "attached"


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_means_none_attaches_nobody_though_it_be_verified(number: str) -> None:
    """The control beside it: with a number of somebody's own, name and number attach."""
    fields = SHE | {"phones": ["+447700900123"], "nhs_number_status": "01"}
    nobody = described_as(**fields, nhs_number=number)
    assert decided(nobody, nobody) != "attached"
    somebody = described_as(**fields, nhs_number="9990000018")
    assert decided(somebody, somebody) == "attached"


@pytest.mark.parametrize("number", NUMBERS)
def test_nobody_is_found_by_a_number_that_means_none(number: str) -> None:
    assert identity_keys(described_as(nhs_number=number)) == frozenset()
    assert not is_placeholder_number("9990000018")


@pytest.mark.parametrize("number", NUMBERS)
def test_two_records_do_not_become_one_person_by_it(number: str) -> None:
    fields = {"nhs_number": number, "nhs_number_status": "01", "date_of_birth": "1985-09-14"}
    records = [
        LocalRecord(agency, "1", (described_as(**SHE, **fields),), (), None, None)
        for agency in ("slam", "barts")
    ]
    assert len(people_of(records)) == 2
    fields["nhs_number"] = "9990000018"
    records = [
        LocalRecord(agency, "1", (described_as(**SHE, **fields),), (), None, None)
        for agency in ("slam", "barts")
    ]
    assert len(people_of(records)) == 1


def test_two_records_do_not_become_one_person_by_a_day_that_means_unknown() -> None:
    fields = {"nhs_number": "9990000018", "nhs_number_status": "01", "date_of_birth": "1900-01-01"}
    records = [
        LocalRecord(agency, "1", (described_as(**SHE, **fields),), (), None, None)
        for agency in ("slam", "barts")
    ]
    assert len(people_of(records)) == 2


def test_what_was_stored_before_is_not_compared_either() -> None:
    known = {"nhs_numbers": ["9999999999", "9990000018"], "births": [[1900, 1, 1], [1985, 9, 14]]}
    person = candidate_of("p", [known]).known
    assert person.nhs_numbers == {"9990000018"}
    assert [born.year for born in person.births] == [1985]


def test_two_placeholders_contradict_nobody() -> None:
    one = described_as(nhs_number="9999999999", nhs_number_status="01", date_of_birth="1900-01-01")
    other = described_as(
        nhs_number="9990000018", nhs_number_status="01", date_of_birth="1985-09-14"
    )
    assert contradiction(one, other) is None


def test_in_bulk_it_is_named_and_left_out() -> None:
    row = {"id": "1", "nhs_number": "9999999999", "date_of_birth": "1970-01-01"}
    _, person = read(row)
    assert (person.nhs_numbers, person.births) == (frozenset(), ())
    fault = fault_of(row)
    assert fault is not None
    assert fault.field == "nhs_number"


def test_the_national_register_is_not_asked_for_a_day_that_means_unknown() -> None:
    assert questions(described_as(**SHE, date_of_birth="1900-01-01")) == []
    assert questions(described_as(**SHE, date_of_birth="1985-09-14")) != []


@pytest.mark.parametrize("written", ["631152000", "0", 631152000, "1985-9-14", "14/09/1985"])
def test_a_date_of_birth_is_a_date_and_no_number(written: object) -> None:
    """Pydantic would read 631152000 as seconds: 1 January 1990."""
    with pytest.raises(ValidationError):
        described_as(date_of_birth=written)
