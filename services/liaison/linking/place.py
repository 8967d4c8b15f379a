"""Whether two descriptions of a place mean the same place, and the grid cells a place falls in.

Agencies write one street in many ways: '500 BLOCK S COLLEGE AVE', '512 South College Avenue',
'Hitt St / E Broadway' and 'EAST BROADWAY & HITT STREET'. Text is reduced to a number, a block mark
and the streets' names; what is left is compared by rule and never by similarity of spelling,
because 'North Road' and 'North Row' are a mile apart.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

# Length of one degree of latitude on a sphere of 6,371 km.
METRES_PER_DEGREE = 111_195.0

EARTH_RADIUS_METRES = 6_371_000.0

# same: one address, block or crossing. near: a street in common, other or absent numbers.
# unknown: a side gives no street. other: no street in common, so the texts contradict each other.
StreetMatch = Literal["same", "near", "unknown", "other"]

_KINDS = {
    "aly": "alley",
    "av": "avenue",
    "ave": "avenue",
    "aven": "avenue",
    "blvd": "boulevard",
    "bvd": "boulevard",
    "bldg": "building",
    "cir": "circle",
    "cl": "close",
    "cres": "crescent",
    "cresc": "crescent",
    "crst": "crescent",
    "ct": "court",
    "crt": "court",
    "dr": "drive",
    "drv": "drive",
    "est": "estate",
    "expy": "expressway",
    "gdn": "garden",
    "gdns": "gardens",
    "gr": "grove",
    "gro": "grove",
    "grn": "green",
    "hse": "house",
    "hwy": "highway",
    "ln": "lane",
    "mkt": "market",
    "ms": "mews",
    "pde": "parade",
    "pk": "park",
    "pkwy": "parkway",
    "pl": "place",
    "plz": "plaza",
    "rd": "road",
    "sq": "square",
    "st": "street",
    "str": "street",
    "ter": "terrace",
    "terr": "terrace",
    "tce": "terrace",
    "trl": "trail",
    "vw": "view",
    "wk": "walk",
    "wy": "way",
    "yd": "yard",
}
_KIND_WORDS = frozenset(_KINDS.values()) | {"hill", "rise", "row", "path", "gate", "loop", "end"}
_SIDES = {
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
    "ne": "northeast",
    "nw": "northwest",
    "se": "southeast",
    "sw": "southwest",
}
_SIDE_WORDS = frozenset(_SIDES.values())
_UNIT = re.compile(r"^(?:flat|apt|apartment|unit|room|suite|floor)\b[^,]*,\s*", re.IGNORECASE)
_CROSSING = re.compile(r"\s*(?:/|&|@|\band\b|\bat\b)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"^(\d{1,6})[a-z]?(?:\s*-\s*\d{1,6}[a-z]?)?\s+(?=\S)")
_BLOCK = re.compile(r"^(\d{1,6})\s+(?:block|blk)\s+(?:of\s+)?")


@dataclass(frozen=True, slots=True)
class Road:
    """One street's name: the side of town ('north') apart, since agencies often leave it out."""

    name: str
    side: str | None


@dataclass(frozen=True, slots=True)
class Street:
    """A place in words: an address or a block of one road, or a crossing of two or more."""

    roads: tuple[Road, ...]
    number: int | None
    block: bool
    """The number stands for the hundred it begins ('500 BLOCK' is 500 to 599)."""


def _road(text: str) -> Road | None:
    words = re.sub(r"[^a-z0-9 ]+", " ", text.replace("'", "")).split()
    if not words:
        return None
    words = _written_out(words)
    for side, rest in ((words[0], words[1:]), (words[-1], words[:-1])):
        # 'North Street' is a name of its own; 'N Providence Road' is the northern part of a road.
        if side in _SIDE_WORDS and not _KIND_WORDS.issuperset(rest):
            return Road(" ".join(rest), side)
    return Road(" ".join(words), None)


def _written_out(words: list[str]) -> list[str]:
    """Abbreviations as whole words."""
    written: list[str] = []
    for index, word in enumerate(words):
        # 'St Mary Street': before a name it is a saint, after one a street
        first = _SIDE_WORDS.issuperset(written)
        if word == "st" and first and index + 1 < len(words):
            written.append("saint")
        else:
            written.append(_KINDS.get(word, _SIDES.get(word, word)))
    return written


def _first_line(text: str) -> str:
    lowered = _UNIT.sub("", text.strip().lower().replace("\u2019", "'"))
    # What follows the first comma is the town or the postcode, unless the first part is a bare
    # number ('12, Acacia Road').
    head, _, tail = lowered.partition(",")
    if head.strip().isdigit():
        return f"{head.strip()} {tail.partition(',')[0].strip()}"
    return head


@lru_cache(maxsize=65_536)
def read_street(text: str | None) -> Street | None:
    """What a street text says, or None where it names no street."""
    if text is None:
        return None
    head = _first_line(text)
    number: int | None = None
    block = False
    if number_match := _BLOCK.match(head):
        number, block = int(number_match.group(1)), True
    elif number_match := _NUMBER.match(head):
        number = int(number_match.group(1))
    rest = head
    if number_match:
        rest = head[number_match.end() :]
    roads = {road for part in _CROSSING.split(rest) if (road := _road(part)) is not None}
    if not roads:
        return None
    ordered = tuple(sorted(roads, key=lambda road: (road.name, road.side or "")))
    return Street(ordered, number, block)


def _same_road(left: Road, right: Road) -> bool:
    sides = {left.side, right.side}
    # a side that is left out is not another side
    return left.name == right.name and (None in sides or len(sides) == 1)


def compare_streets(left: Street | None, right: Street | None) -> StreetMatch:
    """How two places in words agree. Symmetric."""
    if left is None or right is None:
        return "unknown"
    shared = any(_same_road(road, other_road) for road in left.roads for other_road in right.roads)
    if not shared:
        return "other"
    # a crossing and an address on one of its roads: the road may be miles long
    if len(left.roads) != len(right.roads):
        return "near"
    agree = _same_number
    if len(left.roads) > 1:
        agree = _same_crossing
    if agree(left, right):
        return "same"
    return "near"


def _same_crossing(left: Street, right: Street) -> bool:
    pairs = zip(left.roads, right.roads, strict=True)
    return all(_same_road(road, other_road) for road, other_road in pairs)


def _same_number(left: Street, right: Street) -> bool:
    if left.number is None or right.number is None:
        return False
    # a block says only the hundred, so beside one a house number says no more
    if left.block or right.block:
        return left.number // 100 == right.number // 100
    return left.number == right.number


def street_key(street: Street | None) -> str | None:
    """A key that two streets share whenever they compare as 'same'; None where they never can.

    The side of town is left out because one agency may not give it.
    """
    if street is None:
        return None
    names = "+".join(road.name for road in street.roads)
    if len(street.roads) > 1:
        return names
    if street.number is None:
        return None
    # the hundred, since the other side may be a block
    return f"{names}#{street.number // 100}"


def distance_metres(
    left_latitude: float, left_longitude: float, right_latitude: float, right_longitude: float
) -> float:
    """Great-circle distance (haversine) between two WGS84 points in degrees."""
    low, high = math.radians(left_latitude), math.radians(right_latitude)
    rise = math.sin((high - low) / 2) ** 2
    turn = math.sin(math.radians(right_longitude - left_longitude) / 2) ** 2
    chord = min(1.0, rise + math.cos(low) * math.cos(high) * turn)
    return 2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(chord))


def cells(latitude: float, longitude: float, reach_metres: float) -> frozenset[str]:
    """Grid cells (one to four) within half the reach of a point.

    Two points no further apart than the reach share a cell. Holds between 85 degrees south and
    north, across the antimeridian too.
    """
    size = reach_metres / METRES_PER_DEGREE
    # Half the reach from either side just meets; a hundredth more absorbs rounding and the change
    # of a degree of longitude between the two latitudes.
    half = size / 2 * 1.01
    names: set[str] = set()
    for row in range(
        math.floor((latitude - half) / size), math.floor((latitude + half) / size) + 1
    ):
        # cells keep their width in metres on the way to the pole
        shrink = max(math.cos(math.radians((row + 0.5) * size)), 0.01)
        columns = max(1, math.floor(360 / (size / shrink)))
        width = 360 / columns
        east = math.floor((longitude + half / shrink) / width)
        for column in range(math.floor((longitude - half / shrink) / width), east + 1):
            names.add(f"{row}:{column % columns}")
    return frozenset(names)
