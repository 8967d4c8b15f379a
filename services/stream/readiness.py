"""What keeps a worker from being ready, in words: each is a decision over what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.orchestration.batch import Place

STANDS_SECONDS = 12.0
"""A cursor before which records wait for so long without a move stands still."""


@dataclass(frozen=True, slots=True)
class Lag:
    """The records of one partition that Kafka has and the ledger lacks."""

    place: Place
    cursor: int
    records: int
    """Fewer than none: the log ends before the cursor."""
    since: float
    """When the cursor was first seen there with records before it, in the process's own seconds."""


def lag_after(former: Lag | None, place: Place, cursor: int, end: int, instant: float) -> Lag:
    """The lag as a look finds it."""
    waits = former is not None and former.records > 0 and former.cursor == cursor
    since = former.since if former is not None and waits else instant
    return Lag(place, cursor, end - cursor, since)


def lag_trouble(lags: Iterable[Lag], instant: float) -> str | None:
    """What readiness says of records that nobody applies; None while every cursor moves."""
    sentences = []
    for lag in sorted(lags, key=_place):
        name, waited = f"{lag.place[0]}[{lag.place[1]}]", instant - lag.since
        if lag.records < 0:
            sentences.append(f"{name} ends {-lag.records} records before what was read of it")
        elif lag.records > 0 and waited > STANDS_SECONDS:
            sentences.append(f"{name}: {lag.records} records wait, none applied for {waited:.0f} s")
    return "; ".join(sentences) or None


def _place(lag: Lag) -> Place:
    return lag.place


def round_trouble(what: str, seconds: float, limit: float, failure: str | None) -> str | None:
    """What readiness says of rounds of which none has ended for so long, or failed as this."""
    if seconds <= limit:
        return None
    reason = "" if failure is None else f": {failure}"
    return f"{what} for {seconds:.0f} s{reason}"
