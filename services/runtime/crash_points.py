"""Named points at which the fault tests kill the process or make it fail. They do nothing unless
the environment is `test`.
"""

from __future__ import annotations

import os
import signal

from services.runtime.settings import Settings

POINTS = (
    "after-cursor",
    "after-events",
    "after-settle",
    "before-commit",
    "after-commit",
    "relay-before-send",
    "relay-after-send",
)


class InjectedFault(Exception):
    """A bug in our own code, made by a fault test."""


class CrashPoints:
    """`reach(name)` acts where the settings name that point: `after-cursor` kills the process with
    SIGKILL, `raise:after-cursor` raises two times of three."""

    def __init__(self, settings: Settings) -> None:
        kind, _, point = (settings.crash_at if settings.environment == "test" else "").rpartition(
            ":"
        )
        self._raises, self._at, self._times = kind == "raise", point, 0

    def reach(self, name: str) -> None:
        """A point of the transaction was reached."""
        if name != self._at:
            return
        if not self._raises:
            os.kill(os.getpid(), signal.SIGKILL)
        self._times += 1
        if self._times % 3:
            raise InjectedFault(name)
