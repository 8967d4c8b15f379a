"""Where something is."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from schemas.model import Closed, ShortText, Slug

Postcode = Annotated[
    str,
    StringConstraints(max_length=8, pattern=r"^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}$"),
]


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
