"""Journeys to and stays at a police station of somebody detained under s135 or s136, and the
custody records of it.
"""

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
    force = any(
        incident.kind == "police" and incident.key[0] == detention.agency
        for incident in crisis.incidents
    )
    return [
        custody
        for custody in crisis.custodies
        if not force
        or (
            custody.key[0] == detention.agency
            and (custody.incident is None or custody.incident == detention.incident[1])
        )
    ]


def on_the_way(detention: Detention) -> Iterator[tuple[Mark, datetime]]:
    """Each journey to a police station, until another begins, a place of safety is reached, or the
    detention is over.
    """
    journeys = sorted(detention.conveyed, key=lambda journey: journey.mark)
    for number, journey in enumerate(journeys):
        if journey.to is not PlaceOfSafetyKind.POLICE_STATION:
            continue
        after = [visit.mark.at for visit in detention.visits if visit.mark.at >= journey.mark.at]
        after += [escape.at for escape in detention.escapes if escape.at >= journey.mark.at]
        after += [travel.mark.at for travel in journeys[number + 1 :]]
        yield journey.mark, min((*after, detention.over))


def there(crisis: Crisis, detention: Detention) -> Iterator[tuple[Mark, datetime]]:
    """Each stay at a police station; it also ends when the custody record is closed."""
    released = [custody.released for custody in custodies_of(crisis, detention)]
    for visit, end in detention.stays:
        if visit.kind is not PlaceOfSafetyKind.POLICE_STATION:
            continue
        releases = [mark.at for mark in released if mark is not None and mark.at >= visit.mark.at]
        # one record that is still open keeps the person there
        all_gone = FOREVER
        if releases and len(releases) == len(released):
            all_gone = max(releases)
        yield visit.mark, min(end, all_gone)
