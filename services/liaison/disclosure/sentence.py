"""How the sentences of a view are put together: instants in London, several as one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def together(label: str, sentences: Collection[str]) -> dict[str, str]:
    """A label with all its sentences; nothing where there is none."""
    if sentences:
        return {label: "; ".join(sentences)}
    return {}


def once(words: Iterable[str | None]) -> tuple[str, ...]:
    """Each once, in their order, without what is empty."""
    return tuple(dict.fromkeys(word for word in words if word))


@lru_cache(8192)
def clock(at: datetime) -> str:
    """24-hour clock in London."""
    return f"{at.astimezone(LONDON):%H:%M}"
