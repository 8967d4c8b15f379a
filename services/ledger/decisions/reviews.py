"""What waits for a person to say whom an incident is about, and what was said.
`services.orchestration.decisions.reviews` decides; here it is kept and read.

| call | what it does |
|---|---|
| `queue`, `waiting` | incidents whose person is possible, with the candidates and the evidence, the
longest waiting first | | `history` | all reviews of an incident, also those undone |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.liaison.settlement import Key
from services.orchestration.ledger import NewReview, ReviewKept, ReviewVerdict
from services.runtime.postgres import Connection


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
    verdict: ReviewVerdict
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
   AND ($1::text[] IS NULL OR e.area IS NULL OR e.area = ANY($1) OR e.further_areas && $1 OR d.agency = $2)"""


async def queue(
    connection: Connection,
    limit: int = 100,
    offset: int = 0,
    areas: Sequence[str] | None = None,
    agency: str = "",
) -> list[Waiting]:
    """Incidents with a possible person: those of crises with an alert that stands first, the most
    urgent at the top, then the longest waiting; those of which nobody could tell come last.
    `areas`: only crises that are or may be there, or in no known area, or incidents of the `agency` itself; None:
    all."""
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


async def open_reviews(
    connection: Connection, incidents: Collection[Key]
) -> dict[Key, tuple[ReviewKept, ...]]:
    """What people decided of these incidents and has not been undone, in the order of the
    decisions.
    """
    rows = await connection.fetch(
        """SELECT review_id, agency, incident, verdict, local_agency, local_person, actor, decided_at
             FROM identity_review
            WHERE undone_at IS NULL AND (agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))
            ORDER BY review_id""",
        [agency for agency, _ in incidents],
        [reference for _, reference in incidents],
    )
    reviews: dict[Key, list[ReviewKept]] = defaultdict(list)
    for row in rows:
        reviews[row["agency"], row["incident"]].append(
            ReviewKept(
                row["review_id"],
                row["verdict"],
                (row["local_agency"], row["local_person"]),
                row["actor"],
                row["decided_at"],
            )
        )
    return {incident: tuple(answers) for incident, answers in reviews.items()}


async def insert_review(connection: Connection, review: NewReview, now: datetime) -> int:
    """Keep it; gives its number."""
    number: int = await connection.fetchval(
        """INSERT INTO identity_review
               (agency, incident, person_id, local_agency, local_person, verdict, actor, reason, decided_at)
           VALUES ($1, $2, $3::text::uuid, $4, $5, $6, $7, $8, $9) RETURNING review_id""",
        *review.incident,
        review.person_id,
        *review.record,
        review.verdict,
        review.actor,
        review.reason,
        now,
    )
    return number


async def close_review(
    connection: Connection, review_id: int, actor: str, now: datetime
) -> tuple[Key, str] | None:
    """Close it; gives the incident and the person it was about. None where it is not open."""
    row = await connection.fetchrow(
        """UPDATE identity_review SET undone_by = $2, undone_at = $3 WHERE review_id = $1 AND undone_at IS NULL
           RETURNING agency, incident, person_id::text AS person_id""",
        review_id,
        actor,
        now,
    )
    if row is None:
        return None
    return (row["agency"], row["incident"]), row["person_id"]
