"""For whom a finding is: its desks by rule, the desks above them, what each may see and the times that bind it."""

from __future__ import annotations

from schemas.registry import Agency, Desk, Registry
from services.liaison.alert import Addressed, Ladder, Rung
from services.liaison.crisis.facts import Crisis
from services.liaison.disclosure.matrix import view
from services.liaison.finding import Standing
from services.liaison.policy import Policy


class Addressing:
    """One finding and the registry and policy of this moment; the ladder is a snapshot of them."""

    def __init__(
        self,
        standing: Standing,
        crisis: Crisis | None,
        area: str | None,
        registry: Registry,
        policy: Policy,
    ) -> None:
        self._standing, self._crisis, self._area = standing, crisis, area
        self._registry, self._policy = registry, policy

    def by_rule(self) -> list[Addressed]:
        """The desks that the rule names; operations where there is none, so that no alert reaches nobody."""
        finding = self._standing.finding
        desks = self._registry.desks_for(finding.recipients, self._area, finding.agencies)
        if not desks:
            desks = self._registry.desks_for(["operations"], None)
        return [self._addressed(agency, desk, climbs=True) for agency, desk in desks]

    def desk(self, desk: str) -> Addressed | None:
        """A desk above another, which climbs no further itself; None where the registry no longer has it."""
        found = self._registry.desks_by_id.get(desk)
        return None if found is None else self._addressed(*found, climbs=False)

    def _addressed(self, agency: Agency, desk: Desk, climbs: bool) -> Addressed:
        shown, items = view(self._standing, desk.role, self._crisis)
        return Addressed(desk.id, agency.id, shown, items, self._ladder(agency, desk, climbs))

    def _ladder(self, agency: Agency, desk: Desk, climbs: bool) -> Ladder:
        finding, policy = self._standing.finding, self._policy
        rungs: list[Rung] = []
        for level, after in policy.ladder(finding.rule, finding.urgency) if climbs else ():
            desks = self._registry.desks_above(agency.id, level, self._area)
            if desk.id in desks:
                # the desk itself stands on this rung: who is above it counts from the lowest
                rungs.clear()
            elif desks:
                rungs.append(Rung(level, after, desks))
        supervisors = self._registry.desks_above(agency.id, "supervisor", self._area)
        return Ladder(
            policy.version,
            finding.acknowledge_within,
            policy.acknowledgement_lasts(finding.urgency),
            tuple(rungs),
            supervisors,
        )
