"""A ratio is drawn where its number says, between its limits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from services.console.view.ratios import MARGIN, NAMES, WIDTH, ratio_chart
from services.liaison.disproportionality import Cell


def cell(ratio: float | None, low: float | None = 0.5, high: float | None = 2.0) -> Cell:
    return Cell("black", "Black or Black British", 20, 40, ratio, low, high, False)


def test_a_group_that_is_not_compared_is_not_drawn() -> None:
    assert ratio_chart([cell(None, None, None)]) is None
    chart = ratio_chart([cell(None, None, None), cell(1.0)])
    assert chart is not None
    assert len(chart.rows) == 1


def test_half_the_rate_is_as_far_from_equal_as_twice_it() -> None:
    chart = ratio_chart([cell(0.5), cell(1.0), cell(2.0)])
    assert chart is not None
    half, equal, double = (row.x for row in chart.rows)
    assert equal - half == pytest.approx(double - equal, abs=0.2)
    assert {words: x for x, words in chart.marks}["1"] == equal


def test_what_is_far_out_is_drawn_at_the_edge_and_never_over_the_names() -> None:
    chart = ratio_chart([cell(0.0, 0.0, 99.0), cell(50.0, 0.01, 400.0)])
    assert chart is not None
    for row in chart.rows:
        for x in (row.x, row.low, row.high):
            assert NAMES <= x <= WIDTH - MARGIN


def test_no_two_groups_are_drawn_on_one_line() -> None:
    chart = ratio_chart([cell(1.0), cell(2.0), cell(3.0)])
    assert chart is not None
    assert all(below.y - above.y >= 20 for above, below in pairwise(chart.rows))
    assert chart.rows[-1].y < chart.height - 22
