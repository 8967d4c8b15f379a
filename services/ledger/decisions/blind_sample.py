"""How often is the matcher wrong? A sample of its attachments, judged by people who are not told
that there is one.

| call | what it does |
|---|---|
| `waiting` | attachments of the sample that nobody has judged yet, the oldest first |
| `judge` | keeps whom a reviewer found the incident to be about; gives whether the matcher had said
the same | | `outcomes` | what people judged, with the weight it was decided on: for `liaison
identity calibrate` |

Which incidents are in the sample follows from their reference alone, so that nobody picks them. A
judgement changes nothing: a reviewer who finds another person undoes the attachment where all
decisions are made. Reference: matching §4, calibrate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from services.identity.frequency import ALL
from services.ledger import audit
from services.liaison.settlement import Key
from services.orchestration.decisions.common import DecisionRefused
from services.runtime.postgres import Connection

Answer = Literal["person", "nobody", "cannot-tell"]
# For how long an attachment waits to be judged: later nobody remembers, and the queue would only
# grow.
WAITS = timedelta(days=14)
# Of those that wait.
SHOWN = 20
BY_WEIGHT = "weight-of-evidence"
BY_NUMBER = "verified-nhs-number"
TOO_LITTLE = "not-enough-weight"


@dataclass(frozen=True, slots=True)
class Sampled:
    """An attachment to be judged."""

    decision: int
    incident: Key
    person_id: str
    area: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """One outcome that a person has found."""

    weight: float
    """Bits, without the odds of not being on file: as `liaison identity match` writes it."""
    right: bool
    rule: str
    """What the matcher had decided by."""
    origin: Literal["blind", "review"]
    model_version: str
    people_then: int | None
    """How many records the register held; None where it was not kept."""


_SAMPLED = """
SELECT d.decision_id, d.agency, d.incident, d.person_id::text AS person_id, d.decided_at, e.area
  FROM identity_decision d
  JOIN incident i ON (i.agency, i.reference) = (d.agency, d.incident)
  JOIN crisis e USING (crisis_id)
 WHERE d.superseded_at IS NULL AND d.outcome = 'attached' AND d.evidence ->> 'rule' = ANY($1::text[])
   AND d.decided_at >= $2 AND hashtextextended(d.agency || chr(31) || d.incident, 0) % $3 = 0
   AND NOT EXISTS (SELECT FROM blind_judgement b
                    WHERE (b.agency, b.incident, b.person_id) = (d.agency, d.incident, d.person_id))
   AND ($4::text[] IS NULL OR e.area IS NULL OR e.area = ANY($4) OR e.further_areas && $4
        OR d.agency = $5)
   AND ($6::bigint IS NULL OR d.decision_id = $6)
 ORDER BY d.decided_at, d.decision_id LIMIT $7"""


async def waiting(
    connection: Connection,
    one_in: int,
    now: datetime,
    areas: Sequence[str] | None = None,
    agency: str = "",
    decision: int | None = None,
) -> list[Sampled]:
    """Attachments of the sample, one incident in `one_in`, that nobody has judged; `areas` and
    `agency` as for the queue. `decision`: that one, if it is among them."""
    rows = await connection.fetch(
        _SAMPLED, [BY_WEIGHT, BY_NUMBER], now - WAITS, one_in, areas, agency, decision, SHOWN
    )
    return [
        Sampled(
            r["decision_id"],
            (r["agency"], r["incident"]),
            r["person_id"],
            r["area"],
            r["decided_at"],
        )
        for r in rows
    ]


async def judge(
    connection: Connection,
    sampled: Sampled,
    answer: Answer,
    person_id: str | None,
    *,
    actor: str,
    now: datetime,
) -> bool | None:
    """Keep the answer in the caller's transaction. Gives whether the matcher was right; None where
    it cannot be told.

    Raises DecisionRefused (already-judged) for the second of two.
    """
    sample_id: int | None = await connection.fetchval(
        """INSERT INTO blind_judgement (decision_id, agency, incident, person_id, answer, chosen, records, actor, judged_at)
           SELECT $1, $2, $3, $4::text::uuid, $5, $6::text::uuid,
                  coalesce((SELECT records FROM value_frequency WHERE value = $9), 0), $7, $8
           ON CONFLICT DO NOTHING RETURNING judgement_id""",
        sampled.decision,
        *sampled.incident,
        sampled.person_id,
        answer,
        person_id,
        actor,
        now,
        ALL,
    )
    if sample_id is None:
        raise DecisionRefused(
            "already-judged", "Somebody else has judged this one meanwhile: take the next."
        )
    # whom was chosen is in the judgement; the audit is read by people who may not know how it was
    # attached
    place = "/".join(sampled.incident)
    await audit.write(connection, "identity.judged", actor, place, {"judgement": sample_id}, now)
    if answer == "cannot-tell":
        return None
    return person_id == sampled.person_id


_OUTCOMES = """
SELECT 'blind' AS origin, d.evidence, d.matcher_version, b.chosen IS NOT DISTINCT FROM b.person_id AS is_right,
       b.records AS people_then, b.judged_at AS at
  FROM blind_judgement b JOIN identity_decision d USING (decision_id) WHERE b.answer <> 'cannot-tell'
UNION ALL
SELECT 'review', d.evidence, d.matcher_version, r.verdict = 'same', NULL, r.decided_at
  FROM identity_review r
  JOIN local_record l ON (l.agency, l.local_person) = (r.local_agency, r.local_person)
  JOIN identity_decision d ON (d.agency, d.incident) = (r.agency, r.incident) AND d.outcome = 'possible'
       AND d.decided_at <= r.decided_at AND coalesce(d.superseded_at, 'infinity') >= r.decided_at
 WHERE r.undone_at IS NULL AND r.verdict <> 'cannot-tell' AND d.evidence ->> 'rule' = $1
   AND d.evidence -> 'candidates' ->> 0 IN (r.person_id::text, l.person_id::text)
 ORDER BY at"""


async def outcomes(connection: Connection) -> list[Judged]:
    """What people have judged, the oldest first: the blind sample, and reviews of whom weight alone
    kept from being attached.

    Reviews of those whom a veto held back are not among them: no threshold would attach these.
    """
    return [
        Judged(
            _weight(r["evidence"]),
            r["is_right"],
            r["evidence"]["rule"],
            r["origin"],
            r["matcher_version"],
            r["people_then"],
        )
        for r in await connection.fetch(_OUTCOMES, TOO_LITTLE)
    ]


async def register_size(connection: Connection) -> int:
    """How many records the register holds."""
    return int(
        await connection.fetchval("SELECT records FROM value_frequency WHERE value = $1", ALL) or 0
    )


def _weight(evidence: dict[str, Any]) -> float:
    return sum(item["weight"] or 0.0 for item in evidence["evidence"])
