"""What desks said to each other about a crisis, and who else was told and what they answered, as
one desk reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from services.console.view.alert import reason_in_words
from services.console.view.desks import Desks
from services.ledger.crises.talk import ToldDesk
from services.liaison.alert.states import Answer
from services.liaison.alert.talk import DeskMessage, MessageView


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """What one desk did with one alert."""

    title: str
    outcome: Answer | None
    at: datetime | None
    """When it was answered or, without an answer, seen."""
    reason: str
    """Of a refusal, in words."""
    disputed: bool
    """The supervisors of both agencies were told of the refusal."""


@dataclass(frozen=True, slots=True)
class ToldShown:
    """Another desk that was told, and its telephone where the registry has one."""

    name: str
    phone: str | None
    answers: tuple[AnswerShown, ...]


@dataclass(frozen=True, slots=True)
class MessageShown:
    """One message of the thread."""

    desk: str
    own: bool
    words: str
    sent_at: datetime
    fresh: bool
    """Nobody of this desk had seen it before."""
    seen_by: tuple[tuple[str, datetime], ...]
    """Other desks that have seen it, by name, and when."""
    seen_elsewhere: int
    """Desks that have seen it and of which this desk may not know that they were told."""


@dataclass(frozen=True, slots=True)
class TalkShown:
    """The thread of a crisis and those who were told, for one desk."""

    recipients: tuple[ToldShown, ...]
    messages: tuple[MessageShown, ...]


def talk_shown(
    messages: Sequence[DeskMessage],
    views: Sequence[MessageView],
    rows: Sequence[ToldDesk],
    desk: str,
    desks: Desks,
) -> TalkShown:
    """Pure. A desk is named where this desk shares an alert with it or it has spoken: that another
    was told at all may say what this desk may not know.
    """
    named = {row.desk for row in rows} | {message.desk for message in messages}
    shown = []
    for message in messages:
        views_of_it = [view for view in views if view.message_id == message.message_id]
        others = [view for view in views_of_it if view.desk not in {desk, message.desk}]
        names = tuple((desks.name(v.desk), v.seen_at) for v in others if v.desk in named)
        shown.append(
            MessageShown(
                desk=desks.name(message.desk),
                own=message.desk == desk,
                words=message.words,
                sent_at=message.sent_at,
                fresh=message.desk != desk and all(view.desk != desk for view in views_of_it),
                seen_by=names,
                seen_elsewhere=len(others) - len(names),
            )
        )
    return TalkShown(_told(rows, desks), tuple(shown))


def _told(rows: Sequence[ToldDesk], desks: Desks) -> tuple[ToldShown, ...]:
    in_order = sorted(rows, key=lambda row: row.desk)
    return tuple(
        ToldShown(desks.name(desk), desks.phone(desk), tuple(_answer(row) for row in rows))
        for desk, rows in groupby(in_order, key=lambda row: row.desk)
    )


def _answer(row: ToldDesk) -> AnswerShown:
    reason = ""
    if row.outcome is not None:
        reason = reason_in_words(row.outcome, row.reason)
    at = row.answered_at or row.acknowledged_at
    return AnswerShown(row.title, row.outcome, at, reason, row.dispute is not None)
