"""A feed is stopped when so much of it is rejected that it is more likely that we are broken than that they are."""

from __future__ import annotations

import pytest

from services.stream.poison import PoisonLimit


def reasons(limit: PoisonLimit, outcomes: str) -> list[str | None]:
    """What is said after each outcome: `.` accepted, `x` rejected."""
    return [limit.note(outcome == ".") for outcome in outcomes]


def test_twenty_rejected_in_a_row_stop_the_feed_and_nineteen_do_not() -> None:
    sentences = reasons(PoisonLimit(20, 0.5, 100), "x" * 20)
    assert sentences == [None] * 19 + ["20 rejected in a row"]


def test_one_accepted_begins_the_row_anew() -> None:
    assert not any(reasons(PoisonLimit(3, 1.0, 100), "xx.xx.xx."))
    assert reasons(PoisonLimit(3, 1.0, 100), "xx.xxx")[-1] == "3 rejected in a row"


def test_more_than_half_of_the_last_ones_stop_the_feed_and_half_does_not() -> None:
    assert not any(reasons(PoisonLimit(100, 0.5, 10), "x." * 20))
    assert reasons(PoisonLimit(100, 0.5, 10), "x." * 4 + "xx")[-1] == "6 of the last 10 rejected"


def test_a_share_is_not_taken_of_a_few() -> None:
    assert not any(reasons(PoisonLimit(100, 0.5, 10), "xxxxxxxxx"))


def test_what_is_long_ago_counts_no_more() -> None:
    limit = PoisonLimit(100, 0.5, 10)
    assert not any(reasons(limit, "xxxxx" + "." * 20))
    assert not any(reasons(limit, "xxxxx"))


def test_each_feed_is_watched_by_itself() -> None:
    bad, good = PoisonLimit(3, 0.5, 10), PoisonLimit(3, 0.5, 10)
    assert reasons(bad, "xxx")[-1]
    assert not any(reasons(good, "..."))


@pytest.mark.parametrize("outcomes", ["", ".", "." * 500])
def test_a_feed_of_good_events_is_never_stopped(outcomes: str) -> None:
    assert not any(reasons(PoisonLimit(1, 0.01, 10), outcomes))
