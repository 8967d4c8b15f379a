"""Which events count, after corrections and retractions. The order of arrival does not matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter

from pydantic import ValidationError

from schemas.events import DATA_MODELS
from schemas.events.keeping import EventCorrected, EventRetracted
from schemas.received import Received, models_of

Identity = tuple[str, str]
_ORDER = attrgetter("order")
_KEEPING = models_of(EventCorrected, EventRetracted)


class Effective(list[Received]):
    """Events that count, in order of the fold: what `effective` gives, so that it need not be found
    out again.
    """

    faults: tuple[str, ...] = ()
    """Ids of corrections that could not be applied."""
    given: tuple[Received, ...] = ()
    """All that was said, with what was taken back."""


def counted(events: Iterable[Received]) -> Effective:
    """`effective` in one value. Given to anything here that asks for events, it is taken as it is."""
    if isinstance(events, Effective):
        return events
    statements = tuple(events)
    effective_events, faults = effective(statements)
    events = Effective(effective_events)
    events.faults, events.given = faults, statements
    return events


def together(several: Iterable[Effective]) -> Effective:
    """The events that count of several records. What corrects an event belongs to the event's
    record, so that each record can be settled by itself."""
    parts = list(several)
    if len(parts) == 1:
        return parts[0]
    joined = Effective(sorted((received for part in parts for received in part), key=_ORDER))
    joined.faults = tuple(fault for part in parts for fault in part.faults)
    joined.given = tuple(received for part in parts for received in part.given)
    return joined


def effective(events: Iterable[Received]) -> tuple[list[Received], tuple[str, ...]]:
    """The events that count, in order of the fold, and the ids of corrections that could not be
    applied.

    A repeat counts once. A retraction drops its event whatever corrections there are; a retraction
    of a retraction or of a correction undoes that. Of several corrections of one event the last by
    occurrence counts. A correction changes the data and leaves the time of the event: to change the
    time, retract and send anew. A correction that does not fit the model of the earlier event is
    not applied and is named.
    """
    if isinstance(events, Effective):
        return events, events.faults
    # feeds send again after every reconnection: a repeat is no news
    unique: dict[Identity, Received] = {}
    keeping = False
    for received in events:
        earlier = unique.setdefault(received.identity, received)
        if earlier is received:
            keeping = keeping or type(received.event.data) in _KEEPING
        elif earlier.event != received.event:
            # Intake reports the same id with other content; until then the choice must not hang on
            # arrival.
            unique[received.identity] = min(
                earlier, received, key=lambda received: received.event.model_dump_json()
            )
    ordered = sorted(unique.values(), key=_ORDER)
    if not keeping:
        return ordered, ()
    return _corrected(ordered)


def _corrected(ordered: list[Received]) -> tuple[list[Received], tuple[str, ...]]:
    retracted: set[Identity] = set()
    for received in reversed(ordered):
        event = received.event
        # From the last on, so that a retraction which was itself retracted is not heeded.
        if isinstance(event.data, EventRetracted) and (event.source, event.id) not in retracted:
            retracted.add((event.source, event.data.retracts))
    corrections = {
        received.identity: received
        for received in ordered
        if isinstance(received.event.data, EventCorrected) and received.identity not in retracted
    }
    latest: dict[Identity, Received] = {}
    for received in corrections.values():
        # they come in order of occurrence, so the last one written is the last word
        latest[_root(received, corrections)] = received
    faults: list[str] = []
    counted: list[Received] = []
    for received in ordered:
        keeps_record = isinstance(received.event.data, (EventCorrected, EventRetracted))
        if received.identity in retracted or keeps_record:
            continue
        correction = latest.get(received.identity)
        corrected = received
        if correction is not None:
            try:
                corrected = _with_data_of(correction, received)
            except (ValidationError, KeyError):
                # what was said first counts on, and the fault is told: silence would lose both
                faults.append(correction.event.id)
        counted.append(corrected)
    return counted, tuple(faults)


def _with_data_of(correction: Received, received: Received) -> Received:
    """The event with what the correction says instead. Raises ValidationError or KeyError."""
    event = received.event
    data = DATA_MODELS[event.type].model_validate(correction.event.data.data)
    return replace(received, event=event.model_copy(update={"data": data}))


def _root(correction: Received, corrections: dict[Identity, Received]) -> Identity:
    """The event that a correction, or a correction of a correction, is in the end about."""
    # two corrections may name one another: whoever sends that must not stop the fold
    visited: set[Identity] = set()
    target = (correction.event.source, correction.event.data.corrects)
    while target in corrections and target not in visited:
        visited.add(target)
        target = (target[0], corrections[target].event.data.corrects)
    return target
