"""R15: nobody at risk is released from custody into nothing."""

from __future__ import annotations

from tests.unit.liaison.rules.in_custody import custody, disclosed, held
from tests.unit.liaison.script import SECOND, Script, limit

ADULT, CONTACT = limit("R14", "adult_within"), limit("R15", "contact_within")


def test_released_without_a_risk_assessment() -> None:
    crisis = disclosed()
    assert crisis.finding("R15", 100).stage == "released"
    assert crisis.finding("R15", 100).urgency == 2
    assert not disclosed(pre_release_risk_assessed=True).stands("R15", 100)


def test_released_at_night_suicidal_and_referred_to_nobody() -> None:
    night = 13 * 60  # 03:00 in London
    assert disclosed(at=night, pre_release_risk_assessed=True).stands("R15", night)
    assert not disclosed(at=night, pre_release_risk_assessed=True, referred_to="slam").stands(
        "R15", night
    )
    morning = 18 * 60  # 08:00
    assert not disclosed(at=morning, pre_release_risk_assessed=True).stands("R15", morning)


def test_no_contact_within_two_days_of_the_release_is_asked_after_more_calmly() -> None:
    crisis = disclosed(pre_release_risk_assessed=True)
    assert not crisis.stands("R15", 100 + CONTACT - SECOND)
    finding = crisis.finding("R15", 100 + CONTACT)
    assert (finding.stage, finding.urgency) == ("no-contact", 3)
    crisis.say("slam-ehr", "follow-up.completed", 200, follow_up="F-1", mode="phone")
    assert not crisis.stands("R15", 100 + CONTACT)


def test_leaving_the_cell_for_a_hospital_under_section_136_is_no_release() -> None:
    crisis = held(Script().police("incident.reported", -30, nature="suicidal"), incident="CAD-1")
    crisis.police("detention.detained", 90, detention="D-1", power="s136")
    assert not custody(crisis, "released", 100).stands("R15", 100)


def test_detained_again_somebody_is_with_them() -> None:
    crisis = held(Script().police("incident.reported", -30, nature="suicidal"), incident="CAD-1")
    custody(crisis, "released", 100)
    assert crisis.stands("R15", 130)
    assert not crisis.police("detention.detained", 130, detention="D-1", power="s136").stands(
        "R15", 130
    )


def test_a_weekend_and_a_bank_holiday_are_out_of_hours_by_day() -> None:
    saturday = 5 * 24 * 60.0  # 28 November 2026, 14:00
    assert disclosed(at=saturday, pre_release_risk_assessed=True).stands("R15", saturday)
    christmas = 32 * 24 * 60.0 - 60  # Friday 25 December 2026, 13:00
    assert disclosed(at=christmas, pre_release_risk_assessed=True).stands("R15", christmas)
    tuesday = 24 * 60.0
    assert not disclosed(at=tuesday, pre_release_risk_assessed=True).stands("R15", tuesday)


def test_somebody_arrested_and_released_without_any_sign_prompts_nothing() -> None:
    crisis = held(Script(), vulnerable=False)
    custody(crisis, "risk-assessed", 20, mental_health_disclosed=False, self_harm_risk=False)
    custody(crisis, "released", 300)
    assert not [at for at in (60, 120, 180, 300, 301, 300 + CONTACT) if crisis.stands("R15", at)]
