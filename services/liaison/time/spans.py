"""Stretches of time in which something is true, and the algebra that rules are written in.

A `Spans` is a sorted tuple of half-open stretches [from, until) that neither touch nor overlap. An open end is `FOREVER`.
Half-open on purpose: what happens at the very instant of a limit is in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

Spans = tuple[tuple[datetime, datetime], ...]

FOREVER = datetime.max.replace(tzinfo=UTC)
NEVER: Spans = ()


def spans(stretches: Iterable[tuple[datetime, datetime]]) -> Spans:
    """Any stretches, put in order and joined where they touch; empty ones are dropped."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(stretches):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def since(instant: datetime | None) -> Spans:
    """From the instant on; never where there is none."""
    return NEVER if instant is None else ((instant, FOREVER),)


def either(*several: Spans) -> Spans:
    """Where at least one holds."""
    filled = [each for each in several if each]
    if len(filled) < 2:
        return filled[0] if filled else NEVER
    return spans(stretch for each in filled for stretch in each)


def both(left: Spans, right: Spans) -> Spans:
    """Where both hold."""
    found: list[tuple[datetime, datetime]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def without(left: Spans, *others: Spans) -> Spans:
    """Where the first holds and none of the others."""
    kept = left
    for taken in others:
        if not kept:
            return NEVER
        if taken:
            kept = _minus(kept, taken)
    return kept


def _minus(left: Spans, taken: Spans) -> Spans:
    found: list[tuple[datetime, datetime]] = []
    for begin, end in left:
        start = begin
        for gap_start, gap_end in taken:
            if gap_end <= start:
                continue
            if gap_start >= end:
                break
            if gap_start > start:
                found.append((start, gap_start))
            start = gap_end
            if start >= end:
                break
        if start < end:
            found.append((start, end))
    return tuple(found)


def held_for(left: Spans, length: timedelta) -> Spans:
    """Where it has held without a break for that long."""
    return tuple((start + length, end) for start, end in left if end - start > length)


def open_end(end: datetime) -> datetime | None:
    """An end as a finding says it: None where it is open."""
    return None if end >= FOREVER else end
