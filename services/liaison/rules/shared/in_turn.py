"""Things in order, each with the one that follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def in_turn(items: Sequence[Item]) -> Iterator[tuple[Item, Item | None]]:
    """Each item and the next one; None after the last."""
    return zip(items, (*items[1:], None), strict=False)
