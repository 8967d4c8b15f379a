"""What the passing of time does to a standing alert: it sounds again, comes off the shelf, climbs its ladder.

Nothing here asks what time it is: `alert_due` says when to look, the ledger keeps that instant, any worker takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from services.liaison.alert.commands import off_the_shelf
from services.liaison.alert.life import LIAISON, sound
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
from services.liaison.alert.states import HELD
from services.liaison.catalogue import CATALOGUE

PATIENT_SOUNDS = 3
"""After so many re-alarms at one desk the pause doubles each time, up to eight times the first [assumption]: it keeps
asking, and does not drown what is new."""


def alert_due(alert: Alert) -> datetime | None:
    """The next instant at which this alert needs something; None while it waits for nothing but people or events."""
    if not alert.stands:
        return None
    found: list[datetime] = []
    for mine in alert.desks:
        quiet = mine.inhibited_by is not None and mine.unanswered
        if mine.due_at is not None and not mine.ended and not quiet:
            found.append(mine.due_at)
        if (rung := mine.next_rung_at) is not None:
            found.append(rung)
        if mine.dispute == "open" and mine.answered_at is not None:
            found.append(mine.answered_at)
    return min(found, default=None)


def pause(mine: DeskAlert) -> timedelta:
    """How long until it sounds again."""
    times: int = 2 ** min(3, max(0, mine.sounded - PATIENT_SOUNDS))
    return mine.ladder.acknowledge_within * times


def pass_time(
    alert: Alert, now: datetime, address: Callable[[str], Addressed | None]
) -> AlertChange | None:
    """Everything that is due at `now`. `address` gives a desk of the ladder its own disclosed view; None for a desk
    that the registry no longer has."""
    due = alert_due(alert)
    if due is None or due > now:
        return None
    passing = _Passing(alert, now, address)
    for desk in [d.desk for d in alert.desks]:
        passing.sounding(desk)
    for desk in [d.desk for d in alert.desks]:
        passing.climb(desk)
        passing.dispute(desk)
    if not passing.said:
        return None
    return AlertChange(passing.alert, tuple(passing.said), tuple(passing.shown))


class _Passing:
    """An alert while what is due is done to it."""

    def __init__(
        self, alert: Alert, now: datetime, address: Callable[[str], Addressed | None]
    ) -> None:
        self.alert, self.now, self._address = alert, now, address
        self.said: list[Transition] = []
        self.shown: list[Disclosed] = []

    def _at(self, desk: str) -> DeskAlert:
        found = self.alert.at(desk)
        assert found is not None
        return found

    def _keep(self, mine: DeskAlert, said: Transition) -> None:
        self.alert = self.alert.with_desk(mine)
        self.said.append(said)

    def sounding(self, desk: str) -> None:
        """The end of a shelf, of an acknowledgement, or of the patience with none."""
        mine, now = self._at(desk), self.now
        if mine.due_at is None or mine.due_at > now or mine.ended:
            return
        if mine.state == "shelved":
            new, said = moved(
                mine,
                "unshelved",
                self.alert.alert_id,
                now,
                LIAISON,
                "its time on the shelf is over",
            )
            self._keep(off_the_shelf(new, now), said)
        elif mine.state in HELD:
            holder = mine.claimed_by or mine.acknowledged_by
            why = f"{holder} has it since {mine.claimed_at or mine.acknowledged_at:%H:%M:%S} UTC and gave no answer"
            new, said = moved(mine, "sounded-again", self.alert.alert_id, now, LIAISON, why)
            limit = now + mine.ladder.acknowledge_within
            new = replace(
                new,
                acknowledged_at=None,
                acknowledged_by=None,
                claimed_at=None,
                claimed_by=None,
                due_at=limit,
                acknowledge_by=limit,
                sounded=mine.sounded + 1,
                ladder_since=now,
                ladder_step=0,
            )
            self._keep(new, said)
        elif mine.unanswered and not mine.inhibited_by:
            new, said = moved(
                mine,
                "sounded-again",
                self.alert.alert_id,
                now,
                LIAISON,
                "nobody has acknowledged it",
            )
            new = replace(new, sounded=mine.sounded + 1)
            self._keep(replace(new, due_at=now + pause(new)), said)

    def climb(self, desk: str) -> None:
        """Take every rung whose time has come."""
        while (rung_at := self._at(desk).next_rung_at) is not None and rung_at <= self.now:
            mine = self._at(desk)
            rung = mine.ladder.rungs[mine.ladder_step]
            to = [d for d in rung.desks if d != desk]
            told = ", ".join(to) or "no desk of this level"
            new, said = moved(
                mine, "escalated", self.alert.alert_id, self.now, LIAISON, f"{rung.level}: {told}"
            )
            self._keep(replace(new, ladder_step=mine.ladder_step + 1), said)
            for above in to:
                self._tell(above, "escalation", f"not acknowledged at {desk}")

    def dispute(self, desk: str) -> None:
        """A desk said no: the supervisors of every agency that has the alert by rule get it."""
        mine = self._at(desk)
        if mine.dispute != "open":
            return
        self.alert = self.alert.with_desk(replace(mine, dispute="told"))
        why = f"{desk} answered {mine.outcome}"
        named = {s for d in self.alert.desks if d.origin == "rule" for s in d.ladder.supervisors}
        for supervisor in sorted(named - {desk}):
            self._tell(supervisor, "dispute", why, again=True)

    def _tell(self, desk: str, origin: Origin, why: str, again: bool = False) -> None:
        mine, to = self.alert.at(desk), self._address(desk)
        if to is None:
            return
        if mine is None or mine.ended:
            new, said = sound(self.alert.alert_id, mine, to, "raised", self.now, why, origin)
        elif again and mine.state != "answered":
            new, said = sound(self.alert.alert_id, mine, to, "disputed", self.now, why, mine.origin)
        elif again:
            new, said = moved(mine, "disputed", self.alert.alert_id, self.now, LIAISON, why)
        else:
            return
        self._keep(new, said)
        self.shown.append(Disclosed(desk, to.agency, CATALOGUE[self.alert.rule].purpose, to.items))
