"""Which incidents are worth comparing: those that share a coarse key and are near enough in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from services.liaison.linking.evidence import DEFAULT_POLICY, LinkPolicy
from services.liaison.linking.place import cells
from services.liaison.linking.sighting import Key, Sighting, place_keys


def link_keys(sighting: Sighting, policy: LinkPolicy = DEFAULT_POLICY) -> frozenset[str]:
    """Coarse keys a database can index: two sightings that can link share at least one.

    The reverse does not hold; `link` decides. Computed with the same policy on both sides, since
    the distance sets the size of a cell.
    """
    keys = {f"incident:{agency}/{ref}" for agency, ref in sighting.cross_references}
    keys.add(f"incident:{sighting.key[0]}/{sighting.key[1]}")
    keys.update(f"incident:{agency}/{number}" for agency, number in sighting.request_names)
    keys.update(f"incident:request/{number}" for number in sighting.requests)
    keys.update(f"person:{person}" for person in sighting.people)
    keys.update(place_keys(sighting))
    if sighting.latitude is not None and sighting.longitude is not None:
        reach = max(policy.distance_metres, 1.0)
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
                open_ones = [sighting for sighting in open_ones if sighting.last_seen_at >= oldest]
            if bounded:
                open_ones = open_ones[-policy.most_open_at_place :]
            for earlier in open_ones:
                pair = (min(earlier.key, later.key), max(earlier.key, later.key))
                if pair not in compared:
                    compared.add(pair)
                    yield earlier, later
            open_ones.append(later)
