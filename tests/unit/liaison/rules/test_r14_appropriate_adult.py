"""R14: a vulnerable person in custody has an appropriate adult."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.unit.liaison.rules.in_custody import custody, held
from tests.unit.liaison.script import SECOND, Script, limit

ADULT, CONTACT = limit("R14", "adult_within"), limit("R15", "contact_within")


def test_an_interview_is_planned_for_a_vulnerable_person_without_an_adult() -> None:
    crisis = held(Script(), vulnerable=True)
    custody(crisis, "interview-planned", 60, at="2026-11-23T16:00:00Z")
    assert not crisis.stands("R14", 60 - SECOND)
    finding = crisis.finding("R14", 60)
    assert finding.stage == "interview"
    assert finding.act_by == datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
    assert not custody(crisis.copy(), "appropriate-adult-arranged", 61).stands("R14", 61)


def test_three_hours_without_an_adult_even_where_no_interview_is_planned() -> None:
    crisis = held(Script(), vulnerable=True)
    assert not crisis.stands("R14", ADULT - SECOND)
    assert crisis.finding("R14", ADULT).stage == "not-arranged"
    assert not held(Script(), vulnerable=False).stands("R14", ADULT)


def test_a_suicidal_call_is_a_reason_to_treat_as_vulnerable_and_restraint_alone_is_none() -> None:
    call = Script().police("incident.reported", -30, nature="suicidal")
    assert held(call, incident="CAD-1").stands("R14", ADULT)
    arrest = Script().police("incident.reported", -30, nature="crime")
    arrest.police("force.started", -20, force="F-1", kinds=["physical-restraint"])
    assert not held(arrest, incident="CAD-1").stands("R14", ADULT)


def test_somebody_arrested_and_released_without_any_sign_prompts_nothing() -> None:
    crisis = held(Script(), vulnerable=False)
    custody(crisis, "risk-assessed", 20, mental_health_disclosed=False, self_harm_risk=False)
    custody(crisis, "released", 300)
    assert not [at for at in (60, 120, 180, 300, 301, 300 + CONTACT) if crisis.stands("R14", at)]
