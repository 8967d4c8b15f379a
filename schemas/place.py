"""Where something is."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, NamedTuple

from openlocationcode import openlocationcode
from osgb import grid_to_ll, parse_grid
from pydantic import Field, StringConstraints

from schemas.codes import AccessHazard
from schemas.model import Closed, ShortText, Slug

Postcode = Annotated[
    str,
    StringConstraints(max_length=8, pattern=r"^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}$"),
]


# Two letters for a square of 100 km of Great Britain, then as many digits east as north: 2 (a square of 1 km) to 5 (1 m).
GridReference = Annotated[
    str,
    StringConstraints(
        max_length=14,
        pattern=r"^[HNOSThnost][A-HJ-Za-hj-z] ?([0-9]{2} ?[0-9]{2}|[0-9]{3} ?[0-9]{3}|[0-9]{4} ?[0-9]{4}|[0-9]{5} ?[0-9]{5})$",
    ),
]

# A full code: one that needs no town beside it to be read.
PlusCode = Annotated[
    str,
    StringConstraints(
        max_length=16,
        pattern=r"^[2-9Cc][2-9CFGHJMPQRVcfghjmpqrv][2-9CFGHJMPQRVWXcfghjmpqrvwx]{6}\+[2-9CFGHJMPQRVWXcfghjmpqrvwx]{2,7}$",
    ),
]

# Half the diagonal of a square, as a share of its side: how far the middle may be from the place.
_HALF_DIAGONAL = 2**0.5 / 2
_SQUARE_OF_LETTERS_METRES = 100_000
# Of latitude; a degree of longitude is shorter, so that the doubt is never said too small.
_METRES_A_DEGREE = 111_250


class Point(NamedTuple):
    """Coordinates in WGS84 degrees."""

    latitude: float
    longitude: float
    within_metres: float
    """How far from them the place may be; 0 where nothing says so."""


class Box(NamedTuple):
    """A rectangle of WGS84 degrees."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, latitude: float, longitude: float) -> bool:
        """Whether the place is in it."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


class Location(Closed):
    """A place as the agency holds it. Send what there is; a UPRN is worth more than all the
    rest.
    """

    uprn: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")] | None = None
    """Unique Property Reference Number."""
    usrn: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")] | None = None
    """Unique Street Reference Number."""
    street: ShortText | None = None
    """Street with number or block, or an intersection 'A / B'."""
    postcode: Postcode | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    """WGS84 degrees."""
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    """WGS84 degrees."""
    area: Slug | None = None
    """Area of the agency registry (a London borough); worked out from the coordinates where it
    is absent.
    """
    precision_metres: Annotated[float, Field(ge=0)] | None = None
    grid_reference: GridReference | None = None
    """British National Grid, e.g. 'TQ 325 775'. Read as the middle of its square, where there are no
    coordinates.
    """
    plus_code: PlusCode | None = None
    """Full Plus Code (Open Location Code), e.g. '9C3XFW4Q+5V'. Read as the middle of its cell, where
    there are no coordinates.
    """

    access_hazards: Annotated[tuple[AccessHazard, ...], Field(max_length=10)] = ()
    """What endangers or delays whoever goes there."""

    def completed_by(self, earlier: Location | None) -> Location:
        """With what was said of the same property before and is not said again."""
        if earlier is None or self.uprn is None or self.uprn != earlier.uprn:
            return self
        return earlier.model_copy(update=self.model_dump(exclude_unset=True, exclude_none=True))

    @property
    def is_exact(self) -> bool:
        """It says more than an area."""
        named = (self.uprn, self.usrn, self.street, self.postcode, self.point)
        return any(part is not None for part in named)

    @property
    def points(self) -> dict[tuple[str, ...], Point]:
        """What each of its fields says of where it is, by their names; what counts stands first."""
        precision = self.precision_metres or 0
        points: dict[tuple[str, ...], Point] = {}
        if self.latitude is not None and self.longitude is not None:
            points["latitude", "longitude"] = Point(self.latitude, self.longitude, precision)
        if self.plus_code is not None:
            points["plus_code",] = _point_of_plus_code(self.plus_code)
        if self.grid_reference is not None:
            points["grid_reference",] = _point_of_grid(self.grid_reference)
        return points

    @property
    def point(self) -> Point | None:
        """Where it is: as the coordinates say, else the Plus Code, else the grid reference."""
        return next(iter(self.points.values()), None)


@lru_cache(maxsize=8192)
def _point_of_grid(text: str) -> Point:
    reference = text.replace(" ", "").upper()
    digits = (len(reference) - 2) // 2
    side = _SQUARE_OF_LETTERS_METRES // 10**digits
    east, north = parse_grid(
        f"{reference[:2]} {reference[2 : 2 + digits]} {reference[2 + digits :]}"
    )
    latitude, longitude = grid_to_ll(east + side / 2, north + side / 2)
    return Point(round(latitude, 6), round(longitude, 6), side * _HALF_DIAGONAL)


@lru_cache(maxsize=8192)
def _point_of_plus_code(text: str) -> Point:
    cell = openlocationcode.decode(text)
    side = cell.latitudeHi - cell.latitudeLo
    within = side * _METRES_A_DEGREE * _HALF_DIAGONAL
    return Point(round(cell.latitudeCenter, 6), round(cell.longitudeCenter, 6), within)
