"""What people decide about whom an incident is about: the one entry for a review queue, from any room.

| call | what it does |
|---|---|
| `queue` | incidents whose person is possible, with the candidates and the evidence, the longest waiting first |
| `review` | the same person (attach), a different one (detach, and never joined again by itself), or cannot tell |
| `undo` | takes a review back; what the matcher says counts again |
| `history` | all reviews of an incident, also those undone |

A review re-evaluates the incident's crisis, and what it leaves, in the same transaction: alerts rise and end at once.
Rows are only added; an undone one is closed. Two people at once: one wins, the other is told who and when
(`DecisionRefused`: already-reviewed, unknown-incident, unknown-person, unknown-review, reason-needed).
Only these ids are in the audit, never what anybody is called.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from schemas.registry import Registry
from services.ledger.crises import store as crisis_store
from services.ledger.decisions.common import DecisionRefused, reasoned
from services.liaison.settlement import Key
from services.runtime.postgres import Connection

Verdict = Literal["same", "different", "cannot-tell"]
Settle = Callable[[Connection, set[Key], datetime], Awaitable[object]]
"""Looks at incidents again in the caller's transaction: `Batch.settle`."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An incident whose person somebody must decide."""

    agency: str
    incident: str
    candidates: tuple[str, ...]
    """Person ids, the likeliest first, without those already judged."""
    rule: str
    """Why the matcher left it open, e.g. family-guard."""
    evidence: tuple[dict[str, Any], ...]
    """Of the likeliest: field, level and weight in bits."""
    matcher_version: str
    since: datetime
    decision: int = 0
    """The matcher's decision that is looked at."""
    crisis: str = ""
    area: str | None = None
    urgency: int | None = None
    """Of the most urgent alert of the crisis that stands; None: none does."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One review, open or undone."""

    review_id: int
    agency: str
    incident: str
    person_id: str
    """As the person was named when it was decided."""
    verdict: Verdict
    actor: str
    reason: str
    decided_at: datetime
    undone_by: str | None
    undone_at: datetime | None


_WAITING = """
SELECT d.decision_id, d.agency, d.incident, d.evidence, d.matcher_version, d.decided_at, i.crisis_id::text AS crisis, e.area,
       (SELECT min(a.urgency) FROM alert a WHERE a.crisis_id = i.crisis_id AND a.cleared_at IS NULL) AS urgency,
       s.separated, EXISTS (SELECT FROM identity_review r WHERE (r.agency, r.incident) = (d.agency, d.incident)
                               AND r.undone_at IS NULL AND r.verdict = 'cannot-tell') AS open
  FROM identity_decision d
  JOIN incident i ON (i.agency, i.reference) = (d.agency, d.incident)
  JOIN crisis e USING (crisis_id)
 CROSS JOIN LATERAL (SELECT ARRAY(
       SELECT l.person_id::text FROM identity_review r
         JOIN local_record l ON (l.agency, l.local_person) = (r.local_agency, r.local_person)
        WHERE (r.agency, r.incident) = (d.agency, d.incident) AND r.undone_at IS NULL AND r.verdict = 'different')
       AS separated) s
 WHERE d.superseded_at IS NULL AND d.outcome = 'possible'
   AND EXISTS (SELECT FROM jsonb_array_elements_text(d.evidence -> 'candidates') c WHERE c <> ALL (s.separated))
   AND ($1::text[] IS NULL OR e.area IS NULL OR e.area = ANY($1) OR d.agency = $2)"""


async def queue(
    connection: Connection,
    limit: int = 100,
    offset: int = 0,
    areas: Sequence[str] | None = None,
    agency: str = "",
) -> list[Waiting]:
    """Incidents with a possible person: those of crises with an alert that stands first, the most urgent at the top, then the
    longest waiting; those of which nobody could tell come last. `areas`: only crises there, or in no known area, or
    incidents of the `agency` itself; None: all."""
    rows = await connection.fetch(
        f"{_WAITING} ORDER BY open, urgency NULLS LAST, d.decided_at, d.decision_id LIMIT $3 OFFSET $4",
        areas,
        agency,
        limit,
        offset,
    )
    return [
        Waiting(
            r["agency"],
            r["incident"],
            tuple(c for c in r["evidence"]["candidates"] if c not in r["separated"]),
            r["evidence"]["rule"],
            tuple(r["evidence"]["evidence"]),
            r["matcher_version"],
            r["decided_at"],
            r["decision_id"],
            r["crisis"],
            r["area"],
            r["urgency"],
        )
        for r in rows
    ]


async def waiting(
    connection: Connection, areas: Sequence[str] | None = None, agency: str = ""
) -> int:
    """How long the queue is."""
    return int(await connection.fetchval(f"SELECT count(*) FROM ({_WAITING}) AS q", areas, agency))


async def history(connection: Connection, incident: Key) -> list[Reviewed]:
    """Every review of the incident, the newest first."""
    rows = await connection.fetch(
        """SELECT review_id, agency, incident, person_id::text AS person_id, verdict, actor, reason, decided_at, undone_by,
                  undone_at
             FROM identity_review WHERE (agency, incident) = ($1, $2) ORDER BY review_id DESC""",
        *incident,
    )
    return [Reviewed(**dict(r)) for r in rows]


async def review(
    connection: Connection,
    registry: Registry,
    settle: Settle,
    incident: Key,
    person_id: str,
    verdict: Verdict,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> int:
    """Keep the verdict and look at the crisis again, in the caller's transaction. Gives the id for `undo`.

    Raises DecisionRefused.
    """
    reason = reasoned(reason)
    await crisis_store.lock_zone(connection, registry.zone)
    if not await connection.fetchval(
        "SELECT true FROM incident WHERE (agency, reference) = ($1, $2)", *incident
    ):
        raise DecisionRefused("unknown-incident", "There is no such incident.")
    record = await connection.fetchrow(
        "SELECT agency, local_person FROM local_record WHERE person_id::text = $1 ORDER BY agency, local_person LIMIT 1",
        person_id,
    )
    if record is None:
        raise DecisionRefused(
            "unknown-person",
            "There is no such person on file any more; look at the incident again.",
        )
    first = await connection.fetchrow(
        """SELECT r.review_id, r.actor, r.decided_at, r.verdict FROM identity_review r
             JOIN local_record l ON (l.agency, l.local_person) = (r.local_agency, r.local_person)
            WHERE (r.agency, r.incident) = ($1, $2) AND r.undone_at IS NULL
              AND (r.verdict = 'same' OR (l.person_id::text = $3 AND r.verdict <> 'cannot-tell')) LIMIT 1""",
        *incident,
        person_id,
    )
    if first is not None:
        raise DecisionRefused(
            "already-reviewed",
            f"{first['actor']} decided this at {first['decided_at']:%H:%M} UTC: {first['verdict']}. "
            "Undo that first.",
        )
    await connection.execute(
        """UPDATE identity_review r SET undone_by = $4, undone_at = $5 FROM local_record l
            WHERE (r.agency, r.incident) = ($1, $2) AND r.undone_at IS NULL AND r.verdict = 'cannot-tell'
              AND (l.agency, l.local_person) = (r.local_agency, r.local_person) AND l.person_id::text = $3""",
        *incident,
        person_id,
        actor,
        now,
    )
    review_id: int = await connection.fetchval(
        """INSERT INTO identity_review
               (agency, incident, person_id, local_agency, local_person, verdict, actor, reason, decided_at)
           VALUES ($1, $2, $3::text::uuid, $4, $5, $6, $7, $8, $9) RETURNING review_id""",
        *incident,
        person_id,
        record["agency"],
        record["local_person"],
        verdict,
        actor,
        reason,
        now,
    )
    await _audit(
        connection,
        f"identity.{verdict}",
        actor,
        incident,
        {"person": person_id, "review": review_id},
        now,
    )
    await settle(connection, {incident}, now)
    return review_id


async def undo(
    connection: Connection,
    registry: Registry,
    settle: Settle,
    review_id: int,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Take a review back in the caller's transaction: what the matcher says counts again. Raises DecisionRefused."""
    reason = reasoned(reason)
    await crisis_store.lock_zone(connection, registry.zone)
    row = await connection.fetchrow(
        """UPDATE identity_review SET undone_by = $2, undone_at = $3 WHERE review_id = $1 AND undone_at IS NULL
           RETURNING agency, incident, person_id::text AS person_id""",
        review_id,
        actor,
        now,
    )
    if row is None:
        raise DecisionRefused(
            "unknown-review", "That decision is not there any more: somebody has undone it."
        )
    incident = (row["agency"], row["incident"])
    detail = {"person": row["person_id"], "review": review_id, "reason": reason}
    await _audit(connection, "identity.undone", actor, incident, detail, now)
    await settle(connection, {incident}, now)


async def _audit(
    connection: Connection,
    action: str,
    actor: str,
    incident: Key,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    await connection.execute(
        "INSERT INTO audit (action, actor, subject, detail, at) VALUES ($1, $2, $3, $4, $5)",
        action,
        actor,
        "/".join(incident),
        detail,
        now,
    )
