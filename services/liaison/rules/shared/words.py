"""Instants and lengths of time as a sentence says them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_LONDON = ZoneInfo("Europe/London")


@lru_cache(8192)
def clock(at: datetime) -> str:
    """24-hour clock in London, for sentences."""
    return at.astimezone(_LONDON).strftime("%H:%M")


def day(at: datetime) -> str:
    """Day in London, for sentences: `3 Nov 2026`."""
    local = at.astimezone(_LONDON)
    return f"{local.day} {local:%b %Y}"


@lru_cache(1024)
def duration(length: timedelta) -> str:
    """A length of time for sentences: `45 minutes`, `4 hours`, `1 hour 30 minutes`."""
    minutes = int(length.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    parts = [
        f"{count} {unit}{'' if count == 1 else 's'}"
        for count, unit in ((hours, "hour"), (rest, "minute"))
        if count
    ]
    return " ".join(parts) or "0 minutes"
