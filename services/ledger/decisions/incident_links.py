"""What people decided about which incidents are one crisis.
`services.orchestration.decisions.regrouping` decides; here it is kept and read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from services.liaison.settlement import Key
from services.orchestration.ledger import LinkDecisions, LinkVerdict
from services.runtime.postgres import Connection


async def decisions(connection: Connection, incidents: Collection[Key]) -> LinkDecisions:
    """What people decided about pairs of these incidents."""
    rows = await connection.fetch(
        """SELECT * FROM link_decision
            WHERE (left_agency, left_reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [agency for agency, _ in incidents],
        [reference for _, reference in incidents],
    )
    pairs: dict[LinkVerdict, set[frozenset[Key]]] = {"separated": set(), "joined": set()}
    for row in rows:
        left = (row["left_agency"], row["left_reference"])
        right = (row["right_agency"], row["right_reference"])
        pairs[row["decision"]].add(frozenset({left, right}))
    return LinkDecisions(frozenset(pairs["separated"]), frozenset(pairs["joined"]))


async def keep(
    connection: Connection,
    pair: tuple[Key, Key],
    verdict: LinkVerdict,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Keep what a person decided about two incidents; a later decision replaces the one before, the
    audit holds both.
    """
    left, right = sorted(pair)
    await connection.execute(
        """INSERT INTO link_decision (left_agency, left_reference, right_agency, right_reference, decision, actor,
                                      reason, decided_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (left_agency, left_reference, right_agency, right_reference)
           DO UPDATE SET decision = excluded.decision, actor = excluded.actor, reason = excluded.reason,
               decided_at = excluded.decided_at""",
        *left,
        *right,
        verdict,
        actor,
        reason,
        now,
    )
