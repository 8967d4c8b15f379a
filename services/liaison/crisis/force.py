"""Running state of the fold: uses of force."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.codes import ClinicalSign, ForceKind, RestraintPosition
from schemas.events import response
from schemas.received import Mark
from services.liaison.crisis.facts import RESTRAINT_KINDS, Force
from services.liaison.crisis.records import Key


@dataclass(slots=True)
class ForceBuilder:
    """One continuous use of force, as far as it has been told."""

    agency: str
    reference: str
    incident: Key
    started: Mark
    kinds: list[ForceKind]
    position: RestraintPosition | None
    ended: Mark | None = None
    reviews: list[Mark] = field(default_factory=list)
    signs: list[tuple[ClinicalSign, Mark]] = field(default_factory=list)
    end_recorded: bool = False
    injury: bool | None = None

    def observe(
        self, position: RestraintPosition | None, signs: tuple[ClinicalSign, ...], mark: Mark
    ) -> None:
        """Position and signs, as seen at that instant. Prone once is prone."""
        # the worst counts: who was once face down was in danger then
        if position is not None and self.position is not RestraintPosition.PRONE:
            self.position = position
        self.signs.extend((sign, mark) for sign in signs)

    def build(self) -> Force:
        """The use of force as it stands."""
        return Force(
            self.agency,
            self.reference,
            self.started,
            self.ended,
            tuple(dict.fromkeys(self.kinds)),
            self.position,
            tuple(self.reviews),
            tuple(self.signs),
            self.end_recorded,
            self.injury,
        )


def restrains(statement: response.ForceStarted) -> bool:
    """Whether the person is held."""
    return (
        not RESTRAINT_KINDS.isdisjoint(statement.kinds)
        or statement.position is RestraintPosition.PRONE
    )


def restrains_by_more_than_handcuffs(statement: response.ForceStarted) -> bool:
    """Whether it is a strong sign of a crisis: handcuffs alone go with most arrests."""
    if statement.position is RestraintPosition.PRONE:
        return True
    return RESTRAINT_KINDS.intersection(statement.kinds) != {ForceKind.HANDCUFFS}


@dataclass(slots=True)
class Forces:
    """Every use of force of a crisis. A reference that is started again after its end names another
    use.
    """

    by_reference: dict[Key, list[ForceBuilder]] = field(default_factory=dict)

    def started(self, incident: Key, statement: response.ForceStarted, mark: Mark) -> None:
        """Force began, or more of it is told of while it goes on."""
        agency = incident[0]
        uses = self.by_reference.setdefault((agency, statement.force), [])
        # two messages of one restraint (held, then handcuffed) are one: its length counts from the
        # first
        if uses and uses[-1].ended is None:
            uses[-1].kinds.extend(statement.kinds)
        else:
            kinds = list(statement.kinds)
            uses.append(ForceBuilder(agency, statement.force, incident, mark, kinds, None))
        uses[-1].observe(statement.position, statement.signs, mark)

    def reviewed(self, incident: Key, statement: response.ForceReviewed, mark: Mark) -> None:
        """Its need, the position and the person's condition were looked at while it went on."""
        uses = self.by_reference.get((incident[0], statement.force))
        if uses and uses[-1].ended is None:
            uses[-1].reviews.append(mark)
            uses[-1].observe(statement.position, statement.signs, mark)

    def ended(self, incident: Key, statement: response.ForceEnded, mark: Mark) -> None:
        """It ended. What was recorded first counts."""
        uses = self.by_reference.get((incident[0], statement.force))
        if not uses:
            return
        last = uses[-1]
        last.ended = last.ended or mark
        # what was never ended is asked for after the crisis (R26): only the agency's own
        # word is an end
        last.end_recorded = True
        if last.injury is None:
            last.injury = statement.injury

    def incident_closed(self, incident: Key, mark: Mark) -> None:
        """No force goes on after its incident."""
        for uses in self.by_reference.values():
            for force in uses:
                if force.incident == incident and force.ended is None:
                    force.ended = mark

    def build(self) -> tuple[Force, ...]:
        """Every use of force, in order of time."""
        forces = [force.build() for uses in self.by_reference.values() for force in uses]
        return tuple(sorted(forces, key=lambda force: force.started))
