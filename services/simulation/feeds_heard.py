"""When each feed of a scenario is heard although it has nothing to say, worked out instead of
played one by one.

A sign of life comes every 15 seconds unless the scenario has the feed silent. It is on time, unless
the scenario tells heartbeats of the feed itself: until the last of these only they say how late it
is. Of the thousands in a long scenario only the last before something happens matters, and the
instants at which a feed falls silent or is heard again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.registry import Registry
from schemas.scenario import Scenario
from services.liaison.time.spans import FOREVER

HEARTBEAT = timedelta(seconds=15)


class Listening:
    """The signs of life of one scenario."""

    def __init__(self, scenario: Scenario, registry: Registry) -> None:
        self._start, self._end = scenario.start, scenario.instant(scenario.until)
        self.feeds = sorted({*scenario.feeds(), *(s.feed for s in scenario.silences)})
        self._silences: dict[str, list[tuple[datetime, datetime | None]]] = {
            feed: [] for feed in self.feeds
        }
        for silence in scenario.silences:
            until = None
            if silence.until is not None:
                until = scenario.instant(silence.until)
            self._silences[silence.feed].append((scenario.instant(silence.since), until))
        for silences in self._silences.values():
            silences.sort(key=lambda silence: (silence[0], silence[1] or FOREVER))
        beats: dict[str, list[datetime]] = {}
        for statement in scenario.events:
            if statement.type == "feed.heartbeat":
                beats.setdefault(statement.feed, []).append(
                    scenario.instant(statement.arrives or statement.at)
                )
        self._last_told = {feed: max(instants) for feed, instants in beats.items()}
        """When the last heartbeat arrives that the scenario tells: until then those that it does
        not tell say nothing of the time."""
        self._silent_after = {
            feed: timedelta(seconds=registry.feeds_by_id[feed][1].silent_after_seconds)
            for feed in self.feeds
        }

    def last_sign(self, feed: str, at: datetime) -> datetime | None:
        """The last sign of life at or before the instant; None before the first."""
        sign = min(at, self._end)
        while sign >= self._start:
            sign = self._start + (sign - self._start) // HEARTBEAT * HEARTBEAT
            covering = self._covering(feed, sign)
            if not covering:
                return sign
            sign = min(s[0] for s in covering) - timedelta(microseconds=1)
        return None

    def assured(self, feed: str, at: datetime) -> datetime | None:
        """The last sign of life of the stretch in which the feed is heard at the instant, although
        it lies ahead: what is known then need not be looked at again each minute. The last one
        there was where the feed is silent; None before the first."""
        last = self.last_sign(feed, at)
        if last is None or at - last >= HEARTBEAT:
            return last
        silent_from = min(
            (since for since, _ in self._silences[feed] if since > at), default=self._end
        )
        until = self._end
        if silent_from < until:
            until = silent_from - timedelta(microseconds=1)
        return self.last_sign(feed, until)

    def _first_sign(self, feed: str, at: datetime) -> datetime | None:
        """The first sign of life at or after the instant."""
        sign = max(at, self._start)
        while sign <= self._end:
            sign = self._start - (self._start - sign) // HEARTBEAT * HEARTBEAT
            covering = self._covering(feed, sign)
            if not covering:
                break
            sign = max(end or FOREVER for _, end in covering)
        if sign <= self._end:
            return sign
        return None

    def _covering(self, feed: str, at: datetime) -> list[tuple[datetime, datetime | None]]:
        """The silences that the instant lies in."""
        return [
            (since, until)
            for since, until in self._silences[feed]
            if since <= at < (until or FOREVER)
        ]

    def on_time(self, feed: str, since: datetime, until: datetime) -> datetime | None:
        """The first sign of life after an instant that says that the feed is on time; None where
        none comes until then.
        """
        if feed not in self._silences:
            return None
        since_told = max(since, self._last_told.get(feed, since))
        sign = self._first_sign(feed, since_told + timedelta(microseconds=1))
        if sign is not None and sign <= until:
            return sign
        return None

    def turns(self) -> tuple[datetime, ...]:
        """Every instant at which a feed will seem silent, or is heard again after a silence, in
        order.
        """
        instants: set[datetime] = set()
        for feed, silences in self._silences.items():
            for since, until in silences:
                before = self.last_sign(feed, since - timedelta(microseconds=1)) or self._start
                instants.add(before + self._silent_after[feed])
                if until is not None and (again := self._first_sign(feed, until)) is not None:
                    instants.add(again)
        return tuple(sorted(at for at in instants if at <= self._end))
