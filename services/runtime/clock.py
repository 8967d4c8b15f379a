"""The clock is an argument. These are the clocks that shells hand to the core."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from services.runtime.errors import SettingsError

TOLERANCE = timedelta(seconds=1)
"""A clock that is kept right by small steps may go back by so much."""


class Clock(Protocol):
    """Tells what time it is, in UTC."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ScaledClock:
    """A clock for the demonstration: starts at `origin` when the machine's clock shows `anchor`,
    and runs faster.
    """

    def __init__(self, origin: datetime, speed: float, anchor: datetime) -> None:
        self._origin, self._speed, self._anchor = origin, speed, anchor

    def now(self) -> datetime:
        return self._origin + (datetime.now(UTC) - self._anchor) * self._speed


class StartedClock:
    """A scaled clock that stands at `origin` until somebody writes into a file when it starts, so
    that a story does not begin before a slow machine is ready for it."""

    def __init__(self, origin: datetime, speed: float, start: Path) -> None:
        self._origin, self._speed, self._start = origin, speed, start
        self._running: ScaledClock | None = None

    def now(self) -> datetime:
        if self._running is None:
            text = ""
            if self._start.exists():
                text = self._start.read_text().strip()
            if not text:
                return self._origin
            self._running = ScaledClock(self._origin, self._speed, datetime.fromisoformat(text))
        # before the instant that the file names it stands too
        return max(self._origin, self._running.now())


class ManualClock:
    """A clock that only moves when it is told to."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self._now += by

    def set(self, instant: datetime) -> None:
        """Move to an instant."""
        self._now = instant


class SteeredClock:
    """A clock whose instant a test writes into a file, so that another process's time can be
    steered.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: datetime | None = None

    def now(self) -> datetime:
        text = self._path.read_text().strip()
        if text:
            self._last = datetime.fromisoformat(text).astimezone(UTC)
        if self._last is None:
            raise SettingsError(f"the clock file {self._path.name} holds no instant")
        return self._last


def clock_from(setting: str) -> Clock:
    """`system`, `scaled|<origin>|<speed>|<anchor>`, `started|<origin>|<speed>|<path>` or
    `file|<path>`. Raises SettingsError."""
    kind, *rest = setting.split("|")
    try:
        if kind == "system" and not rest:
            return SystemClock()
        if kind == "scaled":
            origin, speed, anchor = rest
            return ScaledClock(
                datetime.fromisoformat(origin), float(speed), datetime.fromisoformat(anchor)
            )
        if kind == "started":
            origin, speed, path = rest
            return StartedClock(datetime.fromisoformat(origin), float(speed), Path(path))
        if kind == "file":
            return SteeredClock(Path(rest[0]))
    except (ValueError, IndexError) as error:
        raise SettingsError(f"LIAISON_CLOCK {setting!r} cannot be read: {error}") from error
    raise SettingsError(
        f"LIAISON_CLOCK {setting!r} is none of system, scaled|origin|speed|anchor, started|origin|speed|path, "
        "file|path"
    )


class ClockWatch:
    """Is shown the machine's clock again and again, and tells whether it was set back: until it
    shows again what it showed before, nothing falls due when it should, and what is written down
    seems to come before what it follows."""

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
