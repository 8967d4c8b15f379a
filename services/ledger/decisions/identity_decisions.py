"""Whom each incident was decided to be about, by whatever decided it: a decision is closed by the
next, and stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.identity.person import Outcome
from services.liaison.settlement import Key
from services.orchestration.ledger import DecisionKept
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class DecidedIncident:
    """The incident of a decision, and where its crisis is."""

    incident: Key
    areas: tuple[str, ...]
    """Those that it may lie in; empty where none is known."""


@dataclass(frozen=True, slots=True)
class CurrentDecision:
    """What counts now."""

    decision_id: int
    outcome: Outcome
    person_id: str | None


async def incident_decided(connection: Connection, decision: int) -> DecidedIncident | None:
    """The incident that the decision is about; None where there is no such decision."""
    row = await connection.fetchrow(
        """SELECT d.agency, d.incident, array_remove(e.area || e.further_areas, NULL) AS areas FROM identity_decision d
             JOIN incident i ON (i.agency, i.reference) = (d.agency, d.incident) JOIN crisis e USING (crisis_id)
            WHERE d.decision_id = $1""",
        decision,
    )
    if row is None:
        return None
    return DecidedIncident((row["agency"], row["incident"]), tuple(row["areas"]))


async def current_decision(connection: Connection, incident: Key) -> CurrentDecision | None:
    """What is decided of the incident now; None where nothing is."""
    row = await connection.fetchrow(
        """SELECT decision_id, outcome, person_id::text AS person_id FROM identity_decision
            WHERE (agency, incident) = ($1, $2) AND superseded_at IS NULL""",
        *incident,
    )
    if row is None:
        return None
    return CurrentDecision(**row)


async def standing(connection: Connection, incidents: Collection[Key]) -> dict[Key, DecisionKept]:
    """The decision that stands for each incident that has one."""
    if not incidents:
        return {}
    rows = await connection.fetch(
        """SELECT agency, incident, outcome, person_id::text AS person_id, evidence, matcher_version FROM identity_decision
            WHERE superseded_at IS NULL AND (agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [agency for agency, _ in incidents],
        [reference for _, reference in incidents],
    )
    return {
        (row["agency"], row["incident"]): DecisionKept(
            row["outcome"], row["person_id"], row["evidence"], row["matcher_version"]
        )
        for row in rows
    }


async def replace(
    connection: Connection, decisions: Mapping[Key, DecisionKept], now: datetime
) -> None:
    """Close the decisions that stand for these incidents, and keep these."""
    agencies = [agency for agency, _ in decisions]
    references = [reference for _, reference in decisions]
    await connection.execute(
        """UPDATE identity_decision SET superseded_at = $3
            WHERE superseded_at IS NULL AND (agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        agencies,
        references,
        now,
    )
    await connection.execute(
        """INSERT INTO identity_decision
               (agency, incident, outcome, person_id, evidence, matcher_version, decided_at)
           SELECT a, i, o, p, e, v, $7
             FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::jsonb[], $6::text[])
               AS x(a, i, o, p, e, v)""",
        agencies,
        references,
        [decision.outcome for decision in decisions.values()],
        [decision.person_id for decision in decisions.values()],
        [decision.evidence for decision in decisions.values()],
        [decision.matcher_version for decision in decisions.values()],
        now,
    )
