"""R06: nobody under 18 is taken to or kept at a police station under section 135 or 136."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.identity.person import IdentityDecision
from services.liaison.evaluate import findings
from tests.unit.liaison.script import POLICY, SECOND, Script

STATION = {"site": "brixton", "kind": "police-station"}
HBPOS = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}
CHILD = {"date_of_birth": "2010-05-17"}
TODAY = date(2026, 11, 23)


def detained(person: dict[str, Any] | None = None, power: str = "s136") -> Script:
    """Detained in the fifth minute."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    about = {} if person is None else {"person": person}
    return crisis.police("detention.detained", 5, detention="D-1", power=power, **about)


def conveyed(crisis: Script, to: dict[str, str] = STATION) -> Script:
    """On the way there in the tenth minute."""
    return crisis.police(
        "detention.conveyed",
        10,
        detention="D-1",
        by="police-unit",
        to=to,
        reason_not_ambulance="risk",
    )


def test_it_prompts_when_the_journey_begins_and_gets_worse_on_arrival() -> None:
    crisis = conveyed(detained(CHILD))
    assert not crisis.stands("R06", 10 - SECOND)
    assert crisis.finding("R06", 10).stage == "destination, under-18"
    crisis.police("detention.arrived", 25, detention="D-1", at=STATION)
    assert crisis.finding("R06", 25).stage == "there, under-18"


def test_kept_there_it_prompts_at_once() -> None:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis", person=CHILD)
    crisis.police("detention.detained", 5, detention="D-1", power="s135-1", kept_at=STATION)
    assert crisis.stands("R06", 5)


@pytest.mark.parametrize(
    ("person", "prompts"),
    [
        ({"date_of_birth": "2008-11-24"}, True),
        ({"date_of_birth": "2008-11-23"}, False),
        ({"apparent_age": 24}, True),
        ({"apparent_age": 25}, False),
        ({"date_of_birth": "1990-01-01", "apparent_age": 16}, False),
        ({"date_of_birth": "2010-01-01", "apparent_age": 30}, True),
        (None, False),
    ],
)
def test_by_date_of_birth_and_only_without_one_by_looks(
    person: dict[str, Any] | None, *, prompts: bool
) -> None:
    assert conveyed(detained(person)).stands("R06", 11) is prompts


def test_a_date_of_birth_said_once_is_not_forgotten_when_a_later_statement_leaves_it_out() -> None:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis", person=CHILD)
    crisis.police(
        "detention.detained",
        5,
        detention="D-1",
        power="s136",
        person={"names": [{"given": "Oluwaseun"}]},
    )
    assert conveyed(crisis).stands("R06", 11)


def test_custody_that_learns_the_date_of_birth_tells_of_a_child() -> None:
    crisis = conveyed(detained({"apparent_age": 30}))
    assert not crisis.stands("R06", 40)
    crisis.say(
        "met-custody",
        "custody.arrived",
        30,
        custody="C-1",
        incident="CAD-1",
        suite="brixton",
        person=CHILD,
    )
    assert crisis.stands("R06", 40)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("moved", {"to": HBPOS}),
        ("arrived", {"at": HBPOS}),
        ("ended", {"outcome": "released"}),
        ("escaped", {}),
        ("conveyed", {"by": "ambulance", "to": HBPOS}),
    ],
)
def test_elsewhere_it_ends(kind: str, data: dict[str, Any]) -> None:
    crisis = conveyed(detained(CHILD))
    assert crisis.stands("R06", 30)
    assert not crisis.police(f"detention.{kind}", 30, detention="D-1", **data).stands("R06", 30)


def test_another_place_of_safety_prompts_nothing() -> None:
    assert not conveyed(detained(CHILD), HBPOS).stands("R06", 11)


def test_a_date_of_birth_that_is_corrected_ends_it() -> None:
    crisis = Script().police("incident.reported", 0, event_id="r", nature="suicidal", person=CHILD)
    crisis.police("detention.detained", 5, detention="D-1", power="s136")
    conveyed(crisis)
    assert crisis.stands("R06", 30)
    right = {"incident": "CAD-1", "nature": "suicidal", "person": {"date_of_birth": "1990-05-17"}}
    assert not crisis.police("event.corrected", 20, corrects="r", data=right).stands("R06", 30)


def test_a_destination_that_was_retracted_was_none_and_one_heard_late_counts() -> None:
    crisis = detained(CHILD)
    assert not crisis.stands("R06", 30)
    crisis.police(
        "detention.conveyed",
        10,
        event_id="c",
        detention="D-1",
        by="police-unit",
        to=STATION,
        reason_not_ambulance="risk",
    )
    assert crisis.stands("R06", 30)
    assert not crisis.police("event.retracted", 29, retracts="c", reason="entered-in-error").stands(
        "R06", 30
    )


def test_the_register_knows_a_child_until_the_wrong_person_is_detached() -> None:
    crisis = conveyed(detained()).on_file(
        "person.registered",
        datetime(2026, 1, 1, tzinfo=UTC),
        person={
            "nhs_number": "9990000018",
            "nhs_number_status": "01",
            "names": [{"given": "Ayşe", "family": "Demir"}],
            "date_of_birth": "2011-02-03",
        },
    )
    assert crisis.stands("R06", 11)
    detached = crisis.crisis(IdentityDecision("possible", None, (), (), "separated", "1"))
    assert not [finding for finding in findings(detached, POLICY) if finding.rule == "R06"]


@pytest.mark.parametrize("commenced", [None, TODAY])
def test_it_does_not_change_with_the_act_of_2025(commenced: date | None) -> None:
    policy = POLICY.model_copy(update={"regimes": {"mental-health-act-2025-s48": commenced}})
    result = findings(conveyed(detained(CHILD)).crisis(), policy)
    assert [finding.rule for finding in result if finding.rule in {"R05", "R06"}] == ["R06"]


def test_it_rests_on_what_was_said_not_on_silence_and_goes_to_police_trust_and_amhp() -> None:
    finding = conveyed(detained(CHILD)).finding("R06", 11)
    assert (finding.relies_on, finding.relies_on_services) == ((), ())
    assert finding.recipients == ("police-control", "mental-health-crisis", "amhp")
    assert finding.urgency == 1
