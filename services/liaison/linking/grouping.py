"""Incidents as crises: disjoint sets, joined by the strongest evidence first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from services.liaison.linking.candidates import candidate_pairs
from services.liaison.linking.evidence import DEFAULT_POLICY, STRENGTH, LinkPolicy, link
from services.liaison.linking.sighting import Key, Pair, Sighting

_JOINED_BY_HAND = 3


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
        if kind == -STRENGTH["place"] and (held[one] is None or held[one] != held[other]):
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
