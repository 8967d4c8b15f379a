"""Working days: weekends, bank holidays, and the hour that a London day may be longer or shorter."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.liaison.time.working_days import end_of_working_day, is_working_day


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 28), False),
        (date(2026, 12, 25), False),
        (date(2026, 12, 28), False),  # Boxing Day falls on a Saturday
        (date(2026, 4, 6), False),  # Easter Monday is a bank holiday in England
        (date(2026, 8, 31), False),
        (date(2026, 11, 30), True),  # St Andrew's Day is one in Scotland alone
    ],
)
def test_a_working_day(day: date, works: bool) -> None:
    assert is_working_day(day) is works


@pytest.mark.parametrize(
    ("after", "days", "end"),
    [
        (datetime(2026, 11, 23, 9, tzinfo=UTC), 5, datetime(2026, 12, 1, tzinfo=UTC)),
        (datetime(2026, 11, 27, 9, tzinfo=UTC), 1, datetime(2026, 12, 1, tzinfo=UTC)),
        (datetime(2026, 12, 23, 9, tzinfo=UTC), 2, datetime(2026, 12, 30, tzinfo=UTC)),
        # 00:30 of Tuesday in London is still Monday in UTC
        (datetime(2026, 6, 1, 23, 30, tzinfo=UTC), 1, datetime(2026, 6, 3, 23, tzinfo=UTC)),
        # over the night in which the clocks go back
        (datetime(2026, 10, 23, 9, tzinfo=UTC), 1, datetime(2026, 10, 27, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_working_day_is_londons_midnight(
    after: datetime, days: int, end: datetime
) -> None:
    assert end_of_working_day(after, days) == end


def test_no_days_are_refused() -> None:
    with pytest.raises(ValueError, match="one or more"):
        end_of_working_day(datetime(2026, 11, 23, tzinfo=UTC), 0)
