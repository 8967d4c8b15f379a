"""For whom a finding is: its desks by rule, the desks above them, what each may see and the times
that bind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from schemas.registry import Agency, Desk, Level, Registry
from services.liaison.alert import Addressed, Ladder, Rung
from services.liaison.crisis.facts import Crisis
from services.liaison.disclosure.matrix import view
from services.liaison.disclosure.words import CrisisWords
from services.liaison.finding import Standing
from services.liaison.policy import Policy


def involved_in(crisis: Crisis, now: datetime) -> frozenset[str]:
    """The agencies that have an incident in the crisis, and the trusts that care for the person."""
    having = {incident.key[0] for incident in crisis.incidents}
    caring = {pathway.agency for pathway in crisis.open_pathways(now)}
    return frozenset(having | caring)


class Addressing:
    """One finding and the registry and policy of this moment; the ladder is a snapshot of them."""

    def __init__(
        self,
        standing: Standing,
        crisis: Crisis | None,
        area: str | None,
        registry: Registry,
        policy: Policy,
        now: datetime,
        words: CrisisWords | None = None,
    ) -> None:
        self._involved = frozenset[str]()
        self._areas: tuple[str | None, ...] = (area,)
        if crisis is not None:
            self._involved = involved_in(crisis, now)
            self._areas = crisis.areas
        self._standing, self._crisis, self._words = standing, crisis, words
        self._registry, self._policy = registry, policy

    def by_rule(self) -> list[Addressed]:
        """The desks of those involved, or of those who answer for the place. Operations hear of it
        where there is none, and where the place is unknown: somebody has to find out."""
        finding, registry = self._standing.finding, self._registry
        desks = registry.desks_for_any(
            finding.recipients, self._areas, finding.agencies, self._involved
        )
        # an alert that reaches nobody is worse than one too many at operations
        if not desks or self._guessed(desks):
            operations = registry.desks_for(["operations"], None)
            desks = (*desks, *(pair for pair in operations if pair not in desks))
        return [self._addressed(agency, desk, climbs=True) for agency, desk in desks]

    def _guessed(self, desks: Iterable[tuple[Agency, Desk]]) -> bool:
        """Whether one of the desks of a crisis was chosen without knowing where it is."""
        if self._crisis is None or any(self._registry.is_area(area) for area in self._areas):
            return False
        certain = self._involved | set(self._standing.finding.agencies)
        return any(desk.takes_unknown_area and agency.id not in certain for agency, desk in desks)

    def desk(self, desk: str) -> Addressed | None:
        """A desk above another, which climbs no further itself; None where the registry no longer
        has it.
        """
        pair = self._registry.desks_by_id.get(desk)
        if pair is None:
            return None
        return self._addressed(*pair, climbs=False)

    def _addressed(self, agency: Agency, desk: Desk, climbs: bool) -> Addressed:
        sentences, items = view(self._standing, desk.role, self._crisis, agency.id, self._words)
        return Addressed(desk.id, agency.id, sentences, items, self._ladder(agency, desk, climbs))

    def _ladder(self, agency: Agency, desk: Desk, climbs: bool) -> Ladder:
        finding, policy = self._standing.finding, self._policy
        rungs: list[Rung] = []
        levels: tuple[tuple[Level, timedelta], ...] = ()
        if climbs:
            levels = policy.ladder(finding.rule, finding.urgency)
        for level, after in levels:
            desks = self._above(agency, desk, level)
            if desk.id in desks:
                # the desk itself stands on this rung: who is above it counts from the lowest
                rungs.clear()
            elif desks:
                rungs.append(Rung(level, after, desks))
        supervisors = self._above(agency, desk, "supervisor")
        return Ladder(
            policy.version,
            finding.acknowledge_within,
            policy.acknowledgement_lasts(finding.urgency),
            tuple(rungs),
            supervisors,
        )

    def _above(self, agency: Agency, desk: Desk, level: Level) -> tuple[str, ...]:
        """The desks of the level above this one: of several areas only those that it serves count."""
        if len(self._areas) == 1:
            return self._registry.desks_above(agency.id, level, self._areas[0])
        served = [area for area in self._areas if not desk.areas or area in desk.areas]
        above = {
            higher
            for area in served or self._areas
            for higher in self._registry.desks_above(agency.id, level, area)
        }
        return tuple(sorted(above))
