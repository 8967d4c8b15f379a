"""The base of every model that crosses a boundary: closed, immutable, described."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)
from pydantic_core import PydanticCustomError, PydanticKnownError


class Closed(BaseModel):
    """A closed, immutable model: an unknown property is an error, so that a spelling mistake is
    seen.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
    )


_DATE_AND_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
_OFFSET = r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
# without an offset it is well formed here, so that the fault that is reported is the missing offset
_RFC_3339 = re.compile(f"{_DATE_AND_TIME}{_OFFSET}?")


def _rfc_3339(value: object) -> object:
    # parsed here: pydantic would take 1732371840 and "1732371840" for seconds or milliseconds, by
    # their size
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise PydanticKnownError(
                "datetime_parsing", {"error": "there is no such instant"}
            ) from error
    raise PydanticKnownError("datetime_parsing", {"error": "it is not RFC 3339"})


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError(
            "time_out_of_range", "in UTC the instant is outside the years 1 to 9999"
        ) from error


# RFC 3339 with an offset; held in UTC. A local time without an offset is refused.
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_rfc_3339),
    AfterValidator(_in_utc),
    Field(json_schema_extra={"pattern": f"^{_DATE_AND_TIME}{_OFFSET}$"}),
]

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _iso_date(value: object) -> object:
    # parsed here: pydantic would take "0" and "1654646400" for seconds since 1970
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise PydanticKnownError("date_parsing", {"error": "there is no such day"}) from error
    raise PydanticKnownError("date_parsing", {"error": "it is not YYYY-MM-DD"})


# YYYY-MM-DD. Neither a number nor a time.
Day = Annotated[date, BeforeValidator(_iso_date)]

# Marks an optional field without which the event would say something else: one that cannot be
# read refuses the event. What is required is core by itself.
CORE: dict[str, JsonValue] = {"x-core": True}


def where_unreadable(value: JsonValue) -> dict[str, JsonValue]:
    """Marks an optional field that is taken to say this where it cannot be read: leaving it out
    would be the unsafe answer.
    """
    return {"x-where-unreadable": value}


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
# An agency's own reference, e.g. of an incident. Opaque; never an NHS number or a name.
Reference = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:/-]+$")
]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Phone = Annotated[str, StringConstraints(min_length=3, max_length=24, pattern=r"^\+?[0-9 ()-]+$")]
