"""A place where very much happens does not make one endless crisis; nothing is lost by it, and the alerts say so."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.liaison.disclosure.matrix import LEFT_APART
from services.liaison.linking.candidates import candidate_pairs
from services.liaison.linking.evidence import LinkPolicy
from services.liaison.linking.grouping import Bound, group, group_within
from services.liaison.linking.sighting import Key, Sighting
from tests.unit.liaison.script import POLICE, POLICY
from tests.unit.liaison.test_linking import pair, sighting
from tests.unit.liaison.test_settle import Night, police_with_a_strong_sign

FIVE = Bound(incidents=5, events=1000)


def at_one_place(number: int) -> list[Sighting]:
    agencies = ("police", "ambulance")
    return [
        replace(sighting(agencies[n % 2], str(n), minutes=n), uprn="100", category="crisis")
        for n in range(number)
    ]


def one_event_each(seen: list[Sighting]) -> dict[Key, int]:
    return {sighting.key: 1 for sighting in seen}


def nowhere(seen: list[Sighting]) -> dict[Key, str | None]:
    return dict.fromkeys((sighting.key for sighting in seen), None)


def test_below_the_bound_the_crises_are_as_ever() -> None:
    sightings = at_one_place(5)
    grouping = group_within(sightings, FIVE, one_event_each(sightings), nowhere(sightings))
    assert grouping.crises == group(sightings)
    assert len(grouping.crises) == 1
    assert grouping.left_apart == frozenset()


def test_above_it_no_crisis_is_larger_and_every_incident_is_in_one() -> None:
    sightings = at_one_place(23)
    assert len(group(sightings)) == 1  # without the bound
    grouping = group_within(sightings, FIVE, one_event_each(sightings), nowhere(sightings))
    assert max(map(len, grouping.crises)) == 5
    assert sorted(key for crisis in grouping.crises for key in crisis) == sorted(
        sighting.key for sighting in sightings
    )
    assert all(
        not grouping.left_apart.isdisjoint(crisis) for crisis in grouping.crises if len(crisis) == 5
    )
    shuffled = random.Random(7).sample(sightings, len(sightings))
    assert group_within(shuffled, FIVE, one_event_each(sightings), nowhere(sightings)) == grouping


def test_the_bound_takes_no_incident_out_of_the_crisis_that_holds_it() -> None:
    sightings = at_one_place(8)
    holders: dict[Key, str | None] = {
        sighting.key: "one" if number < 7 else None for number, sighting in enumerate(sightings)
    }
    grouping = group_within(sightings, FIVE, one_event_each(sightings), holders)
    assert grouping.crises == sorted(
        [frozenset(sighting.key for sighting in sightings[:7]), frozenset({sightings[7].key})],
        key=min,
    )
    assert sightings[7].key in grouping.left_apart


def test_many_events_stop_it_as_many_incidents_do() -> None:
    sightings = at_one_place(3)
    events = one_event_each(sightings) | {sightings[0].key: 1000}
    assert len(group_within(sightings, FIVE, events, nowhere(sightings)).crises) == 2


@pytest.mark.parametrize("how", ["reference", "person", "by hand"])
def test_a_reference_a_person_and_somebodys_decision_are_not_bound(how: str) -> None:
    sightings = at_one_place(5)
    late = sighting("trust", "9", minutes=3)
    joined = frozenset({pair(sightings[0], late)}) if how == "by hand" else frozenset()
    if how == "reference":
        late = replace(late, cross_references=frozenset({sightings[0].key}))
    if how == "person":
        sightings[0] = replace(sightings[0], people=frozenset({"p1"}))
        late = replace(late, people=frozenset({"p1"}))
    everyone = [*sightings, late]
    holders = nowhere(everyone) | dict.fromkeys((sighting.key for sighting in sightings), "one")
    grouping = group_within(everyone, FIVE, one_event_each(everyone), holders, joined=joined)
    assert len(grouping.crises) == 1
    assert grouping.left_apart == frozenset()


def test_work_at_a_busy_place_grows_with_its_incidents_and_not_with_their_square() -> None:
    sightings = [
        replace(sighting, last_seen_at=sighting.opened_at.replace(hour=23))
        for sighting in at_one_place(400)
    ]
    narrow = LinkPolicy(most_open_at_place=10)
    assert len(list(candidate_pairs(sightings, narrow))) <= 400 * 10
    assert len(list(candidate_pairs(sightings[:100]))) == 100 * 99 / 2


def told(incidents: int) -> Night:
    """Officers with a man in crisis, and so many more calls from the same property."""
    night = Night()
    night.ledger.settling.policy = POLICY.model_copy(update={"largest_crisis_incidents": 20})
    police_with_a_strong_sign(night)
    for number in range(1, incidents):
        night.call(POLICE, 7 + number * 0.01, f"M-{number}", "1001")
    return night


@pytest.mark.parametrize(("incidents", "says_so"), [(20, False), (24, True)])
def test_an_alert_of_a_crisis_that_may_not_grow_says_so_and_others_do_not(
    incidents: int, says_so: bool
) -> None:
    night = told(incidents)
    views = [
        desk.view["shown"]
        for alert in night.ledger.alerts.values()
        if alert.crisis_id and alert.stands
        for desk in alert.desks
    ]
    assert views
    assert all((LEFT_APART in desk_view.values()) is says_so for desk_view in views)
    assert max(map(len, night.groups)) == 20
    assert sum(map(len, night.groups)) == incidents
