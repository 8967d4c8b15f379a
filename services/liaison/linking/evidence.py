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
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

from services.liaison.linking.nature import nature_weight
from services.liaison.linking.place import compare_streets, distance_metres, read_street
from services.liaison.linking.sighting import Key, Sighting, place_keys
from services.liaison.linking.subjects import Likeness

EvidenceKind = Literal["cross-reference", "person", "place"]

STRENGTH: Mapping[EvidenceKind, int] = MappingProxyType(
    {"cross-reference": 2, "person": 1, "place": 0}
)


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
        return STRENGTH[self.kind], float(value)


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
_POSTCODE_WEIGHT = 3.0  # some fifteen addresses
_NEAR_WEIGHT = 2.5
_STREET_NUMBER_WEIGHT = 2.5  # a whole street, whatever its length
_NEARBY_WEIGHT = 2.0


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
    if _equal(left.uprn, right.uprn):
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
        if close:
            return ("near", _NEAR_WEIGHT)
        return None
    by_name = _named_alike(left, right, streets == "same", metres, policy)
    if by_name is not None or metres is None or not close:
        return by_name
    if streets == "near":
        return "near", _NEAR_WEIGHT
    # Chance meetings grow with the area, so nearness counts by the square of the distance.
    nearness = 1.0
    if policy.distance_metres > 0:
        nearness = 1 - (metres / policy.distance_metres) ** 2
    return "nearby", _NEARBY_WEIGHT * nearness


def _equal(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def _named_alike(
    left: Sighting, right: Sighting, one_street: bool, metres: float | None, policy: LinkPolicy
) -> tuple[str, float] | None:
    """The agreement of names of the place, as far as the coordinates do not speak against it."""
    near_enough = metres is None or metres <= policy.distance_metres
    if one_street and near_enough:
        return "street", _STREET_WEIGHT
    # two geocoders put one address apart; two High Streets lie further apart than that
    if one_street and metres is not None and metres <= policy.geocoder_metres:
        return "street, coordinates apart", _STREET_WEIGHT + _APART_WEIGHT
    if not near_enough:
        return None
    if _equal(left.postcode, right.postcode):
        return "postcode", _POSTCODE_WEIGHT
    if _equal(left.usrn, right.usrn):
        return "street number", _STREET_NUMBER_WEIGHT
    return None


def _time_weight(gap: timedelta, policy: LinkPolicy) -> float:
    """Likelihood of the gap in one crisis, over that of a chance meeting in the reference time."""
    # most records follow one call within minutes; a share follows none, and may come at any
    # time
    peak = _REFERENCE / policy.usual_gap * math.exp(-(gap / policy.usual_gap))
    return math.log((1 - policy.late_share) * peak + policy.late_share)


def _busyness_weight(left: Sighting, right: Sighting, policy: LinkPolicy) -> float:
    """Minus the log of how much busier than usual the place is; never above 1 for a quiet one."""
    rates = [
        policy.place_rates[key]
        for key in (*place_keys(left), *place_keys(right))
        if key in policy.place_rates
    ]
    if rates:
        return min(1.0, -math.log(max(rates) / policy.usual_rate))
    return 0.0


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


# Places that agree without being one address: neighbours, or a walk apart.
_NEARNESS = frozenset({"near", "nearby", "street number"})


def place_suffices(evidence: LinkEvidence, is_busy: bool, likeness: Likeness) -> bool:
    """Whether evidence of a place joins two subjects, by how busy it is and how they are described.
    Whoever is described alike is joined also where crowds are; people of two names do not meet by
    being near.
    """
    if likeness == "alike":
        return True
    if is_busy:
        return False
    return likeness != "named-otherwise" or evidence.detail["match"] not in _NEARNESS


def _share_a_request(left: Sighting, right: Sighting) -> bool:
    """One room asked and the other answered under the asker's number, or named it. Numbers are used
    again after a time.
    """
    if not left.requests.isdisjoint(right.requests):
        return True
    return not (
        left.request_names.isdisjoint(right.cross_references)
        and right.request_names.isdisjoint(left.cross_references)
    )


def _names(left: Sighting, right: Sighting) -> bool:
    """One names the other's log, or both are subjects of one log."""
    one, other = left.key[:2], right.key[:2]
    return one == other or other in left.cross_references or one in right.cross_references


def link(
    left: Sighting, right: Sighting, policy: LinkPolicy = DEFAULT_POLICY
) -> LinkEvidence | None:
    """The strongest evidence that two incidents are about one crisis, or None. Symmetric."""
    if left.key == right.key:
        return None
    # one order, so that evidence is the same from whichever side it is looked at
    if right.key < left.key:
        left, right = right, left
    gap = gap_between(left, right)
    minutes = gap / timedelta(minutes=1)
    # a reference has no window: who names a log means that log, whenever
    if _names(left, right):
        return LinkEvidence(left.key, right.key, "cross-reference", {"gap_minutes": minutes})
    if gap <= policy.person_window and _share_a_request(left, right):
        return LinkEvidence(left.key, right.key, "cross-reference", {"gap_minutes": minutes})
    shared = left.people & right.people
    if shared and gap <= policy.person_window:
        detail: dict[str, float | str] = {"gap_minutes": minutes, "person": min(shared)}
        return LinkEvidence(left.key, right.key, "person", detail)
    place = _place_evidence(left, right, gap, policy)
    if place is None:
        return None
    return LinkEvidence(left.key, right.key, "place", place)
