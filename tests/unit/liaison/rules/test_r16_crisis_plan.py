"""R16: a person with a crisis plan or an open care episode is the subject of a police or ambulance incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.identity.person import IdentityDecision
from services.liaison.evaluate import findings
from tests.unit.liaison.script import POLICY, SECOND, START, TRUST, Script, minute

LONG_AGO = datetime(2026, 9, 1, 9, tzinfo=UTC)
PLAN = {"pointer": "urn:nrl:RV5-736253002-0009", "calming": ["Speak slowly"]}
HIM = {"names": [{"given": "Tomasz", "family": "Kowalczyk"}], "date_of_birth": "1988-03-02"}


def known(plan: bool = True, **facts: object) -> Script:
    """A person on a trust's file, with an open pathway."""
    crisis = Script().on_file("person.registered", LONG_AGO, person=HIM)
    planned = {"crisis_plan": PLAN} if plan else {}
    return crisis.on_file(
        "pathway.opened", LONG_AGO + timedelta(minutes=5), pathway="CP-1", **planned, **facts
    )


def test_a_police_incident_about_a_person_with_a_plan_prompts_at_once() -> None:
    crisis = known().police("incident.reported", 0, nature="disturbance")
    finding = crisis.finding("R16", 0)
    assert not crisis.stands("R16", -SECOND)
    assert finding.title == "Crisis plan in place"
    assert finding.recipients == ("police-control", "ambulance-control", "mental-health-crisis")
    assert finding.agencies == ("slam",)
    assert finding.urgency == 2
    assert finding.act_by == START + POLICY.limit("R16", "crisis_plan_opened_within")


def test_an_ambulance_incident_does_so_too() -> None:
    assert known().ambulance("incident.reported", 0, nature="medical").stands("R16", 0)


def test_an_incident_of_the_trust_itself_does_not() -> None:
    crisis = known()
    assert (
        not crisis.copy()
        .say(TRUST, "welfare.concern-raised", 0, incident="T-1", risk="high")
        .stands("R16", 1)
    )
    assert crisis.police("incident.reported", 0, nature="welfare-concern").stands("R16", 1)


def test_an_open_care_episode_without_a_plan_is_told_as_that() -> None:
    finding = (
        known(plan=False).police("incident.reported", 0, nature="disturbance").finding("R16", 1)
    )
    assert "care episode" in finding.reason
    assert finding.title == "Known to mental-health services"


def test_nobody_on_file_prompts_nothing() -> None:
    assert not Script().police("incident.reported", 0, nature="suicidal").stands("R16", 10)


@pytest.mark.parametrize("outcome", ["possible", "unknown"])
def test_a_person_who_is_only_possible_is_not_told_of(outcome: str) -> None:
    crisis = known().police("incident.reported", 0, nature="disturbance")
    assert crisis.person is not None
    person_id = crisis.person.person_id
    attached = IdentityDecision("attached", person_id, (person_id,), (), "", "test")
    unsure = IdentityDecision(
        "possible" if outcome == "possible" else "unknown", None, (person_id,), (), "", "test"
    )
    assert any(finding.rule == "R16" for finding in findings(crisis.crisis(attached), POLICY))
    assert not any(finding.rule == "R16" for finding in findings(crisis.crisis(unsure), POLICY))


def test_a_pathway_that_was_closed_before_prompts_nothing() -> None:
    closed = known().on_file(
        "pathway.closed", START - timedelta(days=2), pathway="CP-1", reason="discharged"
    )
    assert not closed.police("incident.reported", 0, nature="disturbance").stands("R16", 1)


def test_a_pathway_that_opens_during_the_crisis_prompts_from_then_on_and_its_closing_ends_it() -> (
    None
):
    crisis = Script().on_file("person.registered", LONG_AGO, person=HIM)
    crisis.police("incident.reported", 0, nature="disturbance")
    crisis.on_file("pathway.opened", minute(20), pathway="CP-1", crisis_plan=PLAN)
    crisis.on_file("pathway.closed", minute(50), pathway="CP-1", reason="transferred")
    assert [crisis.stands("R16", at) for at in (20 - SECOND, 20, 50 - SECOND, 50)] == [
        False,
        True,
        True,
        False,
    ]


def test_it_ends_when_every_police_and_ambulance_incident_is_closed() -> None:
    crisis = known().police("incident.reported", 0, nature="disturbance")
    crisis.ambulance("incident.reported", 1, nature="medical")
    crisis.police("incident.closed", 30, attended=True, outcome="resolved")
    assert crisis.stands("R16", 30)
    crisis.ambulance("incident.closed", 40, attended=True, outcome="referred")
    assert not crisis.stands("R16", 40)


def test_a_second_incident_of_the_same_crisis_is_the_same_alert() -> None:
    crisis = known().police("incident.reported", 0, nature="disturbance")
    first = crisis.finding("R16", 1).key
    crisis.police("incident.reported", 5, incident="CAD-2", nature="suicidal")
    assert crisis.finding("R16", 6).key == first


def test_without_a_plan_nobody_is_told_to_open_one() -> None:
    with_plan = known().police("incident.reported", 0, nature="disturbance").finding("R16", 0)
    without = known(plan=False).police("incident.reported", 0, nature="disturbance")
    assert "Open the plan" in with_plan.step_for("ambulance-control")
    for role in with_plan.recipients:
        assert "Open the plan" not in without.finding("R16", 0).step_for(role)
        assert "what is in the plan" not in without.finding("R16", 0).step_for(role)


def test_where_the_plan_is_not_shared_the_police_are_not_told_to_tell_what_is_in_it() -> None:
    step, refused = (
        each.police("incident.reported", 0, nature="disturbance").finding("R16", 0)
        for each in (known(), known(consent_to_share="refused"))
    )
    assert "what helps" in step.step_for("police-control")
    assert "what helps" not in refused.step_for("police-control")
    assert refused.step_for("ambulance-control") == step.step_for("ambulance-control")
