"""R24: after a death or serious injury the family is told and the record of force is complete."""

from __future__ import annotations

from tests.unit.liaison.rules.died_after_contact import left_and_died
from tests.unit.liaison.script import SECOND, Script, limit


def test_a_day_after_a_death_the_family_has_not_been_reached() -> None:
    within = limit("R24", "family_within")
    crisis = left_and_died(60)
    assert not crisis.stands("R24", 90 + within - SECOND)
    assert crisis.finding("R24", 90 + within).stage == "family"
    assert (
        not crisis.copy()
        .police("family.contacted", 90 + within, relation="family")
        .stands("R24", 90 + within)
    )


def test_three_days_after_a_death_a_restraint_has_no_end_on_record() -> None:
    within = limit("R24", "force_record_within")
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("resource.on-scene", 5, resource="MX1", kind="police-unit")
    crisis.police("force.started", 6, force="F-1", kinds=["physical-restraint"])
    crisis.police("harm.reported", 20, harm="death")
    crisis.police("family.contacted", 60, relation="family")
    assert not crisis.stands("R24", 20 + within - SECOND)
    assert crisis.finding("R24", 20 + within).stage == "force-record"
    assert not crisis.copy().police("force.ended", 20, force="F-1").stands("R24", 20 + within)


def test_a_road_death_to_which_an_ambulance_came_is_not_ours() -> None:
    crisis = Script().ambulance(
        "incident.reported", 0, nature="traffic-collision", ambulance_category="C1"
    )
    crisis.ambulance("harm.reported", 20, harm="death")
    assert not crisis.stands("R24", 20 + limit("R24", "family_within"))
    suicidal = Script().ambulance(
        "incident.reported", 0, nature="suicidal", ambulance_category="C1"
    )
    assert suicidal.ambulance("harm.reported", 20, harm="death").stands(
        "R24", 20 + limit("R24", "family_within")
    )


def test_closing_the_incident_is_no_record_of_the_end_of_force() -> None:
    within = limit("R24", "force_record_within")
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("force.started", 6, force="F-1", kinds=["physical-restraint"])
    crisis.police("harm.reported", 20, harm="death")
    crisis.police("family.contacted", 60, relation="family")
    crisis.police("incident.closed", 90, attended=True, outcome="other")
    assert crisis.stands("R24", 20 + within)
    assert not crisis.copy().police("force.ended", 89, force="F-1").stands("R24", 20 + within)
