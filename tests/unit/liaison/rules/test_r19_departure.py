"""R19: police leave a person in crisis before health has arrived, and no handover is documented."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.liaison.script import SECOND, Script

LEFT = 20


def attended(nature: str = "mental-health-crisis") -> Script:
    """Police on scene from the fifth minute, an ambulance on its way."""
    crisis = Script().police("incident.reported", 0, nature=nature)
    crisis.ambulance("incident.reported", 1, nature=nature, ambulance_category="C2")
    return crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")


def left(crisis: Script, **data: object) -> Script:
    """The police go in the twentieth minute."""
    return crisis.police("resource.left", LEFT, resource="MX21", kind="police-unit", **data)


def test_it_prompts_when_the_last_unit_goes() -> None:
    crisis = attended().police("resource.on-scene", 6, resource="MX22", kind="police-unit")
    left(crisis)
    assert not crisis.stands("R19", 21)
    crisis.police("resource.left", 25, resource="MX22", kind="police-unit")
    assert not crisis.stands("R19", 25 - SECOND)
    assert crisis.stands("R19", 25)


SUPPRESSORS: dict[str, Callable[[], Script]] = {
    "handover documented": lambda: left(attended(), handover_to="las"),
    "police took the person along": lambda: left(attended(), with_person=True),
    "ambulance had come": lambda: left(
        attended().ambulance("resource.on-scene", 15, resource="A1", kind="ambulance")
    ),
    "street triage had come": lambda: left(
        attended().police("resource.on-scene", 15, resource="ST1", kind="street-triage")
    ),
    "ambulance came at that instant": lambda: left(
        attended().ambulance("resource.on-scene", LEFT, resource="A1", kind="ambulance")
    ),
    "no sign of a crisis": lambda: left(attended("disturbance")),
    "person conveyed": lambda: left(
        attended()
        .police("detention.detained", 12, detention="D-1", power="s136")
        .police("detention.conveyed", 18, detention="D-1", by="ambulance")
    ),
}


@pytest.mark.parametrize("name", SUPPRESSORS)
def test_it_is_suppressed_and_only_by_that(name: str) -> None:
    assert left(attended()).stands("R19", LEFT)
    assert not SUPPRESSORS[name]().stands("R19", LEFT)


def test_secure_transport_is_not_health() -> None:
    crisis = attended().police("resource.on-scene", 15, resource="VAN", kind="secure-transport")
    assert left(crisis).stands("R19", LEFT)


def test_it_ends_when_health_arrives() -> None:
    crisis = left(attended()).ambulance("resource.on-scene", 30, resource="A1", kind="ambulance")
    assert crisis.stands("R19", 30 - SECOND)
    assert not crisis.stands("R19", 30)


def test_it_ends_when_police_return_and_their_going_again_is_another_alert() -> None:
    crisis = left(attended()).police("resource.on-scene", 30, resource="MX24", kind="police-unit")
    first = crisis.finding("R19", 29).key
    assert not crisis.stands("R19", 30)
    crisis.police("resource.left", 40, resource="MX24", kind="police-unit")
    assert crisis.stands("R19", 40)
    assert crisis.finding("R19", 40).key != first


def test_it_ends_when_every_incident_is_closed() -> None:
    crisis = left(attended()).police("incident.closed", 30, attended=True, outcome="resolved")
    assert crisis.stands("R19", 30)
    crisis.ambulance("incident.closed", 35, attended=False, outcome="duplicate")
    assert not crisis.stands("R19", 35)


@pytest.mark.parametrize(("nature", "urgency"), [("mental-health-crisis", 2), ("suicidal", 1)])
def test_it_is_most_urgent_for_a_suicidal_person(nature: str, urgency: int) -> None:
    assert left(attended(nature)).finding("R19", LEFT).urgency == urgency


def test_it_is_most_urgent_after_a_restraint() -> None:
    crisis = attended().police("force.started", 8, force="F-1", kinds=["physical-restraint"])
    assert left(crisis.police("force.ended", 9, force="F-1")).finding("R19", LEFT).urgency == 1


def test_a_sign_that_is_seen_only_after_police_left_does_not_reach_back() -> None:
    crisis = left(attended("disturbance")).police("incident.updated", 25, indicators=["suicidal"])
    assert not crisis.stands("R19", 26)


def test_it_goes_to_ambulance_police_and_the_trust() -> None:
    finding = left(attended()).finding("R19", LEFT)
    assert finding.recipients == ("ambulance-control", "police-control", "mental-health-crisis")
