"""Desks talk about a crisis: a message, and that a desk has seen it.

Who may is who was told: a desk that has an alert of the crisis, whether it stands or not. What was
written is in the message and nowhere else: not in the audit, not in the log, not on a topic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.liaison.alert import AlertChange
from services.liaison.alert.talk import DeskMessage, MessageView, NotTold, send, views
from services.orchestration.ledger import Transaction
from services.orchestration.settling import keep_alerts


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is in the ledger."""

    message: DeskMessage
    changes: tuple[AlertChange, ...]
    """That it waits, at each desk that was told; empty where it was kept before."""


async def send_message(
    transaction: Transaction,
    *,
    message_id: str,
    crisis: str,
    desk: str,
    words: str,
    actor: str,
    now: datetime,
) -> Sent:
    """Keep it and say at the other desks that it waits, in the caller's transaction, which must do
    nothing after it that waits. The same id again changes nothing. Raises CommandRefused.
    """
    await transaction.lock_zone()
    alerts = await transaction.alerts(crises=[crisis])
    sending = send(alerts, message_id, desk, words, actor, now)
    if not await transaction.keep_desk_message(sending.message):
        return Sent(sending.message, ())
    detail = {"desk": desk, "message": message_id, "told": list(sending.recipients)}
    await transaction.audit("message.sent", actor, crisis, detail, now)
    await keep_alerts(transaction, sending.changes, now)
    return Sent(sending.message, sending.changes)


async def see_messages(
    transaction: Transaction, *, crisis: str, desk: str, actor: str, now: datetime
) -> Sequence[MessageView]:
    """A person of the desk has the thread before them. Gives what nobody of the desk had seen
    before. Raises CommandRefused.
    """
    if desk not in await transaction.desks_told(crisis):
        raise NotTold("this desk was not told of the crisis")
    earlier = await transaction.message_views(crisis)
    messages = await transaction.desk_messages(crisis)
    # of two who look at once one is first
    fresh = await transaction.keep_views(views(messages, earlier, desk, actor, now))
    if fresh:
        detail = {"desk": desk, "messages": [view.message_id for view in fresh]}
        await transaction.audit("message.seen", actor, crisis, detail, now)
    return fresh
