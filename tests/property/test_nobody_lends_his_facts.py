"""Two people at one property are two crises, and doubt takes no alert away (invariant 10)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schemas.person import PersonDescriptor
from services.identity.contradiction import contradiction
from services.liaison import settle as settling
from services.liaison.finding import Evaluation
from services.liaison.parts import Part
from tests.property.property_scenes import (
    ANA,
    BEN,
    TWO_PEOPLE,
    UNTIL,
    Played,
    Said,
    events_of_one,
    of_incident,
    play,
    reported,
)
from tests.unit.liaison.script import POLICE, minute

pytestmark = pytest.mark.timeout(900)
LOOKS = [float(at) for at in range(1, UNTIL, 3)]
SCENES = settings(
    # more of them: CRISIS_SCENES=200
    max_examples=int(os.environ.get("CRISIS_SCENES", "15")),
    deadline=None,
    # a scene is read as it is: to make it smaller takes minutes
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FIND_ONE = settings(SCENES, max_examples=200, derandomize=True)

CAD_OF_ANA = ("met", "CAD-a")


def told_of(incident: tuple[str, str], played: Played) -> dict[str, Any]:
    """Every alert of the incident's crisis with all that is written of it and all that happened to it.

    When a desk that was told later is spared what a more urgent alert says is found out when the crisis is looked at next, and
    a stranger's event may have it looked at sooner: only that it is so counts.
    """
    told: dict[str, Any] = {}
    for identity, alert in played.of_incident(incident).items():
        log = [each for each in played.log[identity] if each.kind != "inhibited"]
        spared = {each.desk for each in played.log[identity] if each.kind == "inhibited"}
        told[identity] = (alert, log, spared)
    return told


def a_stranger_changes_nothing(hers: list[Said], his: list[Said]) -> None:
    alone, together = play(hers, LOOKS), play([*hers, *his], LOOKS)
    assert told_of(CAD_OF_ANA, together) == told_of(CAD_OF_ANA, alone)
    for at, standing in alone.standing.items():
        assert standing <= together.standing[at]


@SCENES
@given(events_of_one("a", ANA, 0), events_of_one("b", BEN, 0))
def test_a_stranger_at_the_same_place_changes_no_alert_of_hers(
    hers: list[Said], his: list[Said]
) -> None:
    a_stranger_changes_nothing(hers, his)


@st.composite
def one_and_a_stranger_at_any_time(draw: st.DrawFn) -> tuple[list[Said], list[Said]]:
    """One person, and a stranger there before, during or long after; of each little is said."""
    one, other = draw(st.sampled_from(TWO_PEOPLE))
    first, later = draw(st.sampled_from([(0, 0), (0, 10), (0, 45), (0, 90), (20, 0), (60, 0)]))
    return draw(events_of_one("a", one, first)), draw(events_of_one("b", other, later))


@SCENES
@given(one_and_a_stranger_at_any_time())
def test_a_stranger_of_whom_little_is_said_changes_no_alert_whenever_he_comes(
    scene: tuple[list[Said], list[Said]],
) -> None:
    a_stranger_changes_nothing(*scene)


@pytest.mark.parametrize(("one", "other"), TWO_PEOPLE)
def test_the_little_that_is_said_of_them_makes_them_two(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Else the scenes above would not be of strangers."""
    descriptions = (PersonDescriptor.model_validate(one), PersonDescriptor.model_validate(other))
    assert contradiction(*descriptions, as_of=minute(0).date()) is not None


def test_without_the_veto_a_strangers_facts_change_her_alerts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Part, "contradicts", lambda self, other: False)

    @FIND_ONE
    @given(events_of_one("a", ANA, 0), events_of_one("b", BEN, 0))
    def scenes(hers: list[Said], his: list[Said]) -> None:
        a_stranger_changes_nothing(hers, his)

    with pytest.raises(AssertionError):
        scenes()


def an_unknown_takes_nothing_away(known: list[Said], unknown: list[Said]) -> None:
    without, beside = play(known, LOOKS), play([*known, *unknown], LOOKS)
    for at, standing in without.standing.items():
        assert standing <= beside.standing[at]


@st.composite
def two_and_an_unknown(draw: st.DrawFn) -> tuple[list[Said], list[Said]]:
    """Two people at one property, and an incident there that does not say whom of them it is about."""
    known = [*draw(events_of_one("a", ANA, 0)), *draw(events_of_one("b", BEN, 0))]
    nature = draw(st.sampled_from(["mental-health-crisis", "medical", "disturbance"]))
    at = 6 + draw(st.integers(0, 30)) / 2
    unknown = [reported(POLICE, "CAD-u", at, None, nature=nature)]
    unknown += draw(of_incident(POLICE, "CAD-u", "u", at, UNTIL - 20))
    if draw(st.booleans()):
        category = draw(st.sampled_from(["C1", "C2", "C3"]))
        linked = [{"agency": "met", "reference": "CAD-u"}]
        more = {"nature": nature, "ambulance_category": category, "linked": linked}
        unknown.append(reported("las-cad", "LAS-u", at + 2, None, **more))
        unknown += draw(of_incident("las-cad", "LAS-u", "u", at + 2, UNTIL - 20))
    return known, unknown


@SCENES
@given(two_and_an_unknown())
def test_an_incident_of_an_unknown_subject_takes_no_alert_away(
    scene: tuple[list[Said], list[Said]],
) -> None:
    an_unknown_takes_nothing_away(*scene)


def test_where_doubtful_facts_counted_as_known_alerts_would_disappear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def believed(known: Evaluation, with_doubtful: Evaluation, raised: object) -> Evaluation:
        return with_doubtful

    monkeypatch.setattr(settling, "possibly", believed)

    @FIND_ONE
    @given(two_and_an_unknown())
    def scenes(scene: tuple[list[Said], list[Said]]) -> None:
        an_unknown_takes_nothing_away(*scene)

    with pytest.raises(AssertionError):
        scenes()
