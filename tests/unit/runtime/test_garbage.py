"""What a service started with is not looked at again by the garbage collector."""

from __future__ import annotations

import subprocess
import sys

SAYS = """
import gc
from services.runtime.garbage import keep_what_started
held = [[] for _ in range(50_000)]
{act}
looked_at = []
gc.callbacks.append(lambda phase, info: looked_at.append(len(gc.get_objects())) if phase == "start" else None)
cycle = []
cycle.append(cycle)
del cycle
print(gc.collect() >= 1, looked_at[0] < 5_000)
"""


def told(act: str) -> str:
    """In a process of its own: the collector is the whole process's."""
    done = subprocess.run(
        [sys.executable, "-c", SAYS.format(act=act)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.strip()


def test_what_came_before_is_not_looked_at_and_new_garbage_is_still_found() -> None:
    assert told("keep_what_started()") == "True True"


def test_without_it_everything_is_looked_at() -> None:
    assert told("") == "True False"
