"""What people at a desk do with an alert. Each command is a value; `answer` makes of it a change or a refusal.

Of two people who do the same thing one wins and the other is told, in one sentence, who was first and when. A command
that needs an acknowledgement first makes one, so that the log always shows the acknowledgement before the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from services.liaison.alert.life import end
from services.liaison.alert.record import Alert, AlertChange, DeskAlert, Transition, moved
from services.liaison.alert.states import HELD, TransitionKind, TransitionNotAllowed
from services.liaison.catalogue import CATALOGUE

DeclineReason = Literal[
    "already-attending",
    "no-resource",
    "below-threshold",
    "known-and-managed",
    "duplicate",
    "out-of-area",
    "other",
]
DECLINE_REASONS: tuple[DeclineReason, ...] = get_args(DeclineReason)
REASON_MAX = 500
DISPUTED_URGENCY = 2
"""At this urgency or above a refusal of any rule goes to both agencies' supervisors [assumption]."""


class CommandRefused(ValueError):
    """The command was not done. Its text is one sentence for the person who gave it."""

    code = "refused"


class UnknownAlert(CommandRefused):
    """The desk has no such alert."""

    code = "unknown-alert"


class First(CommandRefused):
    """Somebody at this desk was first: `who`, `when`."""

    done = "did it"

    def __init__(self, who: str | None, when: datetime | None) -> None:
        at = f" at {when:%H:%M:%S} UTC" if when else ""
        super().__init__(f"{who or 'somebody'} {self.done}{at}")
        self.who, self.when = who, when


class AlreadyAcknowledged(First):
    """It was acknowledged."""

    code, done = "already-acknowledged", "acknowledged it"


class AlreadyClaimed(First):
    """One person works on it."""

    code, done = "already-claimed", "claimed it"


class AlreadyAnswered(First):
    """It was answered."""

    code, done = "already-answered", "answered it"


class TooEarly(CommandRefused):
    """The claim is still within its grace."""

    code = "too-early"


class NotPossible(CommandRefused):
    """The alert is in a state from which this cannot be done."""

    code = "not-possible"


class NotShelvable(CommandRefused):
    """The most urgent are never shelved, and no shelf is longer than its urgency allows."""

    code = "not-shelvable"


class ReasonNeeded(CommandRefused):
    """A reason or an outcome code is missing or not one of those there are."""

    code = "reason-needed"


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """I have seen it. It sounds again when the acknowledgement runs out without an answer."""


@dataclass(frozen=True, slots=True)
class Claim:
    """I work on it."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """I take it from the one who claimed it; after a grace, with a reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Accept:
    """We act on it."""

    note: str | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """We do not act on it, for a coded reason; `note` is needed with `other`."""

    reason: DeclineReason
    note: str | None = None


@dataclass(frozen=True, slots=True)
class NotOurs:
    """It is for another agency or desk."""

    reason: str


@dataclass(frozen=True, slots=True)
class Shelve:
    """Quiet for a stated time, with a reason. Never P1."""

    duration: timedelta
    reason: str


@dataclass(frozen=True, slots=True)
class Unshelve:
    """Back from the shelf before its time."""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark in the history; changes nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """What `actor` acknowledged or claimed is now `to`'s: the change of a shift."""

    to: str
    note: str | None = None


Command = (
    Acknowledge
    | Claim
    | TakeOver
    | Accept
    | Decline
    | NotOurs
    | Shelve
    | Unshelve
    | Note
    | HandOver
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy says of commands."""

    claim_grace: timedelta
    longest_shelf: Mapping[int, timedelta]
    """By urgency; an urgency that is missing cannot be shelved. P1 never can."""


def answer(
    alert: Alert, desk: str, command: Command, actor: str, now: datetime, terms: Terms
) -> AlertChange:
    """The change that the command makes. Raises CommandRefused, whose text is for the person."""
    mine = alert.at(desk)
    if mine is None:
        raise UnknownAlert("this desk has no such alert")
    doing = _Doing(alert, mine, actor, now)
    try:
        _DO[type(command)](doing, command, terms)
    except TransitionNotAllowed as refused:
        raise NotPossible(str(refused)) from refused
    change = AlertChange(alert.with_desk(doing.mine), tuple(doing.said))
    return stand_down(change, now)


class _Doing:
    """The desk's part while a command is carried out, and what was recorded of it."""

    def __init__(self, alert: Alert, mine: DeskAlert, actor: str, now: datetime) -> None:
        self.alert, self.mine, self.actor, self.now = alert, mine, actor, now
        self.said: list[Transition] = []

    def move(self, kind: TransitionKind, reason: str | None = None) -> None:
        self.mine, said = moved(self.mine, kind, self.alert.alert_id, self.now, self.actor, reason)
        self.said.append(said)

    def acknowledge(self) -> None:
        mine = self.mine
        if mine.acknowledged_at is not None and mine.state not in {
            "raised",
            "delivered",
            "returned",
        }:
            raise AlreadyAcknowledged(mine.acknowledged_by, mine.acknowledged_at)
        self.move("acknowledged")
        ends = None if self.mine.ended else self.now + mine.ladder.lasts
        self.mine = replace(
            self.mine, acknowledged_at=self.now, acknowledged_by=self.actor, due_at=ends
        )
        if self.mine.state == "cleared" and mine.origin == "escalation":
            # the desk below answered; here it was only to be seen
            self.move("closed", "seen; it was answered at the desk below")
            self.mine = replace(self.mine, closed_at=self.now)

    def seen(self) -> None:
        if self.mine.unanswered or self.mine.state == "returned":
            self.acknowledge()


def _acknowledge(doing: _Doing, command: Command, terms: Terms) -> None:
    doing.acknowledge()


def _claim(doing: _Doing, command: Command, terms: Terms) -> None:
    mine = doing.mine
    if mine.state == "claimed":
        raise AlreadyClaimed(mine.claimed_by, mine.claimed_at)
    if mine.state == "answered":
        raise AlreadyAnswered(mine.answered_by, mine.answered_at)
    if mine.ended:
        raise NotPossible("its condition has ended: answer it instead of claiming it")
    doing.seen()
    doing.move("claimed")
    doing.mine = replace(
        doing.mine,
        claimed_at=doing.now,
        claimed_by=doing.actor,
        due_at=doing.now + doing.mine.ladder.lasts,
    )


def _take_over(doing: _Doing, command: Command, terms: Terms) -> None:
    assert isinstance(command, TakeOver)
    mine, reason = doing.mine, _reason(command.reason, "taking over")
    if mine.state != "claimed" or mine.claimed_at is None:
        raise NotPossible("nobody has claimed it: claim it")
    if mine.claimed_by == doing.actor:
        raise NotPossible("you have claimed it already")
    free = mine.claimed_at + terms.claim_grace
    if doing.now < free:
        raise TooEarly(
            f"{mine.claimed_by} claimed it at {mine.claimed_at:%H:%M:%S} UTC; wait until {free:%H:%M:%S}"
        )
    doing.move("taken-over", f"from {mine.claimed_by}: {reason}")
    doing.mine = replace(
        doing.mine,
        claimed_at=doing.now,
        claimed_by=doing.actor,
        due_at=doing.now + mine.ladder.lasts,
    )


def _answered(doing: _Doing, kind: TransitionKind, reason: str | None) -> None:
    mine = doing.mine
    if mine.state == "closed":
        raise AlreadyAnswered(
            mine.answered_by or mine.acknowledged_by, mine.answered_at or mine.closed_at
        )
    if mine.state == "answered" and (kind != "accepted" or mine.outcome == "accepted"):
        raise AlreadyAnswered(mine.answered_by, mine.answered_at)
    if mine.state == "shelved":
        raise NotPossible("it is on the shelf: take it off the shelf first")
    ended = mine.ended
    doing.seen()
    if doing.mine.state == "closed":
        return
    doing.move(kind, reason)
    doing.mine = replace(
        doing.mine,
        answered_at=doing.now,
        answered_by=doing.actor,
        outcome=kind,
        outcome_reason=reason,
        due_at=None,
        inhibited_by=None,
    )
    if ended:
        doing.move("closed", "ended, acknowledged and answered")
        doing.mine = replace(doing.mine, closed_at=doing.now)
        return
    refused = kind in {"declined", "not-ours"}
    rule = CATALOGUE.get(doing.alert.rule)
    goes_up = rule is not None and rule.refusal_goes_up
    if refused and (goes_up or doing.alert.urgency <= DISPUTED_URGENCY):
        doing.move("disputed", "both agencies' supervisors are told")
        doing.mine = replace(doing.mine, dispute="open")
    elif doing.mine.dispute == "open":
        doing.mine = replace(doing.mine, dispute=None)


def _accept(doing: _Doing, command: Command, terms: Terms) -> None:
    assert isinstance(command, Accept)
    _answered(doing, "accepted", command.note)


def _decline(doing: _Doing, command: Command, terms: Terms) -> None:
    assert isinstance(command, Decline)
    if command.reason not in DECLINE_REASONS:
        raise ReasonNeeded(f"declining needs one of these reasons: {', '.join(DECLINE_REASONS)}")
    note = (
        _reason(command.note, "declining for another reason")
        if command.reason == "other"
        else command.note
    )
    _answered(doing, "declined", f"{command.reason}: {note}" if note else command.reason)


def _not_ours(doing: _Doing, command: Command, terms: Terms) -> None:
    assert isinstance(command, NotOurs)
    _answered(doing, "not-ours", _reason(command.reason, "saying that it is not yours"))


def _shelve(doing: _Doing, command: Command, terms: Terms) -> None:
    assert isinstance(command, Shelve)
    reason, urgency = _reason(command.reason, "shelving"), doing.alert.urgency
    longest = terms.longest_shelf.get(urgency)
    if urgency == 1 or longest is None:
        raise NotShelvable("a P1 is never shelved: answer it")
    if not timedelta(0) < command.duration <= longest:
        raise NotShelvable(
            f"a P{urgency} can be shelved for {int(longest.total_seconds()) // 60} minutes at the most"
        )
    doing.move("shelved", reason)
    until = doing.now + command.duration
    doing.mine = replace(
        doing.mine,
        shelved_until=until,
        shelved_reason=reason,
        due_at=until,
        claimed_at=None,
        claimed_by=None,
        inhibited_by=None,
    )


def _unshelve(doing: _Doing, command: Command, terms: Terms) -> None:
    if doing.mine.state != "shelved":
        raise NotPossible("it is not on the shelf")
    doing.move("unshelved", "before its time")
    doing.mine = off_the_shelf(doing.mine, doing.now)


def _note(doing: _Doing, command: Command, terms: Terms) -> None:
    assert isinstance(command, Note)
    doing.move("noted", _reason(command.text, "a note"))


def _hand_over(doing: _Doing, command: Command, terms: Terms) -> None:
    assert isinstance(command, HandOver)
    mine = doing.mine
    if mine.state not in HELD:
        raise NotPossible("nobody holds it: there is nothing to hand over")
    holder = mine.claimed_by or mine.acknowledged_by
    if holder != doing.actor:
        raise NotPossible(f"{holder} holds it: only they can hand it over; take it over instead")
    if not command.to.strip() or command.to == doing.actor:
        raise ReasonNeeded("say to whom it is handed over")
    doing.move("handed-over", f"to {command.to}" + (f": {command.note}" if command.note else ""))
    due = doing.now + mine.ladder.lasts
    if mine.state == "claimed":
        doing.mine = replace(doing.mine, claimed_by=command.to, claimed_at=doing.now, due_at=due)
    else:
        doing.mine = replace(
            doing.mine, acknowledged_by=command.to, acknowledged_at=doing.now, due_at=due
        )


_DO = {
    Acknowledge: _acknowledge,
    Claim: _claim,
    TakeOver: _take_over,
    Accept: _accept,
    Decline: _decline,
    NotOurs: _not_ours,
    Shelve: _shelve,
    Unshelve: _unshelve,
    Note: _note,
    HandOver: _hand_over,
}


def _reason(said: str | None, what: str) -> str:
    text = (said or "").strip()
    if len(text) < 3:
        raise ReasonNeeded(f"{what} needs a reason")
    if len(text) > REASON_MAX:
        raise ReasonNeeded(f"a reason has {REASON_MAX} characters at the most")
    return text


def off_the_shelf(mine: DeskAlert, now: datetime) -> DeskAlert:
    """It sounds again as if new, and its ladder begins anew."""
    due = now + mine.ladder.acknowledge_within
    return replace(
        mine,
        shelved_until=None,
        shelved_reason=None,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledge_by=due,
        due_at=due,
        presented=mine.presented + 1,
        sounded=0,
        ladder_since=now,
        ladder_step=0,
    )


def stand_down(change: AlertChange, now: datetime) -> AlertChange:
    """Where no desk below waits any longer, the desks that had it by escalation are told that it was answered."""
    alert = change.alert
    said: list[Transition] = []
    for above in alert.desks:
        if above.origin != "escalation" or above.ended or above.state == "answered":
            continue
        below = [d for d in alert.desks if any(above.desk in r.desks for r in d.ladder.rungs)]
        if not below or any(d.unanswered for d in below):
            continue
        new, record = end(above, alert.alert_id, now, "answered at the desk below")
        said.append(record)
        if new.state == "cleared":
            new, record = moved(
                new, "closed", alert.alert_id, now, "liaison", "answered at the desk below"
            )
            new = replace(new, closed_at=now)
            said.append(record)
        alert = alert.with_desk(new)
    return AlertChange(alert, change.transitions + tuple(said), change.disclosed)
