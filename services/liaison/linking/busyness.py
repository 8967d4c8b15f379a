"""How busy a place is: incidents a day, learned from those that were at it, the older the less.

Where very many people come every day, that two incidents were there at one time says nothing of
whether they are about one person. How busy it was when the earlier of two incidents began is told
from the days before that one: what comes later neither joins them nor parts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType

from services.liaison.linking.sighting import Sighting, place_keys

# A house number on a High Street names one in every borough: of a street in words nothing is learned.
LEARNED = ("uprn:", "postcode:", "usrn:")
# What is older counts less than a two hundred and fiftieth.
HALF_LIVES_READ = 8

# (place, day).
PlaceDay = tuple[str, date]
ByDay = Mapping[str, Mapping[date, int]]
NOTHING_LEARNED: ByDay = MappingProxyType({})


def _day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()


def place_days(opened_at: datetime, keys: Iterable[str]) -> frozenset[PlaceDay]:
    """Where and when an incident with these keys counts."""
    return frozenset((key, _day(opened_at)) for key in keys if key.startswith(LEARNED))


def changes(former: Iterable[PlaceDay], present: Iterable[PlaceDay]) -> Counter[PlaceDay]:
    """What one incident adds to places, and takes from them, by being where it is now."""
    before, after = set(former), set(present)
    counts = Counter(after - before)
    counts.subtract(before - after)
    return counts


@dataclass(frozen=True, slots=True)
class Busyness:
    """How busy places are."""

    by_day: ByDay
    """Incidents that were opened there, by place and day."""
    sites: frozenset[str]
    """Places that are busy whatever was seen there."""
    half_life_days: int
    busy_from: float
    """Incidents a day."""

    def a_day(self, place: str, on: date) -> float:
        """Incidents a day at the place before that day: where they were always as many, so many."""
        remains = 2 ** (-1 / self.half_life_days)
        weighed = sum(
            count * remains ** (on - day).days
            for day, count in self.by_day.get(place, {}).items()
            if day < on
        )
        return float(weighed * (1 - remains) / remains)

    def is_at_busy_place(self, sighting: Sighting) -> bool:
        """Whether the property itself, or the site, is busy."""
        if not self.sites.isdisjoint(place_keys(sighting)):
            return True
        if sighting.uprn is None:
            return False
        return self._is_busy(f"uprn:{sighting.uprn}", _day(sighting.opened_at))

    def meet_at_busy_place(self, left: Sighting, right: Sighting) -> bool:
        """Whether the place that the two share is busy."""
        places, others = place_keys(left), set(place_keys(right))
        if not self.sites.isdisjoint((*places, *others)):
            return True
        shared = _most_exact([place for place in places if place in others])
        if shared is None:
            return False
        return self._is_busy(shared, _day(min(left.opened_at, right.opened_at)))

    def _is_busy(self, place: str, on: date) -> bool:
        return self.a_day(place, on) >= self.busy_from


def _most_exact(shared: list[str]) -> str | None:
    """The one that says how busy it is: a quiet house on a busy street is quiet."""
    by_kind = {place.partition(":")[0]: place for place in shared}
    if "uprn" in by_kind or "postcode" in by_kind:
        return by_kind.get("uprn") or by_kind["postcode"]
    # one address in words is more exact than its street's number
    if "street" in by_kind:
        return None
    return by_kind.get("usrn")
