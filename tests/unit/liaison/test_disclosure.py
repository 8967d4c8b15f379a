"""What a desk is shown: default deny, nothing that names a person, and logged as it is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from services.liaison.catalogue import CATALOGUE
from services.liaison.disclosure import matrix
from services.liaison.disclosure.matrix import view
from services.liaison.disclosure.table import ITEMS, MATRIX
from services.liaison.finding import DeskRole, Standing
from tests.unit.liaison.script import Script

LONG_AGO = datetime(2026, 9, 1, 9, tzinfo=UTC)
NAMED = ("Aaliyah", "Al-Rashid", "9990000050", "1993-05-17", "SE5 8AZ", "020 7946 0555")
PLAN = {
    "pointer": "urn:nrl:RV5-736253002-0050",
    "updated_on": "2026-08-20",
    "calming": ["Speak slowly"],
    "avoid": ["Do not stand behind her"],
}
ROLES: tuple[DeskRole, ...] = get_args(DeskRole)
POLICE = {"police-control", "police-supervisor"}
AMBULANCE = {"ambulance-control", "ambulance-supervisor"}
TRUST = {"mental-health-crisis", "mental-health-supervisor"}
AMHP = {"amhp", "amhp-supervisor"}
HOSPITAL = {"emergency-department", "emergency-department-supervisor"}
AT_THE_DESK = POLICE | AMBULANCE | TRUST | AMHP | HOSPITAL | {"custody"}
AFTERWARDS = {"professional-standards", "family-liaison"}
ABOVE = {"tactical-manager", "strategic-on-call"}

# Who may see which item of this crisis (no service but police and ambulance attends, the rule is neither about the family
# nor for an emergency, the record is not restricted),
# written from the matrix in the design's domain reference; whoever is not named may not.
MAY_SEE: dict[str, set[str]] = {
    "location": POLICE | AMBULANCE | {"professional-standards"},
    "restriction": set(),
    "units": POLICE | AMBULANCE | TRUST | HOSPITAL,
    "police-reason": POLICE | AMBULANCE,
    "description": AT_THE_DESK | {"professional-standards"},
    "signs": POLICE | AMBULANCE | TRUST | HOSPITAL | {"custody"},
    "call-back": set(),
    "crisis-plan": POLICE | AMBULANCE | TRUST | AMHP | HOSPITAL,
    "crisis-plan-pointer": AMBULANCE | TRUST | AMHP | HOSPITAL,
    "known-to-services": POLICE | AMBULANCE | AMHP | HOSPITAL | {"custody", "frequent-contact"},
    # who is above a desk is rung because it has not answered: what the danger is, and by what power
    # somebody is held, is why (an assumption of this project)
    "risk-to-self": AT_THE_DESK | ABOVE | {"professional-standards"},
    "risk-to-responders": POLICE | AMBULANCE | {"custody", "professional-standards"},
    "legal-status": AT_THE_DESK | ABOVE | AFTERWARDS,
    "force-log": POLICE | HOSPITAL | {"custody", "professional-standards"},
    "force-clinical": POLICE
    | AMBULANCE
    | TRUST
    | HOSPITAL
    | ABOVE
    | {"custody", "professional-standards"},
    "family-contact": TRUST | AMHP | HOSPITAL | {"family-liaison"},
    "identity-certainty": AT_THE_DESK | AFTERWARDS | {"frequent-contact"} | ABOVE,
    "incidents": AT_THE_DESK | ABOVE | AFTERWARDS | {"frequent-contact", "record-keeping"},
    "circumstances": {str(role) for role in ROLES},
}


def script() -> Script:
    """A person on file with a plan, named in full by the caller, detained by the police."""
    given_name, family, number, born, postcode, phone = NAMED
    person = {
        "nhs_number": number,
        "nhs_number_status": "01",
        "names": [{"given": given_name, "family": family}],
        "date_of_birth": born,
        "addresses": [{"postcode": postcode}],
        "phones": [phone],
    }
    story = Script().on_file("person.registered", LONG_AGO, person=person)
    story.on_file(
        "pathway.opened",
        LONG_AGO + timedelta(minutes=5),
        pathway="CP-1",
        crisis_plan=PLAN,
        contact_phone="020 7946 0211",
    )
    story.police(
        "incident.reported",
        0,
        nature="suicidal",
        person=person,
        risk_to_self="high",
        risk_to_responders="medium",
        location={
            "street": "14 Albany Road",
            "postcode": "SE5 0AA",
            "uprn": "200003456701",
            "latitude": 51.4740,
            "longitude": -0.0800,
            "precision_metres": 50,
            "access_hazards": ["locked-entry", "height"],
        },
        signs=["sweating"],
        caller={"relation": "family", "phone": "020 7946 0999", "wants_call_back": True},
    )
    story.police("resource.on-scene", 1, resource="MX21", kind="police-unit")
    story.police(
        "force.started", 3, force="F-1", kinds=["physical-restraint", "handcuffs"], position="prone"
    )
    story.police("force.ended", 4, force="F-1")
    story.police("family.contact-attempted", 4, relation="nearest-relative")
    return story.police("detention.detained", 5, detention="D-1", power="s136")


def alert() -> Standing:
    (standing,) = script().standing("R16", 6)
    return standing


@pytest.mark.parametrize("role", ROLES)
def test_no_name_number_birthday_or_address_is_shown_to_anybody(role: DeskRole) -> None:
    story = script()
    for standing in story.evaluation(40).standing:
        text = json.dumps(view(standing, role, story.crisis()), default=str)
        assert not [detail for detail in NAMED if detail in text]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_the_items_of_the_matrix_and_no_other(role: DeskRole) -> None:
    _, items = view(alert(), role, script().crisis())
    assert set(items) == {item for item, roles in MAY_SEE.items() if role in roles}


def test_every_item_stands_in_the_table() -> None:
    assert set(MAY_SEE) == set(ITEMS)
    assert set(MATRIX) == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_what_is_logged_is_what_is_shown(role: DeskRole) -> None:
    desk_view, items = view(alert(), role, script().crisis())
    text = json.dumps(desk_view)
    signs = {
        "crisis-plan": "Speak slowly",
        "crisis-plan-pointer": PLAN["pointer"],
        "known-to-services": "020 7946 0211",
        "legal-status": "Detained under",
        "identity-certainty": "Person identified",
        "incidents": "CAD-1",
        "circumstances": '"reason"',
        "location": "southwark",
        "restriction": "record is restricted",
        "units": "MX21",
        "police-reason": "Why the police are there",
        "description": "33 years",
        "signs": "sweating",
        "call-back": "020 7946 0999",
        "risk-to-self": "Risk to self",
        "risk-to-responders": "Risk to responders",
        "force-log": "handcuffs",
        "force-clinical": "prone",
        "family-contact": "nearest-relative",
    }
    assert {item for item, sign in signs.items() if str(sign) in text} == set(items)


def test_a_role_that_nobody_thought_of_sees_the_title_and_nothing_of_the_person() -> None:
    desk_view, items = view(alert(), "parking", script().crisis())  # type: ignore[arg-type]  # on purpose
    assert items == ()
    assert desk_view["title"] == "What the desk below was told has not been read"
    assert desk_view["shown"] == {}
    assert "reason" not in desk_view
    assert "incidents" not in desk_view


NOBODY_HAS_STATED = {
    "Where": "not stated",
    "Physical signs": "not stated",
    "Restraint": "not reported",
    "Call-back number": "not stated",
    "Age and sex": "not stated",
    "Risk to self": "not stated",
    "Risk to responders": "not stated",
}


def test_what_is_not_there_is_neither_shown_nor_logged() -> None:
    story = Script().police(
        "incident.reported", 0, nature="suicidal", indicators=["danger-concern"]
    )
    story.police("resource.on-scene", 2, resource="MX21", kind="police-unit")
    (standing,) = story.standing("R01", 20)
    desk_view, items = view(standing, "ambulance-control", story.crisis())
    assert set(items) == {
        "circumstances",
        "incidents",
        "identity-certainty",
        "location",
        "units",
        "police-reason",
    }
    assert desk_view["places"] == []
    assert desk_view["shown"] == {
        "Who": "Person not identified",
        "Area": "southwark",
        "Units there": "police MX21 since 14:02",
        "Why the police are there": "suicidal",
        **NOBODY_HAS_STATED,
    }


def test_the_police_get_at_most_three_lines_of_a_plan_and_no_pointer() -> None:
    desk_view, _ = view(alert(), "police-control", script().crisis())
    lines = [
        label
        for label in desk_view["shown"]
        if label in {"Crisis plan", "What helps", "What to avoid", "Crisis plan pointer"}
    ]
    assert lines == ["Crisis plan", "What helps", "What to avoid"]


def test_a_trust_is_told_where_and_how_dangerous_once_its_own_car_goes() -> None:
    story = script().ambulance(
        "resource.assigned", 6, resource="JR1", kind="mental-health-joint-response-car"
    )
    items = set(view(alert(), "mental-health-crisis", story.crisis())[1])
    assert {"location", "risk-to-responders"} <= items
    assert {"location", "risk-to-responders"}.isdisjoint(view(alert(), "amhp", story.crisis())[1])


def test_police_are_told_what_was_tried_with_the_family_where_the_rule_is_about_it() -> None:
    about_family = Standing(replace(alert().finding, rule="R20"), "verified")
    assert "family-contact" in view(about_family, "police-control", script().crisis())[1]


def test_what_a_rule_withholds_comes_off_the_matrix_at_the_desk_and_above_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stricter = CATALOGUE["R16"].model_copy(
        update={"withholds": {"ambulance-control": ("crisis-plan",)}}
    )
    monkeypatch.setattr(matrix, "CATALOGUE", {**CATALOGUE, "R16": stricter})
    for role in AMBULANCE:
        desk_view, items = view(alert(), role, script().crisis())  # type: ignore[arg-type]  # words of the table
        assert "crisis-plan" not in items
        assert "Speak slowly" not in json.dumps(desk_view)
    assert "crisis-plan" in view(alert(), "amhp", script().crisis())[1]


def emergency(**more: Any) -> tuple[Standing, Script]:
    """Police on scene with somebody whom nobody has sent an ambulance for."""
    story = script()
    story.police("incident.updated", 6, **more)
    story.ambulance("incident.reported", 7, nature="mental-health-crisis", ambulance_category="C3")
    (standing,) = story.standing("R01", 8)
    return standing, story


@pytest.mark.parametrize("role", sorted(AMBULANCE | POLICE))
def test_who_must_go_there_is_told_where_and_whom_to_ring(role: DeskRole) -> None:
    standing, story = emergency()
    desk_view, _ = view(standing, role, story.crisis())
    shown = desk_view["shown"]
    assert shown["Where"] == "14 Albany Road, SE5 0AA"
    assert shown["Coordinates"] == "51.47400, -0.08000 (within 50 m)"
    assert shown["UPRN"] == "200003456701"
    assert shown["Access hazard"] == "locked entry; height"
    assert shown["Physical signs"] == "sweating (14:00)"
    assert shown["Units there"] == "police MX21 since 14:01"
    assert shown["Call-back number"] == "020 7946 0999 (family, wants to be rung back)"
    assert shown["Age and sex"] == "33 years"
    assert shown["Why the police are there"] == "suicidal"
    assert desk_view["places"] == [
        {
            "agency": "met",
            "reference": "CAD-1",
            "street": "14 Albany Road",
            "postcode": "SE5 0AA",
            "uprn": "200003456701",
            "latitude": 51.4740,
            "longitude": -0.0800,
            "precision_metres": 50.0,
            "access_hazards": ["locked-entry", "height"],
        }
    ]


@pytest.mark.parametrize("role", ROLES)
def test_where_a_person_of_a_restricted_record_is_is_told_to_nobody(role: DeskRole) -> None:
    standing, story = emergency(person={"restricted": True})
    desk_view, items = view(standing, role, story.crisis())
    text = json.dumps(desk_view)
    withheld = ("Albany", "SE5 0AA", "200003456701", "51.474", "southwark", "020 7946 0999")
    assert not [detail for detail in withheld if detail in text]
    assert {"location", "call-back"}.isdisjoint(items)
    warned = role in POLICE | AMBULANCE
    assert ("Warning" in desk_view["shown"]) == warned == ("restriction" in items)


def test_what_does_not_say_whether_a_record_is_restricted_does_not_lift_it() -> None:
    standing, story = emergency(person={"restricted": True})
    story.police("incident.updated", 9, person={"apparent_age": 30})
    assert "Where" not in view(standing, "ambulance-control", story.crisis())[0]["shown"]
    story.police("incident.updated", 10, person={"restricted": False})
    assert "Where" in view(standing, "ambulance-control", story.crisis())[0]["shown"]


def test_an_update_of_the_area_or_of_the_same_property_takes_no_street_back_and_a_new_street_does() -> (
    None
):
    standing, story = emergency()
    story.police("incident.updated", 8, location={"area": "southwark"})
    shown = view(standing, "ambulance-control", story.crisis())[0]["shown"]
    assert shown["Where"] == "14 Albany Road, SE5 0AA"
    same = {"uprn": "200003456701", "latitude": 51.4741, "longitude": -0.0801}
    story.police("incident.updated", 8.5, location=same)
    shown = view(standing, "ambulance-control", story.crisis())[0]["shown"]
    assert shown["Where"] == "14 Albany Road, SE5 0AA"
    assert shown["Coordinates"].startswith("51.47410, -0.08010")
    story.police("incident.updated", 9, location={"street": "2 Coburg Road"})
    shown = view(standing, "ambulance-control", story.crisis())[0]["shown"]
    assert shown["Where"] == "2 Coburg Road"


def test_a_unit_that_has_left_is_there_no_more_and_one_that_comes_is_on_the_way() -> None:
    standing, story = emergency()
    story.ambulance("resource.assigned", 8, resource="A12", kind="ambulance")
    story.police("resource.left", 9, resource="MX21", kind="police-unit")
    shown = view(standing, "ambulance-control", story.crisis())[0]["shown"]
    assert shown["Units there"] == "none reported"
    assert shown["Units on the way"] == "ambulance A12 since 14:08"


def test_what_is_an_offence_stays_with_the_police() -> None:
    standing, story = emergency(nature="crime")
    shown = view(standing, "ambulance-control", story.crisis())[0]["shown"]
    assert shown["Why the police are there"] == "a police matter"


def test_silence_is_said_aloud_only_where_somebody_acts_at_once() -> None:
    standing, story = emergency()
    empty = replace(story.crisis(), signs=())
    advice = Standing(replace(standing.finding, urgency=3), "verified")
    assert view(standing, "ambulance-control", empty)[0]["shown"]["Physical signs"] == "not stated"
    assert "Physical signs" not in view(advice, "ambulance-control", empty)[0]["shown"]
    assert "Physical signs" not in view(standing, "amhp", empty)[0]["shown"]
