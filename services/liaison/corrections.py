"""Which events count, after corrections and retractions. The order of arrival does not matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic import ValidationError

from schemas.events import DATA_MODELS
from schemas.events.keeping import EventCorrected, EventRetracted
from schemas.received import Received

Identity = tuple[str, str]


def effective(events: Iterable[Received]) -> tuple[list[Received], tuple[str, ...]]:
    """The events that count, in order of the fold, and the ids of corrections that could not be applied.

    A repeat counts once. A retraction drops its event whatever corrections there are; a retraction of a retraction or
    of a correction undoes that. Of several corrections of one event the last by occurrence counts. A correction changes
    the data and leaves the time of the event: to change the time, retract and send anew. A correction that does not fit
    the model of the earlier event is not applied and is named.
    """
    unique: dict[Identity, Received] = {}
    keeping = False
    for received in events:
        event = received.event
        identity = (event.source, event.id)
        known = unique.get(identity)
        if known is None:
            unique[identity] = received
            keeping = keeping or isinstance(event.data, (EventCorrected, EventRetracted))
        elif known is not received and known.event != event:
            # Intake reports the same id with other content; until then the choice must not hang on arrival.
            unique[identity] = min(known, received, key=lambda each: each.event.model_dump_json())
    ordered = sorted(unique.values(), key=_order)
    if not keeping:
        return ordered, ()
    return _corrected(ordered)


def _order(received: Received) -> tuple[object, str, str]:
    event = received.event
    return (event.time, event.source, event.id)


def _corrected(ordered: list[Received]) -> tuple[list[Received], tuple[str, ...]]:
    gone: set[Identity] = set()
    for received in reversed(ordered):
        event = received.event
        # From the last on, so that a retraction which was itself retracted is not heeded.
        if isinstance(event.data, EventRetracted) and (event.source, event.id) not in gone:
            gone.add((event.source, event.data.retracts))
    corrections = {
        (r.event.source, r.event.id): r
        for r in ordered
        if isinstance(r.event.data, EventCorrected) and (r.event.source, r.event.id) not in gone
    }
    latest: dict[Identity, Received] = {}
    for received in corrections.values():
        latest[_root(received, corrections)] = received
    faults: list[str] = []
    counted: list[Received] = []
    for received in ordered:
        event = received.event
        identity = (event.source, event.id)
        if identity in gone or isinstance(event.data, (EventCorrected, EventRetracted)):
            continue
        correction = latest.get(identity)
        if correction is not None:
            try:
                data = DATA_MODELS[event.type].model_validate(correction.event.data.data)
            except (ValidationError, KeyError):
                faults.append(correction.event.id)
            else:
                counted.append(replace(received, event=event.model_copy(update={"data": data})))
                continue
        counted.append(received)
    return counted, tuple(faults)


def _root(correction: Received, corrections: dict[Identity, Received]) -> Identity:
    """The event that a correction, or a correction of a correction, is in the end about."""
    seen: set[Identity] = set()
    target = (correction.event.source, correction.event.data.corrects)
    while target in corrections and target not in seen:
        seen.add(target)
        target = (target[0], corrections[target].event.data.corrects)
    return target
