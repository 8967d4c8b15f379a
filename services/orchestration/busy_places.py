"""What was learned of how busy the places of some incidents are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.liaison.linking.busyness import HALF_LIVES_READ, LEARNED, NOTHING_LEARNED, ByDay
from services.liaison.linking.sighting import place_keys, sighting
from services.liaison.policy import Policy
from services.liaison.settlement import IncidentFile
from services.orchestration.ledger import Transaction


async def learned_of_places(
    transaction: Transaction, files: Sequence[IncidentFile], policy: Policy
) -> ByDay:
    """Incidents by place and day, as far back as they count for the earliest of these incidents."""
    if not files:
        return NOTHING_LEARNED
    sightings = [sighting(file.events, None) for file in files]
    places = {
        place for sighted in sightings for place in place_keys(sighted) if place.startswith(LEARNED)
    }
    if not places:
        return NOTHING_LEARNED
    first = min(sighted.opened_at for sighted in sightings)
    counts_for = timedelta(days=HALF_LIVES_READ * policy.busy_place_half_life_days)
    return await transaction.incidents_by_day(sorted(places), (first - counts_for).date())
