"""The crisis on a map: the outlines of the registry's areas and a numbered mark for each place, as plain SVG values.

Nothing is fetched: the outlines come from the registry's own file. The map is for looking only; the list beside it says the
same in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import shapely

from schemas.boundaries import Boundaries

WIDTH = 400
"""Units of the drawing. Corners are rounded to whole units, which joins what lies closer and keeps neighbours' borders
together: of London's 5,901 corners some 3,500 are drawn."""
_NEAR = 8
"""Marks closer than this are one mark with several numbers."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One area's path."""

    code: str
    path: str


@dataclass(frozen=True, slots=True)
class MapMark:
    """One place, or several that are too near to be told apart."""

    x: int
    y: int
    numbers: str
    """Of the incidents in the list, e.g. `1, 3`."""

    @property
    def width(self) -> int:
        """Of the mark, so that the numbers fit into it."""
        return 14 + 5 * (len(self.numbers) - 1)


class BoroughMap:
    """Boundaries on a flat sheet: degrees of longitude shortened by the cosine of the middle latitude."""

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
        x = round((longitude - self._west) * self._narrow * self._scale)
        y = round((self._north - latitude) * self._scale)
        return (x, y) if 0 <= x <= WIDTH and 0 <= y <= self.height else None

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
                corners: list[tuple[int, int]] = []
                for longitude, latitude in ring.coords:
                    at = (
                        round((longitude - self._west) * self._narrow * self._scale),
                        round((self._north - latitude) * self._scale),
                    )
                    if not corners or corners[-1] != at:
                        corners.append(at)
                if len(corners) > 2:
                    yield "M" + " ".join(f"{x} {y}" for x, y in corners) + "Z"

    def marks(self, places: Mapping[int, tuple[float, float]]) -> tuple[MapMark, ...]:
        """Marks for numbered places (latitude, longitude); those outside the sheet have none."""
        found: list[tuple[int, int, list[int]]] = []
        for number, at in _on_sheet(self, places):
            near = next((m for m in found if math.dist(m[:2], at) < _NEAR), None)
            if near is None:
                found.append((*at, [number]))
            else:
                near[2].append(number)
        return tuple(MapMark(x, y, ", ".join(str(n) for n in numbers)) for x, y, numbers in found)


def _on_sheet(
    sheet: BoroughMap, places: Mapping[int, tuple[float, float]]
) -> Iterable[tuple[int, tuple[int, int]]]:
    for number, (latitude, longitude) in sorted(places.items()):
        if (at := sheet.place(latitude, longitude)) is not None:
            yield number, at
