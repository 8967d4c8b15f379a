"""Which agencies' incidents are about one crisis.

Three kinds of evidence, strongest first: one agency names the other's reference; the same person is
attached to both; both are at one place at nearly one time. Only the last is uncertain, so it is
weighed: the weight is the sum of log-likelihood ratios (Fellegi and Sunter, 1969), in nats, of the
place agreeing, of the time between, of how busy that place is anyway, and of the natures of the two
incidents. A reference number's nearness to another says nothing and is never looked at.

Place, like telephone or address, links incidents and never identifies a person.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from types import MappingProxyType
from typing import Literal

from services.liaison.linking.nature import nature_weight
from services.liaison.linking.place import (
    cells,
    compare_streets,
    distance_metres,
    read_street,
    street_key,
)

Key = tuple[str, str]
"""(agency, reference): the name of one incident."""

Pair = frozenset[Key]
"""Two incidents, in no order."""

EvidenceKind = Literal["cross-reference", "person", "place"]

_STRENGTH: Mapping[EvidenceKind, int] = MappingProxyType(
    {"cross-reference": 2, "person": 1, "place": 0}
)
_JOINED_BY_HAND = 3


@dataclass(frozen=True, slots=True)
class Sighting:
    """What linking needs to know of one agency's incident."""

    key: Key
    agency_kind: str
    opened_at: datetime
    last_seen_at: datetime
    """When the incident last had an event; not before `opened_at`."""
    uprn: str | None
    street: str | None
    latitude: float | None
    longitude: float | None
    category: str | None
    """Coarse nature, one of `services.liaison.nature.NATURES`; None where it is not known."""
    people: frozenset[str]
    """Ids of the persons attached by identity, never of those merely possible."""
    cross_references: frozenset[Key]
    """Other agencies' incidents that this one names."""


@dataclass(frozen=True, slots=True)
class LinkEvidence:
    """Why two incidents are held to be one crisis. `left` sorts before `right`."""

    left: Key
    right: Key
    kind: EvidenceKind
    detail: dict[str, float | str]
    """Gap in minutes; for a place also the weight in nats and its parts. Holds no address."""

    @property
    def strength(self) -> tuple[int, float]:
        """Orders evidence, weakest first: by kind, then by weight or by nearness in time."""
        value = self.detail.get("weight", -float(self.detail.get("gap_minutes", 0.0)))
        return _STRENGTH[self.kind], float(value)


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """The bounds of linking. Weights are in nats (natural log of a likelihood ratio)."""

    person_window: timedelta = timedelta(hours=24)
    place_window: timedelta = timedelta(minutes=30)
    distance_metres: float = 150.0
    """Two points this near may be one place."""
    geocoder_metres: float = 5_000.0
    """How far apart two coordinates of one same address may be put by the agencies' geocoders (a
    long road's middle, a wrong end of town). Further apart they are two towns' High Streets."""
    least_weight: float = 2.0
    """A place links at this weight and above."""
    usual_gap: timedelta = timedelta(minutes=4)
    """Mean time between two agencies' records of one crisis, where they follow one call."""
    late_share: float = 0.35
    """Share of linked records that follow no such call and may come at any time in the window."""
    usual_rate: float = 0.05
    """Incidents a day at a place of which nothing is known."""
    place_rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Incidents a day at known places, by `place_key`. A place as busy as an emergency department
    brings unrelated incidents together all day, so there being there proves little."""
    most_open_at_place: int = 200
    """An incident is compared with so many of those before it under one key of a place, the latest
    first: work grows with their number and not with its square."""


DEFAULT_POLICY = LinkPolicy()

# A chance meeting may come at any time in it. Not the policy's window, so that the same two
# incidents weigh the same whatever window they are looked for in.
_REFERENCE = timedelta(minutes=30)

# Weight of the place agreeing, before time, busyness and nature. Chance meets in a property more
# rarely than in a block, and in a block more rarely than within a walk of 150 m.
_PROPERTY_WEIGHT = 5.5
_STREET_WEIGHT = 4.0
_APART_WEIGHT = -0.5
_NEAR_WEIGHT = 2.5
_NEARBY_WEIGHT = 2.0


def place_keys(sighting: Sighting) -> tuple[str, ...]:
    """Names of the sighting's place, the most exact first; empty where it has none in words."""
    keys = []
    if sighting.uprn is not None:
        keys.append(f"uprn:{sighting.uprn}")
    if (street := street_key(read_street(sighting.street))) is not None:
        keys.append(f"street:{street}")
    return tuple(keys)


def place_rates(
    sightings: Iterable[Sighting], days: float, usual_rate: float = DEFAULT_POLICY.usual_rate
) -> dict[str, float]:
    """Incidents a day by place, from what was seen in so many days.

    Drawn towards the usual rate as if one incident more had been seen (a gamma prior of one
    incident), so that a short history does not make a place look dead or busy.
    """
    if days <= 0:
        raise ValueError("days must be above 0")
    counts: dict[str, int] = defaultdict(int)
    for sighting in sightings:
        for key in place_keys(sighting):
            counts[key] += 1
    return {key: (count + 1) / (days + 1 / usual_rate) for key, count in counts.items()}


def gap_between(left: Sighting, right: Sighting) -> timedelta:
    """Time from the end of the earlier incident to the start of the later; 0 if they overlap."""
    apart = max(left.opened_at - right.last_seen_at, right.opened_at - left.last_seen_at)
    return max(apart, timedelta(0))


def _metres(left: Sighting, right: Sighting) -> float | None:
    if left.latitude is None or left.longitude is None:
        return None
    if right.latitude is None or right.longitude is None:
        return None
    return distance_metres(left.latitude, left.longitude, right.latitude, right.longitude)


def _place_agrees(
    left: Sighting, right: Sighting, metres: float | None, policy: LinkPolicy
) -> tuple[str, float] | None:
    """How the places agree and the weight of it, or None where they do not."""
    if left.uprn is not None and left.uprn == right.uprn:
        return "property", _PROPERTY_WEIGHT
    if left.key[0] == right.key[0]:
        # One agency tells its own repeat calls from its other work in the same street.
        return None
    close = metres is not None and metres <= policy.distance_metres
    streets = compare_streets(read_street(left.street), read_street(right.street))
    if streets == "other":
        return None
    if left.uprn is not None and right.uprn is not None:
        # Two properties known to differ are neighbours, however alike the street's text is.
        return ("near", _NEAR_WEIGHT) if close else None
    if streets == "same" and (metres is None or close):
        return "street", _STREET_WEIGHT
    if streets == "same" and metres is not None and metres <= policy.geocoder_metres:
        return "street, coordinates apart", _STREET_WEIGHT + _APART_WEIGHT
    if metres is None or not close:
        return None
    if streets == "near":
        return "near", _NEAR_WEIGHT
    # Chance meetings grow with the area, so nearness counts by the square of the distance.
    nearness = 1 - (metres / policy.distance_metres) ** 2 if policy.distance_metres > 0 else 1.0
    return "nearby", _NEARBY_WEIGHT * nearness


def _time_weight(gap: timedelta, policy: LinkPolicy) -> float:
    """Likelihood of the gap in one crisis, over that of a chance meeting in the reference time."""
    peak = _REFERENCE / policy.usual_gap * math.exp(-(gap / policy.usual_gap))
    return math.log((1 - policy.late_share) * peak + policy.late_share)


def _busyness_weight(left: Sighting, right: Sighting, policy: LinkPolicy) -> float:
    """Minus the log of how much busier than usual the place is; never above 1 for a quiet one."""
    known = [
        policy.place_rates[key]
        for key in (*place_keys(left), *place_keys(right))
        if key in policy.place_rates
    ]
    return min(1.0, -math.log(max(known) / policy.usual_rate)) if known else 0.0


def _place_evidence(
    left: Sighting, right: Sighting, gap: timedelta, policy: LinkPolicy
) -> dict[str, float | str] | None:
    if gap > policy.place_window:
        return None
    metres = _metres(left, right)
    agreement = _place_agrees(left, right, metres, policy)
    if agreement is None:
        return None
    match, place = agreement
    time = _time_weight(gap, policy)
    busyness = _busyness_weight(left, right, policy)
    nature = nature_weight(left.category, right.category)
    weight = place + time + busyness + nature
    if weight < policy.least_weight:
        return None
    detail: dict[str, float | str] = {
        "match": match,
        "gap_minutes": gap / timedelta(minutes=1),
        "weight": weight,
        "weight_place": place,
        "weight_time": time,
        "weight_busyness": busyness,
        "weight_nature": nature,
    }
    if metres is not None:
        detail["distance_metres"] = metres
    return detail


def link(
    left: Sighting, right: Sighting, policy: LinkPolicy = DEFAULT_POLICY
) -> LinkEvidence | None:
    """The strongest evidence that two incidents are about one crisis, or None. Symmetric."""
    if left.key == right.key:
        return None
    if right.key < left.key:
        left, right = right, left
    gap = gap_between(left, right)
    minutes = gap / timedelta(minutes=1)
    if right.key in left.cross_references or left.key in right.cross_references:
        return LinkEvidence(left.key, right.key, "cross-reference", {"gap_minutes": minutes})
    shared = left.people & right.people
    if shared and gap <= policy.person_window:
        detail: dict[str, float | str] = {"gap_minutes": minutes, "person": min(shared)}
        return LinkEvidence(left.key, right.key, "person", detail)
    place = _place_evidence(left, right, gap, policy)
    return None if place is None else LinkEvidence(left.key, right.key, "place", place)


def link_keys(sighting: Sighting, policy: LinkPolicy = DEFAULT_POLICY) -> frozenset[str]:
    """Coarse keys a database can index: two sightings that can link share at least one.

    The reverse does not hold; `link` decides. Computed with the same policy on both sides, since
    the distance sets the size of a cell.
    """
    keys = {f"incident:{agency}/{ref}" for agency, ref in sighting.cross_references}
    keys.add(f"incident:{sighting.key[0]}/{sighting.key[1]}")
    keys.update(f"person:{person}" for person in sighting.people)
    keys.update(place_keys(sighting))
    if sighting.latitude is not None and sighting.longitude is not None:
        reach = max(policy.distance_metres, 1.0)
        found = cells(sighting.latitude, sighting.longitude, reach)
        keys.update(f"cell:{cell}" for cell in found)
    return frozenset(keys)


def candidate_pairs(
    sightings: Iterable[Sighting], policy: LinkPolicy = DEFAULT_POLICY
) -> Iterable[tuple[Sighting, Sighting]]:
    """Each pair that shares a key and is near enough in time to link, once."""
    buckets: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        for name in link_keys(sighting, policy):
            buckets[name].append(sighting)
    seen: set[tuple[Key, Key]] = set()
    for name, bucket in buckets.items():
        if len(bucket) < 2:
            continue
        bucket.sort(key=lambda sighting: (sighting.opened_at, sighting.key))
        window = policy.person_window if name.startswith("person:") else policy.place_window
        endless = name.startswith("incident:")
        bounded = not endless and not name.startswith("person:")
        open_ones: list[Sighting] = []
        for later in bucket:
            if not endless:
                oldest = later.opened_at - window
                open_ones = [each for each in open_ones if each.last_seen_at >= oldest]
            if bounded:
                open_ones = open_ones[-policy.most_open_at_place :]
            for earlier in open_ones:
                pair = (min(earlier.key, later.key), max(earlier.key, later.key))
                if pair not in seen:
                    seen.add(pair)
                    yield earlier, later
            open_ones.append(later)


class _Crises:
    """Disjoint sets of incidents in which two that a person split never meet."""

    def __init__(self, keys: Iterable[Key], separated: frozenset[Pair]) -> None:
        self._crisis: dict[Key, set[Key]] = {key: {key} for key in keys}
        self._apart: dict[Key, set[Key]] = defaultdict(set)
        for pair in separated:
            for one, other in combinations(pair, 2):
                self._apart[one].add(other)
                self._apart[other].add(one)

    def join(self, one: Key, other: Key) -> None:
        """Make one crisis of two, unless that would bring a separated pair together."""
        left, right = self._crisis[one], self._crisis[other]
        if left is right:
            return
        small, large = (left, right) if len(left) <= len(right) else (right, left)
        if any(not self._apart[key].isdisjoint(large) for key in small if key in self._apart):
            return
        large |= small
        for key in small:
            self._crisis[key] = large

    def of(self, key: Key) -> set[Key]:
        """The crisis that the incident is in."""
        return self._crisis[key]

    def all(self) -> list[frozenset[Key]]:
        """The crises, sorted by their least incident."""
        return sorted({frozenset(crisis) for crisis in self._crisis.values()}, key=min)


@dataclass(frozen=True, slots=True)
class Bound:
    """How large a crisis may grow through places alone."""

    incidents: int
    events: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """Incidents as crises."""

    crises: list[frozenset[Key]]
    """Each incident in exactly one; sorted by their least incident."""
    left_apart: frozenset[Key]
    """Incidents whose places agree with one another's, but whose crises together would be larger than the bound."""


def _ranked(
    by_key: Mapping[Key, Sighting], policy: LinkPolicy, joined: frozenset[Pair]
) -> Iterable[tuple[tuple[float, float], Key, Key]]:
    """The evidence, strongest first; equal strengths by key."""
    ranked: list[tuple[tuple[float, float], Key, Key]] = []
    for pair in joined:
        if len(pair) == 2 and pair <= by_key.keys():
            ranked.append(((-_JOINED_BY_HAND, 0.0), min(pair), max(pair)))
    for left, right in candidate_pairs(by_key.values(), policy):
        evidence = link(left, right, policy)
        if evidence is not None:
            kind, weight = evidence.strength
            ranked.append(((-kind, -weight), evidence.left, evidence.right))
    return sorted(ranked)


def group(
    sightings: Iterable[Sighting],
    policy: LinkPolicy = DEFAULT_POLICY,
    separated: frozenset[Pair] = frozenset(),
    joined: frozenset[Pair] = frozenset(),
) -> list[frozenset[Key]]:
    """Incidents as crises: each incident in exactly one, whatever the order they are given in.

    Evidence is taken strongest first (what a person joined, then references, persons, places by
    weight; equal strengths by key), and evidence that would bring two incidents together that a
    person has separated is passed over. So a chain between them breaks at its weakest link, and a
    separation wins over a joining. Pairs that name an incident not given here are left out.
    """
    by_key = {sighting.key: sighting for sighting in sightings}
    crises = _Crises(by_key, separated)
    for _, one, other in _ranked(by_key, policy, joined):
        crises.join(one, other)
    return crises.all()


def group_within(
    sightings: Iterable[Sighting],
    bound: Bound,
    events: Mapping[Key, int],
    held: Mapping[Key, str | None],
    policy: LinkPolicy = DEFAULT_POLICY,
    separated: frozenset[Pair] = frozenset(),
    joined: frozenset[Pair] = frozenset(),
) -> Grouping:
    """As `group`, but a crisis that has reached the bound takes no further incidents by place.

    `events` counts each incident's events, `held` names the crisis it is in. The bound never takes an incident out of
    the crisis that holds it, and never stands against a reference, a person or somebody's decision; what it leaves
    apart is a crisis of its own. Below the bound the crises are those of `group`. Above it they may depend on which
    incidents came first: a crisis that people work on must not lose its incidents to later ones.
    """
    by_key = {sighting.key: sighting for sighting in sightings}
    usual = group(by_key.values(), policy, separated, joined)

    def over(members: Iterable[Key]) -> bool:
        keys = list(members)
        return len(keys) > bound.incidents or sum(events[k] for k in keys) > bound.events

    if not any(len(members) > 1 and over(members) for members in usual):
        return Grouping(usual, frozenset())
    crises = _Crises(by_key, separated)
    further: list[tuple[Key, Key]] = []
    for (kind, _), one, other in _ranked(by_key, policy, joined):
        if kind == -_STRENGTH["place"] and (held[one] is None or held[one] != held[other]):
            further.append((one, other))
        else:
            crises.join(one, other)
    apart: set[Key] = set()
    for one, other in further:
        left, right = crises.of(one), crises.of(other)
        if left is not right and over(left | right):
            apart |= {one, other}
        else:
            crises.join(one, other)
    return Grouping(crises.all(), frozenset(apart))
