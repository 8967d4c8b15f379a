"""Crises that could not be judged, as the ledger keeps them: why, since when, when they are tried
again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Parked:
    """One crisis whose settling failed: it stays as it was judged last, and its alerts stand."""

    crisis_id: str
    scene: str
    """The least of the crises that are parked together, since they are judged together."""
    since: datetime
    reason: str
    """What failed and where in the program; nothing of what was being judged."""
    tries: int
    tried_at: datetime
    again_at: datetime
    """When it is tried again, if none of its events changes before."""


class ParkedCrises(Protocol):
    """What is set aside so that it holds up nothing else."""

    async def parked(self) -> Mapping[str, Parked]:
        """Every crisis of the zone that is parked, by id."""

    async def park(self, rows: Sequence[Parked]) -> None:
        """Write them; one that is parked already stands as it is told now."""

    async def unpark(self, crises: Collection[str]) -> None:
        """These could be judged: they are parked no more."""
