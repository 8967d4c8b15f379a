"""One crisis as all that is in the ledger makes it: read in one transaction, folded by the heart's
own functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from schemas.person import PersonDescriptor
from schemas.registry import Registry
from services.identity.model import Model
from services.identity.person import Item
from services.ledger.events.decoded import Decoded
from services.ledger.transaction import PostgresTransaction
from services.liaison.crisis.corrections import counted
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.subjects import SITE_REPORTS_COUNT, site_reports_of
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.linking.sighting import Sighting
from services.liaison.policy import Policy
from services.liaison.scene_of import identity_of
from services.liaison.settle import crisis_of
from services.orchestration.busy_places import learned_of_places
from services.orchestration.settling import incident_files
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class CrisisOnFile:
    """The folded crisis, and where its incidents were seen."""

    crisis: Crisis
    sightings: tuple[Sighting, ...]
    """One an incident, by reference. They hold places: only for whom the location is disclosed to.
    """
    events: int
    subjects: Mapping[SubjectKey, PersonDescriptor | None]
    """Its subjects, as each was opened, with what the incident says of whom it is. Only for whom that is disclosed to."""
    missing: Item | None
    """What would decide whom it is about, where that is not sure."""


async def crisis_on_file(
    connection: Connection, crisis_id: UUID, registry: Registry, policy: Policy, model: Model
) -> CrisisOnFile | None:
    """The crisis as it is known now, without contacts outside it; None where no incident is in it.

    It is decoded anew at each call, so that no service but the stream keeps people in memory.
    """
    transaction = PostgresTransaction(connection, registry, Decoded(registry))
    around = await transaction.incidents_of([str(crisis_id)])
    files, people = await incident_files(transaction, around, model)
    if not files:
        return None
    effective = {file.key: counted(file.events) for file in files}
    began = min(r.event.time for events in effective.values() for r in events.given)
    reports = site_reports_of(await transaction.site_events(began - SITE_REPORTS_COUNT))
    decisions = await transaction.link_decisions(around)
    folded = crisis_of(
        str(crisis_id),
        files,
        people,
        policy,
        registry,
        decisions,
        reports,
        await learned_of_places(transaction, files, policy),
    )
    if folded is None:
        return None
    crisis, parts = folded
    count = sum(len(part.events.given) for part in parts)
    sightings = tuple(part.sighting for part in parts)
    ordered = sorted(parts, key=lambda part: (part.sighting.opened_at, part.key))
    subjects = {part.key: part.subject.descriptor for part in ordered}
    return CrisisOnFile(crisis, sightings, count, subjects, identity_of(parts).missing)
