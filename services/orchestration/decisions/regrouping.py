"""What people decide about which incidents are one crisis: take one out of a crisis, or join two;
shown before it is done.

| call | what it does |
|---|---|
| `take_out` | an incident is of another crisis than the rest of the one it is in: it never joins
them again by itself | | `join` | two incidents, and the crises they are in, are one |

Either replaces what was decided of the same pair before; the audit keeps both. Alerts rise and end
in the same transaction; `preview` does an act and takes it back. Two people at once: one wins, the
other is told (`DecisionRefused`: already-decided, unknown-incident, one-incident, reason-needed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.liaison.settlement import Key
from services.orchestration.decisions.common import (
    AlertMoved,
    DecisionRefused,
    moved_alerts,
    reasoned,
)
from services.orchestration.ledger import LinkVerdict, Transaction
from services.orchestration.parking import settle_touched
from services.orchestration.settling import Settling


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What a decision changes."""

    together: tuple[Key, ...]
    """The incidents that are one crisis with the one decided on, itself among them, afterwards."""
    alerts: tuple[AlertMoved, ...]


async def take_out(
    transaction: Transaction,
    settling: Settling,
    incident: Key,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The incident is none of the crisis it is in. Raises DecisionRefused."""
    together = await _together(transaction, incident, reason)
    further = [key for key in together if key != incident]
    if not further:
        raise DecisionRefused(
            "one-incident",
            "It is the only incident of this crisis: there is nothing to take it out of.",
        )
    return await decide(
        transaction, settling, incident, further, "separated", actor=actor, reason=reason, now=now
    )


async def join(
    transaction: Transaction,
    settling: Settling,
    incident: Key,
    other: Key,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The two incidents are of one crisis. Raises DecisionRefused."""
    together = await _together(transaction, incident, reason)
    if other in together:
        raise DecisionRefused(
            "already-decided",
            "They are one crisis already: somebody else may have joined them just now.",
        )
    theirs = await _together(transaction, other, reason)
    # what separated any two of the two crises was about these incidents too: the newer word counts
    # for all of them
    decided = await transaction.link_decisions((*together, *theirs))
    for one in together:
        for two in theirs:
            if frozenset({one, two}) in decided.separated:
                await _keep(transaction, (one, two), "joined", actor, reason, now)
    return await decide(
        transaction, settling, incident, [other], "joined", actor=actor, reason=reason, now=now
    )


async def _together(transaction: Transaction, incident: Key, reason: str) -> tuple[Key, ...]:
    """The incidents of the crisis that this one is in, with the zone locked."""
    reasoned(reason)
    await transaction.lock_zone()
    together = await transaction.incidents_together(incident)
    if not together:
        raise DecisionRefused(
            "unknown-incident",
            "There is no such incident of that agency here; look at the reference again.",
        )
    return together


async def decide(
    transaction: Transaction,
    settling: Settling,
    incident: Key,
    further: Sequence[Key],
    verdict: LinkVerdict,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The incident, and each of these others, are of one crisis or of two. Nothing is asked:
    `take_out` and `join` do.
    """
    await transaction.lock_zone()
    for other in further:
        await _keep(transaction, (incident, other), verdict, actor, reason, now)
    settled = await settle_touched(transaction, settling, {incident, *further}, now)
    together = await transaction.incidents_together(incident)
    return Regrouped(together, moved_alerts(settled.changes))


async def _keep(
    transaction: Transaction,
    pair: tuple[Key, Key],
    verdict: LinkVerdict,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    left, right = sorted(pair)
    await transaction.keep_link_decision((left, right), verdict, actor, reason.strip(), now)
    detail = {"other": "/".join(right), "reason": reason.strip()}
    await transaction.audit(f"incidents.{verdict}", actor, "/".join(left), detail, now)
