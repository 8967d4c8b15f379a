"""Whose crisis: an incident's subjects, contradiction as a veto, what of a scene counts for everybody, and what doubt may do."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from services.liaison.crisis.corrections import counted
from services.liaison.crisis.division import divide
from services.liaison.linking.grouping import Bound, group, group_within
from services.liaison.linking.sighting import Key, Sighting
from services.liaison.linking.sighting import sighting as sighting_of
from services.liaison.parts import Part
from tests.unit.liaison.script import AMBULANCE, POLICE, event, minute
from tests.unit.liaison.test_linking import sighting
from tests.unit.liaison.test_settle import CAD, LAS, OTHER, Night

HER = {"names": [{"given": "Winifred", "family": "Ogilvie"}], "date_of_birth": "1956-01-01"}
HIM = {"names": [{"given": "Darnell", "family": "Quigley"}], "date_of_birth": "1991-08-01"}
DAUGHTER = {"names": [{"given": "Poppy", "family": "Quigley"}], "date_of_birth": "2011-08-01"}


# -- an incident's subjects ---------------------------------------------------------------------------------------------


def log_of(*statements: tuple[str, float, dict[str, Any]]) -> list[tuple[Key, int]]:
    """The subjects of one police log, with how much is said of each."""
    received = [
        event(POLICE, kind, minute(at), f"e{number}", {"incident": "CAD-1", **data})
        for number, (kind, at, data) in enumerate(statements)
    ]
    parts = divide(CAD, counted(received))
    return [(part.key, len(part.events)) for part in parts]


def detained(at: float, reference: str, person: object = None) -> tuple[str, float, dict[str, Any]]:
    data: dict[str, Any] = {"detention": reference, "power": "s136"}
    if person is not None:
        data["person"] = person
    return ("detention.detained", at, data)


REPORTED = ("incident.reported", 0.0, {"nature": "disturbance"})


def test_an_incident_has_one_subject_of_its_own_name() -> None:
    assert log_of(REPORTED, detained(5, "D-1", HIM)) == [(CAD, 2)]


def test_two_people_detained_under_one_log_are_two_subjects_beside_the_log_itself() -> None:
    told = log_of(REPORTED, detained(5, "D-1", HIM), detained(6, "D-2", DAUGHTER))
    assert told == [(CAD, 1), ((*CAD, "D-1"), 1), ((*CAD, "D-2"), 1)]


def test_whom_the_log_describes_is_its_own_subject() -> None:
    about_him = ("incident.reported", 0.0, {"nature": "disturbance", "person": HIM})
    told = log_of(about_him, detained(5, "D-1", HIM), detained(6, "D-2", DAUGHTER))
    assert told == [(CAD, 2), ((*CAD, "D-2"), 1)]


def test_one_person_entered_twice_is_one_subject() -> None:
    assert log_of(REPORTED, detained(5, "D-1", HIM), detained(6, "D-2", HIM)) == [(CAD, 3)]


def test_nobody_is_detained_twice_at_once_so_that_two_undescribed_are_two() -> None:
    told = log_of(REPORTED, detained(5, "D-1"), detained(6, "D-2"))
    assert [key for key, _ in told] == [CAD, (*CAD, "D-1"), (*CAD, "D-2")]


def test_a_second_detention_after_the_first_came_to_an_end_may_be_the_same_persons() -> None:
    ended = ("detention.ended", 30.0, {"detention": "D-1", "outcome": "released"})
    assert log_of(REPORTED, detained(5, "D-1"), ended, detained(40, "D-2")) == [(CAD, 4)]


def test_subjects_do_not_hang_on_the_order_of_arrival() -> None:
    statements = [REPORTED, detained(5, "D-1", HIM), detained(6, "D-2", DAUGHTER)]
    received = [
        event(POLICE, kind, minute(at), f"e{number}", {"incident": "CAD-1", **data})
        for number, (kind, at, data) in enumerate(statements)
    ]
    divisions = {
        tuple(
            (part.key, tuple(r.event.id for r in part.events)) for part in divide(CAD, counted(o))
        )
        for o in permutations(received)
    }
    assert len(divisions) == 1


def test_detentions_that_come_before_their_log_has_said_anything_are_seen_like_others() -> None:
    received = [
        event(POLICE, kind, minute(at), f"e{number}", {"incident": "CAD-1", **data})
        for number, (kind, at, data) in enumerate(
            [detained(5, "D-1", HIM), detained(6, "D-2", DAUGHTER)]
        )
    ]
    parts = divide(CAD, counted(received))
    seen = [sighting_of(part.events, None, part.key) for part in parts]
    assert [each.key for each in seen] == [CAD, (*CAD, "D-1"), (*CAD, "D-2")]
    assert {each.opened_at for each in seen} == {minute(5), minute(6)}


# -- contradiction as a veto --------------------------------------------------------------------------------------------

ANA, BEN, UNKNOWN, FRIEND = ("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")


def at_home(key: Key, minutes: float, **more: Any) -> Sighting:
    """Somebody in crisis at the one property."""
    seen = sighting(key[0], key[1], minutes=minutes)
    values = {name: getattr(seen, name) for name in seen.__dataclass_fields__}
    return Sighting(**{**values, "uprn": "100", "category": "crisis", **more})


def two_people(one: Key, other: Key) -> bool:
    return {one, other} == {ANA, BEN}


def test_two_people_at_one_property_are_two_crises() -> None:
    sightings = [at_home(ANA, 0), at_home(BEN, 1)]
    assert len(group(sightings)) == 1
    assert len(group(sightings, contradicts=two_people)) == 2


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_chain_through_somebody_unknown_does_not_bring_two_people_together(
    order: tuple[int, ...],
) -> None:
    sightings = [at_home(ANA, 0), at_home(BEN, 1), at_home(UNKNOWN, 2)]
    grouping = group_within(
        [sightings[index] for index in order],
        Bound(100, 1000),
        dict.fromkeys([ANA, BEN, UNKNOWN], 1),
        dict.fromkeys([ANA, BEN, UNKNOWN]),
        contradicts=two_people,
    )
    assert [set(crisis) for crisis in grouping.crises] == [{ANA}, {BEN}, {UNKNOWN}]
    (doubt,) = grouping.doubts
    assert doubt.members == {UNKNOWN}
    assert set(doubt.of) == {frozenset({ANA}), frozenset({BEN})}
    assert not doubt.one_of_them
    assert grouping.scenes == ()


def test_somebody_unknown_is_of_the_one_crisis_at_the_place() -> None:
    sightings = [at_home(ANA, 0), at_home(UNKNOWN, 2)]
    assert group(sightings, contradicts=two_people) == [frozenset({ANA, UNKNOWN})]


def test_a_reference_tells_whose_the_unknown_incident_is() -> None:
    named = at_home(UNKNOWN, 2, cross_references=frozenset({ANA}))
    crises = group([at_home(ANA, 0), at_home(BEN, 1), named], contradicts=two_people)
    assert crises == [frozenset({ANA, UNKNOWN}), frozenset({BEN})]


def test_a_reference_between_two_people_makes_one_scene_and_two_crises() -> None:
    sightings = [at_home(ANA, 0), at_home(BEN, 1, cross_references=frozenset({ANA}))]
    grouping = group_within(
        sightings,
        Bound(100, 1000),
        {ANA: 1, BEN: 1},
        {ANA: None, BEN: None},
        contradicts=two_people,
    )
    assert grouping.crises == [frozenset({ANA}), frozenset({BEN})]
    assert grouping.scenes == ((frozenset({ANA}), frozenset({BEN})),)


def test_a_place_alone_makes_no_scene_of_two_people() -> None:
    grouping = group_within(
        [at_home(ANA, 0), at_home(BEN, 1)],
        Bound(100, 1000),
        {ANA: 1, BEN: 1},
        {ANA: None, BEN: None},
        contradicts=two_people,
    )
    assert grouping.scenes == ()


def test_an_attached_person_pulls_in_nobody_who_contradicts() -> None:
    person = frozenset({"p-1"})
    hers, friend = at_home(ANA, 0, people=person), at_home(FRIEND, 5, people=person)
    crises = group([hers, at_home(BEN, 1), friend], contradicts=two_people)
    assert crises == [frozenset({ANA, FRIEND}), frozenset({BEN})]


def test_what_a_person_joined_stays_joined_against_a_contradiction() -> None:
    joined = frozenset({frozenset({ANA, BEN})})
    crises = group([at_home(ANA, 0), at_home(BEN, 1)], joined=joined, contradicts=two_people)
    assert crises == [frozenset({ANA, BEN})]


# -- what of a scene counts for everybody -------------------------------------------------------------------------------


def test_a_stranger_described_at_the_same_property_is_another_crisis() -> None:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001", person=HER)
    night.call(AMBULANCE, 3, "LAS-1", "1001", person=HIM)
    assert night.groups == {frozenset({CAD}), frozenset({LAS})}


def test_without_the_veto_the_stranger_would_be_of_her_crisis(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Part, "contradicts", lambda self, other: False)
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001", person=HER)
    night.call(AMBULANCE, 3, "LAS-1", "1001", person=HIM)
    assert night.groups == {frozenset({CAD, LAS})}


def in_one_scene() -> Night:
    """A woman and a man, whose police logs name one another."""
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001", person=HER, indicators=["suicide-attempt"])
    linked = [{"agency": "met", "reference": "CAD-1"}]
    night.call(POLICE, 1, "CAD-2", "1001", person=HIM, linked=linked)
    return night


def test_officers_at_the_scene_are_there_for_both() -> None:
    night = in_one_scene()
    night.say(POLICE, "resource.on-scene", 2, incident="CAD-2", resource="M1", kind="police-unit")
    night.ledger.tick(minute(10))
    assert [stands for _, stands in night.raised("R01")] == [True]
    (alert,) = [alert for alert in night.ledger.alerts.values() if alert.rule == "R01"]
    assert alert.crisis_id == night.crisis_of(CAD)


def test_a_crew_at_the_scene_is_there_for_both() -> None:
    night = in_one_scene()
    linked = [{"agency": "met", "reference": "CAD-2"}]
    night.call(AMBULANCE, 2, "LAS-1", "1001", person=HIM, linked=linked)
    night.say(POLICE, "resource.on-scene", 3, incident="CAD-1", resource="M1", kind="police-unit")
    night.say(AMBULANCE, "resource.on-scene", 4, incident="LAS-1", resource="A1", kind="ambulance")
    night.ledger.tick(minute(20))
    assert night.raised("R01") == []


def test_his_category_is_not_hers() -> None:
    night = in_one_scene()
    linked = [{"agency": "met", "reference": "CAD-2"}]
    night.call(AMBULANCE, 2, "LAS-1", "1001", person=HIM, linked=linked, ambulance_category="C1")
    night.say(
        POLICE,
        "force.started",
        3,
        incident="CAD-1",
        force="F-1",
        kinds=["ground-restraint"],
        position="prone",
    )
    night.ledger.tick(minute(5))
    (alert,) = [alert for alert in night.ledger.alerts.values() if alert.rule == "R02"]
    assert alert.stands
    assert alert.crisis_id == night.crisis_of(CAD)


def test_one_arrival_is_two_alerts_where_it_begins_both() -> None:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001", person=HER, indicators=["suicide-attempt"])
    linked = [{"agency": "met", "reference": "CAD-1"}]
    attempt = ["suicide-attempt"]
    night.call(POLICE, 1, "CAD-2", "1001", person=HIM, linked=linked, indicators=attempt)
    night.say(POLICE, "resource.on-scene", 2, incident="CAD-2", resource="M1", kind="police-unit")
    night.ledger.tick(minute(10))
    alerts = [alert for alert in night.ledger.alerts.values() if alert.rule == "R01"]
    assert {alert.crisis_id for alert in alerts} == {night.crisis_of(CAD), night.crisis_of(OTHER)}


# -- what doubt may do --------------------------------------------------------------------------------------------------


def two_and_a_log_without_a_name() -> Night:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001", person=HER)
    night.call(AMBULANCE, 1, "LAS-1", "1001", person=HIM, ambulance_category="C1")
    night.call(POLICE, 2, "CAD-2", "1001")
    return night


def test_an_incident_that_may_be_of_two_people_is_of_neither() -> None:
    night = two_and_a_log_without_a_name()
    assert night.groups == {frozenset({CAD}), frozenset({LAS}), frozenset({OTHER})}


def test_what_is_done_to_one_of_two_people_is_told_although_one_of_them_has_help() -> None:
    night = two_and_a_log_without_a_name()
    night.say(
        POLICE,
        "force.started",
        3,
        incident="CAD-2",
        force="F-1",
        kinds=["ground-restraint"],
        position="prone",
    )
    night.ledger.tick(minute(6))
    assert [stands for _, stands in night.raised("R02")] == [True]


def test_what_only_together_makes_a_crisis_is_told_as_possible() -> None:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001", person=HER)
    night.call(AMBULANCE, 1, "LAS-1", "1001", person=HIM, ambulance_category="C3")
    night.say(
        POLICE,
        "incident.reported",
        2,
        incident="CAD-2",
        nature="disturbance",
        indicators=["behaviour-concern"],
        location={"uprn": "1001", "area": "southwark"},
    )
    night.say(POLICE, "resource.on-scene", 3, incident="CAD-2", resource="M1", kind="police-unit")
    night.ledger.tick(minute(15))
    alerts = [alert for alert in night.ledger.alerts.values() if alert.rule == "R01"]
    assert alerts
    assert all(str(alert.detail["reason"]).startswith("Possibly") for alert in alerts)
