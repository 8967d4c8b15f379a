"""Stretches of time in which something is true, and the algebra that rules are written in.

A `Spans` is a sorted tuple of half-open stretches [from, until) that neither touch nor overlap. An
open end is `FOREVER`. Half-open on purpose: what happens at the very instant of a limit is in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

Spans = tuple[tuple[datetime, datetime], ...]

FOREVER = datetime.max.replace(tzinfo=UTC)
NEVER: Spans = ()


def spans(stretches: Iterable[tuple[datetime, datetime]]) -> Spans:
    """Any stretches, put in order and joined where they touch; empty ones are dropped."""
    ordered = sorted(stretches)
    # the rules ask with every event, and mostly of one stretch or of none
    if not ordered:
        return NEVER
    if len(ordered) == 1 and ordered[0][0] < ordered[0][1]:
        return (ordered[0],)
    joined: list[tuple[datetime, datetime]] = []
    for start, end in ordered:
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
    if instant is None:
        return NEVER
    return ((instant, FOREVER),)


def either(*several: Spans) -> Spans:
    """Where at least one holds."""
    filled = [stretches for stretches in several if stretches]
    if len(filled) < 2:
        if filled:
            return filled[0]
        return NEVER
    return spans(stretch for stretches in filled for stretch in stretches)


def both(left: Spans, right: Spans) -> Spans:
    """Where both hold."""
    shared: list[tuple[datetime, datetime]] = []
    at_left = at_right = 0
    while at_left < len(left) and at_right < len(right):
        start = max(left[at_left][0], right[at_right][0])
        end = min(left[at_left][1], right[at_right][1])
        if start < end:
            shared.append((start, end))
        if left[at_left][1] <= right[at_right][1]:
            at_left += 1
        else:
            at_right += 1
    return tuple(shared)


def without(left: Spans, *gaps: Spans) -> Spans:
    """Where the first holds and none of the others."""
    remaining = left
    for removed in gaps:
        if not remaining:
            return NEVER
        if removed:
            remaining = _minus(remaining, removed)
    return remaining


def _minus(left: Spans, gaps: Spans) -> Spans:
    remaining: list[tuple[datetime, datetime]] = []
    for begin, end in left:
        start = begin
        for gap_start, gap_end in gaps:
            if gap_end <= start:
                continue
            if gap_start >= end:
                break
            if gap_start > start:
                remaining.append((start, gap_start))
            start = gap_end
            if start >= end:
                break
        if start < end:
            remaining.append((start, end))
    return tuple(remaining)


def held_for(left: Spans, length: timedelta) -> Spans:
    """Where it has held without a break for that long."""
    return tuple((start + length, end) for start, end in left if end - start > length)


def open_end(end: datetime) -> datetime | None:
    """An end as a finding says it: None where it is open."""
    if end >= FOREVER:
        return None
    return end
