"""R01: police on scene with a person in a clear crisis, and the ambulance service does not treat it as an emergency."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.liaison.script import POLICY, SECOND, Script, limit

WITHIN = limit("R01", "ambulance_request_within")


def officers_wait(category: str | None = "C3") -> Script:
    """Police with a person in crisis since the fifth minute; the ambulance service has graded its call."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    grade = {} if category is None else {"ambulance_category": category}
    crisis.ambulance("incident.reported", 1, nature="mental-health-crisis", **grade)
    return crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")


def nobody_asked() -> Script:
    """Police with a person in crisis since the fifth minute; the ambulance service has no incident."""
    crisis = Script().police(
        "incident.reported", 0, nature="mental-health-crisis", indicators=["danger-concern"]
    )
    return crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")


@pytest.mark.parametrize("category", ["C3", "C4", "C5", "hear-and-treat"])
def test_a_call_graded_below_emergency_prompts_when_the_police_arrive(category: str) -> None:
    crisis = officers_wait(category)
    assert not crisis.stands("R01", 5 - SECOND)
    assert crisis.stands("R01", 5)


@pytest.mark.parametrize(
    ("category", "within"),
    [("C1", limit("R01", "there_within_category_1")), ("C2", limit("R01", "sent_within"))],
)
def test_an_emergency_grade_prompts_nothing_until_nobody_has_come(
    category: str, within: float
) -> None:
    crisis = officers_wait(category)
    assert not crisis.stands("R01", 1 + within - SECOND)
    finding = crisis.finding("R01", 1 + within)
    assert finding.stage == "nobody-comes"
    assert "no crew is there" in finding.reason


def test_a_crew_on_its_way_has_until_the_standard_to_be_there() -> None:
    there = limit("R01", "there_within_category_2")
    crisis = officers_wait("C2").ambulance("resource.assigned", 20, resource="A1", kind="ambulance")
    assert not crisis.stands("R01", 1 + there - SECOND)
    assert crisis.stands("R01", 1 + there)
    came = crisis.ambulance("resource.on-scene", 1 + there, resource="A1", kind="ambulance")
    assert not came.stands("R01", 1 + there)


def test_a_crew_that_is_diverted_does_not_start_the_time_anew() -> None:
    crisis = officers_wait("C2").ambulance("resource.assigned", 20, resource="A1", kind="ambulance")
    crisis.ambulance(
        "resource.stood-down", 25, resource="A1", kind="ambulance", reason="higher-priority"
    )
    assert crisis.stands("R01", 1 + limit("R01", "sent_within"))


def test_a_crew_that_came_and_went_has_come() -> None:
    crisis = officers_wait("C2").ambulance("resource.on-scene", 12, resource="A1", kind="ambulance")
    crisis.ambulance("resource.left", 25, resource="A1", kind="ambulance")
    assert not crisis.stands("R01", 90)


def test_whether_an_ambulance_comes_to_a_detained_person_is_asked_by_another_rule_alone() -> None:
    crisis = officers_wait("C2").police("detention.detained", 10, detention="D-1", power="s136")
    assert not crisis.stands("R01", 90)
    assert crisis.stands("R04", 90)


WORSE: dict[str, Callable[[Script], Script]] = {
    "an attempt": lambda crisis: crisis.police("harm.reported", 30, harm="suicide-attempt"),
    "self-harm": lambda crisis: crisis.police("harm.reported", 30, harm="self-harm"),
    "a new strong sign": lambda crisis: crisis.police(
        "incident.updated", 30, indicators=["suicide-attempt"]
    ),
    "restraint": lambda crisis: crisis.police(
        "force.started", 30, force="F-1", kinds=["physical-restraint"]
    ),
    "a physical red flag": lambda crisis: crisis.police("incident.updated", 30, signs=["overdose"]),
    "a risk that is now high": lambda crisis: crisis.police(
        "incident.updated", 30, risk_to_self="high"
    ),
}
"""What makes it worse in the thirtieth minute, twenty minutes after a clinician assessed."""


@pytest.mark.parametrize("name", WORSE)
def test_what_was_assessed_is_of_before_once_it_gets_worse(name: str) -> None:
    assessed = officers_wait("C3").ambulance("incident.graded", 10, assessed_by_clinician=True)
    worse = WORSE[name](assessed.copy())
    assert not assessed.stands("R01", 30)
    assert not worse.stands("R01", 30 - SECOND)
    assert worse.stands("R01", 30)
    again = worse.ambulance("incident.graded", 35, assessed_by_clinician=True)
    assert not again.stands("R01", 35), "assessed again as it is now"


@pytest.mark.parametrize("again", [{"nature": "suicidal"}, {"risk_to_self": "medium"}])
def test_what_says_nothing_worse_does_not_undo_an_assessment(again: dict[str, str]) -> None:
    crisis = officers_wait("C3").ambulance("incident.graded", 10, assessed_by_clinician=True)
    assert not crisis.police("incident.updated", 30, **again).stands("R01", 31)


ED = {"site": "st-thomas", "kind": "emergency-department"}
TAKEN: dict[str, Callable[[Script], Script]] = {
    "a crew takes the person along": lambda crisis: crisis.ambulance(
        "resource.on-scene", 18, resource="A1", kind="ambulance"
    ).ambulance("resource.left", 20, resource="A1", kind="ambulance", with_person=True),
    "a department has the person": lambda crisis: crisis.police(
        "detention.arrived", 20, detention="D-1", at=ED
    ),
    "the person is in custody": lambda crisis: crisis.say(
        "met-custody", "custody.arrived", 20, custody="C-1", suite="brixton", incident="CAD-1"
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_it_ends_when_somebody_has_the_person(name: str) -> None:
    crisis = TAKEN[name](officers_wait("C3"))
    assert crisis.stands("R01", 17)
    assert not crisis.stands("R01", 20)


def test_it_does_not_end_because_one_unit_moves() -> None:
    crisis = officers_wait("C3").police("resource.on-scene", 6, resource="MX22", kind="police-unit")
    crisis.police("resource.left", 20, resource="MX22", kind="police-unit")
    assert crisis.stands("R01", 20)


def test_in_a_police_vehicle_the_police_are_alone_with_the_person() -> None:
    crisis = officers_wait("C3").police("detention.detained", 10, detention="D-1", power="s136")
    crisis.police(
        "detention.conveyed",
        12,
        detention="D-1",
        by="police-unit",
        reason_not_ambulance="not-available",
        to=ED,
    )
    assert crisis.stands("R01", 13)
    assert not crisis.police("detention.arrived", 30, detention="D-1", at=ED).stands("R01", 30)


def test_the_next_step_fits_whether_anybody_has_asked() -> None:
    asked = officers_wait("C3").finding("R01", 6).step_for("police-control")
    unasked = nobody_asked().finding("R01", 5 + WITHIN).step_for("police-control")
    assert "Keep the ambulance request open" in asked
    assert "request open" not in unasked
    assert "Ask for an ambulance now" in unasked


def test_each_desk_reads_what_it_has_to_do_and_nothing_of_the_other() -> None:
    finding = officers_wait("C3").finding("R01", 6)
    assert "Review the category" in finding.step_for("ambulance-control")
    assert "Review the category" not in finding.step_for("police-control")
    assert finding.step_for("police-supervisor") == finding.step_for("police-control")
    assert "desk below" in finding.step_for("tactical-manager")


def test_each_desk_reads_in_one_sentence_what_is_wrong_for_it() -> None:
    finding = officers_wait("C3").finding("R01", 5)
    everything = {"circumstances", "incidents"}
    ambulance = finding.headline_for("ambulance-control", everything)
    assert ambulance is not None
    assert ambulance.startswith("Graded C3 at ")
    assert "police alone there since" in ambulance
    assert finding.headline_for("ambulance-supervisor", everything) == ambulance
    police = finding.headline_for("police-control", everything)
    assert police is not None
    assert police.startswith("Ambulance: graded C3 at ")
    assert finding.headline_for("amhp", everything) is None
    unasked = (
        nobody_asked().finding("R01", 5 + WITHIN).headline_for("ambulance-control", everything)
    )
    assert unasked is not None
    assert unasked.startswith("Not asked for")


def test_a_call_that_is_not_graded_prompts_once_the_police_have_waited_for_the_limit() -> None:
    crisis, within = officers_wait(None), limit("R01", "grade_within")
    assert not crisis.stands("R01", 5 + within - SECOND)
    assert crisis.stands("R01", 5 + within)
    assert "not graded" in crisis.finding("R01", 5 + within).reason


def test_a_grade_at_the_very_limit_is_in_time_and_one_a_second_later_is_not() -> None:
    within = 5 + limit("R01", "grade_within")
    in_time = officers_wait(None).ambulance("incident.graded", within, ambulance_category="C2")
    late = officers_wait(None).ambulance(
        "incident.graded", within + SECOND, ambulance_category="C2"
    )
    assert not in_time.stands("R01", within)
    assert late.stands("R01", within)
    assert not late.stands("R01", within + SECOND)


def test_an_ambulance_that_was_asked_for_and_has_no_call_of_its_own_is_not_graded_either() -> None:
    crisis, within = (
        nobody_asked().police("assistance.requested", 7, of="ambulance"),
        limit("R01", "grade_within"),
    )
    assert not crisis.stands("R01", 7 + within - SECOND)
    assert crisis.stands("R01", 7 + within)


def test_a_crew_that_is_on_its_way_without_a_grade_prompts_nothing() -> None:
    crisis = officers_wait(None).ambulance("resource.assigned", 8, resource="A1", kind="ambulance")
    assert not crisis.stands("R01", 40)


def test_the_alert_says_which_grade_and_asks_the_ambulance_desk_and_the_police() -> None:
    finding = officers_wait("C4").finding("R01", 6)
    assert "graded C4" in finding.reason
    assert finding.recipients == ("ambulance-control", "police-control")
    assert finding.urgency == 1
    assert finding.act_by is not None
    assert finding.act_by - finding.holds_from == POLICY.limit("R01", "retriage_within")


def test_nobody_asked_for_an_ambulance_within_the_limit() -> None:
    crisis = nobody_asked()
    assert not crisis.stands("R01", 5 + WITHIN - SECOND)
    assert crisis.stands("R01", 5 + WITHIN)
    assert "No ambulance has been asked for" in crisis.finding("R01", 5 + WITHIN).reason


def test_a_request_at_the_very_limit_is_in_time_and_one_a_second_later_is_not() -> None:
    in_time = nobody_asked().police("assistance.requested", 5 + WITHIN, of="ambulance")
    late = nobody_asked().police("assistance.requested", 5 + WITHIN + SECOND, of="ambulance")
    assert not in_time.stands("R01", 5 + WITHIN)
    assert late.stands("R01", 5 + WITHIN)
    assert not late.stands("R01", 5 + WITHIN + SECOND)


def test_asking_for_the_police_or_a_mental_health_team_is_not_asking_for_an_ambulance() -> None:
    assert (
        nobody_asked()
        .police("assistance.requested", 6, of="mental-health")
        .stands("R01", 5 + WITHIN)
    )


@pytest.mark.parametrize("reason", ["police-present", "no-send"])
def test_a_request_cancelled_because_the_police_are_there_prompts_at_once(reason: str) -> None:
    crisis = officers_wait(None).police("assistance.requested", 6, of="ambulance")
    crisis.ambulance("assistance.cancelled", 8, of="ambulance", reason=reason)
    assert not crisis.stands("R01", 8 - SECOND)
    assert crisis.stands("R01", 8)
    assert reason in crisis.finding("R01", 8).reason


@pytest.mark.parametrize("reason", ["duplicate", "clinical-assessment", "not-required"])
def test_a_request_cancelled_for_another_reason_is_not_this_alert(reason: str) -> None:
    crisis = officers_wait("C2").ambulance("assistance.cancelled", 8, of="ambulance", reason=reason)
    assert not crisis.stands("R01", 9)


def test_an_ambulance_stood_down_as_police_are_present_prompts_although_the_grade_was_an_emergency() -> (
    None
):
    crisis = officers_wait("C2").ambulance("resource.assigned", 6, resource="A1", kind="ambulance")
    crisis.ambulance(
        "resource.stood-down", 9, resource="A1", kind="ambulance", reason="police-present"
    )
    assert not crisis.stands("R01", 9 - SECOND)
    assert crisis.stands("R01", 9)
    crisis.ambulance("resource.assigned", 12, resource="A2", kind="ambulance")
    assert not crisis.stands("R01", 12)


SUPPRESSORS: dict[str, Callable[[Script], Script]] = {
    "clinician assessed after police arrived": lambda crisis: crisis.ambulance(
        "incident.graded", 7, ambulance_category="C3", assessed_by_clinician=True
    ),
    "joint response car assigned": lambda crisis: crisis.ambulance(
        "resource.assigned", 4, resource="MH1", kind="mental-health-joint-response-car"
    ),
    "street triage on scene": lambda crisis: crisis.ambulance(
        "resource.on-scene", 6, resource="ST1", kind="street-triage"
    ),
    "ambulance on scene before": lambda crisis: crisis.ambulance(
        "resource.on-scene", 4, resource="A1", kind="ambulance"
    ),
    "upgraded to C2": lambda crisis: crisis.ambulance(
        "incident.graded", 7, ambulance_category="C2"
    ),
    "upgraded to C1": lambda crisis: crisis.ambulance(
        "incident.graded", 7, ambulance_category="C1"
    ),
    "police left": lambda crisis: crisis.police(
        "resource.left", 7, resource="MX21", kind="police-unit"
    ),
    "police closed their incident": lambda crisis: crisis.police(
        "incident.closed", 7, attended=True, outcome="resolved"
    ),
}


@pytest.mark.parametrize("name", SUPPRESSORS)
def test_it_is_suppressed_and_only_by_that(name: str) -> None:
    assert officers_wait().stands("R01", 8)
    assert not SUPPRESSORS[name](officers_wait()).stands("R01", 8)


def test_an_assessment_before_the_police_arrived_does_not_suppress() -> None:
    crisis = officers_wait().ambulance(
        "incident.graded", 4, ambulance_category="C3", assessed_by_clinician=True
    )
    assert crisis.stands("R01", 8)


def test_a_joint_response_car_that_is_stood_down_suppresses_no_longer() -> None:
    crisis = officers_wait().ambulance(
        "resource.assigned", 4, resource="MH1", kind="mental-health-joint-response-car"
    )
    crisis.ambulance(
        "resource.stood-down",
        9,
        resource="MH1",
        kind="mental-health-joint-response-car",
        reason="higher-priority",
    )
    assert not crisis.stands("R01", 9 - SECOND)
    assert crisis.stands("R01", 9)


def test_one_sign_is_not_a_clear_crisis_and_a_second_one_makes_it_so() -> None:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.ambulance("incident.reported", 1, nature="medical", ambulance_category="C3")
    crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")
    assert not crisis.stands("R01", 60)
    crisis.police("incident.updated", 8, indicators=["behaviour-concern"])
    assert not crisis.stands("R01", 8 - SECOND)
    assert crisis.stands("R01", 8)


def test_the_same_sign_repeated_by_the_same_agency_is_one_sign() -> None:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.ambulance("incident.reported", 1, nature="medical", ambulance_category="C3")
    crisis.police(
        "incident.updated", 2, nature="mental-health-crisis", indicators=["mental-health-code"]
    )
    crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")
    assert not crisis.stands("R01", 60)


@pytest.mark.parametrize("strong", ["suicide-attempt", "section-135-136", "restraint"])
def test_one_strong_sign_is_enough(strong: str) -> None:
    crisis = Script().police("incident.reported", 0, nature="disturbance", indicators=[strong])
    crisis.ambulance("incident.reported", 1, nature="medical", ambulance_category="C3")
    crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")
    assert crisis.stands("R01", 5)


@pytest.mark.parametrize(
    ("code", "counts"), [("25A1", True), ("25D02", True), ("251", False), ("17A1", False)]
)
def test_ampds_card_25_is_a_sign_and_no_other_card(code: str, counts: bool) -> None:
    crisis = Script().police(
        "incident.reported", 0, nature="disturbance", indicators=["behaviour-concern"]
    )
    crisis.ambulance(
        "incident.reported",
        1,
        nature="medical",
        ambulance_category="C3",
        opening_code={"system": "AMPDS", "code": code},
    )
    crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")
    assert crisis.stands("R01", 5) is counts


def test_without_police_on_scene_there_is_nothing_to_say() -> None:
    crisis = Script().police(
        "incident.reported", 0, nature="suicidal", indicators=["suicide-attempt"]
    )
    crisis.ambulance("incident.reported", 1, nature="suicidal", ambulance_category="C4")
    crisis.police("resource.assigned", 2, resource="MX21", kind="police-unit")
    assert not crisis.stands("R01", 60)


def test_a_downgrade_while_police_are_there_prompts_and_the_same_again_is_the_same_alert() -> None:
    crisis = officers_wait("C2").ambulance("incident.graded", 20, ambulance_category="C3")
    crisis.ambulance("incident.graded", 25, ambulance_category="C2").ambulance(
        "incident.graded", 30, ambulance_category="C5"
    )
    assert [crisis.stands("R01", at) for at in (19, 20, 25, 30)] == [False, True, False, True]
    assert crisis.finding("R01", 20).key == crisis.finding("R01", 30).key
