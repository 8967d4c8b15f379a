"""The day and the clock of the zone: what a desk reads, and on which day somebody has a birthday."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


@lru_cache(8192)
def clock(at: datetime) -> str:
    """24-hour clock in London, e.g. 14:24."""
    return f"{at.astimezone(LONDON):%H:%M}"


def full_years(born: date, on: date) -> int:
    """Age in whole years on a day. Who was born on 29 February has the birthday on 1 March where the
    year has no such day [assumption]: a child is taken for one rather a day too long.
    """
    # a birthday still to come this year takes one year off
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
