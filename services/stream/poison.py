"""When so much of a feed is rejected that it is more likely that we are broken than that they are."""

from __future__ import annotations

from collections import deque


class PoisonLimit:
    """Watches one feed: too many rejected in a row, or too large a share of the last ones.

    Putting a whole feed into quarantine because of our own faulty release would lose its alerts
    silently; a stopped feed announces itself (rule R30) and nothing of it is passed over.
    """

    def __init__(self, consecutive: int, ratio: float, window: int) -> None:
        self._consecutive, self._ratio = consecutive, ratio
        self._last: deque[bool] = deque(maxlen=window)
        self._in_a_row = 0

    def note(self, good: bool) -> str | None:
        """Take one outcome; gives the reason to stop, or None."""
        self._last.append(good)
        self._in_a_row = 0 if good else self._in_a_row + 1
        if self._in_a_row >= self._consecutive:
            return f"{self._in_a_row} rejected in a row"
        bad = self._last.count(False)
        if len(self._last) == self._last.maxlen and bad > self._ratio * len(self._last):
            return f"{bad} of the last {len(self._last)} rejected"
        return None
