"""The day and the clock of London."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from schemas.london_time import clock, full_years


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "00:30"),
        (datetime(2026, 12, 1, 23, 30, tzinfo=UTC), "23:30"),
    ],
)
def test_the_clock_is_londons_in_summer_and_winter(at: datetime, words: str) -> None:
    assert clock(at) == words


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2008, 11, 28), date(2026, 11, 27), 17),
        (date(2008, 11, 28), date(2026, 11, 28), 18),
        # there is no 29 February in 2026: a leap-day child counts as a child one day longer
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_a_year_is_full_on_the_birthday(born: date, on: date, years: int) -> None:
    assert full_years(born, on) == years
