"""What is wrong with an event: a place, a stable code, a sentence and a remedy. Never a value of the event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from rapidfuzz import process

from schemas.envelope import MAX_EVENT_BYTES, decode, event_models


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


def _pointer(location: tuple[int | str, ...]) -> str:
    # the first part is the tag of the union: the event's type, which is no place in the document
    parts = location[1:] if location and location[0] in event_models() else location
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _fields_at(pointer: str, kind: str) -> list[str]:
    model: Any = event_models().get(kind)
    for part in pointer.split("/")[1:-1]:
        info = getattr(model, "model_fields", {}).get(part)
        model = getattr(info, "annotation", None)
    return list(getattr(model, "model_fields", {}))


def faults(error: ValidationError) -> list[Fault]:
    """Every fault of a validation error, in the order of the document."""
    found = []
    for each in error.errors(include_input=False, include_url=False):
        code, remedy = _REMEDIES.get(each["type"], _OTHER)
        pointer = _pointer(each["loc"])
        if code == "field-unknown" and each["loc"]:
            near = process.extractOne(
                str(each["loc"][-1]), _fields_at(pointer, str(each["loc"][0])), score_cutoff=70
            )
            if near is not None:
                remedy = f"did you mean `{near[0]}`? Otherwise remove it; the schema is closed"
        context = each.get("ctx", {})
        if code == "value-not-in-set" and "expected" in context:
            remedy = f"use one of {context['expected']}"
        message = (
            each["msg"] if code != "type-unknown" else "this event type is not in the catalogue"
        )
        found.append(Fault(pointer, code, message, remedy))
    return found


def check(document: bytes) -> list[Fault]:
    """The faults of one event in structured-mode JSON; none when it would be accepted."""
    if len(document) > MAX_EVENT_BYTES:
        limit = f"the event has {len(document)} bytes, the limit is {MAX_EVENT_BYTES}"
        return [
            Fault("", "event-too-large", limit, "send structured facts, not documents or narrative")
        ]
    try:
        decode(document)
    except ValidationError as error:
        return faults(error)
    except (ValueError, RecursionError) as error:
        return [Fault("", "json-invalid", type(error).__name__, "send one JSON object in UTF-8")]
    return []
