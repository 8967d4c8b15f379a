"""Two people at one address are told apart; one person, badly described twice, is not."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.person import PersonDescriptor
from services.identity.contradiction import GROUND_OF, Field, Ground, contradiction

TONIGHT = date(2026, 11, 26)
HERS, HIS = "9990000018", "9990000026"
SHE: dict[str, Any] = {
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "sex": "female",
}


def described_as(**fields: Any) -> PersonDescriptor:
    return PersonDescriptor.model_validate(
        {key: value for key, value in fields.items() if value is not None}
    )


def named(given_name: str | None, family: str | None, **fields: Any) -> PersonDescriptor:
    parts = {key: value for key, value in (("given", given_name), ("family", family)) if value}
    return described_as(names=[parts], **fields)


def ground(left: PersonDescriptor, right: PersonDescriptor) -> Ground | None:
    against = contradiction(left, right, as_of=TONIGHT)
    return None if against is None else against.ground


TWO_PEOPLE = {
    "two verified numbers, all else alike": (
        described_as(**SHE, nhs_number=HERS, nhs_number_status="01"),
        described_as(**SHE, nhs_number=HIS, nhs_number_status="01"),
        Ground.NUMBERS,
    ),
    "a woman of seventy and a man": (
        described_as(sex="female", apparent_age=70),
        described_as(sex="male"),
        Ground.SEX,
    ),
    "a mother and her son by name and birth": (
        named("Marian", "Kirkwood", date_of_birth="1970-05-05"),
        named("Anselm", "Kirkwood", date_of_birth="1998-03-03"),
        Ground.BIRTH,
    ),
    "a grandmother's birthday and a girl who looks fifteen": (
        described_as(date_of_birth="1948-02-03"),
        described_as(apparent_age=15),
        Ground.BIRTH,
    ),
    "a man who looks eighty and one who looks thirty": (
        described_as(apparent_age=80),
        described_as(apparent_age=30),
        Ground.BIRTH,
    ),
    "two full names of nothing in common": (
        named("Kwabena", "Asante"),
        named("Jolanta", "Wisniewska"),
        Ground.NAMES,
    ),
    "two birthdays with nothing in common": (
        described_as(date_of_birth="1979-10-10"),
        described_as(date_of_birth="1984-03-03"),
        Ground.BIRTH,
    ),
}


@pytest.mark.parametrize("case", TWO_PEOPLE, ids=list(TWO_PEOPLE))
def test_two_people_are_told_apart(case: str) -> None:
    left, right, expected = TWO_PEOPLE[case]
    assert ground(left, right) is expected


ONE_PERSON = {
    "a slip of the pen": (named("Zofia", "Nowak"), named("Zofai", "Novak")),
    "a short form": (named("William", "Hart"), named("Bill", "Hart")),
    "the order of the names": (named("Zofia", "Nowak"), named("Nowak", "Zofia")),
    "another spelling": (named("Mohammed", "Hussein"), named("Muhamad", "Husain")),
    "another script": (named("محمد", "خان"), named("Mohammad", "Khan")),
    "a letter for a name": (named("Zofia", "Nowak"), named("Z", "Nowak")),
    "a married name": (
        named("Zofia", "Nowak", date_of_birth="1985-09-14"),
        named("Zofia", "Hart", date_of_birth="1985-09-14"),
    ),
    "an alias among several names": (
        described_as(
            names=[{"given": "Leo", "family": "Marsh"}, {"given": "Zofia", "family": "Nowak"}]
        ),
        named("Zofia", "Nowak"),
    ),
    "called by the middle name": (
        described_as(names=[{"given": "Arthur", "middle": "Leonard", "family": "Marsh"}]),
        named("Leonard", "Marsh", date_of_birth="1950-02-07"),
    ),
    "day and month turned round": (
        described_as(date_of_birth="1985-09-04"),
        described_as(date_of_birth="1985-04-09"),
    ),
    "one figure of the birthday": (
        described_as(date_of_birth="1985-09-14"),
        described_as(date_of_birth="1935-09-14"),
    ),
    "the year alone": (
        described_as(date_of_birth="1985-01-01"),
        described_as(date_of_birth="1985-09-14"),
    ),
    "an age guessed nine years low": (
        described_as(date_of_birth="1966-06-06"),
        described_as(apparent_age=51),
    ),
    "the same name and birthday, and a sex misheard": (
        described_as(**SHE),
        described_as(**SHE | {"sex": "male"}),
    ),
    "a telephone's owner and a home do not tell": (
        described_as(phones=["+447700900123"], addresses=[{"postcode": "SE5 8AZ"}]),
        described_as(phones=["+447700900456"], addresses=[{"postcode": "N1 9GU"}]),
    ),
    "a verified number and one typed by hand": (
        described_as(**SHE, nhs_number=HERS, nhs_number_status="01"),
        described_as(**SHE, nhs_number=HIS),
    ),
    "patient numbers of two hospitals": (
        described_as(**SHE, identifiers=[{"system": "slam", "value": "1"}]),
        described_as(**SHE, identifiers=[{"system": "barts", "value": "2"}]),
    ),
    "an unknown male": (named("Unknown", "Male"), named("Zofia", "Nowak")),
}


@pytest.mark.parametrize("case", ONE_PERSON, ids=list(ONE_PERSON))
def test_one_person_badly_described_is_not_told_apart(case: str) -> None:
    left, right = ONE_PERSON[case]
    assert ground(left, right) is None


def test_what_relatives_share_does_not_bring_two_people_together() -> None:
    """Control of the weights of surname and home: counted as in matching, mother and son would be one."""
    home = {"addresses": [{"postcode": "SE5 8AZ"}], "phones": ["+447700900123"]}
    mother = named("Marian", "Kirkwood", sex="female", apparent_age=56, **home)
    son = named("Anselm", "Kirkwood", sex="male", apparent_age=28, **home)
    assert ground(mother, son) is not None


@pytest.mark.parametrize(
    ("certainty", "told_apart"), [("confirmed", True), ("believed", False), ("unknown", False)]
)
def test_who_is_not_sure_whom_they_describe_contradicts_less(
    certainty: str, told_apart: bool
) -> None:
    """Half of the weight, and none where it is not known whether the person in the incident is meant at all."""
    woman, man = described_as(sex="female"), described_as(sex="male", certainty=certainty)
    assert (contradiction(woman, man) is not None) is told_apart


def test_two_verified_numbers_of_a_person_believed_to_be_it_still_tell_apart() -> None:
    hers = described_as(nhs_number=HERS, nhs_number_status="01")
    father = described_as(nhs_number=HIS, nhs_number_status="01", certainty="believed")
    assert ground(hers, father) is Ground.NUMBERS


def test_an_apparent_age_beside_a_birthday_says_nothing_without_a_day() -> None:
    old, young = described_as(date_of_birth="1948-02-03"), described_as(apparent_age=15)
    assert contradiction(old, young) is None
    assert contradiction(old, young, as_of=TONIGHT) is not None


@pytest.mark.parametrize("case", [*TWO_PEOPLE, *ONE_PERSON])
def test_the_cases_rest_on_the_threshold(case: str) -> None:
    """Control: with no bound everybody is one person, and with a bound at nothing one person is two."""
    left, right = (TWO_PEOPLE | ONE_PERSON)[case][:2]
    unbounded = float("inf")
    assert contradiction(left, right, as_of=TONIGHT, two_people=-unbounded) is None
    assert contradiction(left, right, as_of=TONIGHT, two_people=unbounded) is not None


TEXT = st.sampled_from(
    ["Zofia", "Zosia", "Nowak", "Novak", "Mohammed", "Mhmd", "Li", "Ann-Marie", "J", "محمد"]
)
DESCRIPTIONS = st.builds(
    described_as,
    nhs_number=st.sampled_from([None, HERS, HIS]),
    nhs_number_status=st.sampled_from(["01", "02"]),
    names=st.lists(
        st.fixed_dictionaries({}, optional={"given": TEXT, "middle": TEXT, "family": TEXT}),
        max_size=3,
    ),
    date_of_birth=st.none() | st.dates(date(1930, 1, 1), date(2020, 12, 31)),
    apparent_age=st.none() | st.integers(0, 120),
    sex=st.sampled_from([None, "male", "female", "other", "unknown"]),
    identifiers=st.lists(
        st.fixed_dictionaries(
            {"system": st.sampled_from(["a1", "b2"]), "value": st.sampled_from(["11", "12", "33"])}
        ),
        max_size=2,
    ),
    certainty=st.sampled_from(["confirmed", "stated", "believed", "unknown"]),
)


@given(DESCRIPTIONS, DESCRIPTIONS, st.none() | st.just(TONIGHT))
def test_it_is_the_same_whichever_comes_first(
    left: PersonDescriptor, right: PersonDescriptor, as_of: date | None
) -> None:
    one_way = contradiction(left, right, as_of=as_of)
    assert one_way == contradiction(right, left, as_of=as_of)


@given(DESCRIPTIONS)
def test_nobody_contradicts_themselves_or_a_description_of_nothing(
    person: PersonDescriptor,
) -> None:
    assert contradiction(person, person, as_of=TONIGHT) is None
    assert contradiction(person, PersonDescriptor(), as_of=TONIGHT) is None


def test_every_level_has_a_weight_and_every_field_a_ground() -> None:
    text = files("services.identity").joinpath("contradiction.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert set(GROUND_OF) == set(get_args(Field)), (
        "GROUND_OF lacks a field of Field: decide which ground it speaks for"
    )
    certainties = get_args(PersonDescriptor.model_fields["certainty"].annotation)
    assert set(document["certainty"]) == set(certainties), (
        "contradiction.json: decide for the new certainty which share of the weight counts"
    )
