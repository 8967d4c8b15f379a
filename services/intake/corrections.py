"""Does a correction fit what it corrects? Asked where both are known: at the door only one of them
is. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from schemas.events import DATA_MODELS
from services.intake.faults import Fault, fault_of

_UNKNOWN = Fault(
    "/data/corrects",
    "correction-of-nothing",
    "no event of this id has been received from this source",
    "check the id; the correction counts as soon as the event is received",
)


def misfits(kind: str | None, data: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Why the data is not that of an event of this type, and the correction therefore changes
    nothing.

    `kind` is the type of the event that is corrected, None where there is no such event yet.
    """
    if kind is None:
        return (_UNKNOWN,)
    model = DATA_MODELS.get(kind)
    if model is None:
        return (_UNKNOWN,)
    try:
        model.model_validate(data)
    except ValidationError as error:
        return tuple(
            _misfit(fault_of(detail))
            for detail in error.errors(include_input=False, include_url=False)
        )
    return ()


def _misfit(fault: Fault) -> Fault:
    return Fault(
        f"/data/data{fault.pointer}",
        "correction-does-not-fit",
        f"the corrected data is not that of the event, which stands as it was: {fault.message}",
        f"{fault.remedy}; then send the correction again under another id",
    )
