"""One crisis as all that is in the ledger makes it: read in one transaction, folded by the heart's own functions."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from schemas.registry import Registry
from services.identity.model import Model
from services.ledger.crises.store import files, incidents_of, site_reports
from services.ledger.events.decoded import Decoded
from services.liaison.crisis.corrections import counted
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.subjects import SITE_REPORTS_COUNT
from services.liaison.linking.sighting import Sighting, sighting
from services.liaison.settle import crisis_of
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class CrisisOnFile:
    """The folded crisis, and where its incidents were seen."""

    crisis: Crisis
    sightings: tuple[Sighting, ...]
    """One an incident, by reference. They hold places: only for whom the location is disclosed to."""
    events: int


async def crisis_on_file(
    connection: Connection, crisis_id: UUID, registry: Registry, model: Model
) -> CrisisOnFile | None:
    """The crisis as it is known now, without contacts outside it; None where no incident is in it.

    It is decoded anew at each call, so that no service but the stream keeps people in memory.
    """
    decoded = Decoded(registry)
    found, people = await files(
        connection, await incidents_of(connection, [str(crisis_id)]), decoded, model
    )
    if not found:
        return None
    said = {f.key: counted(f.events) for f in found}
    began = min(r.event.time for each in said.values() for r in each.given)
    reports = await site_reports(connection, began - SITE_REPORTS_COUNT, decoded)
    crisis = crisis_of(str(crisis_id), found, said, people, registry, reports)
    seen = tuple(sighting(said[f.key], f.identity.person_id if f.identity else None) for f in found)
    return CrisisOnFile(crisis, seen, sum(len(each.given) for each in said.values()))
