"""R07: police or ambulance meet a person in a crisis again within a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from services.liaison.crisis.records import Contact
from services.liaison.finding import Finding
from services.liaison.rules.r07_repeat_contact import condition
from tests.unit.liaison.script import POLICY, SECOND, Script, limit, minute

DAY, RETURN, ONE_CALL = (
    limit("R07", name) for name in ("repeat_within", "return_within", "one_call_within")
)


def called(
    at: float = 0, incident: str = "CAD-1", nature: str = "suicidal", crisis: Script | None = None
) -> Script:
    """A call to the police."""
    script = crisis or Script()
    return script.police("incident.reported", at, incident=incident, nature=nature, channel="999")


def again(at: float = 120, **how: str) -> Script:
    """And another one."""
    return called(at, "CAD-2", crisis=called(), **how)


def test_a_second_call_in_a_crisis_within_a_day() -> None:
    crisis = again()
    assert not crisis.stands("R07", 120 - SECOND)
    finding = crisis.finding("R07", 120)
    assert finding.recipients == ("police-control", "ambulance-control", "mental-health-crisis")
    assert (finding.urgency, finding.stage) == (2, "")
    assert [item.statement for item in finding.evidence] == [
        "Contact at 14:00: call to met",
        "Contact at 16:00: call to met",
    ]


def test_a_day_to_the_second_still_counts_and_a_second_more_does_not() -> None:
    assert again(DAY).stands("R07", DAY)
    assert not again(DAY + SECOND).stands("R07", DAY + 1)


@pytest.mark.parametrize("agency", ["police", "ambulance"])
def test_whichever_agency_it_was(agency: str) -> None:
    crisis = called()
    say = crisis.police if agency == "police" else crisis.ambulance
    say("incident.reported", 120, incident="X-2", nature="suicidal", channel="999")
    assert crisis.stands("R07", 120)


def test_a_contact_counts_from_its_first_sign_of_a_crisis() -> None:
    crisis = again(nature="disturbance")
    assert not crisis.stands("R07", 130)
    crisis.police("incident.updated", 140, incident="CAD-2", indicators=["danger-concern"])
    assert not crisis.stands("R07", 140 - SECOND)
    assert crisis.stands("R07", 140)


def test_each_further_contact_makes_the_same_alert_worse() -> None:
    crisis = called(240, "CAD-3", crisis=again())
    first, later = crisis.finding("R07", 200), crisis.finding("R07", 240)
    assert first.key == later.key
    assert (first.stage, later.stage) == ("", "3-contacts")


ONE: dict[str, Callable[[], Script]] = {
    "it names the first": lambda: called().ambulance(
        "incident.reported",
        120,
        nature="suicidal",
        linked=[{"agency": "met", "reference": "CAD-1"}],
    ),
    "the first learns of it": lambda: (
        called()
        .ambulance("incident.reported", 120, nature="suicidal", channel="999")
        .police("incident.linked", 120, linked={"agency": "las", "reference": "LAS-1"})
    ),
    "it came from an agency": lambda: called().ambulance(
        "incident.reported", 120, nature="suicidal", channel="agency"
    ),
    "within minutes": lambda: again(ONE_CALL),
    "a duplicate": lambda: again().police(
        "incident.closed", 120, incident="CAD-2", attended=False, outcome="duplicate"
    ),
    "no sign of a crisis": lambda: again(nature="disturbance"),
}


@pytest.mark.parametrize("name", ONE)
def test_two_records_of_one_contact_are_one(name: str) -> None:
    assert again().stands("R07", 121)
    assert not ONE[name]().stands("R07", 121)


def test_a_second_more_than_the_minutes_of_one_call_is_another() -> None:
    assert again(ONE_CALL + SECOND).stands("R07", ONE_CALL + SECOND)


def attended(left: float = 10, **how: object) -> Script:
    """The police were there from the second minute and left."""
    crisis = called().police("resource.on-scene", 2, resource="MX1", kind="police-unit")
    return crisis.police("resource.left", left, resource="MX1", kind="police-unit", **how)


@pytest.mark.parametrize("nature", ["suicidal", "disturbance"])
def test_a_call_soon_after_the_police_left_needs_no_new_sign(nature: str) -> None:
    crisis = called(14, "CAD-2", nature, attended())
    assert crisis.stands("R07", 14)
    assert "the police had left within 1 hour" in crisis.finding("R07", 14).reason


def test_an_hour_after_they_left_is_soon_and_a_second_more_is_not() -> None:
    assert called(10 + RETURN, "CAD-2", "disturbance", attended()).stands("R07", 10 + RETURN)
    late = 10 + RETURN + SECOND
    assert not called(late, "CAD-2", "disturbance", attended()).stands("R07", late + 1)


def test_police_who_come_back_without_a_new_call() -> None:
    crisis = attended().police("resource.on-scene", 40, resource="MX2", kind="police-unit")
    assert crisis.stands("R07", 40)


@pytest.mark.parametrize("at", [12, 10 + ONE_CALL, 10 + RETURN + 1])
def test_relief_within_minutes_is_no_return_and_neither_is_what_is_much_later(at: float) -> None:
    assert (
        not attended()
        .police("resource.on-scene", at, resource="MX2", kind="police-unit")
        .stands("R07", at)
    )


def test_where_the_person_was_taken_along_nobody_comes_back_to_them() -> None:
    crisis = attended(with_person=True).police(
        "resource.on-scene", 40, resource="MX2", kind="police-unit"
    )
    assert not crisis.stands("R07", 40)


def test_it_ends_when_no_call_of_it_is_open() -> None:
    crisis = again().police("incident.closed", 150, attended=True, outcome="resolved")
    assert crisis.stands("R07", 160)
    crisis.police("incident.closed", 170, incident="CAD-2", attended=True, outcome="resolved")
    assert crisis.stands("R07", 170 - SECOND)
    assert not crisis.stands("R07", 170)


def test_a_call_that_was_another_persons_is_taken_back() -> None:
    crisis = called().police(
        "incident.reported", 120, incident="CAD-2", event_id="x", nature="suicidal"
    )
    assert crisis.stands("R07", 120)
    crisis.police("event.retracted", 121, retracts="x", reason="wrong-person")
    assert not crisis.stands("R07", 122)


def elsewhere(hours: float = 3, number: int = 1, **fields: object) -> Contact:
    """A contact of another crisis so many hours before, by the same telephone."""
    at = minute(0) - timedelta(hours=hours)
    contact = Contact(
        ("las", f"L-{number}"), "ambulance", f"las/L-{number}", at, at, None, None, "telephone"
    )
    return replace(contact, **fields)  # type: ignore[arg-type]


def found(*contacts: Contact, nature: str = "suicidal") -> list[Finding]:
    """What is found at the first call of a crisis after such contacts."""
    crisis = replace(called(nature=nature).crisis(), contacts=contacts)
    return list(condition(crisis, POLICY))


@pytest.mark.parametrize("by", ["person", "telephone", "property"])
def test_a_contact_of_another_crisis_counts_by_what_is_shared(by: str) -> None:
    (once,) = found(elsewhere(by=by))
    assert once.holds_from == minute(0)
    assert f"same {by}" in once.evidence[0].statement


OTHERS = {
    "no sign of a crisis": elsewhere(crisis_at=None),
    "known to be about somebody else": elsewhere(other_person=True),
    "more than a day ago": elsewhere(24.01),
    "a record of the same minutes": elsewhere(ONE_CALL / 60),
    "a trust's": elsewhere(agency_kind="mental-health-trust"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_of_others_does_not_count(name: str) -> None:
    assert found(elsewhere())
    assert not found(OTHERS[name])


@pytest.mark.parametrize("by", ["telephone", "property"])
def test_a_busy_telephone_or_property_alone_brings_nobody_together(by: str) -> None:
    other_crises = [
        elsewhere(5, number, by=by, crisis_at=None)
        for number in range(10, 10 + POLICY.number("R07", "busy_from"))
    ]
    assert found(elsewhere(by=by), *other_crises[:-1])
    assert not found(elsewhere(by=by), *other_crises)
    assert found(elsewhere(by="person"), *other_crises)


def test_four_crises_from_one_house_are_not_taken_for_a_hostel() -> None:
    (worst,) = found(*(elsewhere(number + 1, number, by="property") for number in range(4)))
    assert worst.stage == "5-contacts"


def test_police_who_left_another_crisis_lately_make_any_call_a_return() -> None:
    left = minute(-30)
    assert found(elsewhere(2, agency_kind="police", police_left_at=left), nature="disturbance")
    assert not found(
        elsewhere(2, agency_kind="police", police_left_at=minute(-90)), nature="disturbance"
    )
