"""What a custody record says of its beginning and end, and who is told of it."""

from __future__ import annotations

from datetime import datetime

from schemas.codes import CrisisIndicator
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, end_of
from services.liaison.crisis.records import Custody
from services.liaison.finding import DeskRole

SUICIDE = frozenset(
    {CrisisIndicator.SUICIDAL, CrisisIndicator.SUICIDE_ATTEMPT, CrisisIndicator.SELF_HARM}
)


def arrived_at(custody: Custody) -> Mark:
    return custody.arrived or custody.opened


def over_at(custody: Custody) -> datetime:
    return end_of(custody.released)


def trusts_of(crisis: Crisis, at: datetime) -> tuple[str, ...]:
    return tuple(sorted({pathway.agency for pathway in crisis.open_pathways(at)}))


def recipients_of(crisis: Crisis, at: datetime) -> tuple[tuple[DeskRole, ...], tuple[str, ...]]:
    """Custody, and the trust that knows the person where there is one."""
    trusts = trusts_of(crisis, at)
    if trusts:
        return ("custody", "mental-health-crisis"), trusts
    return ("custody",), ()
