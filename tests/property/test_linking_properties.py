"""What linking never does, whatever the incidents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from services.liaison.linking.candidates import link_keys
from services.liaison.linking.evidence import LinkPolicy, link
from services.liaison.linking.grouping import group
from services.liaison.linking.place import cells, distance_metres
from services.liaison.linking.sighting import Sighting

START = datetime(2026, 3, 2, tzinfo=UTC)
KEYS = st.tuples(st.sampled_from(["police", "ambulance", "trust"]), st.sampled_from("123456"))
STREETS = st.sampled_from(
    [
        "12 Acacia Road",
        "Flat 2, 12 Acacia Rd, London",
        "0 BLOCK N ACACIA RD",
        "14 Acacia Road South",
        "Acacia Rd / Birch Ln",
        "N BIRCH LANE & ACACIA ROAD",
        "40 Birch Lane",
        "North Street",
        "St John's St",
        "",
    ]
)
# Some policies let every place agreement through, so that the property is not met vacuously.
POLICIES = st.builds(
    LinkPolicy,
    distance_metres=st.sampled_from([0.0, 50.0, 150.0, 400.0]),
    least_weight=st.sampled_from([-20.0, 2.0]),
)


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    opened = START + timedelta(minutes=draw(st.integers(0, 90)))
    placed = draw(st.booleans())
    return Sighting(
        key=draw(KEYS),
        agency_kind="any",
        opened_at=opened,
        last_seen_at=opened + timedelta(minutes=draw(st.integers(0, 20))),
        uprn=draw(st.none() | st.sampled_from(["100", "200"])),
        street=draw(st.none() | STREETS),
        latitude=draw(st.floats(51.5, 51.505)) if placed else None,
        longitude=draw(st.floats(-0.1, -0.095)) if placed else None,
        category=draw(st.none() | st.sampled_from(["crisis", "medical", "traffic", "unheard-of"])),
        people=draw(st.frozensets(st.sampled_from(["p1", "p2", "p3"]), max_size=1)),
        cross_references=draw(st.frozensets(KEYS, max_size=1)),
    )


CROWDS = st.lists(sightings(), max_size=12, unique_by=lambda sighting: sighting.key)
PAIRS = st.frozensets(st.frozensets(KEYS, min_size=2, max_size=2), max_size=5)


@given(sightings(), sightings(), POLICIES)
def test_linking_is_symmetric(left: Sighting, right: Sighting, policy: LinkPolicy) -> None:
    assert link(left, right, policy) == link(right, left, policy)


@given(sightings(), sightings(), POLICIES)
def test_what_links_shares_a_key(left: Sighting, right: Sighting, policy: LinkPolicy) -> None:
    if link(left, right, policy) is not None:
        assert link_keys(left, policy) & link_keys(right, policy)


@given(CROWDS, POLICIES, PAIRS, PAIRS, st.randoms(use_true_random=False))
def test_grouping_does_not_depend_on_order_and_keeps_the_separated_apart(
    crowd: list[Sighting],
    policy: LinkPolicy,
    separated: frozenset[frozenset[tuple[str, str]]],
    joined: frozenset[frozenset[tuple[str, str]]],
    random: object,
) -> None:
    crises = group(crowd, policy, separated, joined)
    shuffled = list(crowd)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert group(shuffled, policy, separated, joined) == crises
    assert sorted(key for crisis in crises for key in crisis) == sorted(
        sighting.key for sighting in crowd
    )
    assert not any(apart <= crisis for apart in separated for crisis in crises)


@given(CROWDS, POLICIES)
def test_every_link_is_found_through_the_keys(crowd: list[Sighting], policy: LinkPolicy) -> None:
    crises = group(crowd, policy)
    for left in crowd:
        for right in crowd:
            if link(left, right, policy) is not None:
                assert any({left.key, right.key} <= crisis for crisis in crises)


@given(
    st.floats(-85, 85),
    st.floats(-180, 180),
    st.floats(-0.004, 0.004),
    st.floats(-0.05, 0.05),
    st.sampled_from([1.0, 150.0, 400.0]),
)
def test_two_near_points_share_a_cell(
    latitude: float, longitude: float, north: float, east: float, reach: float
) -> None:
    there = (latitude + north, (longitude + east + 180) % 360 - 180)
    assume(abs(there[0]) <= 85 and distance_metres(latitude, longitude, *there) <= reach)
    assert cells(latitude, longitude, reach) & cells(*there, reach)
