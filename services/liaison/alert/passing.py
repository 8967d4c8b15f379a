"""What the passing of time does to a standing alert: it sounds again, comes off the shelf, climbs
its ladder.

Nothing here asks what time it is: `alert_due` says when to look, the ledger keeps that instant, any
worker takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from services.liaison.alert.commands import off_the_shelf
from services.liaison.alert.life import LIAISON, disclosure, sound
from services.liaison.alert.record import (
    Addressed,
    Alert,
    AlertChange,
    DeskAlert,
    Disclosed,
    Origin,
    Transition,
    moved,
)
from services.liaison.alert.states import TransitionKind

# After so many re-alarms at one desk the pause doubles each time, up to eight times the first
# [assumption]: it keeps asking, and does not drown what is new.
PATIENT_SOUNDS = 3


def alert_due(alert: Alert) -> datetime | None:
    """The next instant at which this alert needs something; None while it waits for nothing but
    people or events.
    """
    if not alert.stands:
        return None
    instants = [instant for part in alert.desks for instant in _due_at(part)]
    return min(instants, default=None)


def _due_at(part: DeskAlert) -> Iterator[datetime]:
    # what keeps quiet for another alert waits for that one, not for the clock
    is_quiet = part.inhibited_by is not None and part.unanswered
    if part.due_at is not None and not part.ended and not is_quiet:
        yield part.due_at
    if part.next_rung_at is not None:
        yield part.next_rung_at
    if part.dispute == "open" and part.answered_at is not None:
        yield part.answered_at


def pause(part: DeskAlert) -> timedelta:
    """How long until it sounds again."""
    times: int = 2 ** min(3, max(0, part.sounded - PATIENT_SOUNDS))
    return part.ladder.acknowledge_within * times


def pass_time(
    alert: Alert, now: datetime, address: Callable[[str], Addressed | None]
) -> AlertChange | None:
    """Everything that is due at `now`. `address` gives a desk of the ladder its own disclosed view;
    None for a desk that the registry no longer has."""
    due = alert_due(alert)
    if due is None or due > now:
        return None
    passing = _Passing(alert, now, address)
    # first what each desk hears itself, then who is told above: a desk that is told now is not
    # asked for its own patience in the same breath
    for desk in [part.desk for part in alert.desks]:
        passing.sounding(desk)
    for desk in [part.desk for part in alert.desks]:
        passing.climb(desk)
        passing.dispute(desk)
    if not passing.records:
        return None
    return AlertChange(passing.alert, tuple(passing.records), tuple(passing.disclosed))


class _Passing:
    """An alert while what is due is done to it."""

    def __init__(
        self, alert: Alert, now: datetime, address: Callable[[str], Addressed | None]
    ) -> None:
        self.alert, self.now, self._address = alert, now, address
        self.records: list[Transition] = []
        self.disclosed: list[Disclosed] = []

    def _at(self, desk: str) -> DeskAlert:
        part = self.alert.at(desk)
        assert part is not None
        return part

    def _keep(self, part: DeskAlert, transition: Transition) -> None:
        self.alert = self.alert.with_desk(part)
        self.records.append(transition)

    def sounding(self, desk: str) -> None:
        """The end of a shelf, of an acknowledgement, or of the patience with none."""
        part = self._at(desk)
        if part.due_at is None or part.due_at > self.now:
            return
        match part.state:
            case "shelved":
                self._off_the_shelf(part)
            case "acknowledged" | "claimed":
                self._run_out(part)
            case "raised" | "delivered":
                self._sound_again(part)
            case "answered" | "returned" | "cleared" | "closed":
                pass
            case _:
                assert_never(part.state)

    def _off_the_shelf(self, part: DeskAlert) -> None:
        sounding, transition = self._moved(part, "unshelved", "its time on the shelf is over")
        self._keep(off_the_shelf(sounding, self.now), transition)

    def _run_out(self, part: DeskAlert) -> None:
        """Who had it gave no answer: it sounds as if nobody had it, and its ladder begins anew."""
        holder = part.claimed_by or part.acknowledged_by
        since = part.claimed_at or part.acknowledged_at
        reason = f"{holder} has it since {since:%H:%M:%S} UTC and gave no answer"
        sounding, transition = self._moved(part, "sounded-again", reason)
        limit = self.now + part.ladder.acknowledge_within
        sounding = replace(
            sounding,
            acknowledged_at=None,
            acknowledged_by=None,
            claimed_at=None,
            claimed_by=None,
            due_at=limit,
            acknowledge_by=limit,
            sounded=part.sounded + 1,
            ladder_since=self.now,
            ladder_step=0,
        )
        self._keep(sounding, transition)

    def _sound_again(self, part: DeskAlert) -> None:
        # it keeps quiet for a more urgent one, and sounds as new when that is answered
        if part.inhibited_by:
            return
        sounding, transition = self._moved(part, "sounded-again", "nobody has acknowledged it")
        sounding = replace(sounding, sounded=part.sounded + 1)
        self._keep(replace(sounding, due_at=self.now + pause(sounding)), transition)

    def climb(self, desk: str) -> None:
        """Take every rung whose time has come."""
        part = self._at(desk)
        while part.next_rung_at is not None and part.next_rung_at <= self.now:
            rung = part.ladder.rungs[part.ladder_step]
            above = [other for other in rung.desks if other != desk]
            names = ", ".join(above) or "no desk of this level"
            # the rung is recorded also where the registry has nobody on it: that nobody
            # was told is part of the record
            climbed, transition = self._moved(part, "escalated", f"{rung.level}: {names}")
            self._keep(replace(climbed, ladder_step=part.ladder_step + 1), transition)
            for other in above:
                self._tell(other, "escalation", f"not acknowledged at {desk}")
            part = self._at(desk)

    def dispute(self, desk: str) -> None:
        """A desk said no: the supervisors of every agency that has the alert by rule get it."""
        part = self._at(desk)
        if part.dispute != "open":
            return
        self.alert = self.alert.with_desk(replace(part, dispute="told"))
        reason = f"{desk} answered {part.outcome}"
        supervisors: set[str] = set()
        for other in self.alert.desks:
            if other.origin == "rule":
                supervisors |= set(other.ladder.supervisors)
        for supervisor in sorted(supervisors - {desk}):
            self._tell(supervisor, "dispute", reason, again=True)

    def _tell(self, desk: str, origin: Origin, reason: str, again: bool = False) -> None:
        """Give the alert to a desk; `again`: also where the desk has it already."""
        to = self._address(desk)
        if to is None:
            return
        step = self._told(self.alert.at(desk), to, origin, reason, again)
        if step is None:
            return
        self._keep(*step)
        self.disclosed.append(disclosure(to, self.alert.rule))

    def _told(
        self, part: DeskAlert | None, to: Addressed, origin: Origin, reason: str, again: bool
    ) -> tuple[DeskAlert, Transition] | None:
        identity = self.alert.alert_id
        if part is None or part.ended:
            return sound(identity, part, to, "raised", self.now, reason, origin)
        if not again:
            return None
        if part.state == "answered":
            # who has answered is told and not disturbed
            return self._moved(part, "disputed", reason)
        return sound(identity, part, to, "disputed", self.now, reason, part.origin)

    def _moved(
        self, part: DeskAlert, kind: TransitionKind, reason: str
    ) -> tuple[DeskAlert, Transition]:
        return moved(part, kind, self.alert.alert_id, self.now, LIAISON, reason)
