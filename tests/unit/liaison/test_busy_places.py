"""Where many people come every day, place and time alone say nothing of whom an incident is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from schemas.registry import Registry
from services.liaison.linking.busyness import Busyness, changes, place_days
from services.liaison.linking.evidence import link, place_suffices
from services.liaison.linking.sighting import Sighting
from tests.unit.liaison.script import AMBULANCE, POLICE, POLICY, REGISTRY, minute
from tests.unit.liaison.test_linking import sighting
from tests.unit.liaison.test_settle import CAD, LAS, OTHER, Night

TODAY = date(2026, 11, 23)
DEPARTMENT = {"name": "A department", "kind": "emergency-department", "uprn": "1001"}
HOSPITAL = {"name": "A hospital", "kind": "hospital", "postcode": "se5 9rs"}
GRACE = {"names": [{"given": "Grace", "family": "Asante"}]}
KOFI = {"names": [{"given": "Kofi", "family": "Asante"}]}


def registry_with(*sites: dict[str, str]) -> Registry:
    document = REGISTRY.model_dump(exclude_none=True)
    return Registry.model_validate({**document, "boundaries": None, "sites": sites})


def night_with(*sites: dict[str, str], busy_from: int = 10) -> Night:
    night = Night()
    policy = POLICY.model_copy(update={"busy_place_incidents_a_day": busy_from})
    night.ledger = type(night.ledger)(registry_with(*sites), policy)
    return night


def learned(by_day: dict[date, int], busy_from: float = 10, place: str = "uprn:100") -> Busyness:
    return Busyness({place: by_day}, frozenset(), 7, busy_from)


def test_a_place_that_always_has_as_many_has_so_many_a_day() -> None:
    days = {TODAY - timedelta(days=back): 12 for back in range(1, 200)}
    assert learned(days).a_day("uprn:100", TODAY) == pytest.approx(12, abs=0.001)


def test_what_was_a_half_life_ago_counts_half() -> None:
    yesterday = learned({TODAY - timedelta(days=1): 10}).a_day("uprn:100", TODAY)
    earlier = learned({TODAY - timedelta(days=8): 10}).a_day("uprn:100", TODAY)
    assert earlier == pytest.approx(yesterday / 2)


def test_the_day_itself_and_what_comes_later_do_not_count() -> None:
    """Else the incidents of one bad night would part one another."""
    later = {TODAY: 500, TODAY + timedelta(days=1): 500}
    assert learned(later).a_day("uprn:100", TODAY) == 0


def test_the_most_exact_place_that_they_share_decides() -> None:
    one, other = sighting("police", "1"), sighting("ambulance", "2")
    day_before = one.opened_at.date() - timedelta(days=1)
    busy_street = learned({day_before: 500}, place="usrn:12345678")
    for_street: dict[str, Any] = {"street": None, "usrn": "12345678"}
    crowd = [_at(sighted, uprn=None, **for_street) for sighted in (one, other)]
    at_home = [_at(sighted, uprn="100", **for_street) for sighted in (one, other)]
    assert busy_street.meet_at_busy_place(*crowd)
    assert not busy_street.meet_at_busy_place(*at_home)


def _at(sighted: Sighting, **place: Any) -> Sighting:
    return replace(sighted, **place)


def test_an_incident_that_moves_is_counted_where_it_is() -> None:
    before = place_days(minute(0), ["uprn:1", "postcode:SE59RS", "street:a#1", "incident:met/1"])
    after = place_days(minute(0), ["uprn:2", "postcode:SE59RS"])
    assert dict(changes(before, after)) == {
        ("uprn:2", minute(0).date()): 1,
        ("uprn:1", minute(0).date()): -1,
    }


@pytest.mark.parametrize("site", [DEPARTMENT, HOSPITAL])
def test_two_whom_nobody_describes_do_not_meet_at_a_site(site: dict[str, str]) -> None:
    for sites, crises in (((site,), 2), ((), 1)):
        night = night_with(*sites)
        _two_calls(night)
        assert len(night.groups) == crises


def test_at_a_site_a_reference_a_person_and_a_description_join() -> None:
    referring = night_with(DEPARTMENT)
    _two_calls(referring, linked=[{"agency": "met", "reference": "CAD-1"}])
    assert referring.groups == {frozenset({CAD, LAS})}
    described = night_with(DEPARTMENT)
    _two_calls(described, GRACE, GRACE)
    assert described.groups == {frozenset({CAD, LAS})}
    others = night_with(DEPARTMENT)
    _two_calls(others, GRACE, KOFI)
    assert others.groups == {frozenset({CAD}), frozenset({LAS})}


def _two_calls(
    night: Night,
    first: Mapping[str, object] | None = None,
    second: Mapping[str, object] | None = None,
    **more: object,
) -> None:
    place = {"uprn": "1001", "postcode": "SE5 9RS", "area": "southwark"}
    for feed, at, reference, who in ((POLICE, 0, "CAD-1", first), (AMBULANCE, 2, "LAS-1", second)):
        data: dict[str, Any] = {} if who is None else {"person": who}
        if feed == AMBULANCE:
            data |= more
        night.say(
            feed,
            "incident.reported",
            at,
            incident=reference,
            nature="mental-health-crisis",
            location=place,
            **data,
        )


def test_a_place_becomes_busy_by_what_happens_there_and_parts_nobody_who_was_joined() -> None:
    night = night_with(busy_from=4)
    day = 24 * 60.0
    night.call(POLICE, 0, "CAD-1", "1001")
    night.call(AMBULANCE, 2, "LAS-1", "1001")
    assert frozenset({CAD, LAS}) in night.groups
    for number in range(80):
        night.call(POLICE, 60.0 + number * 15, f"CAD-x{number}", "1001")
    night.call(POLICE, 2 * day, "CAD-2", "1001")
    night.call(AMBULANCE, 2 * day + 2, "LAS-2", "1001")
    assert frozenset({OTHER}) in night.groups
    assert frozenset({("las", "LAS-2")}) in night.groups
    # the first two met when the place was quiet, and are looked at again
    night.say(POLICE, "incident.updated", 2 * day + 5, incident="CAD-1", risk_to_self="high")
    assert any({CAD, LAS} <= members for members in night.groups)
    # years later it is quiet again
    night.call(POLICE, 90 * day, "CAD-3", "1001")
    night.call(AMBULANCE, 90 * day + 2, "LAS-3", "1001")
    assert frozenset({("met", "CAD-3"), ("las", "LAS-3")}) in night.groups


def test_people_of_two_names_do_not_meet_by_being_near() -> None:
    """A family name is what neighbours may share; nothing else speaks for one person."""
    near = {"latitude": 51.46, "longitude": -0.1, "area": "lambeth"}
    for first, second, crises in ((GRACE, KOFI, 2), (GRACE, GRACE, 1), (GRACE, None, 1)):
        night = Night()
        for feed, at, reference, uprn, who in (
            (POLICE, 0, "CAD-1", "200003000001", first),
            (AMBULANCE, 1, "LAS-1", "200003000036", second),
        ):
            data: dict[str, Any] = {} if who is None else {"person": who}
            night.say(
                feed,
                "incident.reported",
                at,
                incident=reference,
                nature="mental-health-crisis",
                location={"uprn": uprn, **near},
                **data,
            )
        assert len(night.groups) == crises


def test_one_address_joins_whoever_is_not_known_to_be_two() -> None:
    left, right = (_at(sighting(kind, "1"), uprn="100") for kind in ("police", "ambulance"))
    evidence = link(left, right)
    assert evidence is not None
    assert place_suffices(evidence, False, "named-otherwise")
    assert not place_suffices(evidence, True, "named-otherwise")
    assert not place_suffices(evidence, True, "unknown")
    assert place_suffices(evidence, True, "alike")


def test_another_call_from_a_busy_property_is_nobodys_earlier_contact() -> None:
    """R07 counts a property's calls of a day; of a department's they are other people's."""
    for sites, repeated in (((), 1), ((DEPARTMENT,), 0)):
        night = night_with(*sites)
        night.call(POLICE, 0, "CAD-1", "1001")
        night.call(POLICE, 120, "CAD-2", "1001", indicators=["suicidal"])
        assert len(night.raised("R07")) == repeated


def test_a_site_has_a_place_and_a_place_has_one_site() -> None:
    with pytest.raises(ValueError, match="it has no place"):
        registry_with({"name": "Nowhere", "kind": "hostel"})
    with pytest.raises(ValueError, match="place of a site"):
        registry_with(DEPARTMENT, {**DEPARTMENT, "name": "Another"})
