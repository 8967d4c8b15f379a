"""A condition that gets worse in steps, written as what holds at an instant and the instants at
which that may change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from services.liaison.finding import Evidence


@dataclass(frozen=True, slots=True)
class Stage:
    """What holds for a stretch of time. A stage of another name makes the alert that stands worse;
    one without a name only changes what it says."""

    name: str
    urgency: int
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    act_by: datetime | None = None
    moment: str | None = None
    """One of the rule's `next_step_when`."""


def over_time(
    changes: Iterable[datetime],
    begin: datetime,
    end: datetime,
    at: Callable[[datetime], Stage | None],
) -> Iterator[tuple[tuple[datetime, datetime], Stage]]:
    """The stages from `begin` until `end`, each for as long as it holds. `changes` are all instants
    at which what `at` says may change."""
    # only at these instants can anything change, so each stretch between two of them is all of
    # one kind
    points = sorted({begin, end, *(change for change in changes if begin < change < end)})
    current: tuple[datetime, Stage] | None = None
    for start, _ in pairwise(points):
        now = at(start)
        if current is not None and now != current[1]:
            yield (current[0], start), current[1]
            current = None
        if current is None and now is not None:
            current = (start, now)
    if current is not None:
        yield (current[0], end), current[1]
