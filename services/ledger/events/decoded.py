"""Events of the ledger, decoded once."""

from __future__ import annotations

from collections import OrderedDict

import asyncpg

from schemas.envelope import decode
from schemas.received import Received
from schemas.registry import Registry


class Decoded:
    """The last events that were decoded, so that a long crisis is not decoded again with each
    batch.

    Known by their place in Kafka, which is never given twice.
    """

    def __init__(self, registry: Registry, limit: int = 50_000) -> None:
        self._registry, self._limit = registry, limit
        self._events: OrderedDict[tuple[str, int, int], Received] = OrderedDict()

    def read(self, row: asyncpg.Record) -> Received:
        """The event of a row with topic, partition, offset, feed, received_at and body."""
        place = (row["topic"], row["partition"], row["offset"])
        received = self._events.get(place)
        if received is None:
            agency, feed = self._registry.feeds_by_id[row["feed"]]
            received = Received(
                decode(row["body"]), agency.id, agency.kind, feed.id, row["received_at"]
            )
            self.keep(place, received)
        else:
            self._events.move_to_end(place)
        return received

    def keep(self, place: tuple[str, int, int], received: Received) -> None:
        """Remember an event that was just decoded, under its place in Kafka."""
        self._events[place] = received
        while len(self._events) > self._limit:
            self._events.popitem(last=False)
