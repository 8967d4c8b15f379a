"""What people at a desk do with alerts: the one entry for every command, from any room.

    done = await commands.run(pool, registry, policy, Acknowledge(), desk="las-mental-health", alert=alert_id,
                              actor="MK", now=clock.now())

A command is a value of `services.liaison.alert`:

| command | who uses it | needs |
|---|---|---|
| `Acknowledge()` | seen; sounds again when it runs out (policy) unless answered | |
| `Claim()` | "I work on it"; acknowledges first where nobody has | |
| `TakeOver(reason)` | take a claim from another | the claim is older than the policy's grace; a reason |
| `Accept(note=None)` | outcome: we act on it | |
| `Decline(reason, note=None)` | outcome: we do not | a code of `DECLINE_REASONS`; a note with `other` |
| `NotOurs(reason)` | outcome: another's | a reason |
| `Shelve(duration, reason)` | quiet for a time | never P1; no longer than `terms.longest_shelf[urgency]` |
| `Unshelve()` | back before its time | |
| `Note(text)` | a remark in the history | |
| `HandOver(to, note=None)` | one alert to another person | the actor holds it |

`hand_over_desk` hands over everything that a person holds at a desk (change of shift).

All raise `CommandRefused` (a `ValueError`), whose text is one sentence for the person, whose `code` is stable:
`unknown-alert`, `already-acknowledged`, `already-claimed`, `already-answered` (these three are `First`, with `who` and
`when`), `too-early`, `not-possible`, `not-shelvable`, `reason-needed`. Nothing was written then. Two people at once:
one wins, the other gets the refusal. What is written in one transaction: the desk's part, the log, the next deadline,
the outgoing messages, the audit record. Reasons and notes stay in the log: they are in no message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from schemas.registry import Registry
from services.ledger.alerts import store as alert_store
from services.ledger.crises import store as crisis_store
from services.liaison.alert import (
    Alert,
    AlertChange,
    Command,
    HandOver,
    Note,
    UnknownAlert,
    answer,
    inhibit,
)
from services.liaison.policy import Policy
from services.runtime.postgres import Connection

__all__ = ["Command", "Done", "hand_over_desk", "run", "run_in"]


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
    pool: asyncpg.Pool,
    registry: Registry,
    policy: Policy,
    command: Command,
    *,
    desk: str,
    alert: UUID | str,
    actor: str,
    now: datetime,
) -> Done:
    """Carry out the command in one transaction. Raises CommandRefused."""
    async with pool.acquire() as connection, connection.transaction():
        return await run_in(
            connection, registry, policy, command, desk=desk, alert=str(alert), actor=actor, now=now
        )


async def run_in(
    connection: Connection,
    registry: Registry,
    policy: Policy,
    command: Command,
    *,
    desk: str,
    alert: str,
    actor: str,
    now: datetime,
) -> Done:
    """The same inside the caller's transaction, which must do nothing after it that waits: the log's place is held."""
    # one writer a zone: a command and a batch never see half of each other
    await crisis_store.lock_zone(connection, registry.zone)
    known = await _thread(connection, alert)
    own = known.get(alert)
    mine = own.at(desk) if own is not None else None
    if own is None or mine is None:
        raise UnknownAlert("this desk has no such alert")
    change = answer(own, desk, command, actor, now, policy.terms())
    changes = _with_quiet(known, change, now)
    await _audit(connection, change, command, desk, actor, now)
    sequence = await alert_store.save(connection, changes, registry, now)
    since = mine.ladder_since or own.raised_at
    return Done(sequence, changes[0].alert, tuple(changes), max(0.0, (now - since).total_seconds()))


async def hand_over_desk(
    pool: asyncpg.Pool,
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
    done = []
    async with pool.acquire() as connection, connection.transaction():
        await crisis_store.lock_zone(connection, registry.zone)
        held = await connection.fetch(
            """SELECT alert_id FROM alert_desk WHERE desk = $1 AND state IN ('acknowledged', 'claimed')
                  AND coalesce(claimed_by, acknowledged_by) = $2 ORDER BY alert_id""",
            desk,
            actor,
        )
        for row in held:
            done.append(
                await run_in(
                    connection,
                    registry,
                    policy,
                    HandOver(to, note),
                    desk=desk,
                    alert=str(row["alert_id"]),
                    actor=actor,
                    now=now,
                )
            )
    return tuple(done)


async def _thread(connection: Connection, alert: str) -> dict[str, Alert]:
    """The alert with all others of its crisis, by id; empty where there is none."""
    about = await alert_store.subjects(connection, [alert])
    crises = [e for e, _ in about if e is not None]
    return {a.alert_id: a for a in await alert_store.load(connection, crises=crises, ids=[alert])}


def _with_quiet(known: dict[str, Alert], change: AlertChange, now: datetime) -> list[AlertChange]:
    """The change, and what it means for the alerts that kept quiet for this one, or must now."""
    changes = {change.alert.alert_id: change}
    if change.alert.crisis_id is not None:
        for quiet in inhibit((known | {change.alert.alert_id: change.alert}).values(), now):
            identity = quiet.alert.alert_id
            changes[identity] = changes[identity].then(quiet) if identity in changes else quiet
    return list(changes.values())


async def _audit(
    connection: Connection,
    change: AlertChange,
    command: Command,
    desk: str,
    actor: str,
    now: datetime,
) -> None:
    detail: dict[str, Any] = {
        "desk": desk,
        "transitions": [t.kind for t in change.transitions if t.desk == desk],
    }
    if not isinstance(command, Note):
        detail["reason"] = next(
            (t.reason for t in change.transitions if t.desk == desk and t.reason), None
        )
    action = f"alert.{change.transitions[-1].kind if len(change.transitions) == 1 else change.transitions[0].kind}"
    await connection.execute(
        "INSERT INTO audit (action, actor, subject, detail, at) VALUES ($1, $2, $3, $4, $5)",
        action,
        actor,
        change.alert.alert_id,
        detail,
        now,
    )
