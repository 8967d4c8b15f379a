"""The base of every model that crosses a boundary: closed, immutable, described."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


class Closed(BaseModel):
    """A closed, immutable model: an unknown property is an error, so that a spelling mistake is seen."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
    )


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""RFC 3339 with an offset; held in UTC. A local time without an offset is refused."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:/-]+$")]
"""An agency's own reference, e.g. of an incident. Opaque; never an NHS number or a name."""
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Phone = Annotated[str, StringConstraints(min_length=3, max_length=24, pattern=r"^\+?[0-9 ()-]+$")]
Percentage = Annotated[float, Field(ge=0, le=1)]
