"""The crisis on a map: the outlines of the registry's areas and a numbered mark for each place, as
plain SVG values.

Nothing is fetched: the outlines come from the registry's own file. The map is for looking only; the
list beside it says the same in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import shapely

from schemas.boundaries import Boundaries

# Units of the drawing. Corners are rounded to whole units, which joins what lies closer and keeps
# neighbours' borders together: of London's 5,901 corners some 3,500 are drawn.
WIDTH = 400
# Marks closer than this are one mark with several numbers.
_NEAR = 8


@dataclass(frozen=True, slots=True)
class Outline:
    """One area's path."""

    code: str
    path: str


@dataclass(frozen=True, slots=True)
class MapMark:
    """One place, or several that are too near to be told apart."""

    left: int
    top: int
    numbers: str
    """Of the incidents in the list, e.g. `1, 3`."""

    @property
    def width(self) -> int:
        """Of the mark, so that the numbers fit into it."""
        return 14 + 5 * (len(self.numbers) - 1)


class BoroughMap:
    """Boundaries on a flat sheet: degrees of longitude shortened by the cosine of the middle
    latitude."""

    def __init__(self, boundaries: Boundaries) -> None:
        self._boundaries = boundaries
        self._west, south, east, self._north = shapely.total_bounds(
            list(boundaries.outlines.values())
        )
        self._narrow = math.cos(math.radians((south + self._north) / 2))
        self._scale = WIDTH / ((east - self._west) * self._narrow)
        self.height = math.ceil((self._north - south) * self._scale)

    @property
    def attribution(self) -> str:
        """What the licence of the outlines asks to be said."""
        return self._boundaries.attribution

    def place(self, latitude: float, longitude: float) -> tuple[int, int] | None:
        """On the sheet; None outside it."""
        left, top = self._point(latitude, longitude)
        if not (0 <= left <= WIDTH and 0 <= top <= self.height):
            return None
        return left, top

    def _point(self, latitude: float, longitude: float) -> tuple[int, int]:
        left = (longitude - self._west) * self._narrow * self._scale
        top = (self._north - latitude) * self._scale
        return round(left), round(top)

    @cached_property
    def outlines(self) -> tuple[Outline, ...]:
        """Every area's path, by code."""
        return tuple(
            Outline(code, " ".join(self._rings(area)))
            for code, area in self._boundaries.outlines.items()
        )

    def _rings(self, area: shapely.Geometry) -> Iterator[str]:
        for part in shapely.get_parts(area):
            for ring in (part.exterior, *part.interiors):
                corners = self._corners(ring)
                # a ring that is smaller than a unit of the drawing is no area any more
                if len(corners) > 2:
                    yield "M" + " ".join(f"{left} {top}" for left, top in corners) + "Z"

    def _corners(self, ring: shapely.LinearRing) -> list[tuple[int, int]]:
        corners: list[tuple[int, int]] = []
        for longitude, latitude in ring.coords:
            point = self._point(latitude, longitude)
            if not corners or corners[-1] != point:
                corners.append(point)
        return corners

    def marks(self, places: Mapping[int, tuple[float, float]]) -> tuple[MapMark, ...]:
        """Marks for numbered places (latitude, longitude); those outside the sheet have none."""
        groups: list[tuple[int, int, list[int]]] = []
        for number, at in _on_sheet(self, places):
            near = next((group for group in groups if math.dist(group[:2], at) < _NEAR), None)
            if near is None:
                groups.append((*at, [number]))
            else:
                near[2].append(number)
        return tuple(
            MapMark(left, top, ", ".join(str(number) for number in numbers))
            for left, top, numbers in groups
        )


def _on_sheet(
    sheet: BoroughMap, places: Mapping[int, tuple[float, float]]
) -> Iterable[tuple[int, tuple[int, int]]]:
    for number, (latitude, longitude) in sorted(places.items()):
        at = sheet.place(latitude, longitude)
        if at is not None:
            yield number, at
