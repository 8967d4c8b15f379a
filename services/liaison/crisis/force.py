"""Running state of the fold for uses of force and for detentions under s135 and s136."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.codes import (
    ClinicalSign,
    DetentionPower,
    ForceKind,
    PlaceOfSafetyKind,
    RestraintPosition,
)
from schemas.received import Mark
from services.liaison.crisis.facts import Conveyance, Detention, Force
from services.liaison.crisis.records import Consultation, Extension, Key, SiteVisit


@dataclass(slots=True)
class ForceBuilder:
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


@dataclass(slots=True)
class DetentionBuilder:
    agency: str
    reference: str
    power: DetentionPower
    detained: Mark
    kept_at: PlaceOfSafetyKind | None
    incident: Key
    conveyed: list[Conveyance] = field(default_factory=list)
    arrived: Mark | None = None
    handed_over: Mark | None = None
    ended: Mark | None = None
    visits: list[SiteVisit] = field(default_factory=list)
    handovers: list[SiteVisit] = field(default_factory=list)
    assessment_started: Mark | None = None
    assessed: tuple[Mark, str] | None = None
    extensions: list[Extension] = field(default_factory=list)
    escapes: list[Mark] = field(default_factory=list)
    restated: list[Mark] = field(default_factory=list)
    outcome: str | None = None

    def build(self, consultations: tuple[Consultation, ...]) -> Detention:
        """The detention as it stands, with the consultations that turned out to be about it."""
        return Detention(
            self.agency,
            self.reference,
            self.power,
            self.detained,
            self.kept_at,
            tuple(self.conveyed),
            self.arrived,
            self.handed_over,
            self.ended,
            self.incident,
            consultations,
            tuple(self.visits),
            tuple(self.handovers),
            self.assessment_started,
            self.assessed,
            tuple(self.extensions),
            self.escapes[0] if self.escapes else None,
            self.outcome,
            tuple(self.escapes),
            tuple(self.restated),
        )
