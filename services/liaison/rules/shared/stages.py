"""A condition that gets worse in steps, written as what holds at an instant and the instants at which that may change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from services.liaison.finding import Evidence


@dataclass(frozen=True, slots=True)
class Stage:
    """What holds for a stretch of time. A stage of another name makes the alert that stands worse; one without a name only
    changes what it says."""

    name: str
    urgency: int
    said: str
    evidence: tuple[Evidence, ...] = ()
    act_by: datetime | None = None


def over_time(
    changes: Iterable[datetime],
    begin: datetime,
    end: datetime,
    at: Callable[[datetime], Stage | None],
) -> Iterator[tuple[tuple[datetime, datetime], Stage]]:
    """The stages from `begin` until `end`, each for as long as it holds. `changes` are all instants at which what `at`
    says may change."""
    points = sorted({begin, end, *(p for p in changes if begin < p < end)})
    held: tuple[datetime, Stage] | None = None
    for start, _ in pairwise(points):
        now = at(start)
        if held is not None and now != held[1]:
            yield (held[0], start), held[1]
            held = None
        if held is None and now is not None:
            held = (start, now)
    if held is not None:
        yield (held[0], end), held[1]
