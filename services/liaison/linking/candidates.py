"""Which incidents are worth comparing: those that share a coarse key and are near enough in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from services.liaison.linking.evidence import DEFAULT_POLICY, LinkPolicy
from services.liaison.linking.place import cells
from services.liaison.linking.sighting import Key, Sighting, place_keys


def link_keys(sighting: Sighting, policy: LinkPolicy = DEFAULT_POLICY) -> frozenset[str]:
    """Coarse keys a database can index: two sightings that can link share at least one.

    The reverse does not hold; `link` decides. Computed with the same policy on both sides, since
    the distance sets the size of a cell.
    """
    return _keys_within(sighting, max(policy.distance_metres, 1.0))


# the same sighting is asked for its keys where its neighbours are looked for, where it is grouped
# and where it is written
@lru_cache(4096)
def _keys_within(sighting: Sighting, reach: float) -> frozenset[str]:
    # a log that names another may come before the log that it names, so each is found under its own
    # reference and under those that it names
    keys = {f"incident:{agency}/{ref}" for agency, ref in sighting.cross_references}
    keys.add(f"incident:{sighting.key[0]}/{sighting.key[1]}")
    keys.update(f"incident:{agency}/{number}" for agency, number in sighting.request_names)
    keys.update(f"incident:request/{number}" for number in sighting.requests)
    keys.update(f"person:{person}" for person in sighting.people)
    keys.update(place_keys(sighting))
    # a street written in two ways shares no key: the cell finds what the words miss
    if sighting.latitude is not None and sighting.longitude is not None:
        near_cells = cells(sighting.latitude, sighting.longitude, reach)
        keys.update(f"cell:{cell}" for cell in near_cells)
    return frozenset(keys)


def candidate_pairs(
    sightings: Iterable[Sighting], policy: LinkPolicy = DEFAULT_POLICY
) -> Iterable[tuple[Sighting, Sighting]]:
    """Each pair that shares a key and is near enough in time to link, once."""
    buckets: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        for name in link_keys(sighting, policy):
            buckets[name].append(sighting)
    compared: set[tuple[Key, Key]] = set()
    for name, bucket in buckets.items():
        bucket.sort(key=lambda sighting: (sighting.opened_at, sighting.key))
        for earlier, later in _pairs_in(bucket, name.partition(":")[0], policy):
            pair = (min(earlier.key, later.key), max(earlier.key, later.key))
            if pair not in compared:
                compared.add(pair)
                yield earlier, later


def _pairs_in(
    bucket: list[Sighting], kind: str, policy: LinkPolicy
) -> Iterable[tuple[Sighting, Sighting]]:
    """The pairs of one bucket, in order of time, that are near enough in time."""
    window, most = policy.place_window, policy.most_open_at_place
    if kind == "person":
        window, most = policy.person_window, len(bucket)
    open_ones: list[Sighting] = []
    for later in bucket:
        # a reference links for ever: a log may be named days later
        if kind != "incident":
            oldest = later.opened_at - window
            open_ones = [sighting for sighting in open_ones if sighting.last_seen_at >= oldest]
            # a station or a department has hundreds open at once: all with all would be their square
            open_ones = open_ones[-most:]
        for earlier in open_ones:
            yield earlier, later
        open_ones.append(later)
