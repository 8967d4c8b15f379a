"""What people decide about which incidents are one crisis: take one out of a crisis, or join two; shown before it is done.

| call | what it does |
|---|---|
| `take_out` | an incident is of another crisis than the rest of the one it is in: it never joins them again by itself |
| `join` | two incidents, and the crises they are in, are one |

Either replaces what was decided of the same pair before; the audit keeps both. Alerts rise and end in the same transaction;
`services.ledger.decisions.preview` does an act and takes it back. Two people at once: one wins, the other is told
(`DecisionRefused`: already-decided, unknown-incident, one-incident, reason-needed).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.ledger.crises import store as crisis_store
from services.ledger.crises.settling import Settling
from services.ledger.decisions.common import AlertMoved, DecisionRefused, moved_alerts, reasoned
from services.liaison.settlement import Key
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What a decision changes."""

    together: tuple[Key, ...]
    """The incidents that are one crisis with the one decided on, itself among them, afterwards."""
    alerts: tuple[AlertMoved, ...]


async def take_out(
    connection: Connection,
    settling: Settling,
    incident: Key,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The incident is none of the crisis it is in. Raises DecisionRefused."""
    together = await _together(connection, settling, incident, reason)
    others = [key for key in together if key != incident]
    if not others:
        raise DecisionRefused(
            "one-incident",
            "It is the only incident of this crisis: there is nothing to take it out of.",
        )
    return await _decide(connection, settling, incident, others, "separated", actor, reason, now)


async def join(
    connection: Connection,
    settling: Settling,
    incident: Key,
    other: Key,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The two incidents are of one crisis. Raises DecisionRefused."""
    together = await _together(connection, settling, incident, reason)
    if other in together:
        raise DecisionRefused(
            "already-decided",
            "They are one crisis already: somebody else may have joined them just now.",
        )
    theirs = await _together(connection, settling, other, reason)
    # what separated any two of the two crises was about these incidents too: the newer word counts for all of them
    separated, _ = await crisis_store.decisions(connection, (*together, *theirs))
    apart = [(one, two) for one in together for two in theirs if frozenset({one, two}) in separated]
    for one, two in apart:
        await crisis_store.decide_link(connection, (one, two), "joined", actor, reason.strip(), now)
    return await _decide(connection, settling, incident, [other], "joined", actor, reason, now)


async def _together(
    connection: Connection, settling: Settling, incident: Key, reason: str
) -> tuple[Key, ...]:
    """The incidents of the crisis that this one is in, with the zone locked."""
    reasoned(reason)
    await crisis_store.lock_zone(connection, settling.registry.zone)
    found = await _of_one_crisis(connection, incident)
    if incident not in found:
        raise DecisionRefused(
            "unknown-incident",
            "There is no such incident of that agency here; look at the reference again.",
        )
    return found


async def _of_one_crisis(connection: Connection, incident: Key) -> tuple[Key, ...]:
    rows = await connection.fetch(
        """SELECT agency, reference FROM incident WHERE crisis_id =
               (SELECT crisis_id FROM incident WHERE (agency, reference) = ($1, $2)) ORDER BY agency, reference""",
        *incident,
    )
    return tuple((r["agency"], r["reference"]) for r in rows)


async def _decide(
    connection: Connection,
    settling: Settling,
    incident: Key,
    others: Iterable[Key],
    decision: str,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    listed = list(others)
    for other in listed:
        await crisis_store.decide_link(
            connection, (incident, other), decision, actor, reason.strip(), now
        )
    changes = await settling.settle(connection, {incident, *listed}, now)
    return Regrouped(await _of_one_crisis(connection, incident), moved_alerts(changes))
