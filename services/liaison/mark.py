"""When something happened and which event says so."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Mark(NamedTuple):
    """When something happened and the event that says so. Sorts as the fold does: occurred, source, id."""

    at: datetime
    source: str
    id: str

    @property
    def event(self) -> tuple[str, str]:
        """CloudEvents (source, id)."""
        return (self.source, self.id)
