"""Where the areas of a registry lie: which one a pair of coordinates is in, and their outlines
for a map.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

# A place in no outline but this near to one is in that one (about 350 m east, 550 m north):
# outlines of boroughs end at the high-water mark, and people in crisis stand on the bridges
# between [assumption].
NEAR_DEGREES = 0.005
# Of longitude in London, where a degree is shortest: too many metres of doubt rather than too few.
METRES_A_DEGREE = 69_000


class BoundariesError(ValueError):
    """The file of boundaries cannot be used as it is."""


class Boundaries:
    """Outlines by code (ONS GSS), in WGS84 degrees. Immutable; the answers to places are kept."""

    def __init__(self, outlines: Mapping[str, BaseGeometry], attribution: str = "") -> None:
        self.outlines = dict(sorted(outlines.items()))
        """Polygon or MultiPolygon by code; x is longitude, y latitude."""
        self.attribution = attribution
        """What the licence of the data asks to be said wherever it is drawn."""
        self._codes = list(self.outlines)
        self._tree = shapely.STRtree(list(self.outlines.values()))
        self.code_at = lru_cache(maxsize=8192)(self._code_at)
        """`code_at(latitude, longitude)`: the code of the outline that the place is in, None
        outside all of them. On a border the first code by the alphabet; just outside
        (NEAR_DEGREES) the nearest one's.
        """

    def may_hold(self, code: str, latitude: float, longitude: float, within_metres: float) -> bool:
        """Whether a place that is known to `within_metres` may be in the outline: it is in it, or
        nearer to it than that and NEAR_DEGREES. KeyError for a code without outline.
        """
        distance = self.outlines[code].distance(shapely.Point(longitude, latitude))
        return bool(distance <= NEAR_DEGREES + within_metres / METRES_A_DEGREE)

    def codes_near(self, latitude: float, longitude: float, within_metres: float) -> list[str]:
        """Codes of the outlines that a place known to `within_metres` may be in, the nearest first."""
        point = shapely.Point(longitude, latitude)
        near = self._tree.query(
            point, predicate="dwithin", distance=within_metres / METRES_A_DEGREE
        )
        codes = [self._codes[int(index)] for index in near]
        return sorted(codes, key=lambda code: (self.outlines[code].distance(point), code))

    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all outlines."""
        west, south, east, north = shapely.total_bounds(list(self.outlines.values()))
        return float(west), float(south), float(east), float(north)

    def _code_at(self, latitude: float, longitude: float) -> str | None:
        point = shapely.Point(longitude, latitude)
        hits = self._tree.query(point, predicate="intersects")
        if not len(hits):
            hits = self._tree.query_nearest(point, max_distance=NEAR_DEGREES)
        return min((self._codes[int(index)] for index in hits), default=None)


def read_boundaries(text: str) -> Boundaries:
    """From a GeoJSON FeatureCollection whose features have the property `code`. Raises
    BoundariesError with the place.
    """
    try:
        collection: Any = json.loads(text)
        features = collection["features"]
        outlines = {
            str(feature["properties"]["code"]): _mended(shape(feature["geometry"]))
            for feature in features
        }
    except json.JSONDecodeError as error:
        raise BoundariesError(f"line {error.lineno}: this is no JSON ({error.msg})") from error
    except (KeyError, TypeError, ValueError, ShapelyError) as error:
        raise BoundariesError(
            f"this is no GeoJSON FeatureCollection whose features have properties/code and a geometry: {error}"
        ) from error
    if len(outlines) != len(features):
        raise BoundariesError(
            "two features have the same properties/code; every area needs one outline"
        )
    for code, outline in outlines.items():
        if outline.geom_type not in ("Polygon", "MultiPolygon") or outline.is_empty:
            raise BoundariesError(
                f"feature {code}: its geometry is no Polygon or MultiPolygon; mend its outline"
            )
    return Boundaries(outlines, str(collection.get("attribution", "")))


def _mended(outline: BaseGeometry) -> BaseGeometry:
    # outlines that were simplified for maps touch themselves: harmless when drawn, wrong when asked
    # what is inside
    if outline.is_valid:
        return outline
    return shapely.make_valid(outline, method="structure", keep_collapsed=False)
