"""What people at a desk do with an alert. Each command is a value; `answer` makes of it a change or
a refusal.

Of two people who do the same thing one wins and the other is told, in one sentence, who was first
and when. A command that needs an acknowledgement first makes one, so that the log always shows the
acknowledgement before the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never, get_args

from services.liaison.alert.life import LIAISON, end
from services.liaison.alert.record import Alert, AlertChange, DeskAlert, Transition, moved
from services.liaison.alert.refusals import (
    AlreadyAcknowledged,
    AlreadyAnswered,
    AlreadyClaimed,
    NotPossible,
    NotShelvable,
    ReasonNeeded,
    TooEarly,
    UnknownAlert,
)
from services.liaison.alert.states import HELD, Answer, TransitionKind, TransitionNotAllowed
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
# At this urgency or above a refusal of any rule goes to both agencies' supervisors [assumption].
DISPUTED_URGENCY = 2
BELOW = "answered at the desk below"


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
    part = alert.at(desk)
    if part is None:
        raise UnknownAlert("this desk has no such alert")
    doing = _Doing(alert, part, actor, now)
    try:
        _do(doing, command, terms)
    except TransitionNotAllowed as refused:
        raise NotPossible(str(refused)) from refused
    change = AlertChange(alert.with_desk(doing.part), tuple(doing.records))
    return stand_down(change, now)


def _do(doing: _Doing, command: Command, terms: Terms) -> None:
    match command:
        case Acknowledge():
            doing.acknowledge()
        case Claim():
            _claim(doing)
        case TakeOver():
            _take_over(doing, command, terms)
        case Accept():
            _answered(doing, "accepted", command.note)
        case Decline():
            _decline(doing, command)
        case NotOurs():
            _answered(doing, "not-ours", _reason(command.reason, "saying that it is not yours"))
        case Shelve():
            _shelve(doing, command, terms)
        case Unshelve():
            _unshelve(doing)
        case Note():
            doing.move("noted", _reason(command.text, "a note"))
        case HandOver():
            _hand_over(doing, command)
        case _:
            assert_never(command)


class _Doing:
    """The desk's part while a command is carried out, and what was recorded of it."""

    def __init__(self, alert: Alert, part: DeskAlert, actor: str, now: datetime) -> None:
        self.alert, self.part, self.actor, self.now = alert, part, actor, now
        self.records: list[Transition] = []

    def move(self, kind: TransitionKind, reason: str | None = None) -> None:
        self.part, transition = moved(
            self.part, kind, self.alert.alert_id, self.now, self.actor, reason
        )
        self.records.append(transition)

    def acknowledge(self) -> None:
        part = self.part
        if part.acknowledged_at is not None and not part.waits_to_be_seen:
            raise AlreadyAcknowledged(part.acknowledged_by, part.acknowledged_at)
        self.move("acknowledged")
        due = None
        if not self.part.ended:
            due = self.now + part.ladder.lasts
        self.part = replace(
            self.part, acknowledged_at=self.now, acknowledged_by=self.actor, due_at=due
        )
        if self.part.state == "cleared" and part.origin == "escalation":
            # the desk below answered; here it was only to be seen
            self.move("closed", "seen; it was answered at the desk below")
            self.part = replace(self.part, closed_at=self.now)

    def seen(self) -> None:
        """Nobody answers what nobody has seen: the log shows an acknowledgement before the answer."""
        if self.part.waits_to_be_seen:
            self.acknowledge()


def _claim(doing: _Doing) -> None:
    part = doing.part
    # of two who claim in the same second the ledger lets one in first; the other reads who it was
    if part.state == "claimed":
        raise AlreadyClaimed(part.claimed_by, part.claimed_at)
    if part.state == "answered":
        raise AlreadyAnswered(part.answered_by, part.answered_at)
    if part.ended:
        raise NotPossible("its condition has ended: answer it instead of claiming it")
    doing.seen()
    doing.move("claimed")
    doing.part = replace(
        doing.part,
        claimed_at=doing.now,
        claimed_by=doing.actor,
        due_at=doing.now + doing.part.ladder.lasts,
    )


def _take_over(doing: _Doing, command: TakeOver, terms: Terms) -> None:
    # who works on it is not pushed aside without a word
    part, reason = doing.part, _reason(command.reason, "taking over")
    if part.state != "claimed" or part.claimed_at is None:
        raise NotPossible("nobody has claimed it: claim it")
    if part.claimed_by == doing.actor:
        raise NotPossible("you have claimed it already")
    free = part.claimed_at + terms.claim_grace
    if doing.now < free:
        raise TooEarly(
            f"{part.claimed_by} claimed it at {part.claimed_at:%H:%M:%S} UTC; wait until {free:%H:%M:%S}"
        )
    doing.move("taken-over", f"from {part.claimed_by}: {reason}")
    doing.part = replace(
        doing.part,
        claimed_at=doing.now,
        claimed_by=doing.actor,
        due_at=doing.now + part.ladder.lasts,
    )


def _answered(doing: _Doing, outcome: Answer, reason: str | None) -> None:
    _may_answer(doing.part, outcome)
    # asked before the answer moves it: to have seen it is not to have ended it
    condition_ended = doing.part.ended
    doing.seen()
    if doing.part.state == "closed":
        # at a desk above, to have seen it was all that was left to do
        return
    doing.move(outcome, reason)
    doing.part = replace(
        doing.part,
        answered_at=doing.now,
        answered_by=doing.actor,
        outcome=outcome,
        outcome_reason=reason,
        due_at=None,
        inhibited_by=None,
    )
    if condition_ended:
        doing.move("closed", "ended, acknowledged and answered")
        doing.part = replace(doing.part, closed_at=doing.now)
    elif _goes_up(doing.alert, outcome):
        doing.move("disputed", "both agencies' supervisors are told")
        doing.part = replace(doing.part, dispute="open")
    elif doing.part.dispute == "open":
        doing.part = replace(doing.part, dispute=None)


def _may_answer(part: DeskAlert, outcome: Answer) -> None:
    """Raises CommandRefused. Who has answered no may still accept; whoever has accepted has
    answered.
    """
    if part.state == "closed":
        raise AlreadyAnswered(
            part.answered_by or part.acknowledged_by, part.answered_at or part.closed_at
        )
    if part.state == "answered" and (outcome != "accepted" or part.outcome == "accepted"):
        raise AlreadyAnswered(part.answered_by, part.answered_at)
    if part.state == "shelved":
        raise NotPossible("it is on the shelf: take it off the shelf first")


def _goes_up(alert: Alert, outcome: Answer) -> bool:
    """Whether both agencies' supervisors must hear of the answer."""
    match outcome:
        case "accepted":
            return False
        case "declined" | "not-ours":
            rule = CATALOGUE.get(alert.rule)
            if rule is not None and rule.refusal_goes_up:
                return True
            return alert.urgency <= DISPUTED_URGENCY
        case _:
            assert_never(outcome)


def _decline(doing: _Doing, command: Decline) -> None:
    if command.reason not in DECLINE_REASONS:
        raise ReasonNeeded(f"declining needs one of these reasons: {', '.join(DECLINE_REASONS)}")
    note = command.note
    if command.reason == "other":
        note = _reason(note, "declining for another reason")
    reason: str = command.reason
    if note:
        reason = f"{reason}: {note}"
    _answered(doing, "declined", reason)


def _shelve(doing: _Doing, command: Shelve, terms: Terms) -> None:
    reason, urgency = _reason(command.reason, "shelving"), doing.alert.urgency
    longest = terms.longest_shelf.get(urgency)
    if urgency == 1 or longest is None:
        raise NotShelvable("a P1 is never shelved: answer it")
    # a shelf without end is a drawer
    if not timedelta(0) < command.duration <= longest:
        raise NotShelvable(
            f"a P{urgency} can be shelved for {int(longest.total_seconds()) // 60} minutes at the most"
        )
    doing.move("shelved", reason)
    until = doing.now + command.duration
    doing.part = replace(
        doing.part,
        shelved_until=until,
        shelved_reason=reason,
        due_at=until,
        claimed_at=None,
        claimed_by=None,
        inhibited_by=None,
    )


def _unshelve(doing: _Doing) -> None:
    if doing.part.state != "shelved":
        raise NotPossible("it is not on the shelf")
    doing.move("unshelved", "before its time")
    doing.part = off_the_shelf(doing.part, doing.now)


def _hand_over(doing: _Doing, command: HandOver) -> None:
    part = doing.part
    if part.state not in HELD:
        raise NotPossible("nobody holds it: there is nothing to hand over")
    holder = part.claimed_by or part.acknowledged_by
    if holder != doing.actor:
        raise NotPossible(f"{holder} holds it: only they can hand it over; take it over instead")
    if not command.to.strip() or command.to == doing.actor:
        raise ReasonNeeded("say to whom it is handed over")
    reason = f"to {command.to}"
    if command.note:
        reason += f": {command.note}"
    doing.move("handed-over", reason)
    due = doing.now + part.ladder.lasts
    if part.state == "claimed":
        doing.part = replace(doing.part, claimed_by=command.to, claimed_at=doing.now, due_at=due)
    else:
        doing.part = replace(
            doing.part, acknowledged_by=command.to, acknowledged_at=doing.now, due_at=due
        )


def _reason(words: str | None, act: str) -> str:
    text = (words or "").strip()
    if len(text) < 3:
        raise ReasonNeeded(f"{act} needs a reason")
    if len(text) > REASON_MAX:
        raise ReasonNeeded(f"a reason has {REASON_MAX} characters at the most")
    return text


def off_the_shelf(part: DeskAlert, now: datetime) -> DeskAlert:
    """It sounds again as if new, and its ladder begins anew."""
    due = now + part.ladder.acknowledge_within
    return replace(
        part,
        shelved_until=None,
        shelved_reason=None,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledge_by=due,
        due_at=due,
        presented=part.presented + 1,
        sounded=0,
        ladder_since=now,
        ladder_step=0,
    )


def stand_down(change: AlertChange, now: datetime) -> AlertChange:
    """Where no desk below waits any longer, the desks that had it by escalation are told that it
    was answered.
    """
    alert = change.alert
    records: list[Transition] = []
    for above in alert.desks:
        if above.origin != "escalation" or above.ended or above.state == "answered":
            continue
        below = _desks_below(alert, above.desk)
        # one desk of several that still waits keeps the alert above
        if not below or any(part.unanswered for part in below):
            continue
        part, ended = end(above, alert.alert_id, now, BELOW)
        records.append(ended)
        if part.state == "cleared":
            part, closed = moved(part, "closed", alert.alert_id, now, LIAISON, BELOW)
            part = replace(part, closed_at=now)
            records.append(closed)
        alert = alert.with_desk(part)
    return AlertChange(alert, change.transitions + tuple(records), change.disclosed)


def _desks_below(alert: Alert, above: str) -> list[DeskAlert]:
    """The desks from whose ladder the desk above has the alert."""
    return [
        part
        for part in alert.desks
        if above in {desk for rung in part.ladder.rungs for desk in rung.desks}
    ]
