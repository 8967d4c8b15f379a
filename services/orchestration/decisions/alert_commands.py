"""What people at a desk do with alerts: the one entry for every command, from any room.

    async with ledger.transaction() as transaction:
        done = await run(transaction, registry, policy, Acknowledge(), desk="las-mental-health",
        alert=alert_id,
                         actor="MK", now=clock.now())

A command is a value of `services.liaison.alert`:

| command | who uses it | needs |
|---|---|---|
| `Acknowledge()` | seen; sounds again when it runs out (policy) unless answered | |
| `Claim()` | "I work on it"; acknowledges first where nobody has | |
| `TakeOver(reason)` | take a claim from another | the claim is older than the policy's grace; a
reason | | `Accept(note=None)` | outcome: we act on it | | | `Decline(reason, note=None)` | outcome:
we do not | a code of `DECLINE_REASONS`; a note with `other` | | `NotOurs(reason)` | outcome:
another's | a reason | | `Shelve(duration, reason)` | quiet for a time | never P1; no longer than
`terms.longest_shelf[urgency]` | | `Unshelve()` | back before its time | |
| `Note(text)` | a remark in the history | |
| `HandOver(to, note=None)` | one alert to another person | the actor holds it |

`hand_over_desk` hands over everything that a person holds at a desk (change of shift).

All raise `CommandRefused` (a `ValueError`), whose text is one sentence for the person, whose `code`
is stable: `unknown-alert`, `already-acknowledged`, `already-claimed`, `already-answered` (these
three are `First`, with `who` and `when`), `too-early`, `not-possible`, `not-shelvable`,
`reason-needed`. Nothing was written then. Two people at once: one wins, the other gets the refusal.
What is written in one transaction: the desk's part, the log, the next deadline, the outgoing
messages, the audit record. Reasons and notes stay in the log: they are in no message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.registry import Registry
from services.liaison.alert import (
    Alert,
    AlertChange,
    Command,
    CommandRefused,
    HandOver,
    Note,
    UnknownAlert,
    answer,
    inhibit,
)
from services.liaison.policy import Policy
from services.orchestration.ledger import Transaction
from services.orchestration.settling import keep_alerts

__all__ = ["Command", "Done", "hand_over_desk", "run", "run_all"]


@dataclass(frozen=True, slots=True)
class Done:
    """A command that is in the ledger."""

    sequence: int
    """The newest of the log that it made: a stream that has it shows the command."""
    alert: Alert
    changes: tuple[AlertChange, ...]
    """This alert's first, then those of the same crisis that keep quiet or return because of it."""
    seconds: float
    """From raised (or sounded anew) to now."""


async def run(
    transaction: Transaction,
    registry: Registry,
    policy: Policy,
    command: Command,
    *,
    desk: str,
    alert: str,
    actor: str,
    now: datetime,
) -> Done:
    """Carry out the command in the caller's transaction, which must do nothing after it that waits:
    the log's place is held.

    Raises CommandRefused.
    """
    # one writer a zone: a command and a batch never see half of each other
    await transaction.lock_zone()
    thread = await _thread(transaction, alert)
    standing = thread.get(alert)
    part = standing.at(desk) if standing is not None else None
    if standing is None or part is None:
        raise UnknownAlert("this desk has no such alert")
    change = answer(standing, desk, command, actor, now, policy.terms())
    changes = _with_quiet(thread, change, now)
    action, detail = _audited(change, command, desk)
    await transaction.audit(action, actor, change.alert.alert_id, detail, now)
    sequence = await keep_alerts(transaction, changes, now)
    since = part.ladder_since or standing.raised_at
    seconds = max(0.0, (now - since).total_seconds())
    return Done(sequence, changes[0].alert, tuple(changes), seconds)


async def run_all(
    transaction: Transaction,
    registry: Registry,
    policy: Policy,
    command: Command,
    *,
    desk: str,
    alerts: Sequence[str],
    actor: str,
    now: datetime,
) -> tuple[Done, ...]:
    """The same command to each of these alerts, of which there is at least one. One that refuses
    it stays as it is: somebody may just have answered it.

    Raises CommandRefused where all refuse, with the first one's reason.
    """
    await transaction.lock_zone()
    done = []
    refusals = []
    for alert in alerts:
        try:
            done.append(
                await run(
                    transaction,
                    registry,
                    policy,
                    command,
                    desk=desk,
                    alert=alert,
                    actor=actor,
                    now=now,
                )
            )
        except CommandRefused as refused:
            refusals.append(refused)
    if not done:
        raise refusals[0]
    return tuple(done)


async def hand_over_desk(
    transaction: Transaction,
    registry: Registry,
    policy: Policy,
    *,
    desk: str,
    actor: str,
    to: str,
    note: str | None,
    now: datetime,
) -> tuple[Done, ...]:
    """Everything that `actor` holds at the desk is `to`'s from now on. Raises CommandRefused."""
    await transaction.lock_zone()
    done = []
    for alert in await transaction.alerts_in_hand(desk, actor):
        done.append(
            await run(
                transaction,
                registry,
                policy,
                HandOver(to, note),
                desk=desk,
                alert=alert,
                actor=actor,
                now=now,
            )
        )
    return tuple(done)


async def _thread(transaction: Transaction, alert: str) -> dict[str, Alert]:
    """The alert with all others of its crisis, by id; empty where there is none."""
    about = await transaction.alert_subjects([alert])
    crises = [crisis for crisis, _ in about if crisis is not None]
    return {a.alert_id: a for a in await transaction.alerts(crises=crises, ids=[alert])}


def _with_quiet(thread: dict[str, Alert], change: AlertChange, now: datetime) -> list[AlertChange]:
    """The change, and what it means for the alerts that kept quiet for this one, or must now."""
    changes = {change.alert.alert_id: change}
    if change.alert.crisis_id is not None:
        alerts = thread | {change.alert.alert_id: change.alert}
        for quiet in inhibit(alerts.values(), now):
            identity = quiet.alert.alert_id
            changes[identity] = changes[identity].then(quiet) if identity in changes else quiet
    return list(changes.values())


def _audited(change: AlertChange, command: Command, desk: str) -> tuple[str, dict[str, Any]]:
    """The action and the detail that the audit keeps. What a note says stays in the log."""
    at_desk = [transition for transition in change.transitions if transition.desk == desk]
    detail: dict[str, Any] = {"desk": desk, "transitions": [step.kind for step in at_desk]}
    if not isinstance(command, Note):
        reasons = [step.reason for step in at_desk if step.reason]
        detail["reason"] = reasons[0] if reasons else None
    return f"alert.{change.transitions[0].kind}", detail
