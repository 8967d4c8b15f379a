"""Named points at which the fault tests kill the process. They do nothing unless the environment is `test`."""

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


class CrashPoints:
    """`reach(name)` kills the process with SIGKILL where the settings name that point."""

    def __init__(self, settings: Settings) -> None:
        self._at = settings.crash_at if settings.environment == "test" else ""

    def reach(self, name: str) -> None:
        """A point of the transaction was reached."""
        if name == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
