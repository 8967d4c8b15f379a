"""The matcher's decisions about an incident, as a reviewer looks them up."""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.person import Outcome
from services.liaison.settlement import Key
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class DecidedIncident:
    """The incident of a decision, and where its crisis is."""

    incident: Key
    area: str | None


@dataclass(frozen=True, slots=True)
class CurrentDecision:
    """What counts now."""

    decision_id: int
    outcome: Outcome
    person_id: str | None


async def incident_decided(connection: Connection, decision: int) -> DecidedIncident | None:
    """The incident that the decision is about; None where there is no such decision."""
    row = await connection.fetchrow(
        """SELECT d.agency, d.incident, e.area FROM identity_decision d
             JOIN incident i ON (i.agency, i.reference) = (d.agency, d.incident) JOIN crisis e USING (crisis_id)
            WHERE d.decision_id = $1""",
        decision,
    )
    return None if row is None else DecidedIncident((row["agency"], row["incident"]), row["area"])


async def current_decision(connection: Connection, incident: Key) -> CurrentDecision | None:
    """What is decided of the incident now; None where nothing is."""
    row = await connection.fetchrow(
        """SELECT decision_id, outcome, person_id::text AS person_id FROM identity_decision
            WHERE (agency, incident) = ($1, $2) AND superseded_at IS NULL""",
        *incident,
    )
    return None if row is None else CurrentDecision(**row)
