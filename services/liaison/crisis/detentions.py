"""Running state of the fold: detentions under s135 and s136, with the consultations before them."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.codes import DetentionPower, PlaceOfSafetyKind
from schemas.events import detention
from schemas.received import Mark
from services.liaison.crisis.facts import Conveyance, Detention
from services.liaison.crisis.records import Consultation, Extension, Key, SiteVisit


@dataclass(slots=True)
class DetentionBuilder:
    """One detention, as far as it has been told."""

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

    def take(self, statement: detention.DetentionData, mark: Mark) -> None:
        """What became of it. Where a thing may be told twice, the first telling counts."""
        match statement:
            case detention.DetentionConveyed():
                self._convey(statement, mark)
            case detention.DetentionArrived(at=at):
                self.arrived = self.arrived or mark
                self.visits.append(SiteVisit(mark, at.site, at.kind))
            case detention.DetentionMoved(to=to):
                self.visits.append(SiteVisit(mark, to.site, to.kind))
            case detention.DetentionHandedOver(at=at):
                self.handed_over = self.handed_over or mark
                self.handovers.append(SiteVisit(mark, at.site, at.kind))
            case detention.DetentionAssessmentStarted():
                self.assessment_started = self.assessment_started or mark
            case detention.DetentionAssessed(outcome=outcome):
                self.assessed = self.assessed or (mark, outcome)
                # what has ended has begun, also where nobody said when
                self.assessment_started = self.assessment_started or mark
            case detention.DetentionExtended():
                self._extend(statement, mark)
            case detention.DetentionEscaped():
                self.escapes.append(mark)
            case detention.DetentionEnded(outcome=outcome):
                self.ended = self.ended or mark
                self.outcome = self.outcome or outcome
            case _:
                # consulted and detained come before there is one to take them
                raise TypeError(f"no detention takes a {type(statement).__name__}")

    def _convey(self, statement: detention.DetentionConveyed, mark: Mark) -> None:
        reason_given = statement.reason_not_ambulance is not None
        destination = statement.to
        if destination is None:
            self.conveyed.append(Conveyance(mark, statement.by, reason_given))
        else:
            self.conveyed.append(
                Conveyance(mark, statement.by, reason_given, destination.kind, destination.site)
            )

    def _extend(self, statement: detention.DetentionExtended, mark: Mark) -> None:
        self.extensions.append(
            Extension(
                mark,
                statement.until,
                statement.authorised_by == "registered-medical-practitioner",
                statement.because_of_condition,
                statement.superintendent_approved,
            )
        )

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


@dataclass(slots=True)
class Detentions:
    """Every detention of a crisis, and every consultation before one."""

    by_reference: dict[Key, DetentionBuilder] = field(default_factory=dict)
    consultations: list[tuple[Key, Consultation]] = field(default_factory=list)

    def take(self, incident: Key, statement: detention.DetentionData, mark: Mark) -> None:
        """A statement about a detention. What belongs to none that is known is passed over."""
        key = (incident[0], statement.detention)
        match statement:
            case detention.DetentionDetained():
                self._detain(key, incident, statement, mark)
            case detention.DetentionConsulted():
                excused = statement.reason_not_practicable is not None
                consultation = Consultation(mark, statement.role, statement.practicable, excused)
                self.consultations.append((key, consultation))
            case _:
                builder = self.of_reference(key)
                if builder is not None:
                    builder.take(statement, mark)

    def _detain(
        self, key: Key, incident: Key, statement: detention.DetentionDetained, mark: Mark
    ) -> None:
        site = statement.kept_at
        # the clock is not started anew by saying it again; R22 asks about it
        if key in self.by_reference:
            if site is not None:
                self.by_reference[key].restated.append(mark)
            return
        kind = None
        if site is not None:
            kind = site.kind
        builder = DetentionBuilder(*key, statement.power, mark, kind, incident)
        if site is not None:
            builder.visits.append(SiteVisit(mark, site.site, site.kind))
        self.by_reference[key] = builder

    def of_reference(self, key: Key) -> DetentionBuilder | None:
        """The detention of that reference, or the only one there is: a hospital gives it a
        reference of its own.
        """
        builder = self.by_reference.get(key)
        # with two detained it is not known whose it is, and nobody is given somebody else's arrival
        if builder is None and len(self.by_reference) == 1:
            return next(iter(self.by_reference.values()))
        return builder

    def build(self) -> tuple[Detention, ...]:
        """Every detention, in order of time."""
        consulted: dict[int, list[Consultation]] = {}
        for key, consultation in self.consultations:
            builder = self.of_reference(key)
            if builder is not None:
                consulted.setdefault(id(builder), []).append(consultation)
        detentions = [
            builder.build(tuple(consulted.get(id(builder), ())))
            for builder in self.by_reference.values()
        ]
        return tuple(sorted(detentions, key=lambda detention: detention.detained))
