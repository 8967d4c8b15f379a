"""Events of the ledger, decoded once."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

import asyncpg

from schemas.envelope import decode
from schemas.received import Received
from schemas.registry import Registry

_Name = tuple[str, str, datetime, int]


class Decoded:
    """The last events that were decoded, so that a long crisis is not decoded again with each
    batch.

    Known by their identity, by when they came and by what they say: a place in Kafka is given again
    when its topic is created anew, and a ledger that was emptied or restored may have other events
    of the same names.
    """

    def __init__(self, registry: Registry, limit: int = 50_000) -> None:
        self._registry, self._limit = registry, limit
        self._events: OrderedDict[_Name, Received] = OrderedDict()

    def read(self, row: asyncpg.Record) -> Received:
        """The event of a row with source, id, feed, received_at and body."""
        name = (row["source"], row["id"], row["received_at"], hash(row["body"]))
        received = self._events.get(name)
        if received is None:
            agency, feed = self._registry.feeds_by_id[row["feed"]]
            received = Received(
                decode(row["body"]), agency.id, agency.kind, feed.id, row["received_at"]
            )
            self.keep(received, row["body"])
        else:
            self._events.move_to_end(name)
        return received

    def keep(self, received: Received, body: bytes) -> None:
        """Remember an event that was just decoded."""
        name = (*received.identity, received.received_at, hash(body))
        self._events[name] = received
        while len(self._events) > self._limit:
            self._events.popitem(last=False)
