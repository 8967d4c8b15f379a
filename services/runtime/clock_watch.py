"""Whether the machine's clock was set back: until it shows again what it showed before, nothing falls
due when it should, and what is written down seems to come before what it follows."""

from __future__ import annotations

from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=1)
"""A clock that is kept right by small steps may go back by so much."""


class ClockWatch:
    """Is shown the machine's clock again and again."""

    def __init__(self) -> None:
        self._latest: datetime | None = None
        """The latest instant that the clock ever showed."""
        self._behind = timedelta(0)

    def look(self, shown: datetime) -> bool:
        """The clock shows this now. True where that is the first look since it was set back."""
        was_set_back = self.trouble is not None
        if self._latest is None or shown >= self._latest:
            self._latest, self._behind = shown, timedelta(0)
        else:
            self._behind = self._latest - shown
        return self.trouble is not None and not was_set_back

    @property
    def trouble(self) -> str | None:
        """What readiness says."""
        if self._behind <= TOLERANCE:
            return None
        return f"the machine's clock was set back: it is {self._behind.total_seconds():.0f} s behind what it showed"
