"""What systems write where nothing is known. It has the form of a number or of a date and is
evidence of nothing.
"""

from __future__ import annotations

# (year, month, day): the first days of calendars and of computers' clocks. Of another 1 January
# the year is evidence.
PLACEHOLDER_DAYS = frozenset({(1, 1, 1), (1900, 1, 1), (1970, 1, 1)})
_ASCENDING = "01234567890123456789"


def is_placeholder_day(year: int, month: int, day: int) -> bool:
    """Also of somebody who was born on one: nobody can tell."""
    return (year, month, day) in PLACEHOLDER_DAYS


def is_placeholder_number(digits: str) -> bool:
    """One figure throughout, or figures that count up or down. Some of them pass the modulus 11
    check.
    """
    if len(set(digits)) == 1:
        return True
    return digits in _ASCENDING or digits[::-1] in _ASCENDING
