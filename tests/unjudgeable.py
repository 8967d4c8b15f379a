"""Crises that cannot be judged: a rule of ours that fails on them, and police logs that it may fail on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.liaison.crisis.facts import Crisis
from services.liaison.finding import Finding
from services.liaison.policy import Policy
from services.liaison.rules import RULES

FEED, SOURCE = "met-cad", "/met/cad"
ASKED_WITHIN = timedelta(minutes=5)
"""R04: so soon after a detention an ambulance is asked for."""


class Fault:
    """A fault in one of our rules, which some police logs bring about while it is not mended."""

    def __init__(self) -> None:
        self.references: set[str] = set()

    def condition(
        self, judged: Callable[[Crisis, Policy], Iterator[Finding]]
    ) -> Callable[[Crisis, Policy], Iterator[Finding]]:
        """The rule's condition, which fails on these."""

        def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
            if self.references & {incident.key[1] for incident in crisis.incidents}:
                raise ZeroDivisionError("Zofia Nowak, born 1985-09-14")
            return judged(crisis, policy)

        return condition

    def mend(self) -> None:
        """It fails on nothing any more."""
        self.references.clear()


def faulty(monkeypatch: pytest.MonkeyPatch, *references: str) -> Fault:
    """Rule R16, which looks at every crisis, fails on those with one of these logs in them."""
    fault = Fault()
    fault.references.update(references)
    whole = RULES["R16"]
    assert whole.condition is not None
    monkeypatch.setitem(RULES, "R16", replace(whole, condition=fault.condition(whole.condition)))
    return fault


def said(event: str, log: str, at: datetime, **data: Any) -> tuple[str, bytes]:
    """One event of a police log, for a feed."""
    body = {
        "specversion": "1.0",
        "id": f"{log}-{event}-{at.isoformat()}",
        "source": SOURCE,
        "type": f"uk.crisisliaison.{event}.v1",
        "time": at.isoformat(),
        "data": {"incident": log, **data},
    }
    return FEED, json.dumps(body).encode()


def detained(log: str, at: datetime, **more: Any) -> list[tuple[str, bytes]]:
    """Somebody is found and detained; no ambulance is asked for."""
    return [
        said("incident.reported", log, at, nature="welfare-concern", channel="999", **more),
        said("resource.on-scene", log, at, resource=f"unit-{log}", kind="police-unit"),
        said("detention.detained", log, at, detention=f"D-{log}", power="s136"),
    ]
