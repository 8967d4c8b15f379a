"""A person moves somebody of one crisis to another: it holds whatever is said later, and nobody else's alert is taken away."""

from __future__ import annotations

import os
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.liaison.crisis.division import subject_key
from services.liaison.linking.sighting import Key
from services.orchestration.decisions import regrouping
from services.orchestration.decisions.common import DecisionRefused
from tests.property.property_scenes import (
    ANA,
    BEN,
    UNTIL,
    Said,
    events_of_one,
    of_incident,
    play,
    reported,
)
from tests.property.test_nobody_lends_his_facts import SCENES
from tests.unit.liaison.script import AMBULANCE, POLICE
from tests.unit.liaison.test_a_subject_moved import Decision, crises, decide
from tests.unit.liaison.test_settle import Night

pytestmark = pytest.mark.timeout(900)

LOOKS = [float(at) for at in range(1, UNTIL, 8)]
FEW = settings(SCENES, max_examples=int(os.environ.get("CRISIS_SCENES", "8")))
CREW, PATIENT, CAD_OF_ANA = ("las", "LAS-b"), ("las", "LAS-p"), ("met", "CAD-a")
LOG, FIRST, SECOND = ("met", "CAD-two"), ("met", "CAD-two", "D1-1"), ("met", "CAD-two", "D1-2")
ELSEWHERE = {"uprn": "100099000077", "area": "barnet"}


def decided(decision: Decision, subjects: tuple[Key, ...], night: Night, at: float) -> None:
    """What is not there, or alone already, cannot be moved: the scene goes on without."""
    try:
        decide(night, decision, *subjects, at=at)
    except DecisionRefused:
        return


@st.composite
def a_persons_word(draw: st.DrawFn) -> tuple[Decision, tuple[Key, ...], float]:
    """The ambulance's log of his is taken out of his crisis, or is a patient's elsewhere."""
    at = draw(st.integers(6, 60)) + 0.25
    if draw(st.booleans()):
        return regrouping.take_out, (CREW,), at
    return regrouping.move, (CREW, PATIENT), at


def nobody_else_loses_an_alert(
    hers: list[Said], his: list[Said], word: tuple[Decision, tuple[Key, ...], float]
) -> None:
    decision, subjects, at = word
    patient = reported(AMBULANCE, "LAS-p", 0.5, None, nature="medical")
    patient.data["location"] = ELSEWHERE  # type: ignore[index]
    told = [*hers, *his, patient]
    without = play(told, LOOKS)
    beside = play(told, LOOKS, [(at, partial(decided, decision, subjects))])
    of_her = without.of_incident(CAD_OF_ANA).keys()
    for instant, standing in without.standing.items():
        assert standing & of_her <= beside.standing[instant]


@FEW
@given(events_of_one("a", ANA, 0), events_of_one("b", BEN, 0), a_persons_word())
def test_what_a_person_says_of_his_incident_takes_no_alert_of_hers_away(
    hers: list[Said], his: list[Said], word: tuple[Decision, tuple[Key, ...], float]
) -> None:
    nobody_else_loses_an_alert(hers, his, word)


def hers_and_a_crew_of_his() -> tuple[list[Said], list[Said]]:
    """Police are with her and nobody is on the way; at the same address a crew is with him, that has not said with whom."""
    hers = [
        reported(POLICE, "CAD-a", 0, ANA, nature="suicidal", indicators=["suicide-attempt"]),
        Said(
            1,
            POLICE,
            "resource.on-scene",
            {"incident": "CAD-a", "resource": "M1-a", "kind": "police-unit"},
        ),
    ]
    linked = [{"agency": "met", "reference": "CAD-b"}]
    his = [
        reported(POLICE, "CAD-b", 0, BEN, nature="medical"),
        reported(AMBULANCE, "LAS-b", 1, None, nature="medical", linked=linked),
        Said(
            3,
            AMBULANCE,
            "resource.on-scene",
            {"incident": "LAS-b", "resource": "A1-b", "kind": "ambulance"},
        ),
    ]
    return hers, his


def test_a_crew_that_is_not_his_is_not_taken_for_hers() -> None:
    nobody_else_loses_an_alert(*hers_and_a_crew_of_his(), (regrouping.take_out, (CREW,), 20.25))


def test_without_keeping_it_from_others_her_alerts_would_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: a crew that is not his any more would be taken for hers, since it is at her address."""

    async def nothing(*_: object) -> list[object]:
        return []

    monkeypatch.setattr(regrouping, "_against_others", nothing)
    with pytest.raises(AssertionError):
        nobody_else_loses_an_alert(*hers_and_a_crew_of_his(), (regrouping.take_out, (CREW,), 20.25))


def two_detained() -> list[Said]:
    """Two at once under a log that names nobody, and a patient elsewhere."""
    data = {"incident": "CAD-two", "power": "s136"}
    return [
        reported(POLICE, "CAD-two", 0, None, nature="disturbance"),
        *(
            Said(at, POLICE, "detention.detained", {**data, "detention": f"D1-{at}"})
            for at in (1, 2)
        ),
        Said(
            0.5,
            AMBULANCE,
            "incident.reported",
            {"incident": "LAS-p", "nature": "medical", "location": ELSEWHERE},
        ),
    ]


@FEW
@given(
    of_incident(POLICE, "CAD-two", "1", 6, UNTIL - 20),
    of_incident(POLICE, "CAD-two", "2", 6, UNTIL - 20),
    of_incident(AMBULANCE, "LAS-p", "p", 6, UNTIL - 20),
)
def test_where_a_person_moved_somebody_they_are_whatever_is_said_later(
    of_first: list[Said], of_second: list[Said], of_patient: list[Said]
) -> None:
    nights: list[Night] = []

    def moved(night: Night, at: float) -> None:
        decide(night, regrouping.move, SECOND, PATIENT, at=at)
        nights.append(night)

    told = [*two_detained(), *of_first, *of_second, *of_patient]
    play(told, LOOKS, [(4.0, moved)])
    (night,) = nights
    company = {key for crisis in crises(night) if SECOND in crisis for key in crisis}
    # who was detained first and is detained no more may be the one who is detained later
    if company:
        assert PATIENT in company
        assert not company & {LOG, FIRST}


def test_the_subjects_of_the_scene_are_there() -> None:
    """Else nothing would be moved above."""
    nights: list[Night] = []
    play(two_detained(), LOOKS, [(4.0, lambda night, at: nights.append(night))])
    subjects = {subject for crisis in crises(nights[0]) for subject in crisis}
    assert subjects == {LOG, FIRST, SECOND, PATIENT, subject_key("las", "LAS-p")}
