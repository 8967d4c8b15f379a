"""The crisis as it stands, for one desk: its running clocks, whom it is about, what care has in
place, and where it is.

Everything is read in the transaction that keeps the view in the audit, and passes through the
heart's disclosure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from schemas.registry import Agency, Area, Registry
from services.console.access.doors import Here
from services.console.view.alert import read_first
from services.console.view.map import BoroughMap, MapMark
from services.console.view.text.vocabulary import BASES
from services.identity.missing import ASKING
from services.identity.model import Model
from services.ledger.crises.one import CrisisOnFile, crisis_on_file
from services.ledger.feeds import silent_feeds
from services.liaison.alert.record import alert_id
from services.liaison.clocks import RunningClock, may_see, running_clocks
from services.liaison.crisis.facts import IncidentState
from services.liaison.disclosure.matrix import still_permitted, unstated_for
from services.liaison.disclosure.person import PersonShown, person_shown
from services.liaison.disclosure.words import READ_FIRST, words_of
from services.liaison.policy import Policy
from services.liaison.rules import RULES
from services.liaison.settlement import Key
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
    to_act: tuple[tuple[str, str], ...]
    """Where, what signs, who is there, whom to ring, and what of it nobody has stated: label and
    words.
    """
    facts: tuple[tuple[str, str], ...]
    """Label and words of the other items that were disclosed."""
    incidents: tuple[IncidentShown, ...]
    incidents_withheld: int
    marks: tuple[MapMark, ...]
    highlighted: frozenset[str]
    """Codes of the areas with an incident."""
    incidents_left_apart: bool
    next_question: str
    """What to ask whoever is on the telephone or beside the person; empty where nothing would say
    who it is.
    """


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
    """Fold the crisis anew and take what this desk may see; None where all its events are gone from
    the ledger.

    `disclosed` are the items that the desk was told with its alerts of this crisis, `alerts` the
    ids of these.
    """
    on_file = await crisis_on_file(connection, crisis_id, registry, policy, model)
    if on_file is None:
        return None
    silent = {
        registry.feeds_by_id[feed][0].id
        for feed in await silent_feeds(connection)
        if feed in registry.feeds_by_id
    }
    return crisis_for(
        on_file,
        here,
        disclosed,
        alerts,
        silent=silent,
        registry=registry,
        policy=policy,
        sheet=sheet,
    )


def crisis_for(
    on_file: CrisisOnFile,
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
    crisis, desk, now = on_file.crisis, here.desk, here.now
    items = still_permitted(disclosed, desk.role, crisis)
    clocks = tuple(
        _clock(clock, alerts, silent)
        for clock in running_clocks(crisis, policy, now)
        if may_see(clock, desk.desk, items, crisis.areas, registry)
    )
    incidents = _Incidents(on_file, desk.agency, items, registry)
    words = words_of(crisis, items - {"identity-certainty"})
    # the list of incidents has the area by its name
    elsewhere = {"Area", *READ_FIRST}
    return CrisisShown(
        clocks=clocks,
        person=person_shown(crisis, desk.role, desk.agency, now),
        to_act=read_first(unstated_for(desk.role, crisis) | words),
        facts=tuple((label, text) for label, text in words.items() if label not in elsewhere),
        incidents=tuple(incidents.shown),
        incidents_withheld=incidents.withheld,
        marks=() if sheet is None else sheet.marks(incidents.places),
        highlighted=frozenset(incidents.area_codes),
        incidents_left_apart=crisis.incidents_left_apart,
        next_question="" if on_file.missing is None else ASKING[on_file.missing].next_question,
    )


def _clock(clock: RunningClock, alerts: Collection[str], silent: Collection[str]) -> ClockShown:
    alert = alert_id(clock.key)
    # the alert stands once there is no instant left at which it would rise
    stands_here = clock.alert_at is None and alert in alerts
    return ClockShown(
        name=RULES[clock.rule].awaits,
        began=clock.began,
        ends=clock.ends,
        basis=BASES[clock.basis] if clock.basis else "",
        alert_at=clock.alert_at,
        alert=alert if stands_here else None,
        unsure=not clock.relies_on.isdisjoint(silent),
    )


class _Incidents:
    """An agency's view of the incidents by their opening: its own whole, of others' what was
    disclosed."""

    def __init__(
        self, on_file: CrisisOnFile, own_agency: str, items: Collection[str], registry: Registry
    ) -> None:
        self._own_agency, self._items, self._registry = own_agency, items, registry
        self._areas = {area.id: area for area in registry.areas}
        self._area_of_crisis = on_file.crisis.area
        self._sightings = {sighting.key: sighting for sighting in on_file.sightings}
        self.shown: list[IncidentShown] = []
        self.places: dict[int, tuple[float, float]] = {}
        """By the number of the incident."""
        self.area_codes: set[str] = set()
        self.withheld = 0
        for state in sorted(
            on_file.crisis.incidents, key=lambda state: (state.opened_at, state.key)
        ):
            if state.key[0] == own_agency or "incidents" in items:
                self._show(state)
            else:
                self.withheld += 1

    def _show(self, state: IncidentState) -> None:
        agency_id, reference = state.key
        agency = self._registry.agencies_by_id.get(agency_id)
        number = len(self.shown) + 1
        area = self._area(state.key, number)
        if area is not None and area.code is not None:
            self.area_codes.add(area.code)
        self.shown.append(
            IncidentShown(
                number=number,
                agency=agency.name if agency else agency_id,
                reference=reference,
                url=_record_url(agency, reference),
                area=area.name if area else "",
                opened_at=state.opened_at,
                closed_at=state.closed.at if state.closed else None,
            )
        )

    def _area(self, key: Key, number: int) -> Area | None:
        """Where it is, and its place on the map; None where that is not known or was not disclosed."""
        sighting = self._sightings.get(key)
        if sighting is None or not (key[0] == self._own_agency or "location" in self._items):
            return None
        area = None
        if sighting.latitude is not None and sighting.longitude is not None:
            place = (sighting.latitude, sighting.longitude)
            self.places[number] = place
            area = self._areas.get(self._registry.area_at(*place) or "")
        return area or self._areas.get(self._area_of_crisis or "")


def _record_url(agency: Agency | None, reference: str) -> str | None:
    """Where the agency's own system shows the record."""
    if agency is None or agency.record_url is None:
        return None
    return agency.record_url.replace("{reference}", quote(reference, safe=""))
