"""What people decide about whose records are one person's: join, take out, undo; and what that
would change, beforehand.

| call | what it does |
|---|---|
| `join` | two records, and the people behind them, are one person |
| `take_out` | a record is not about the person it is counted to: it leaves, and joins nobody by
itself again | | `undo` | takes a decision back; what the agencies say counts again |

Each looks again at every incident that may be about either person: those of the last 72 hours, and
those of crises with an alert that stands. Alerts rise and end in the same transaction. Rows are
only added; an undone one is closed. Two people at once: one wins, the other is told
(`DecisionRefused`: already-decided, unknown-record, unknown-decision, one-record, reason-needed).
Only ids are in the audit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.identity.register import RecordLink
from services.liaison.settlement import Key
from services.orchestration.decisions.common import (
    AlertMoved,
    DecisionRefused,
    moved_alerts,
    reasoned,
)
from services.orchestration.ledger import DecisionKept, RecordVerdict, Transaction
from services.orchestration.parking import settle_touched
from services.orchestration.register import register
from services.orchestration.settling import Settled, Settling


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a decision changes."""

    decision: int
    """For `undo`; without meaning in a preview."""
    records: tuple[Key, ...]
    """Records whose person is another one now."""
    incidents: tuple[Key, ...]
    """Incidents of which something else is decided about the person now."""
    alerts: tuple[AlertMoved, ...]


async def join(
    transaction: Transaction,
    settling: Settling,
    kept: Key,
    other: Key,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Consequences:
    """The people behind the two records are one, who keeps the id of `kept`'s. Raises
    DecisionRefused.
    """
    people = await _people(transaction, {kept, other}, reason)
    if people[kept] == people[other]:
        raise DecisionRefused(
            "one-record", "These are one person's already: there is nothing to join."
        )
    return await _decide(transaction, settling, kept, other, "same", actor, reason, now)


async def take_out(
    transaction: Transaction,
    settling: Settling,
    record: Key,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Consequences:
    """The record leaves the person it is counted to, and joins nobody by itself again. Raises
    DecisionRefused.
    """
    people = await _people(transaction, {record}, reason)
    rest = await transaction.records_of_people([people[record]]) - {record}
    if not rest:
        raise DecisionRefused(
            "one-record",
            "This is the only record of the person: there is nobody to take it out of.",
        )
    return await _decide(transaction, settling, min(rest), record, "different", actor, reason, now)


async def undo(
    transaction: Transaction,
    settling: Settling,
    link_id: int,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Consequences:
    """Take a decision back. Raises DecisionRefused."""
    reason = reasoned(reason)
    await transaction.lock_zone()
    undone = await transaction.undo_record_link(link_id, actor, reason, now)
    if undone is None:
        raise DecisionRefused(
            "unknown-decision", "That decision is not there any more: somebody has undone it."
        )
    kept, other = undone
    await _audit(transaction, "people.undone", actor, link_id, kept, other, now)
    return await _look_again(transaction, settling, link_id, {kept, other}, now)


async def _people(transaction: Transaction, records: set[Key], reason: str) -> Mapping[Key, str]:
    """The person of each record, with the zone locked. Raises DecisionRefused for one that is not
    on file.
    """
    reasoned(reason)
    await transaction.lock_zone()
    people = await transaction.people_of_records(records)
    if set(people) != records:
        raise DecisionRefused(
            "unknown-record", "There is no such record on file any more; look at the person again."
        )
    return people


async def _decide(
    transaction: Transaction,
    settling: Settling,
    kept: Key,
    other: Key,
    verdict: RecordVerdict,
    actor: str,
    reason: str,
    now: datetime,
) -> Consequences:
    first = await transaction.open_record_link(kept, other)
    if first is not None:
        raise DecisionRefused(
            "already-decided",
            f"{first.actor} decided this at {first.decided_at:%H:%M} UTC: {first.verdict}. Undo that first.",
        )
    link = RecordLink(kept, other, verdict == "same")
    link_id = await transaction.keep_record_link(link, actor, reason.strip(), now)
    await _audit(transaction, f"people.{verdict}", actor, link_id, kept, other, now)
    return await _look_again(transaction, settling, link_id, {kept, other}, now)


async def _look_again(
    transaction: Transaction, settling: Settling, link_id: int, records: set[Key], now: datetime
) -> Consequences:
    before = await _of_same_people(transaction, records)
    about = await transaction.incidents_alerted_about(set(before.values()))
    decided = await transaction.identity_decisions(about)
    touched = about | await register(transaction, records, now)
    decided |= await transaction.identity_decisions(touched - about)
    settled = Settled()
    if touched:
        settled = await settle_touched(transaction, settling, touched, now)
    after = await transaction.people_of_records(set(before))
    moved = sorted(record for record, person in before.items() if after.get(record) != person)
    decided_now = await transaction.identity_decisions(touched)
    changed = sorted(key for key in touched if _differs(decided.get(key), decided_now.get(key)))
    return Consequences(link_id, tuple(moved), tuple(changed), moved_alerts(settled.changes))


async def _of_same_people(transaction: Transaction, records: Collection[Key]) -> dict[Key, str]:
    """All records of the people behind these records, each with its person."""
    people = await transaction.people_of_records(records)
    every = await transaction.records_of_people(set(people.values()))
    return await transaction.people_of_records(every)


def _differs(before: DecisionKept | None, after: DecisionKept | None) -> bool:
    """Whether whom it is, or may be, about is another thing; why the matcher thinks so is not
    compared.
    """
    if before is None or after is None:
        return before is not after
    person = (before.outcome, before.person_id, before.candidates)
    return person != (after.outcome, after.person_id, after.candidates)


async def _audit(
    transaction: Transaction,
    action: str,
    actor: str,
    link_id: int,
    kept: Key,
    other: Key,
    now: datetime,
) -> None:
    detail = {"kept": "/".join(kept), "other": "/".join(other)}
    await transaction.audit(action, actor, str(link_id), detail, now)
