"""R08: a person whom the services meet in one crisis after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.events.care import PathwayFacts
from schemas.person import PersonDescriptor
from services.identity.person import PathwayOnFile, PersonOnFile
from services.liaison.crisis.records import Contact
from services.liaison.finding import Finding
from services.liaison.policy import Policy
from services.liaison.rules.r08_frequent_contact import condition
from tests.unit.liaison.script import POLICY, START, Script

MONTH, QUARTER, CHILD = (
    POLICY.number("R08", name) for name in ("in_30_days", "in_90_days", "child_in_180_days")
)
ADULT = date(1980, 1, 1)


def contact(days: float, number: int, **fields: object) -> Contact:
    """Another crisis of the person, so many days ago."""
    at = START - timedelta(days=days)
    shared = Contact(
        ("las", f"L-{number}"), "ambulance", f"las/L-{number}", at, at, None, None, "person"
    )
    return replace(shared, **fields)  # type: ignore[arg-type]


def found(days: Sequence[float], born: date | None = ADULT, **fields: object) -> list[Finding]:
    """What is found at a crisis today, after others so many days ago."""
    return of([contact(day, number, **fields) for number, day in enumerate(days)], born)


def of(
    contacts: Sequence[Contact], born: date | None = ADULT, nature: str = "suicidal"
) -> list[Finding]:
    person = PersonOnFile("p", (PersonDescriptor(date_of_birth=born),))
    crisis = Script().police("incident.reported", 0, nature=nature).crisis()
    ordered = tuple(sorted(contacts, key=lambda other: other.opened_at))
    return list(condition(replace(crisis, person=person, contacts=ordered), POLICY))


def spread(count: int, over: float) -> list[float]:
    """So many days ago, evenly, the first `over` days ago."""
    return [over * (number + 1) / count for number in range(count)]


def test_the_fifth_crisis_in_thirty_days() -> None:
    assert not found(spread(MONTH - 2, 29))
    (reached,) = found(spread(MONTH - 1, 29))
    assert reached.stage == "in_30_days"
    assert reached.recipients == ("frequent-contact",)
    assert reached.urgency == 4
    assert reached.until == START + timedelta(days=30)


def test_thirty_days_to_the_second_still_count_and_a_second_more_does_not() -> None:
    near = spread(MONTH - 2, 20)
    assert found([*near, 30])
    assert not found([*near, 30 + 1 / 86_400])


def test_the_twelfth_in_ninety_days_although_no_month_had_five() -> None:
    days = [7.6 * (number + 1) for number in range(QUARTER - 1)]
    assert [finding.stage for finding in found(days)] == ["in_90_days"]
    assert not found(days[:-1])


def test_the_third_of_a_child_in_half_a_year_and_not_of_an_adult() -> None:
    child = date(2010, 1, 1)
    assert [finding.stage for finding in found([80, 170], child)] == ["child_in_180_days"]
    assert not found([80, 181], child)
    assert not found([80, 170])
    assert not found([80, 170], None)


@pytest.mark.parametrize(
    ("born", "child"), [(date(2008, 11, 24), True), (date(2008, 11, 23), False)]
)
def test_on_the_eighteenth_birthday_a_child_is_none(born: date, child: bool) -> None:
    assert datetime(2026, 11, 23, 14, tzinfo=UTC) == START
    assert bool(found([80, 170], born)) is child


def test_it_is_said_once_and_not_at_each_further_crisis() -> None:
    reached_yesterday = [1, *[1 + day for day in spread(MONTH - 1, 20)]]
    assert not found(reached_yesterday)


def test_it_is_said_again_when_a_whole_window_has_passed_without_the_limit() -> None:
    long_ago = [60 + day for day in spread(MONTH, 20)]
    lately = spread(MONTH - 1, 25)
    assert found([*lately, *long_ago])


def test_one_crisis_with_records_of_many_agencies_is_one() -> None:
    days = spread(MONTH - 2, 20)
    one = contact(10, 50)
    other = replace(one, key=("met", "C-50"), agency_kind="police", crisis=one.crisis)
    some = [contact(day, number) for number, day in enumerate(days)]
    assert of([*some, one])
    assert not of([*some[:-1], one, other])


NOT_COUNTED: dict[str, dict[str, Any]] = {
    "no sign of a crisis": {"crisis_at": None},
    "only a telephone": {"by": "telephone"},
    "only a property": {"by": "property"},
    "a trust's own": {"agency_kind": "mental-health-trust"},
}


@pytest.mark.parametrize("name", NOT_COUNTED)
def test_what_is_not_counted(name: str) -> None:
    days = spread(MONTH - 1, 20)
    assert found(days)
    assert not found(days, **NOT_COUNTED[name])


def test_a_call_of_today_without_a_sign_of_a_crisis_reaches_nothing() -> None:
    assert not of(
        [contact(day, number) for number, day in enumerate(spread(MONTH, 20))], nature="crime"
    )


def test_of_a_person_who_is_not_identified_nothing_is_counted() -> None:
    crisis = Script().police("incident.reported", 0, nature="suicidal").crisis()
    contacts = tuple(contact(day, number) for number, day in enumerate(spread(MONTH, 20)))
    assert not list(condition(replace(crisis, contacts=contacts), POLICY))


def test_the_meeting_is_due_at_the_end_of_the_fifth_working_day() -> None:
    (reached,) = found(spread(MONTH - 1, 29))
    assert reached.act_by == datetime(
        2026, 12, 1, tzinfo=UTC
    )  # Monday 23 November; the weekend is between


def test_counts_are_told_by_month_and_agency() -> None:
    (reached,) = found(spread(MONTH - 1, 28))
    statement = [item.statement for item in reached.evidence]
    assert "2026-11: 1 record of met" in statement
    assert "2026-11: 3 records of las" in statement


def test_the_national_definition_cannot_be_loosened() -> None:
    with pytest.raises(ValidationError, match="national standard"):
        Policy.model_validate(POLICY.model_dump() | {"limits": {"R08": {"in_30_days": MONTH + 1}}})


def test_the_trust_tells_the_care_coordinator_and_nobody_else_is_told_to() -> None:
    facts = PathwayFacts(local_person="P-1", pathway="CP-1")
    pathway = PathwayOnFile("slam", "CP-1", START - timedelta(days=90), None, facts)
    person = PersonOnFile("p", (PersonDescriptor(date_of_birth=ADULT),), (pathway,))
    crisis = Script().police("incident.reported", 0, nature="suicidal").crisis()
    contacts = tuple(
        sorted(
            (contact(day, number) for number, day in enumerate(spread(MONTH - 1, 29))),
            key=lambda other: other.opened_at,
        )
    )
    (finding,) = condition(replace(crisis, person=person, contacts=contacts), POLICY)
    assert "care coordinator" in finding.step_for("frequent-contact", "slam")
    assert "care coordinator" not in finding.step_for("frequent-contact", "met")
