"""Which incidents are held to be one crisis, in the words of a control room."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.liaison.linking.candidates import candidate_pairs, link_keys
from services.liaison.linking.evidence import DEFAULT_POLICY, LinkPolicy, link, place_rates
from services.liaison.linking.grouping import group
from services.liaison.linking.place import METRES_PER_DEGREE
from services.liaison.linking.sighting import Key, Sighting

CASES = list(
    csv.DictReader(
        (Path(__file__).parents[2] / "fixtures" / "linking" / "cases.csv").read_text().splitlines()
    )
)
TWO_O_CLOCK = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def sighting(agency: str = "police", reference: str = "1", minutes: float = 0) -> Sighting:
    """An incident of which nothing is known but when it was."""
    at = TWO_O_CLOCK + timedelta(minutes=minutes)
    nothing: frozenset[Key] = frozenset()
    return Sighting(
        (agency, reference), agency, at, at, None, None, None, None, None, frozenset(), nothing
    )


def pair(left: Sighting, right: Sighting) -> frozenset[Key]:
    return frozenset({left.key, right.key})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_place_and_time_link_or_do_not(case: dict[str, str]) -> None:
    far = float(case["metres_apart"] or 0) / METRES_PER_DEGREE
    placed = case["metres_apart"] != ""
    left = replace(
        sighting("police"),
        street=case["left_street"] or None,
        category=case["left_category"] or None,
        latitude=51.5 if placed else None,
        longitude=-0.1 if placed else None,
    )
    right = replace(
        sighting("ambulance", minutes=float(case["gap_minutes"])),
        street=case["right_street"] or None,
        category=case["right_category"] or None,
        latitude=51.5 + far if placed else None,
        longitude=-0.1 if placed else None,
    )
    assert (link(left, right) is not None) == (case["links"] == "yes")
    assert link(left, right) == link(right, left)
    if case["links"] == "yes":
        assert link_keys(left) & link_keys(right)


def test_a_named_reference_links_however_long_ago() -> None:
    left = replace(sighting(), cross_references=frozenset({("ambulance", "9")}))
    evidence = link(left, sighting("ambulance", "9", minutes=60 * 24 * 9))
    assert evidence is not None
    assert evidence.kind == "cross-reference"


def test_one_person_links_within_a_day_of_the_last_event_and_not_after() -> None:
    left = replace(
        sighting(), people=frozenset({"p1"}), last_seen_at=TWO_O_CLOCK + timedelta(hours=2)
    )
    later = replace(sighting("ambulance", "2", minutes=26 * 60), people=frozenset({"p1"}))
    too_late = replace(sighting("ambulance", "3", minutes=26 * 60 + 1), people=frozenset({"p1"}))
    evidence = link(left, later)
    assert evidence is not None
    assert evidence.kind == "person"
    assert link(left, too_late) is None


def test_a_repeat_call_to_one_agency_needs_the_property_and_not_just_the_street() -> None:
    first = replace(sighting(), street="12 Acacia Road", category="crisis")
    again = replace(sighting(reference="2", minutes=20), street="12 Acacia Rd", category="crisis")
    assert link(first, again) is None
    evidence = link(replace(first, uprn="100"), replace(again, uprn="100"))
    assert evidence is not None
    assert evidence.detail["match"] == "property"


def test_a_place_busy_all_day_proves_little() -> None:
    first = replace(sighting(), uprn="100", category="disturbance")
    second = replace(sighting("ambulance", minutes=20), uprn="100", category="medical")
    assert link(first, second) is not None
    busy = LinkPolicy(place_rates={"uprn:100": 40.0})
    assert link(first, second, busy) is None


def test_place_rates_are_drawn_towards_the_usual() -> None:
    sightings = [replace(sighting(reference=str(number)), uprn="100") for number in range(79)]
    assert place_rates(sightings, days=20)["uprn:100"] == pytest.approx(80 / 40)
    with pytest.raises(ValueError, match="days"):
        place_rates(sightings, days=0)


def test_neighbouring_references_prove_nothing() -> None:
    assert link(sighting(reference="1001"), sighting("ambulance", "1002")) is None


def test_repeat_calls_and_two_agencies_become_one_crisis() -> None:
    police = replace(sighting(), uprn="100", category="crisis")
    again = replace(sighting(reference="2", minutes=20), uprn="100", category="crisis")
    ambulance = replace(sighting("ambulance", minutes=24), uprn="100", category="medical")
    elsewhere = replace(sighting("ambulance", "2", minutes=24), uprn="200", category="medical")
    crisis = frozenset({police.key, again.key, ambulance.key})
    expected = [crisis, frozenset({elsewhere.key})]
    assert sorted(group([police, again, ambulance, elsewhere]), key=len, reverse=True) == expected
    assert sorted(group([elsewhere, ambulance, again, police]), key=len, reverse=True) == expected


def test_what_a_person_split_stays_apart_and_the_chain_breaks_at_its_weakest() -> None:
    police = replace(sighting(), people=frozenset({"p1"}))
    trust = replace(
        sighting("trust", minutes=30), people=frozenset({"p1"}), uprn="100", category="crisis"
    )
    ambulance = replace(sighting("ambulance", minutes=50), uprn="100", category="medical")
    everyone = [police, trust, ambulance]
    assert len(group(everyone)) == 1
    split = frozenset({pair(police, ambulance)})
    assert frozenset({police.key, trust.key}) in group(everyone, separated=split)
    # A joining by hand does not undo a separation.
    assert len(group(everyone, separated=split, joined=split)) == 2


def test_what_a_person_joined_is_one_crisis_without_any_evidence() -> None:
    left, right = sighting(), sighting("ambulance", minutes=999)
    assert len(group([left, right])) == 2
    assert len(group([left, right], joined=frozenset({pair(left, right)}))) == 1


def test_a_busy_day_has_few_candidates() -> None:
    day = [
        replace(
            sighting("police" if number % 3 else "ambulance", str(number), minutes=number / 2),
            latitude=51.5 + (number * 7 % 101) / 100,
            longitude=-0.1 + (number * 13 % 97) / 100,
        )
        for number in range(3000)
    ]
    assert len(list(candidate_pairs(day, DEFAULT_POLICY))) < 3000
