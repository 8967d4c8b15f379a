"""Whom a crisis is about, as each desk may see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from schemas.codes import CrisisIndicator
from schemas.person import PersonDescriptor
from services.identity.person import IdentityDecision
from services.liaison.disclosure.matrix import plan_refused, still_permitted, view
from services.liaison.disclosure.person import person_shown, subjects_shown
from services.liaison.disclosure.words import words_of
from services.liaison.finding import DeskRole
from tests.unit.liaison.script import Script, minute

ALWAYS = {
    "ambulance-control",
    "ambulance-supervisor",
    "mental-health-crisis",
    "mental-health-supervisor",
    "amhp",
    "amhp-supervisor",
    "custody",
    "emergency-department",
    "emergency-department-supervisor",
    "professional-standards",
}
POLICE = {"police-control", "police-supervisor"}
LONG_AGO = datetime(2026, 9, 1, 9, tzinfo=UTC)
WHO = {
    "nhs_number": "9990000050",
    "nhs_number_status": "01",
    "date_of_birth": "1993-05-17",
    "sex": "female",
    "names": [{"given": "Aaliyah", "family": "Al-Rashid"}, {"given": "Lia", "use": "nickname"}],
    "addresses": [{"postcode": "SE5 8AZ"}],
    "phones": ["020 7946 0555"],
}


def script(**pathway: object) -> Script:
    story = Script().on_file("person.registered", LONG_AGO, person=WHO)
    plan = {"pointer": "urn:nrl:1", "calming": ["Speak slowly"]}
    story.on_file(
        "pathway.opened",
        LONG_AGO + timedelta(minutes=5),
        pathway="CP-1",
        crisis_plan=plan,
        **pathway,
    )
    story.police(
        "incident.reported",
        0,
        nature="suicidal",
        person={"names": [{"given": "Lia"}], "apparent_age": 30},
    )
    story.police("resource.on-scene", 5, resource="U1", kind="police-unit")
    return story.police("resource.left", 20, resource="U1", kind="police-unit")


@pytest.mark.parametrize("role", get_args(DeskRole))
def test_the_name_goes_to_whom_the_matrix_names_and_to_the_police_only_on_scene(
    role: DeskRole,
) -> None:
    crisis = script().crisis()
    there, after_they_left = (person_shown(crisis, role, "oxleas", minute(m)) for m in (10, 30))
    assert (there.on_file is not None) == (role in ALWAYS | POLICE)
    assert (after_they_left.on_file is not None) == (role in ALWAYS)
    assert after_they_left.waits_for_scene == (role in POLICE)
    assert not there.waits_for_scene


def test_number_address_and_telephone_are_shown_to_nobody() -> None:
    person = person_shown(script().crisis(), "mental-health-crisis", "slam", minute(10))
    assert person.on_file is not None
    assert person.on_file.names == ("Aaliyah Al-Rashid", "Lia")
    assert not [word for word in ("9990000050", "SE5 8AZ", "020 7946 0555") if word in repr(person)]


def test_nobody_is_on_file_while_a_match_is_only_possible() -> None:
    possible = IdentityDecision("possible", None, ("p",), (), "several", "m")
    person = person_shown(script().crisis(possible), "ambulance-control", "las", minute(10))
    assert (person.certainty, person.on_file) == ("possible", None)
    assert [description.apparent_age for description in person.described] == [30]


def test_a_role_that_nobody_thought_of_sees_nobody() -> None:
    person = person_shown(script().crisis(), "parking", "lambeth", minute(10))
    assert (person.may_see, person.on_file, person.described, person.pathways) == (
        False,
        None,
        (),
        (),
    )


def test_a_refused_plan_stays_within_health_and_care() -> None:
    items = ("crisis-plan", "known-to-services")
    open_to_all, refused = script().crisis(), script(consent_to_share="refused").crisis()
    assert not plan_refused(open_to_all)
    assert plan_refused(refused)
    assert "crisis-plan" in still_permitted(items, "police-control", open_to_all)
    assert still_permitted(items, "police-control", refused) == {"known-to-services"}
    assert "crisis-plan" in still_permitted(items, "ambulance-control", refused)


def test_an_alert_of_a_refused_plan_does_not_carry_its_lines_to_the_police() -> None:
    story = script(consent_to_share="refused")
    (standing,) = story.standing("R16", 6)
    police, items = view(standing, "police-control", story.crisis())
    health, _ = view(standing, "ambulance-control", story.crisis())
    assert "Speak slowly" not in str(police)
    assert "crisis-plan" not in items
    assert "Speak slowly" in str(health)


def test_only_the_items_asked_for_are_said() -> None:
    assert words_of(script().crisis(), ()) == {}
    assert set(words_of(script().crisis(), ("crisis-plan",))) == {"Crisis plan", "What helps"}


@pytest.mark.parametrize("role", get_args(DeskRole))
@pytest.mark.parametrize("consent", ["given", "refused"])
def test_no_sentence_says_that_there_is_a_plan_to_whom_the_plan_is_denied(
    role: DeskRole, consent: str
) -> None:
    """Prose is disclosure: title, reason and evidence, and what was refused is not announced."""
    story = script(consent_to_share=consent)
    (standing,) = story.standing("R16", 6)
    desk_view, items = view(standing, role, story.crisis())
    prose = " ".join([desk_view["title"], desk_view.get("reason", ""), str(desk_view["evidence"])])
    assert ("plan" in prose) == ("crisis-plan" in items)
    knows = {"crisis-plan", "known-to-services"} & set(items)
    assert ("mental-health" in prose) == bool(knows)


@pytest.mark.parametrize("closed_days_before", [None, 1])
def test_an_old_episode_of_care_makes_nobody_known_and_its_plan_is_told_to_nobody(
    closed_days_before: int | None,
) -> None:
    story = script()
    if closed_days_before is not None:
        closed_at = minute(0) - timedelta(days=closed_days_before)
        story.on_file("pathway.closed", closed_at, pathway="CP-1", reason="discharged")
    crisis = story.crisis()
    signs = {sign.kind for sign in crisis.indicators}
    is_known = closed_days_before is None
    assert (CrisisIndicator.CRISIS_PLAN in signs) is is_known
    assert ("Crisis plan" in words_of(crisis, ("crisis-plan",))) is is_known


def test_of_each_person_of_a_log_a_desk_sees_what_the_matrix_gives_it_of_any_person() -> None:
    descriptors = {
        ("met", "CAD-1", "D-1"): PersonDescriptor.model_validate({"names": [{"given": "Lia"}]}),
        ("las", "LAS-1"): PersonDescriptor.model_validate({"sex": "female"}),
        ("met", "CAD-1"): PersonDescriptor.model_validate({"phones": ["020 7946 0555"]}),
    }

    def seen(role: str, agency: str, at: float) -> set[tuple[str, ...]]:
        return set(subjects_shown(script().crisis(), descriptors, role, agency, minute(at)))

    everybody_named = {("met", "CAD-1", "D-1"), ("las", "LAS-1")}
    assert seen("amhp", "southwark", 30) == everybody_named
    assert seen("police-control", "btp", 10) == everybody_named, "a unit is on scene"
    assert seen("police-control", "btp", 30) == set()
    # what an agency has said itself it may read again
    assert seen("police-control", "met", 30) == {("met", "CAD-1", "D-1")}
    assert seen("families", "southwark", 10) == set()
    assert seen("nobody-thought-of-it", "southwark", 10) == set()
