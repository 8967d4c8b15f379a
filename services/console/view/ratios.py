"""Rate ratios with their control limits, as a drawing beside the table that has the same numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.liaison.disproportionality import Cell

WIDTH, ROW, MARGIN, NAMES = 560, 28, 14, 190
# Ratios further out are drawn at the edge: a control limit of a small group has no end.
LEAST, MOST = 1 / 8, 8.0
# Where the axis has its marks: half, equal, twice and four times the rate of everybody else.
MARKS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class RatioDrawn:
    """One group: its ratio as a point between its limits, in units of the drawing."""

    name: str
    y: float
    x: float
    low: float
    high: float
    outside: bool


@dataclass(frozen=True, slots=True)
class RatioChart:
    """All groups of one measure that are compared."""

    rows: tuple[RatioDrawn, ...]
    marks: tuple[tuple[float, str], ...]
    """Where the axis has a mark, and its words."""
    height: int


def ratio_chart(cells: Sequence[Cell]) -> RatioChart | None:
    """None where no group is compared. The axis is logarithmic: half the rate is as far from equal
    as twice it."""
    rows: list[RatioDrawn] = []
    for cell in cells:
        if cell.ratio is None or cell.low is None or cell.high is None:
            continue
        y = MARGIN + ROW * (len(rows) + 0.5)
        rows.append(
            RatioDrawn(cell.name, y, _x(cell.ratio), _x(cell.low), _x(cell.high), cell.outside)
        )
    if not rows:
        return None
    marks = tuple((_x(mark), f"{mark:g}") for mark in MARKS)
    return RatioChart(tuple(rows), marks, 2 * MARGIN + ROW * len(rows) + ROW)


def _x(ratio: float) -> float:
    within = min(max(ratio, LEAST), MOST)
    share = (math.log(within) - math.log(LEAST)) / (math.log(MOST) - math.log(LEAST))
    return round(NAMES + share * (WIDTH - NAMES - MARGIN), 1)
