"""R13, R14, R15: history in custody is seen, a vulnerable person has an appropriate adult, nobody is released into nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.liaison.script import SECOND, Script, limit, minute

LONG_AGO = datetime(2026, 9, 1, 9, tzinfo=UTC)
WHO: dict[str, Any] = {
    "nhs_number": "9990000018",
    "nhs_number_status": "01",
    "names": [{"given": "Kwabena", "family": "Asante-Reid"}],
    "date_of_birth": "1991-04-12",
}
ASSESSED, SEEN = limit("R13", "assessed_within"), limit("R13", "health_professional_within")
ADULT, CONTACT = limit("R14", "adult_within"), limit("R15", "contact_within")


def known() -> Script:
    """Somebody with an open care pathway."""
    told = Script().on_file("person.registered", LONG_AGO, person=WHO)
    return told.on_file(
        "pathway.opened", LONG_AGO + timedelta(minutes=5), pathway="CP-1", team="Community team"
    )


def custody(crisis: Script, kind: str, at: float, /, **data: Any) -> Script:
    """Custody says something of its record C-1."""
    return crisis.say("met-custody", f"custody.{kind}", at, custody="C-1", **data)


def held(crisis: Script | None = None, **data: Any) -> Script:
    """In custody since the first minute; seen by a health professional in the fifth."""
    return custody(
        custody(crisis or known(), "arrived", 0, suite="brixton", **data), "health-checked", 5
    )


def test_no_risk_assessment_within_the_limit_prompts_custody_and_the_trust_that_knows_the_person() -> (
    None
):
    assert not held().stands("R13", ASSESSED - SECOND)
    finding = held().finding("R13", ASSESSED)
    assert finding.stage == "not-assessed"
    assert set(finding.recipients) == {"custody", "mental-health-crisis"}
    assert set(finding.agencies) == {"met", "slam"}


def test_an_assessment_at_the_limit_is_in_time_and_one_later_ends_it() -> None:
    def done(at: float) -> Script:
        return custody(held(), "risk-assessed", at, mental_health_disclosed=True)

    assert not done(ASSESSED).stands("R13", ASSESSED)
    assert done(ASSESSED + SECOND).stands("R13", ASSESSED)
    assert not done(ASSESSED + SECOND).stands("R13", ASSESSED + SECOND)


def test_answers_that_contradict_the_register_prompt_until_they_are_corrected() -> None:
    crisis = custody(held(), "risk-assessed", 20, mental_health_disclosed=False)
    assert crisis.finding("R13", 20).stage == "contradicted"
    assert not custody(crisis.copy(), "risk-assessed", 30, mental_health_disclosed=True).stands(
        "R13", 30
    )
    retracted = crisis.copy().say(
        "met-custody", "event.retracted", 25, retracts="e3", reason="entered-in-error"
    )
    assert not retracted.stands("R13", 30)


def test_no_health_professional_in_two_hours() -> None:
    crisis = custody(known(), "arrived", 0, suite="brixton")
    custody(crisis, "risk-assessed", 10, mental_health_disclosed=True)
    assert not crisis.stands("R13", SEEN - SECOND)
    assert crisis.finding("R13", SEEN).stage == "not-seen"
    assert not custody(crisis.copy(), "health-checked", SEEN + 1).stands("R13", SEEN + 1)


def test_without_a_history_or_for_a_person_who_is_only_possible_it_is_silent() -> None:
    assert not held(Script()).stands("R13", ASSESSED + 1)
    detached = held()
    detached.person = None
    assert not detached.stands("R13", ASSESSED + 1), "the wrong person was detached"


def test_handcuffs_at_an_arrest_are_no_history_and_a_suicidal_call_is() -> None:
    arrest = Script().police("incident.reported", -30, nature="crime")
    arrest.police("force.started", -20, force="F-1", kinds=["handcuffs"])
    assert not held(arrest, incident="CAD-1").stands("R13", ASSESSED + 1)
    call = Script().police("incident.reported", -30, nature="suicidal")
    assert held(call, incident="CAD-1").stands("R13", ASSESSED + 1)


def test_it_ends_with_the_release() -> None:
    assert not custody(held(), "released", ASSESSED + 5, pre_release_risk_assessed=True).stands(
        "R13", ASSESSED + 6
    )


def test_custody_that_is_not_heard_cannot_be_verified() -> None:
    (standing,) = [
        s for s in held().evaluation(ASSESSED + 5, heard={}).standing if s.finding.rule == "R13"
    ]
    assert standing.verification == "cannot-be-verified"


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


def disclosed(**data: Any) -> Script:
    """Told the nurse of thoughts of suicide; released in the hundredth minute (15:40)."""
    crisis = custody(
        held(Script()), "risk-assessed", 20, mental_health_disclosed=True, self_harm_risk=True
    )
    return custody(crisis, "released", data.pop("at", 100), **data)


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


def test_no_risk_of_self_harm_contradicts_a_suicidal_call_until_a_nurse_has_been_there() -> None:
    call = Script().police("incident.reported", -30, nature="suicidal")
    crisis = custody(
        held(call, incident="CAD-1"),
        "risk-assessed",
        20,
        mental_health_disclosed=True,
        self_harm_risk=False,
    )
    finding = crisis.finding("R13", 20)
    assert (finding.stage, "no risk of self-harm" in finding.reason) == ("contradicted", True)
    assert not custody(crisis.copy(), "health-checked", 40).stands("R13", 40)
    agrees = custody(
        held(call.copy(), incident="CAD-1"),
        "risk-assessed",
        20,
        mental_health_disclosed=True,
        self_harm_risk=True,
    )
    assert not agrees.stands("R13", 20)


@pytest.mark.parametrize(("days", "counts"), [(10, True), (364, True), (366, False)])
def test_a_pathway_that_was_closed_lately_is_a_history(days: int, counts: bool) -> None:
    told = Script().on_file("person.registered", minute(0) - timedelta(days=900), person=WHO)
    told.on_file("pathway.opened", minute(0) - timedelta(days=800), pathway="CP-1")
    told.on_file(
        "pathway.closed", minute(0) - timedelta(days=days), pathway="CP-1", reason="discharged"
    )
    assert held(told).stands("R13", ASSESSED) is counts


def test_a_suicidal_call_is_a_reason_to_treat_as_vulnerable_and_restraint_alone_is_none() -> None:
    call = Script().police("incident.reported", -30, nature="suicidal")
    assert held(call, incident="CAD-1").stands("R14", ADULT)
    arrest = Script().police("incident.reported", -30, nature="crime")
    arrest.police("force.started", -20, force="F-1", kinds=["physical-restraint"])
    assert not held(arrest, incident="CAD-1").stands("R14", ADULT)


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


@pytest.mark.parametrize("rule", ["R13", "R14", "R15"])
def test_somebody_arrested_and_released_without_any_sign_prompts_nothing(rule: str) -> None:
    crisis = held(Script(), vulnerable=False)
    custody(crisis, "risk-assessed", 20, mental_health_disclosed=False, self_harm_risk=False)
    custody(crisis, "released", 300)
    assert not [at for at in (60, 120, 180, 300, 301, 300 + CONTACT) if crisis.stands(rule, at)]
