"""What a rule is: reviewed metadata and one pure function over an episode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.liaison.facts import Episode
from services.liaison.finding import DeskRole, Finding
from services.liaison.policy import Policy

_LONDON = ZoneInfo("Europe/London")

Condition = Callable[[Episode, Policy], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue."""

    id: str
    version: int
    title: str
    because: str
    """The evidence it rests on, with its certainty: verified, secondary, from memory, or an assumption."""
    recipients: tuple[DeskRole, ...]
    urgency: int
    next_step: str
    owner: str
    effective_from: str
    condition: Condition | None
    """None for a rule that is not over an episode (R30)."""


def clock(at: datetime) -> str:
    """24-hour clock in London, for sentences."""
    return at.astimezone(_LONDON).strftime("%H:%M")
