"""Events of the ledger, decoded once."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

import asyncpg

from schemas.envelope import decode
from schemas.received import Received
from schemas.registry import Registry
from services.orchestration.ledger import Identity


class Decoded:
    """The last events that were decoded, so that a long crisis is not decoded again with each
    batch.

    Known by their identity and by when they came: a place in Kafka is given again when its topic is
    created anew, and a ledger that was emptied or restored has the same event received anew.
    """

    def __init__(self, registry: Registry, limit: int = 50_000) -> None:
        self._registry, self._limit = registry, limit
        self._events: OrderedDict[tuple[Identity, datetime], Received] = OrderedDict()

    def read(self, row: asyncpg.Record) -> Received:
        """The event of a row with source, id, feed, received_at and body."""
        receipt = ((row["source"], row["id"]), row["received_at"])
        received = self._events.get(receipt)
        if received is None:
            agency, feed = self._registry.feeds_by_id[row["feed"]]
            received = Received(
                decode(row["body"]), agency.id, agency.kind, feed.id, row["received_at"]
            )
            self.keep(received)
        else:
            self._events.move_to_end(receipt)
        return received

    def keep(self, received: Received) -> None:
        """Remember an event that was just decoded."""
        self._events[received.identity, received.received_at] = received
        while len(self._events) > self._limit:
            self._events.popitem(last=False)
