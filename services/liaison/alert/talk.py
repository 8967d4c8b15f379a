"""What desks say to each other about a crisis: who may, what is no message, and who has seen it.

A message is shown in the console and kept in the ledger. What leaves is only that one waits: a
transition of the receiving desk's own alert, without a word and without a person.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.liaison.alert.record import Alert, AlertChange, moved
from services.liaison.alert.refusals import CommandRefused

MESSAGE_MAX = 300
# Letters, marks, numbers, punctuation, symbols: what a person reads. Anything else steers the
# screen (controls, turned directions) or is invisible.
_WRITTEN = frozenset("LMNPS")


@dataclass(frozen=True, slots=True)
class DeskMessage:
    """A sentence from one desk to the others that were told of the crisis."""

    message_id: str
    alert_id: str
    """The sending desk's own alert of the crisis: where incidents are regrouped it goes with them."""
    desk: str
    actor: str
    words: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class MessageView:
    """That a desk has seen a message; the first of the desk who did."""

    message_id: str
    desk: str
    actor: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Sending:
    """A message, and that it waits at each other desk."""

    message: DeskMessage
    recipients: tuple[str, ...]
    changes: tuple[AlertChange, ...]


class NotTold(CommandRefused):
    """The desk has no alert of the crisis."""

    code = "not-told"


class NothingWritten(CommandRefused):
    """There are no words."""

    code = "nothing-written"


class TooLong(CommandRefused):
    """More than fits."""

    code = "text-too-long"


class NotPlainText(CommandRefused):
    """A character in it is none that a person reads."""

    code = "control-character"


def plain(words: str) -> str:
    """The words as they are kept. Raises CommandRefused."""
    text = words.strip()
    if not text:
        raise NothingWritten("nothing is written")
    if len(text) > MESSAGE_MAX:
        raise TooLong(f"a message has {MESSAGE_MAX} characters at the most; this has {len(text)}")
    for place, character in enumerate(text, 1):
        if not _readable(character):
            raise NotPlainText(
                f"character {place} (U+{ord(character):04X}) is a control character: write plain text"
            )
    return text


def _readable(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in _WRITTEN or category == "Zs"


def send(
    alerts: Iterable[Alert], message_id: str, desk: str, words: str, actor: str, now: datetime
) -> Sending:
    """The message of one desk, told to every other desk that has an alert of the crisis.

    `alerts` are those of one crisis, whether they stand or not. Raises CommandRefused.
    """
    alert_of = _alert_of_desks(alerts)
    if desk not in alert_of:
        raise NotTold("this desk was not told of the crisis")
    message = DeskMessage(message_id, alert_of[desk].alert_id, desk, actor, plain(words), now)
    recipients = tuple(sorted(alert_of.keys() - {desk}))
    changes: dict[str, AlertChange] = {}
    for other in recipients:
        alert = alert_of[other]
        change = changes.get(alert.alert_id, AlertChange(alert, ()))
        changes[alert.alert_id] = _waits(change, other, desk, now)
    return Sending(message, recipients, tuple(changes.values()))


def _alert_of_desks(alerts: Iterable[Alert]) -> dict[str, Alert]:
    """For each desk its alert: one that stands before one that has ended, then the most urgent."""

    def rank(pair: tuple[str, Alert]) -> tuple[bool, int, datetime, str]:
        desk, alert = pair
        part = alert.at(desk)
        ended = part is None or part.ended
        return (ended, alert.urgency, alert.raised_at, alert.alert_id)

    pairs = [(part.desk, alert) for alert in alerts for part in alert.desks]
    alert_of: dict[str, Alert] = {}
    for desk, alert in sorted(pairs, key=rank):
        alert_of.setdefault(desk, alert)
    return alert_of


def _waits(change: AlertChange, desk: str, sender: str, now: datetime) -> AlertChange:
    part = change.alert.at(desk)
    assert part is not None
    # the desk speaks, not the person: the log of an alert goes to other agencies
    part, waits = moved(part, "message-waits", change.alert.alert_id, now, sender)
    return replace(
        change, alert=change.alert.with_desk(part), transitions=(*change.transitions, waits)
    )


def views(
    messages: Sequence[DeskMessage],
    earlier: Collection[MessageView],
    desk: str,
    actor: str,
    now: datetime,
) -> tuple[MessageView, ...]:
    """What a look at the thread by this desk marks as seen: the others' messages, each once."""
    before = {view.message_id for view in earlier if view.desk == desk}
    return tuple(
        MessageView(message.message_id, desk, actor, now)
        for message in messages
        if message.desk != desk and message.message_id not in before
    )
