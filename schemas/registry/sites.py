"""Places to which many people come every day."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from schemas.model import Closed, ShortText
from schemas.place import Postcode

SiteKind = Literal[
    "emergency-department",
    "hospital",
    "place-of-safety",
    "police-station",
    "custody-suite",
    "railway-station",
    "hostel",
    "other",
]


class Site(Closed):
    """A place that is busy from the start: that two incidents are there at one time says nothing of
    whether they are about one person.
    """

    name: ShortText
    kind: SiteKind
    uprn: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")] | None = None
    postcode: Postcode | None = None
    """Only where the site has it to itself, as most hospitals do: every incident there counts as at
    the site.
    """

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if self.uprn is None and self.postcode is None:
            raise ValueError(f"site {self.name}: it has no place; add its uprn or its postcode")
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """Its place, as linking names places."""
        names = []
        if self.uprn is not None:
            names.append(f"uprn:{self.uprn}")
        if self.postcode is not None:
            names.append(f"postcode:{self.postcode.replace(' ', '').upper()}")
        return tuple(names)
