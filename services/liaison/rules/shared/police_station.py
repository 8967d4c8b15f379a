"""Journeys to and stays at a police station of somebody detained under s135 or s136, and the custody records of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import PlaceOfSafetyKind
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.crisis.records import Custody
from services.liaison.time.spans import FOREVER


def custodies_of(crisis: Crisis, detention: Detention) -> list[Custody]:
    """The custody records of the detention: of its force, and of its incident where they name one."""
    force = any(i.kind == "police" and i.key[0] == detention.agency for i in crisis.incidents)
    return [
        c
        for c in crisis.custodies
        if not force
        or (
            c.key[0] == detention.agency
            and (c.incident is None or c.incident == detention.incident[1])
        )
    ]


def on_the_way(detention: Detention) -> Iterator[tuple[Mark, datetime]]:
    """Each journey to a police station, until another begins, a place of safety is reached, or the detention is over."""
    journeys = sorted(detention.conveyed, key=lambda c: c.mark)
    for number, journey in enumerate(journeys):
        if journey.to is not PlaceOfSafetyKind.POLICE_STATION:
            continue
        after = [v.mark.at for v in detention.visits if v.mark.at >= journey.mark.at]
        after += [e.at for e in detention.escapes if e.at >= journey.mark.at]
        after += [each.mark.at for each in journeys[number + 1 :]]
        yield journey.mark, min((*after, detention.over))


def there(crisis: Crisis, detention: Detention) -> Iterator[tuple[Mark, datetime]]:
    """Each stay at a police station; it also ends when the custody record is closed."""
    released = [c.released for c in custodies_of(crisis, detention)]
    for visit, end in detention.stays:
        if visit.kind is not PlaceOfSafetyKind.POLICE_STATION:
            continue
        gone = [r.at for r in released if r is not None and r.at >= visit.mark.at]
        all_gone = max(gone) if gone and len(gone) == len(released) else FOREVER
        yield visit.mark, min(end, all_gone)
