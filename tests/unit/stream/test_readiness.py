"""A worker is ready while cursors move and rounds end, not while its process runs."""

from __future__ import annotations

import pytest

from services.runtime.settings import Settings
from services.stream.app import DEADLINES_SECONDS, MISSED_LOOKS, STALLED_SECONDS
from services.stream.readiness import STANDS_SECONDS, Lag, lag_after, lag_trouble, round_trouble

PLACE, OTHER = ("feed.met-cad", 0), ("feed.las-cad", 3)
LATE = STANDS_SECONDS + 1
TOLD_WITHIN = 15.0


def looks(*found: tuple[int, int, float]) -> Lag:
    """What looks (cursor, end, instant) make of one partition, one after the other."""
    lag = None
    for cursor, end, instant in found:
        lag = lag_after(lag, PLACE, cursor, end, instant)
    assert lag is not None
    return lag


def test_records_that_wait_before_a_cursor_that_stands_are_told() -> None:
    lag = looks((5, 9, 0.0), (5, 9, 6.0), (5, 12, LATE))
    assert lag_trouble([lag], LATE) == "feed.met-cad[0]: 7 records wait, none applied for 13 s"


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([(5, 9, 0.0), (6, 12, LATE)], id="the cursor moves, however far behind"),
        pytest.param([(9, 9, 0.0), (9, 10, LATE)], id="what came in a moment ago"),
        pytest.param([(9, 9, 0.0), (9, 9, LATE)], id="nothing waits"),
        pytest.param([(5, 9, 0.0), (9, 9, 6.0), (9, 12, LATE)], id="all was applied meanwhile"),
    ],
)
def test_a_log_that_is_read_is_no_trouble(found: list[tuple[int, int, float]]) -> None:
    assert lag_trouble([looks(*found)], LATE) is None


def test_a_log_that_ends_before_the_cursor_is_told_at_once() -> None:
    sentence = "feed.met-cad[0] ends 2 records before what was read of it"
    assert lag_trouble([looks((9, 7, 0.0))], 0.0) == sentence


def test_each_partition_in_trouble_is_named_and_no_other() -> None:
    lags = [looks((9, 7, 0.0)), lag_after(None, OTHER, 0, 4, 0.0), Lag(("feed.x", 0), 3, 0, 0.0)]
    sentence = lag_trouble(lags, LATE)
    assert sentence == (
        "feed.las-cad[3]: 4 records wait, none applied for 13 s;"
        " feed.met-cad[0] ends 2 records before what was read of it"
    )


def test_rounds_that_do_not_end_are_told_with_what_they_failed_with() -> None:
    assert round_trouble("deadlines were not looked at", 5.0, 5.0, "OSError") is None
    assert (
        round_trouble("deadlines were not looked at", 6.0, 5.0, None)
        == "deadlines were not looked at for 6 s"
    )
    assert (
        round_trouble("deadlines were not looked at", 6.0, 5.0, "OSError")
        == "deadlines were not looked at for 6 s: OSError"
    )


def test_all_is_told_within_fifteen_seconds() -> None:
    look = Settings().sweep_seconds
    for seconds in (STALLED_SECONDS, DEADLINES_SECONDS, MISSED_LOOKS * look, STANDS_SECONDS + look):
        assert seconds <= TOLD_WITHIN
