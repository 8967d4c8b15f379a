"""Rows turned into columns, as `unnest` takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """The columns of rows that are so wide; empty ones where there is no row."""
    listed = list(rows)
    return [[row[place] for row in listed] for place in range(width)]
