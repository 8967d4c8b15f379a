"""What people decided about which subjects are one crisis: of whole incidents in `link_decision`, of
one of several people of a log in `subject_link`.
`services.orchestration.decisions.regrouping` decides; here it is kept and read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from services.liaison.crisis.division import incident_of, subject_key, subject_of
from services.liaison.linking.decisions import LinkDecision, LinkVerdict
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.settlement import Key
from services.runtime.postgres import Connection


async def decisions(connection: Connection, incidents: Collection[Key]) -> list[LinkDecision]:
    """What people decided about subjects of these incidents."""
    rows = await connection.fetch(
        """WITH named AS (SELECT * FROM unnest($1::text[], $2::text[]))
           SELECT left_agency, left_reference, '' AS left_subject, right_agency, right_reference,
                  '' AS right_subject, decision, decided_at FROM link_decision
            WHERE (left_agency, left_reference) IN (SELECT * FROM named)
           UNION ALL
           SELECT left_agency, left_reference, left_subject, right_agency, right_reference,
                  right_subject, decision, decided_at FROM subject_link
            WHERE (left_agency, left_reference) IN (SELECT * FROM named)""",
        [agency for agency, _ in incidents],
        [reference for _, reference in incidents],
    )
    return [
        LinkDecision(
            subject_key(row["left_agency"], row["left_reference"], row["left_subject"]),
            subject_key(row["right_agency"], row["right_reference"], row["right_subject"]),
            row["decision"],
            row["decided_at"],
        )
        for row in rows
    ]


async def keep(
    connection: Connection,
    pair: tuple[SubjectKey, SubjectKey],
    verdict: LinkVerdict,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Keep what a person decided about two subjects; a later decision replaces the one before, the
    audit holds both.
    """
    left, right = sorted(pair)
    if not subject_of(left) and not subject_of(right):
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
        return
    await connection.execute(
        """INSERT INTO subject_link (left_agency, left_reference, left_subject, right_agency, right_reference,
                                     right_subject, decision, actor, reason, decided_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           ON CONFLICT (left_agency, left_reference, left_subject, right_agency, right_reference, right_subject)
           DO UPDATE SET decision = excluded.decision, actor = excluded.actor, reason = excluded.reason,
               decided_at = excluded.decided_at""",
        *incident_of(left),
        subject_of(left),
        *incident_of(right),
        subject_of(right),
        verdict,
        actor,
        reason,
        now,
    )
