"""Events judged offline, by the code of the stream: with the registry's word on who sends them, and
with each other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import click

from schemas.codes import AgencyKind
from schemas.envelope import AnyEvent
from schemas.events.keeping import EventCorrected
from schemas.registry import Feed, Registry
from services.intake.accept import checked
from services.intake.corrections import misfits
from services.intake.examine import Examined
from services.intake.faults import Fault
from services.intake.plausible import Circumstances

# Of which the type is remembered, for corrections that follow.
KEPT_EVENTS = 100_000


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """A file, or standard input for `-`."""
    if name == "-":
        yield click.get_binary_stream("stdin")
        return
    with Path(name).open("rb") as stream:
        yield stream


class Checker:
    """Judges the events of one run. With a feed, their source must be registered for it."""

    def __init__(self, registry: Registry, feed: Feed | None = None) -> None:
        self._feed = feed
        self._box = registry.box
        self._kinds: dict[str, AgencyKind] = {}
        self._types: OrderedDict[tuple[str, str], str] = OrderedDict()
        for agency in registry.agencies:
            for described in agency.feeds:
                self._kinds |= dict.fromkeys(described.sources, agency.kind)

    def examine(self, body: bytes) -> Examined:
        """What becomes of the event."""
        circumstances = Circumstances(box=self._box, feed=self._feed)
        examined = checked(body, circumstances)
        event = examined.event
        if event is None:
            return examined
        kind = self._kinds.get(event.source)
        if kind is not None:
            # only now is it known who sends it, and so whether they may
            examined = checked(body, replace(circumstances, kind=kind))
        faults = (*examined.faults, *self._correction(event))
        if faults:
            return Examined(None, faults=faults, notes=examined.notes)
        self._types[event.identity] = event.type
        if len(self._types) > KEPT_EVENTS:
            self._types.popitem(last=False)
        return examined

    def _correction(self, event: AnyEvent) -> tuple[Fault, ...]:
        if not isinstance(event.data, EventCorrected):
            return ()
        corrected = self._types.get((event.source, event.data.corrects))
        if corrected is None:
            # the event may have been sent before, in another file
            return ()
        return misfits(corrected, event.data.data)
