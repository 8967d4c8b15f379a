"""What is recorded of an alert: itself, each desk's part, every transition and every disclosure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from schemas.registry import Level
from services.liaison.alert.states import (
    ENDED,
    NEW_ALARM,
    UNACKNOWLEDGED,
    State,
    TransitionKind,
    after,
)

_NAMESPACE = uuid.UUID("0f5c2f0e-6a57-5a6e-8a0e-0c8f4b7f2d11")

# Why a desk has the alert: the rule names it, a desk below it did not answer, or a desk said no.
Origin = Literal["rule", "escalation", "dispute"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an escalation: after so long without an acknowledgement these desks get the alert
    too.
    """

    level: Level
    after: timedelta
    desks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """The times and desks of one desk's part, as the policy had them when it was raised: an edit
    changes none running.

    `acknowledge_within` is the limit to acknowledge; `lasts` how long an acknowledgement or a claim
    is believed.
    """

    policy: int
    acknowledge_within: timedelta
    lasts: timedelta
    rungs: tuple[Rung, ...] = ()
    supervisors: tuple[str, ...] = ()
    """Who decides a dispute for this desk's agency."""

    def as_json(self) -> dict[str, Any]:
        """In JSON values; times in seconds."""
        return {
            "policy": self.policy,
            "acknowledge_within": self.acknowledge_within.total_seconds(),
            "lasts": self.lasts.total_seconds(),
            "rungs": [
                {
                    "level": rung.level,
                    "after": rung.after.total_seconds(),
                    "desks": list(rung.desks),
                }
                for rung in self.rungs
            ],
            "supervisors": list(self.supervisors),
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Ladder:
        """The snapshot as it was recorded. KeyError where it is none."""
        return cls(
            value["policy"],
            timedelta(seconds=value["acknowledge_within"]),
            timedelta(seconds=value["lasts"]),
            tuple(
                Rung(rung["level"], timedelta(seconds=rung["after"]), tuple(rung["desks"]))
                for rung in value["rungs"]
            ),
            tuple(value["supervisors"]),
        )


@dataclass(frozen=True, slots=True)
class DeskAlert:
    """One desk's part in an alert."""

    desk: str
    state: State
    view: Mapping[str, Any]
    """What this desk may see, after disclosure."""
    acknowledge_by: datetime
    ladder: Ladder
    origin: Origin = "rule"
    delivered_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    outcome: str | None = None
    """accepted, declined or not-ours."""
    outcome_reason: str | None = None
    shelved_until: datetime | None = None
    shelved_reason: str | None = None
    cleared_at: datetime | None = None
    closed_at: datetime | None = None
    inhibited_by: str | None = None
    """The more urgent alert of the same crisis at this desk for which this one keeps quiet."""
    due_at: datetime | None = None
    """When it sounds again: the limit to acknowledge, the end of an acknowledgement, a claim or a
    shelf.
    """
    sounded: int = 0
    """Re-alarms since it was raised or worsened."""
    presented: int = 0
    """How often it was a new alarm to the desk: raised, worsened, or back from a shelf. A
    repetition is none.
    """
    ladder_since: datetime | None = None
    """From when the rungs count."""
    ladder_step: int = 0
    """Rungs taken."""
    dispute: Literal["open", "told"] | None = None
    """open: this desk said no and the supervisors are still to be told."""

    @property
    def unanswered(self) -> bool:
        """Whether it stands here and nobody at the desk has acknowledged it."""
        return self.state in UNACKNOWLEDGED

    @property
    def waits_to_be_seen(self) -> bool:
        """Whether nobody at the desk has seen it, whether it stands or has ended."""
        return self.unanswered or self.state == "returned"

    @property
    def ended(self) -> bool:
        """Whether its condition has ended for this desk."""
        return self.state in ENDED

    @property
    def next_rung_at(self) -> datetime | None:
        """When the next rung is due; None while it does not climb."""
        if not self.unanswered or self.inhibited_by or self.ladder_since is None:
            return None
        if self.ladder_step >= len(self.ladder.rungs):
            return None
        return self.ladder_since + self.ladder.rungs[self.ladder_step].after


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that holds for a crisis (or a feed), addressed to desks, living until it is answered."""

    alert_id: str
    key: str
    rule: str
    rule_version: int
    zone: str
    area: str | None
    crisis_id: str | None
    feed: str | None
    urgency: int
    holds_since: datetime
    raised_at: datetime
    cleared_at: datetime | None
    clear_reason: str | None
    detail: Mapping[str, Any]
    desks: tuple[DeskAlert, ...]

    @property
    def stands(self) -> bool:
        """Whether its condition holds."""
        return self.cleared_at is None

    def at(self, desk: str) -> DeskAlert | None:
        """The desk's part."""
        return next((part for part in self.desks if part.desk == desk), None)

    def with_desk(self, new: DeskAlert) -> Alert:
        """With one desk's part replaced or added, in order of desk."""
        parts = {part.desk: part for part in self.desks} | {new.desk: new}
        return replace(self, desks=tuple(parts[desk] for desk in sorted(parts)))


@dataclass(frozen=True, slots=True)
class Transition:
    """One immutable record: what happened to the alert at a desk, when, by whom, why."""

    alert_id: str
    desk: str
    kind: TransitionKind
    at: datetime
    actor: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a desk was shown for a purpose; logged in the same transaction."""

    desk: str
    agency: str
    purpose: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert as it is now, and what changed."""

    alert: Alert
    transitions: tuple[Transition, ...]
    disclosed: tuple[Disclosed, ...] = ()

    def new_alarms(self) -> Iterator[Transition]:
        """Those of its transitions that are a new alarm to their desk."""
        for transition in self.transitions:
            part = self.alert.at(transition.desk)
            only_told = (
                transition.kind == "disputed" and part is not None and part.state == "answered"
            )
            if transition.kind in NEW_ALARM and not only_told:
                yield transition

    def then(self, following: AlertChange | None) -> AlertChange:
        """This change and one that was made of its alert."""
        if following is None:
            return self
        return AlertChange(
            following.alert,
            self.transitions + following.transitions,
            self.disclosed + following.disclosed,
        )


@dataclass(frozen=True, slots=True)
class Addressed:
    """A desk that a finding is for, with what it may see and the times that bind it."""

    desk: str
    agency: str
    view: Mapping[str, Any]
    items: tuple[str, ...]
    ladder: Ladder


# a finding that stands is looked up under its id with every event of its crisis
@lru_cache(8192)
def alert_id(key: str) -> str:
    """The id of the alert with this key: the same on every machine and in every replay."""
    return str(uuid.uuid5(_NAMESPACE, key))


def moved(
    part: DeskAlert,
    kind: TransitionKind,
    alert: str,
    at: datetime,
    actor: str,
    reason: str | None = None,
) -> tuple[DeskAlert, Transition]:
    """The desk's part after a transition of the table, and its record. Raises TransitionNotAllowed."""
    record = Transition(alert, part.desk, kind, at, actor, reason)
    return replace(part, state=after(kind, part.state)), record
