"""Working days of England, in London's calendar: Monday to Friday, less bank holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import holidays

from schemas.london_time import LONDON

_BANK_HOLIDAYS = holidays.country_holidays("GB", subdiv="ENG")


def is_working_day(day: date) -> bool:
    """Whether the day is one."""
    return day.weekday() < 5 and day not in _BANK_HOLIDAYS


def end_of_working_day(after: datetime, days: int) -> datetime:
    """The end of the last of so many working days that follow the day of `after`, in UTC. The day
    itself is not counted.

    Raises ValueError for less than one day.
    """
    if days < 1:
        raise ValueError(f"{days} working days are none; ask for one or more")
    day = after.astimezone(LONDON).date()
    left = days
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day)
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=LONDON)
    return midnight.astimezone(UTC)
