"""What is wrong with an event: a place, a stable code, a sentence and a remedy. Never a value of
the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

from schemas.envelope import event_models
from services.intake.text import shown


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `code` is stable: a program may act on it."""

    pointer: str
    """JSON pointer (RFC 6901) into the event."""
    code: str
    message: str
    remedy: str


_REMEDIES: Mapping[str, tuple[str, str]] = {
    "missing": ("field-missing", "add the field"),
    "extra_forbidden": (
        "field-unknown",
        "remove it, or correct its spelling; the schema is closed",
    ),
    "enum": ("value-not-in-set", "use one of the values of the schema"),
    "literal_error": ("value-not-in-set", "use one of the values of the schema"),
    "union_tag_invalid": ("type-unknown", "use an event type of the catalogue (schemas/json)"),
    "union_tag_not_found": (
        "type-missing",
        "add `type`, an event type of the catalogue (schemas/json)",
    ),
    "time_out_of_range": (
        "time-out-of-range",
        "send the time itself; where it is not known and the field is optional, leave it out",
    ),
    "timezone_aware": (
        "time-without-offset",
        "give the offset from UTC, e.g. 2026-11-23T14:24:00Z or …+01:00",
    ),
    "datetime_from_date_parsing": ("time-malformed", "use RFC 3339, e.g. 2026-11-23T14:24:00Z"),
    "datetime_parsing": ("time-malformed", "use RFC 3339, e.g. 2026-11-23T14:24:00Z"),
    "date_from_datetime_parsing": ("date-malformed", "use YYYY-MM-DD"),
    "date_parsing": ("date-malformed", "use YYYY-MM-DD"),
    "json_invalid": ("json-invalid", "send one JSON object in UTF-8"),
    "string_pattern_mismatch": ("value-malformed", "follow the pattern of the schema"),
    "nhs_number_check_digit": (
        "nhs-number-check-digit",
        "send the ten digits as issued, or leave the number out",
    ),
}
_OTHER = ("value-invalid", "follow the type and the limits of the schema")


def pointer_of(path: Sequence[str | int]) -> str:
    """The path as a JSON pointer (RFC 6901), with nothing in it that a record or a log could not
    hold.
    """
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in path]
    return shown("".join(f"/{part}" for part in parts))


def path_of(location: Sequence[str | int]) -> tuple[str | int, ...]:
    """The place in the document of a place in a validation error."""
    # the first part is the tag of the union: the event's type, which is no place in the document
    if location and location[0] in event_models():
        return tuple(location[1:])
    return tuple(location)


def _fields_at(path: Sequence[str | int], kind: str) -> list[str]:
    model: Any = event_models().get(kind)
    for part in path[:-1]:
        info = getattr(model, "model_fields", {}).get(part)
        model = getattr(info, "annotation", None)
    return list(getattr(model, "model_fields", {}))


def near(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    match = process.extractOne(name, list(names), score_cutoff=70)
    if match is None:
        return None
    return str(match[0])


def slip_of(name: str, names: Iterable[str]) -> str | None:
    """The name of which this one is a slip of the pen: nearer than `near`, and of the same length."""
    match = process.extractOne(name, list(names), scorer=fuzz.ratio, score_cutoff=80)
    if match is None:
        return None
    return str(match[0])


def faults(error: ValidationError) -> list[Fault]:
    """Every fault of a validation error, in the order of the document."""
    return [fault_of(detail) for detail in error.errors(include_input=False, include_url=False)]


def fault_of(detail: ErrorDetails) -> Fault:
    """The fault that one detail of a validation error is."""
    code, remedy = _REMEDIES.get(detail["type"], _OTHER)
    message, path = detail["msg"], path_of(detail["loc"])
    match code:
        case "field-unknown":
            suggestion = near(str(path[-1]), _fields_at(path, str(detail["loc"][0])))
            if suggestion is not None:
                remedy = f"did you mean `{suggestion}`? Otherwise remove it; the schema is closed"
        case "value-not-in-set":
            expected = detail.get("ctx", {}).get("expected")
            if expected is not None:
                remedy = f"use one of {expected}"
        case "type-unknown":
            # the library's own sentence repeats the value
            message = "this event type is not in the catalogue"
    return Fault(pointer_of(path), code, message, remedy)
