"""Crises that could not be judged, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from services.orchestration.parked import Parked
from services.simulation.ledger.tables import Journal, Table


class MemoryParked:
    """By crisis."""

    def __init__(self, journal: Journal) -> None:
        self.parked_crises: Table[str, Parked] = Table(journal)

    async def parked(self) -> Mapping[str, Parked]:
        """Every crisis that is parked, by id."""
        return dict(self.parked_crises.rows)

    async def park(self, rows: Sequence[Parked]) -> None:
        """Write them; one that is parked already stands as it is told now."""
        for row in rows:
            self.parked_crises.put(row.crisis_id, row)

    async def unpark(self, crises: Collection[str]) -> None:
        """These could be judged: they are parked no more."""
        for crisis in crises:
            self.parked_crises.remove(crisis)
