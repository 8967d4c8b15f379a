"""How long a test waits for what must come. It measures nothing: it only keeps a test that never ends from hanging.

A machine at a tenth of the speed must pass, so a test waits for what happens, never for a time to pass, and says nothing
of how long something took. Times are measured in tests/benchmarks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

SECONDS = 300.0
MILLISECONDS = SECONDS * 1000


class NeverCame(AssertionError):
    """What must come did not."""


async def until(condition: Callable[[], Awaitable[object]], what: str) -> None:
    """Wait until the condition holds. Raises NeverCame, saying what did not come."""
    give_up = time.monotonic() + SECONDS
    while not await condition():
        if time.monotonic() > give_up:
            raise NeverCame(what)
        await asyncio.sleep(0.02)
