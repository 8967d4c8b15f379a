"""Instants and lengths of time as a sentence says them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

from schemas.london_time import LONDON

_INSTANT = re.compile(
    "\N{LEFT DOUBLE ANGLE BRACKET}([^\N{RIGHT DOUBLE ANGLE BRACKET}]+)\N{RIGHT DOUBLE ANGLE BRACKET}"
)


@lru_cache(8192)
def clock(at: datetime) -> str:
    """An instant for a sentence of a finding. Which day the sentence is told on decides how it
    reads (`told_on`), so that no rule has to think of midnight."""
    return f"\N{LEFT DOUBLE ANGLE BRACKET}{at.isoformat()}\N{RIGHT DOUBLE ANGLE BRACKET}"


# a crisis is judged anew with each of its events, and most of its sentences are as before
@lru_cache(8192)
def told_on(sentence: str, told_at: datetime) -> str:
    """The sentence with its instants on the 24-hour clock of London, those of another day with
    their date.
    """
    return _INSTANT.sub(lambda match: clock_on(match.group(1), told_at), sentence)


@lru_cache(8192)
def clock_on(instant: str, told_at: datetime) -> str:
    """`14:05`, or `3 Nov 14:05` where that is another day than the one it is told on."""
    local, today = datetime.fromisoformat(instant).astimezone(LONDON), told_at.astimezone(LONDON)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}"


def day(at: datetime) -> str:
    """Day in London, for sentences: `3 Nov 2026`."""
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%b %Y}"


@lru_cache(1024)
def duration(length: timedelta) -> str:
    """A length of time for sentences: `45 minutes`, `4 hours`, `1 hour 30 minutes`."""
    minutes = int(length.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    parts = []
    for count, unit in ((hours, "hour"), (rest, "minute")):
        if count == 1:
            parts.append(f"1 {unit}")
        elif count:
            parts.append(f"{count} {unit}s")
    return " ".join(parts) or "0 minutes"
