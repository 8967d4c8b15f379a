"""An event once a feed has delivered it: who sent it and when it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.codes import AgencyKind
from schemas.envelope import Event
from schemas.model import Closed


@dataclass(frozen=True, slots=True)
class Received:
    """An accepted event with what the registry says of its sender. `received_at` is the clock of this product."""

    event: Event[Any]
    agency: str
    agency_kind: AgencyKind
    feed: str
    received_at: datetime

    @property
    def order(self) -> tuple[datetime, str, str]:
        """The order of the fold: occurred, source, id. Total, so that arrival order cannot matter."""
        return (self.event.time, self.event.source, self.event.id)

    @property
    def incident_key(self) -> tuple[str, str] | None:
        """(agency, reference) of the incident the event belongs to, where it belongs to one."""
        reference = getattr(self.event.data, "incident", None)
        return None if reference is None else (self.agency, reference)


def data_of(received: Received) -> Closed:
    """The typed data."""
    data: Closed = received.event.data
    return data
