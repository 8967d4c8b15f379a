"""The register of event types: a data model declares its type, and everything else is made from
that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from schemas.model import Closed

TYPE_PREFIX = "uk.crisisliaison."


class EventData(Closed):
    """The `data` of an event."""


Model = TypeVar("Model", bound=type[EventData])

# Data model of each event type, by full type name, in order of declaration.
DATA_MODELS: dict[str, type[EventData]] = {}


def event_type(name: str, version: int = 1) -> Callable[[Model], Model]:
    """Declare that the class is the data of events of type `uk.crisisliaison.<name>.v<version>`."""

    def declare(model: Model) -> Model:
        full = f"{TYPE_PREFIX}{name}.v{version}"
        if full in DATA_MODELS:
            raise ValueError(f"event type {full} is declared twice")
        DATA_MODELS[full] = model
        return model

    return declare


def type_of(model: type[EventData]) -> str:
    """The full type name of a data model. KeyError for a model that is not a declared event."""
    for name, candidate in DATA_MODELS.items():
        if candidate is model:
            return name
    raise KeyError(model.__name__)
