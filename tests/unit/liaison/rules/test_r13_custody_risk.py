"""R13: a mental-health history is seen in custody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.liaison.rules.in_custody import WHO, custody, held, known
from tests.unit.liaison.script import SECOND, Script, limit, minute

ASSESSED, SEEN = limit("R13", "assessed_within"), limit("R13", "health_professional_within")


ADULT, CONTACT = limit("R14", "adult_within"), limit("R15", "contact_within")


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
        standing
        for standing in held().evaluation(ASSESSED + 5, last_heard={}).standing
        if standing.finding.rule == "R13"
    ]
    assert standing.verification == "cannot-be-verified"


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
    crisis = Script().on_file("person.registered", minute(0) - timedelta(days=900), person=WHO)
    crisis.on_file("pathway.opened", minute(0) - timedelta(days=800), pathway="CP-1")
    crisis.on_file(
        "pathway.closed", minute(0) - timedelta(days=days), pathway="CP-1", reason="discharged"
    )
    assert held(crisis).stands("R13", ASSESSED) is counts


def test_somebody_arrested_and_released_without_any_sign_prompts_nothing() -> None:
    crisis = held(Script(), vulnerable=False)
    custody(crisis, "risk-assessed", 20, mental_health_disclosed=False, self_harm_risk=False)
    custody(crisis, "released", 300)
    assert not [at for at in (60, 120, 180, 300, 301, 300 + CONTACT) if crisis.stands("R13", at)]
