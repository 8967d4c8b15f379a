"""Subjects as crises: disjoint sets, joined by the strongest evidence first, in which two people
never meet.

Where nobody contradicts anybody, evidence joins. Where two subjects are two people:

* they are two crises, whatever joins them; one log or a reference that joins them makes one scene
  of the two, a place does not;
* a subject of whom too little is known to tell which of several people it is, and whose evidence of
  one kind leads to two who
  contradict one another, is *doubtful*: it is a crisis of its own, and the crises that it may
  belong to are named with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from services.liaison.linking.candidates import candidate_pairs
from services.liaison.linking.evidence import (
    DEFAULT_POLICY,
    STRENGTH,
    LinkEvidence,
    LinkPolicy,
    link,
)
from services.liaison.linking.sighting import Key, Pair, Sighting

_JOINED_BY_HAND = 3
_ONE_LOG = STRENGTH["cross-reference"]
_PLACE = STRENGTH["place"]

Contradicts = Callable[[Key, Key], bool]


def nobody_contradicts(one: Key, other: Key) -> bool:
    """Where nothing is known of who anybody is."""
    return False


Counts = Callable[[LinkEvidence], bool]


def all_counts(evidence: LinkEvidence) -> bool:
    """Where nothing is known of places and of people."""
    return True


@dataclass(frozen=True, slots=True)
class Bound:
    """How large a crisis may grow through places alone."""

    incidents: int
    events: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """A crisis whose subject may be one of several people's."""

    members: frozenset[Key]
    of: tuple[frozenset[Key], ...]
    """The crises it may belong to."""
    one_of_them: bool
    """One log or a reference ties it to them: its subject is one of these people, and nobody else.
    """


@dataclass(frozen=True, slots=True)
class Grouping:
    """Subjects as crises."""

    crises: list[frozenset[Key]]
    """Each subject in exactly one; sorted by their least subject."""
    left_apart: frozenset[Key]
    """Subjects whose places agree with one another's, but whose crises together would be larger
    than the bound.
    """
    scenes: tuple[tuple[frozenset[Key], ...], ...] = ()
    """Crises that one log or a reference joins, though they are of different people. Only where
    there are several.
    """
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class _Edge:
    """Evidence that two subjects are one crisis. Sorts strongest first; equal strengths by key."""

    rank: tuple[float, float]
    one: Key
    other: Key

    @property
    def kind(self) -> int:
        """By hand, one log, person, place."""
        return -int(self.rank[0])


class _Crises:
    """Disjoint sets of subjects in which two that are known to be apart never meet."""

    def __init__(self, keys: Iterable[Key], separated: Iterable[Pair]) -> None:
        self._crisis: dict[Key, set[Key]] = {key: {key} for key in keys}
        self._separated: dict[Key, set[Key]] = defaultdict(set)
        self._contradicting: dict[Key, set[Key]] = defaultdict(set)
        self.contested: set[Key] = set()
        """Subjects that evidence might bring together with two who contradict one another."""
        for pair in separated:
            _note_pairs(self._separated, pair)

    def contradict(self, one: Key, other: Key) -> None:
        """The two are two people."""
        _note_pairs(self._contradicting, (one, other))

    @property
    def none_apart(self) -> bool:
        """Whether nobody is known to be somebody else, by what is said or by a person's word."""
        return not self._contradicting and not self._separated

    def of(self, key: Key) -> set[Key]:
        """The crisis that the subject is in."""
        return self._crisis[key]

    def are_separated(self, left: set[Key], right: set[Key]) -> bool:
        """A person has said that they are not one crisis."""
        return _any_between(self._separated, left, right)

    def are_two_people(self, left: set[Key], right: set[Key]) -> bool:
        """Somebody of one contradicts somebody of the other."""
        return _any_between(self._contradicting, left, right)

    def may_join(self, left: set[Key], right: set[Key]) -> bool:
        """Nothing stands against one crisis of the two."""
        return not self.are_separated(left, right) and not self.are_two_people(left, right)

    def join(self, one: Key, other: Key, by_hand: bool = False) -> None:
        """Make one crisis of two, unless something stands against it. A person's word counts more
        than a contradiction.
        """
        left, right = self._crisis[one], self._crisis[other]
        # a person's word against it holds whatever the evidence
        if left is right or self.are_separated(left, right):
            return
        if not by_hand and self.are_two_people(left, right):
            return
        # the smaller into the larger: a subject is moved at most as often as its crisis doubles
        small, large = left, right
        if len(left) > len(right):
            small, large = right, left
        large |= small
        for key in small:
            self._crisis[key] = large

    def all(self) -> list[frozenset[Key]]:
        """The crises, sorted by their least subject."""
        return sorted({frozenset(crisis) for crisis in self._crisis.values()}, key=min)


def _note_pairs(apart: dict[Key, set[Key]], keys: Iterable[Key]) -> None:
    for one, other in combinations(keys, 2):
        apart[one].add(other)
        apart[other].add(one)


def _any_between(apart: Mapping[Key, set[Key]], left: set[Key], right: set[Key]) -> bool:
    if not apart:
        return False
    small, large = left, right
    if len(left) > len(right):
        small, large = right, left
    return any(key in apart and not apart[key].isdisjoint(large) for key in small)


def _ranked(
    by_key: Mapping[Key, Sighting],
    policy: LinkPolicy,
    joined: Iterable[Pair],
    counts: Counts = all_counts,
) -> list[_Edge]:
    """The evidence, strongest first; equal strengths by key."""
    edges: list[_Edge] = []
    for pair in joined:
        if len(pair) == 2 and pair <= by_key.keys():
            edges.append(_Edge((-_JOINED_BY_HAND, 0.0), min(pair), max(pair)))
    for left, right in candidate_pairs(by_key.values(), policy):
        evidence = link(left, right, policy)
        if evidence is not None and counts(evidence):
            kind, weight = evidence.strength
            edges.append(_Edge((-kind, -weight), evidence.left, evidence.right))
    return sorted(edges, key=lambda edge: (edge.rank, edge.one, edge.other))


def group(
    sightings: Iterable[Sighting],
    policy: LinkPolicy = DEFAULT_POLICY,
    separated: Iterable[Pair] = (),
    joined: Iterable[Pair] = (),
    contradicts: Contradicts = nobody_contradicts,
) -> list[frozenset[Key]]:
    """Subjects as crises: each in exactly one, whatever the order they are given in.

    Evidence is taken strongest first (what a person joined, then references, persons, places by
    weight; equal strengths by key), and evidence that would bring two together that a person has
    separated, or that are two people, is passed over. So a chain between them breaks at its weakest
    link, and a separation wins over a joining. Pairs that name a subject not given here are left
    out.
    """
    by_key = {sighting.key: sighting for sighting in sightings}
    edges = _ranked(by_key, policy, joined)
    crises = _Crises(by_key, separated)
    _note_contradictions(crises, by_key, edges, contradicts)
    _take(crises, edges)
    return crises.all()


def group_within(
    sightings: Iterable[Sighting],
    bound: Bound,
    events: Mapping[Key, int],
    crisis_of: Mapping[Key, str | None],
    policy: LinkPolicy = DEFAULT_POLICY,
    separated: Iterable[Pair] = (),
    joined: Iterable[Pair] = (),
    contradicts: Contradicts = nobody_contradicts,
    counts: Counts = all_counts,
) -> Grouping:
    """As `group`, but a crisis that has reached the bound takes no further subjects by place.

    `events` counts each subject's events, `crisis_of` names the crisis it is in. Evidence for which
    `counts` is false is left out. The bound never takes a subject out of the crisis that holds it,
    and never stands against a reference, a person or somebody's decision; what it leaves apart is a
    crisis of its own. Below the bound the crises are those of `group`. Above it they may depend on
    which incidents came first: a crisis that people work on must not lose its incidents to later
    ones.
    """
    by_key = {sighting.key: sighting for sighting in sightings}
    edges = _ranked(by_key, policy, joined, counts)

    def fresh() -> _Crises:
        crises = _Crises(by_key, separated)
        _note_contradictions(crises, by_key, edges, contradicts)
        return crises

    def over(members: Iterable[Key]) -> bool:
        keys = list(members)
        return len(keys) > bound.incidents or sum(events[key] for key in keys) > bound.events

    crises = fresh()
    doubts = _take(crises, edges)
    # a single incident with thousands of events is nobody's fault, and cannot be divided
    several = [members for members in crises.all() if len(members) > 1]
    if not any(over(members) for members in several):
        return _grouping(crises, edges, doubts, frozenset())
    # once more from the start, and places last: what is together in the ledger stays together, and
    # only what would come to it by place has to stop at the bound
    crises = fresh()
    further = [edge for edge in edges if edge.kind == _PLACE and not _together(crisis_of, edge)]
    not_further = set(further)
    doubts = _take(crises, [edge for edge in edges if edge not in not_further])
    apart: set[Key] = set()
    for edge in further:
        left, right = crises.of(edge.one), crises.of(edge.other)
        if left is not right and over(left | right):
            apart |= {edge.one, edge.other}
        else:
            crises.join(edge.one, edge.other)
    return _grouping(crises, edges, doubts, frozenset(apart))


def _together(crisis_of: Mapping[Key, str | None], edge: _Edge) -> bool:
    """Whether both are in one crisis already."""
    present = crisis_of[edge.one]
    return present is not None and present == crisis_of[edge.other]


def _note_contradictions(
    crises: _Crises,
    by_key: Mapping[Key, Sighting],
    edges: Iterable[_Edge],
    contradicts: Contradicts,
) -> None:
    """Find out who is somebody else, among those whom evidence might bring together."""
    if contradicts is nobody_contradicts:
        return
    # only those whom evidence ties at all are compared: all with all would be the square of a city
    together = _Crises(by_key, ())
    for edge in edges:
        together.join(edge.one, edge.other)
    for component in together.all():
        for one, other in combinations(sorted(component), 2):
            if contradicts(one, other):
                crises.contradict(one, other)
                crises.contested |= component


def _take(crises: _Crises, edges: Sequence[_Edge]) -> dict[Key, tuple[int, set[Key]]]:
    """Join by the evidence, kind by kind. Gives whoever is left in doubt: by which kind, and
    between whom.
    """
    by_kind: dict[int, list[_Edge]] = defaultdict(list)
    for edge in edges:
        if edge.one in crises.contested:
            by_kind[edge.kind].append(edge)
        else:
            crises.join(edge.one, edge.other)
    doubts: dict[Key, tuple[int, set[Key]]] = {}
    # kind by kind: weaker evidence must not decide whom stronger evidence leaves in doubt
    for kind in sorted(by_kind, reverse=True):
        # what people joined is one crisis also where two descriptions contradict one
        # another
        if kind == _JOINED_BY_HAND:
            for edge in by_kind[kind]:
                crises.join(edge.one, edge.other, by_hand=True)
        else:
            _take_kind(crises, by_kind[kind], kind, doubts)
    return doubts


def _take_kind(
    crises: _Crises, edges: Sequence[_Edge], kind: int, doubts: dict[Key, tuple[int, set[Key]]]
) -> None:
    """Take the evidence of one kind. Evidence that leads somebody to two people is not taken,
    however strong.
    """
    while True:
        near = _neighbours(crises, edges, doubts)
        torn = {
            crisis: sorted(neighbours)
            for crisis, neighbours in near.items()
            if _two_people_among(crises, neighbours)
        }
        # one edge at a time, since each join changes who is near to whom
        edge = next((edge for edge in edges if _is_open(crises, edge, torn, near, doubts)), None)
        if edge is None:
            break
        crises.join(edge.one, edge.other)
    for crisis, neighbours in torn.items():
        for key in crises.of(crisis):
            doubts[key] = (kind, set(neighbours))


def _neighbours(
    crises: _Crises, edges: Iterable[_Edge], doubts: Mapping[Key, object]
) -> dict[Key, set[Key]]:
    """Each crisis with those it might join, by the least subject of each."""
    near: dict[Key, set[Key]] = defaultdict(set)
    for edge in edges:
        left, right = crises.of(edge.one), crises.of(edge.other)
        if left is right or not crises.may_join(left, right):
            continue
        if edge.one in doubts or edge.other in doubts:
            continue
        one, other = min(left), min(right)
        near[one].add(other)
        near[other].add(one)
    return near


def _two_people_among(crises: _Crises, keys: Iterable[Key]) -> bool:
    return any(
        crises.are_two_people(crises.of(one), crises.of(other))
        for one, other in combinations(sorted(keys), 2)
    )


def _is_open(
    crises: _Crises,
    edge: _Edge,
    torn: Mapping[Key, Sequence[Key]],
    near: Mapping[Key, set[Key]],
    doubts: Mapping[Key, object],
) -> bool:
    """Whether the evidence joins two crises of which neither is torn between the other and somebody
    else.
    """
    left, right = crises.of(edge.one), crises.of(edge.other)
    one, other = min(left), min(right)
    if left is right or other not in near.get(one, ()):
        return False
    if edge.one in doubts or edge.other in doubts:
        return False
    for here, there in ((one, other), (other, one)):
        rivals = torn.get(here, ())
        if any(crises.are_two_people(crises.of(there), crises.of(rival)) for rival in rivals):
            return False
    return True


def _grouping(
    crises: _Crises,
    edges: Iterable[_Edge],
    doubts: Mapping[Key, tuple[int, set[Key]]],
    left_apart: frozenset[Key],
) -> Grouping:
    # the usual case: nobody is known to be anybody else
    if crises.none_apart:
        return Grouping(crises.all(), left_apart)
    by_subject: dict[Key, Doubt] = {}
    for key, (kind, neighbours) in doubts.items():
        members = frozenset(crises.of(key))
        between = {frozenset(crises.of(other)) for other in neighbours} - {members}
        ordered = tuple(sorted(between, key=min))
        by_subject[min(members)] = Doubt(members, ordered, kind >= _ONE_LOG)
    return Grouping(
        crises.all(),
        left_apart,
        _scenes(crises, edges),
        tuple(by_subject[key] for key in sorted(by_subject)),
    )


def _scenes(crises: _Crises, edges: Iterable[_Edge]) -> tuple[tuple[frozenset[Key], ...], ...]:
    """Crises joined by one log or a reference. Where a person has said that two logs have nothing
    to do with one another they are none; two people of one log are in it all the same.
    """
    scene_of: dict[Key, set[Key]] = {min(crisis): {min(crisis)} for crisis in crises.all()}
    for edge in edges:
        left, right = crises.of(edge.one), crises.of(edge.other)
        # a place ties nobody into a scene: neighbours are no scene
        if edge.kind < _ONE_LOG or left is right:
            continue
        is_one_log = edge.one[:2] == edge.other[:2]
        if not is_one_log and crises.are_separated(left, right):
            continue
        merged = scene_of[min(left)] | scene_of[min(right)]
        for key in merged:
            scene_of[key] = merged
    scenes = {frozenset(keys) for keys in scene_of.values() if len(keys) > 1}
    return tuple(
        tuple(frozenset(crises.of(key)) for key in sorted(keys)) for keys in sorted(scenes, key=min)
    )
