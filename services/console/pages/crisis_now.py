"""The crisis as it stands, for one desk: its running clocks, whom it is about, what care has in place, and where it is.

Everything is read in the transaction that keeps the view in the audit, and passes through the heart's disclosure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from schemas.registry import Registry
from services.console.access.doors import Here
from services.console.view.map import BoroughMap, MapMark
from services.console.view.text import BASES
from services.identity.model import Model
from services.ledger.crises.one import CrisisOnFile, crisis_on_file
from services.ledger.feeds import silent_feeds
from services.liaison.alert.record import alert_id
from services.liaison.clocks import RunningClock, may_see, running_clocks
from services.liaison.disclosure.matrix import still_permitted
from services.liaison.disclosure.person import PersonShown, person_shown
from services.liaison.disclosure.words import words_of
from services.liaison.policy import Policy
from services.liaison.rules import RULES
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class ClockShown:
    """One row of the clocks."""

    name: str
    began: datetime
    ends: datetime
    basis: str
    alert_at: datetime | None
    alert: str | None
    """The alert that stands, where this desk has it."""
    unsure: bool
    """A feed that would have carried what stops it is silent."""


@dataclass(frozen=True, slots=True)
class IncidentShown:
    """One agency's own record."""

    number: int
    agency: str
    reference: str
    url: str | None
    area: str
    """Where it is; empty where that is not known or was not disclosed."""
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CrisisShown:
    """What one desk may see of a crisis now."""

    clocks: tuple[ClockShown, ...]
    person: PersonShown
    facts: tuple[tuple[str, str], ...]
    """Label and words of the items that were disclosed."""
    incidents: tuple[IncidentShown, ...]
    incidents_withheld: int
    marks: tuple[MapMark, ...]
    highlighted: frozenset[str]
    """Codes of the areas with an incident."""
    incidents_left_apart: bool


async def crisis_now(
    connection: Connection,
    here: Here,
    crisis_id: UUID,
    disclosed: Collection[str],
    alerts: Collection[str],
    *,
    registry: Registry,
    policy: Policy,
    model: Model,
    sheet: BoroughMap | None,
) -> CrisisShown | None:
    """Fold the crisis anew and take what this desk may see; None where all its events are gone from the ledger.

    `disclosed` are the items that the desk was told with its alerts of this crisis, `alerts` the ids of these.
    """
    found = await crisis_on_file(connection, crisis_id, registry, model)
    if found is None:
        return None
    silent = {
        registry.feeds_by_id[feed][0].id
        for feed in await silent_feeds(connection)
        if feed in registry.feeds_by_id
    }
    return crisis_for(
        found, here, disclosed, alerts, silent=silent, registry=registry, policy=policy, sheet=sheet
    )


def crisis_for(
    found: CrisisOnFile,
    here: Here,
    disclosed: Collection[str],
    alerts: Collection[str],
    *,
    silent: Collection[str],
    registry: Registry,
    policy: Policy,
    sheet: BoroughMap | None,
) -> CrisisShown:
    """The same of a folded crisis. Pure."""
    crisis, desk, now = found.crisis, here.desk, here.now
    items = still_permitted(disclosed, desk.role, crisis)
    clocks = tuple(
        _clock(c, alerts, silent)
        for c in running_clocks(crisis, policy, now)
        if may_see(c, desk.desk, items, crisis.area, registry)
    )
    incidents, marks, codes, withheld = _incidents(found, desk.agency, items, registry, sheet)
    return CrisisShown(
        clocks=clocks,
        person=person_shown(crisis, desk.role, desk.agency, now),
        facts=tuple(words_of(crisis, items - {"identity-certainty", "location"}).items()),
        incidents=incidents,
        incidents_withheld=withheld,
        marks=marks,
        highlighted=codes,
        incidents_left_apart=crisis.incidents_left_apart,
    )


def _clock(clock: RunningClock, alerts: Collection[str], silent: Collection[str]) -> ClockShown:
    raised = alert_id(clock.key)
    return ClockShown(
        name=RULES[clock.rule].awaits,
        began=clock.began,
        ends=clock.ends,
        basis=BASES[clock.basis] if clock.basis else "",
        alert_at=clock.alert_at,
        alert=raised if clock.alert_at is None and raised in alerts else None,
        unsure=not clock.relies_on.isdisjoint(silent),
    )


def _incidents(
    found: CrisisOnFile,
    own: str,
    items: Collection[str],
    registry: Registry,
    sheet: BoroughMap | None,
) -> tuple[tuple[IncidentShown, ...], tuple[MapMark, ...], frozenset[str], int]:
    """Records by their opening, marks of their places, codes of their areas, and how many were left out."""
    names = {area.id: area for area in registry.areas}
    seen = {s.key: s for s in found.sightings}
    shown: list[IncidentShown] = []
    places: dict[int, tuple[float, float]] = {}
    codes: set[str] = set()
    states = sorted(found.crisis.incidents, key=lambda i: (i.opened_at, i.key))
    for state in states:
        mine = state.key[0] == own
        if not mine and "incidents" not in items:
            continue
        number, area = len(shown) + 1, None
        sighting = seen.get(state.key)
        if sighting is not None and (mine or "location" in items):
            if sighting.latitude is not None and sighting.longitude is not None:
                places[number] = (sighting.latitude, sighting.longitude)
                area = names.get(registry.area_at(sighting.latitude, sighting.longitude) or "")
            area = area or names.get(found.crisis.area or "")
        if area is not None and area.code is not None:
            codes.add(area.code)
        agency = registry.agencies_by_id.get(state.key[0])
        template = None if agency is None else agency.record_url
        shown.append(
            IncidentShown(
                number,
                state.key[0] if agency is None else agency.name,
                state.key[1],
                None
                if template is None
                else template.replace("{reference}", quote(state.key[1], safe="")),
                "" if area is None else area.name,
                state.opened_at,
                None if state.closed is None else state.closed.at,
            )
        )
    marks = () if sheet is None else sheet.marks(places)
    return tuple(shown), marks, frozenset(codes), len(states) - len(shown)
