"""Pauses of the garbage collector, kept out of the way of an alert."""

from __future__ import annotations

import gc

YOUNG = 20_000
"""New objects before the youngest are looked at; Python's own 700 would do so many times in one
batch.
"""


def keep_what_started() -> None:
    """Never again look at what a service holds once it has started: modules, schemas, the registry,
    tables of names.

    A full collection looks at every object that lives: 0.1 to 0.2 s at some 200,000 of them, in
    which no alert is raised. What starts does not become garbage. What comes later (caches of
    decoded events, folds) is still looked at.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
