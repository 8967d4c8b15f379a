"""The running state of the fold: what the events of a crisis, taken in order, establish."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from schemas.codes import ClinicalSign, CrisisIndicator, ResourceKind
from schemas.events import DATA_MODELS, detention, incident, response
from schemas.model import Closed
from schemas.received import Mark, Received
from services.identity.person import PathwayOnFile, PersonOnFile
from services.liaison.crisis.ambulance import NOT_SENT, AmbulanceResponse
from services.liaison.crisis.detentions import Detentions
from services.liaison.crisis.facts import Crisis, Indicator, Stretch, end_of
from services.liaison.crisis.force import Forces, restrains, restrains_by_more_than_handcuffs
from services.liaison.crisis.indicators import (
    HARM_INDICATORS,
    KNOWN_TO_SERVICES,
    NATURE_INDICATORS,
    Indicators,
)
from services.liaison.crisis.other_records import RECORDED, Records, Said
from services.liaison.crisis.records import Contact, SiteReport
from services.liaison.crisis.scene import AMBULANCE_RESPONSE, IncidentBuilder, Key, Presence
from services.liaison.crisis.whereabouts import Whereabouts
from services.liaison.time.spans import FOREVER, spans

_TAKEN = frozenset({"conveyed", "detained", "arrested"})


class Folding:
    """Takes the events of one crisis in the order of occurrence, and says at any time what they
    make. Saying it changes nothing, so that the fold may go on with what comes later."""

    def __init__(self) -> None:
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.incidents: dict[Key, IncidentBuilder] = {}
        self.indicators = Indicators()
        self.presence = Presence()
        self.response = AmbulanceResponse()
        self.asked: list[Mark] = []
        self.police_asked: list[Mark] = []
        self.requests_around: dict[Key, tuple[Mark, Mark | None]] = {}
        self.assessments: list[Mark] = []
        self.forces = Forces()
        self.detentions = Detentions()
        self.records = Records()
        self.signs: list[tuple[ClinicalSign, Mark]] = []
        self.whereabouts = Whereabouts()

    def take(self, received: Received) -> None:
        """The next event; none before it may come any more."""
        mark = received.order
        # the order is of occurrence, so the first and the last are the crisis's whatever came when
        if self.first is None:
            self.first = mark.at
        self.last = mark.at
        key = received.record_key
        if key is None:
            return
        data = received.event.data
        kind = type(data)
        self.whereabouts.take(data, received.agency_kind, mark)
        if kind in RECORDED:
            self.records.take(Said(key, received.agency, received.agency_kind, data, mark))
        handling = _HANDLING.get(kind)
        if handling is None:
            return
        handler, has_signs, has_person = handling
        state = self._incident(key, received)
        if has_signs and data.signs:
            self.signs += [(sign, mark) for sign in data.signs]
        if has_person and data.person is not None:
            state.is_about(data.person)
        if handler is not None:
            handler(self, state, data, mark)

    def take_around(self, received: Received, same_log: bool) -> None:
        """The next event, of somebody else of the scene: only who is there and who was asked for
        counts.

        `same_log`: of a log that is about this subject too, so that where it is, who rang and that
        it was closed counts.
        """
        mark, key, data = received.order, received.record_key, received.event.data
        if key is None:
            return
        agency = key[0]
        if received.agency_kind == "ambulance":
            self.requests_around.setdefault(key, (mark, None))
        match data:
            case incident.IncidentReported() if same_log:
                state = self._incident(key, received)
                state.reported, state.channel = mark, data.channel
                state.describe_log(data, mark)
            case incident.IncidentUpdated() if same_log:
                self._incident(key, received).describe_log(data, mark)
            case incident.IncidentLinked() if same_log:
                self._linked(self._incident(key, received), data, mark)
            case incident.IncidentClosed():
                self.presence.closed(key, mark)
                if key in self.requests_around:
                    self.requests_around[key] = (self.requests_around[key][0], mark)
                if same_log:
                    state = self._incident(key, received)
                    state.closed, state.attended, state.outcome = mark, data.attended, data.outcome
                    self.forces.incident_closed(key, mark)
            case response.ResourceAssigned():
                self.presence.assigned((agency, data.resource), data.kind, key, mark)
                self._help_is_sent(data.kind, mark)
            case response.ResourceOnScene():
                self.presence.arrived((agency, data.resource), data.kind, key, mark)
                self._help_is_sent(data.kind, mark)
            case response.ResourceLeft() | response.ResourceStoodDown():
                self.presence.left((agency, data.resource), mark)
            case response.AssistanceRequested():
                self._ask(data, mark)
            case response.AssistanceCancelled():
                self._cancel(data, mark)

    def _incident(self, key: Key, received: Received) -> IncidentBuilder:
        """The incident, as far as it has been told."""
        at = received.order.at
        if key not in self.incidents:
            self.incidents[key] = IncidentBuilder(key, received.agency_kind, at, at)
        self.incidents[key].last_seen_at = at
        return self.incidents[key]

    def _help_is_sent(self, kind: ResourceKind, mark: Mark) -> None:
        if kind in AMBULANCE_RESPONSE:
            self.response.sent(mark)

    def _sign(self, state: IncidentBuilder, kind: CrisisIndicator, mark: Mark, **how: Any) -> None:
        if kind is not CrisisIndicator.RESTRAINT or how.get("strong"):
            # handcuffs go with most arrests
            state.crisis_at = state.crisis_at or mark.at
        self.indicators.state(kind, state.key[0], mark.at, mark.event, **how)

    def _facts(self, state: IncidentBuilder, data: incident.IncidentFacts, mark: Mark) -> None:
        state.describe(data, mark)
        if data.nature is not None:
            state.nature = data.nature
            kind = NATURE_INDICATORS[data.nature]
            if kind is not None:
                self._sign(state, kind, mark, call_taking=True)
        if data.opening_code is not None:
            self._code(state, data.opening_code, mark)
        for indicator in data.indicators:
            self._sign(state, indicator, mark)
        if data.ambulance_category is not None and state.kind == "ambulance":
            state.category = data.ambulance_category
            self.response.graded(state.key, data.ambulance_category, mark, "")

    def _linked(self, state: IncidentBuilder, data: incident.IncidentLinked, mark: Mark) -> None:
        state.linked[(data.linked.agency, data.linked.reference)] = None

    def _reported(
        self, state: IncidentBuilder, data: incident.IncidentReported, mark: Mark
    ) -> None:
        # the first report: what is reported again is opened again
        if state.reported is None:
            state.reported, state.channel = mark, data.channel
        state.open_again(mark)
        self._facts(state, data, mark)

    def _code(self, state: IncidentBuilder, code: incident.CodedValue, mark: Mark) -> None:
        # AMPDS card 25: psychiatric, abnormal behaviour, suicide attempt. `25A1` is of that card,
        # `251` is not.
        text = code.code.strip()
        if code.system.strip().lower() == "ampds" and text[:2] == "25" and not text[2:3].isdigit():
            self._sign(state, CrisisIndicator.AMPDS_25, mark)

    def _graded(self, state: IncidentBuilder, data: incident.IncidentGraded, mark: Mark) -> None:
        if data.code is not None:
            self._code(state, data.code, mark)
        # a police grade is no ambulance response
        if state.kind != "ambulance":
            return
        if data.assessed_by_clinician:
            self.assessments.append(mark)
        if data.ambulance_category is not None:
            state.category = data.ambulance_category
            because = ""
            if data.reason is not None:
                because = f", {data.reason.value}"
            self.response.graded(state.key, data.ambulance_category, mark, because)
        elif data.reason in NOT_SENT:
            self.response.not_sent(mark, str(data.reason))

    def _declined(
        self, state: IncidentBuilder, data: incident.IncidentDeclined, mark: Mark
    ) -> None:
        if state.kind == "ambulance":
            self.response.not_sent(mark, f"declined, {data.reason}")

    def _closed(self, state: IncidentBuilder, data: incident.IncidentClosed, mark: Mark) -> None:
        state.closed, state.attended, state.outcome = mark, data.attended, data.outcome
        if state.kind == "police" and data.attended:
            state.police_left = mark
        self.presence.closed(state.key, mark)
        if state.kind == "police" and data.outcome in _TAKEN and self.presence.attendances:
            self.presence.attendances[-1].person_taken = True
        if state.kind == "ambulance":
            self.response.closed(state.key, mark)
            # a duplicate is closed because another incident has the call
            if not data.attended and data.outcome != "duplicate":
                self.response.not_sent(mark, "closed without attendance")
        self.forces.incident_closed(state.key, mark)

    def _assigned(
        self, state: IncidentBuilder, data: response.ResourceAssigned, mark: Mark
    ) -> None:
        state.first_assigned = state.first_assigned or mark
        self.presence.assigned((state.key[0], data.resource), data.kind, state.key, mark)
        self._help_is_sent(data.kind, mark)

    def _on_scene(self, state: IncidentBuilder, data: response.ResourceOnScene, mark: Mark) -> None:
        state.first_assigned = state.first_assigned or mark
        if data.kind is ResourceKind.POLICE_UNIT and self.presence.attendance is None:
            self.whereabouts.police_arrive(mark)
        self.presence.arrived((state.key[0], data.resource), data.kind, state.key, mark)
        self._help_is_sent(data.kind, mark)

    def _left(self, state: IncidentBuilder, data: response.ResourceLeft, mark: Mark) -> None:
        attendance = self.presence.attendance
        if data.kind is ResourceKind.POLICE_UNIT:
            state.police_left = mark
        if attendance is not None and data.kind is ResourceKind.POLICE_UNIT:
            attendance.handed_over = attendance.handed_over or data.handover_to is not None
            attendance.person_taken = attendance.person_taken or data.with_person
        self.presence.left((state.key[0], data.resource), mark)

    def _stood_down(
        self, state: IncidentBuilder, data: response.ResourceStoodDown, mark: Mark
    ) -> None:
        self.presence.left((state.key[0], data.resource), mark)
        # one crew of two that is stood down leaves the other coming
        if (
            data.kind in AMBULANCE_RESPONSE
            and data.reason in NOT_SENT
            and not self.presence.ambulance_sent
        ):
            self.response.not_sent(mark, data.reason.value)

    def _requested(
        self, state: IncidentBuilder, data: response.AssistanceRequested, mark: Mark
    ) -> None:
        self._ask(data, mark)

    def _ask(self, data: response.AssistanceRequested, mark: Mark) -> None:
        if data.of == "ambulance":
            self.asked.append(mark)
            self.response.sent(mark)
        elif data.of == "police":
            self.police_asked.append(mark)

    def _cancelled(
        self, state: IncidentBuilder, data: response.AssistanceCancelled, mark: Mark
    ) -> None:
        self._cancel(data, mark)

    def _cancel(self, data: response.AssistanceCancelled, mark: Mark) -> None:
        if data.of == "ambulance" and data.reason in NOT_SENT:
            self.response.not_sent(mark, data.reason.value)

    def _force_started(
        self, state: IncidentBuilder, data: response.ForceStarted, mark: Mark
    ) -> None:
        self.forces.started(state.key, data, mark)
        if restrains(data):
            strong = restrains_by_more_than_handcuffs(data)
            self._sign(state, CrisisIndicator.RESTRAINT, mark, strong=strong)

    def _force_reviewed(
        self, state: IncidentBuilder, data: response.ForceReviewed, mark: Mark
    ) -> None:
        self.forces.reviewed(state.key, data, mark)

    def _force_ended(self, state: IncidentBuilder, data: response.ForceEnded, mark: Mark) -> None:
        self.forces.ended(state.key, data, mark)

    def _harmed(self, state: IncidentBuilder, data: response.HarmReported, mark: Mark) -> None:
        kind = HARM_INDICATORS[data.harm]
        if kind is not None:
            self._sign(state, kind, mark)

    def _detention(self, state: IncidentBuilder, data: detention.DetentionData, mark: Mark) -> None:
        # to ask about a detention is a sign, and not yet the strong one that a detention is
        strong = not isinstance(data, detention.DetentionConsulted)
        self._sign(state, CrisisIndicator.SECTION_135_136, mark, strong=strong)
        attendance = self.presence.attendance
        if attendance is not None and isinstance(
            data, detention.DetentionConveyed | detention.DetentionArrived
        ):
            attendance.person_taken = True
        self.detentions.take(state.key, data, mark)

    def crisis(
        self,
        crisis_id: str,
        area: str | None,
        person: PersonOnFile | None,
        outcome: Any,
        faults: tuple[str, ...],
        contacts: tuple[Contact, ...],
        site_reports: tuple[SiteReport, ...],
    ) -> Crisis:
        """What was taken so far makes this."""
        there, response = self.presence.so_far(), self.response.so_far()
        incidents = tuple(self.incidents[key].build() for key in sorted(self.incidents))
        records = self.records
        return Crisis(
            crisis_id=crisis_id,
            area=area,
            opened_at=self.first,
            last_event_at=self.last,
            person=person,
            identity=outcome,
            incidents=incidents,
            indicators=self._indicators_with(person),
            attendances=tuple(attendance.build() for attendance in self.presence.attendances),
            ambulance_on_scene=spans(there.ambulance),
            health_on_scene=spans(there.health),
            responding=spans(there.responding),
            joint_response=spans(there.joint),
            emergency=spans(response.emergency),
            category_1=spans(response.category_1),
            below_emergency=tuple(response.low),
            stood_down=tuple(response.stood_down),
            requested=self._requests(),
            assessments=tuple(self.assessments),
            forces=self.forces.build(),
            detentions=self.detentions.build(),
            open_police_or_ambulance=spans(
                stretch
                for state in incidents
                if state.kind in ("police", "ambulance")
                for stretch in state.open_spans
            ),
            faults=faults,
            contacts=contacts,
            site_reports=site_reports,
            custodies=tuple(records.custodies[key] for key in sorted(records.custodies)),
            absences=tuple(records.absences[key] for key in sorted(records.absences)),
            referrals=tuple(records.referrals[key] for key in sorted(records.referrals)),
            follow_ups=tuple(records.follow_ups[key] for key in sorted(records.follow_ups)),
            welfare_checks=tuple(records.welfare_checks),
            checks=tuple(records.checks),
            police_asked=tuple(self.police_asked),
            family=tuple(records.family),
            harms=tuple(records.harms),
            refusals=tuple(records.refusals),
            place_requests=tuple(records.places[key] for key in sorted(records.places)),
            consultations=tuple(self.detentions.consultations),
            signs=tuple(self.signs),
            ambulance_coming=spans(there.ambulance_coming),
            whereabouts=self.whereabouts.build(),
            units=self.presence.units(),
        )

    def _indicators_with(self, person: PersonOnFile | None) -> tuple[Indicator, ...]:
        """The signs in order of time, those of the register of care pathways first."""
        in_care = self._in_care(person)
        if not in_care or self.first is None:
            return tuple(self.indicators.signs)
        # a plan says more than being known, and both are one sign
        known_by = CrisisIndicator.KNOWN_TO_SERVICES
        if any(pathway.facts.crisis_plan is not None for pathway in in_care):
            known_by = CrisisIndicator.CRISIS_PLAN
        register = Indicators()
        register.state(known_by, "register", self.first, None)
        # the register knows it better than whoever says so on the telephone
        stated = [sign for sign in self.indicators.signs if sign.basis != KNOWN_TO_SERVICES]
        return (*register.signs, *stated)

    def _in_care(self, person: PersonOnFile | None) -> list[PathwayOnFile]:
        """Only care that was open when the crisis began: an old episode makes nobody known today."""
        if person is None or self.first is None:
            return []
        return [pathway for pathway in person.pathways if pathway.open_at(self.first)]

    def _requests(self) -> tuple[Stretch, ...]:
        """A request counts for the police attendance it was made in or before; an own incident
        while it is open.
        """
        stretches = []
        for mark in self.asked:
            ends = (
                attendance.ended.at
                for attendance in self.presence.attendances
                if attendance.ended and attendance.ended.at > mark.at
            )
            stretches.append(Stretch(mark, next(ends, FOREVER), "request"))
        for state in self.incidents.values():
            if state.kind == "ambulance":
                began = state.reported or Mark(state.opened_at, f"/{state.key[0]}", state.key[1])
                stretches.append(Stretch(began, end_of(state.closed), "incident"))
        for opened, closed in self.requests_around.values():
            stretches.append(Stretch(opened, end_of(closed), "incident"))
        return tuple(sorted(stretches, key=lambda stretch: stretch.since))


_HANDLERS: dict[type[Closed], Callable[[Folding, IncidentBuilder, Any, Mark], None]] = {
    incident.IncidentReported: Folding._reported,
    incident.IncidentUpdated: Folding._facts,
    incident.IncidentLinked: Folding._linked,
    incident.IncidentGraded: Folding._graded,
    incident.IncidentDeclined: Folding._declined,
    incident.IncidentClosed: Folding._closed,
    response.ResourceAssigned: Folding._assigned,
    response.ResourceOnScene: Folding._on_scene,
    response.ResourceLeft: Folding._left,
    response.ResourceStoodDown: Folding._stood_down,
    response.AssistanceRequested: Folding._requested,
    response.AssistanceCancelled: Folding._cancelled,
    response.ForceStarted: Folding._force_started,
    response.ForceReviewed: Folding._force_reviewed,
    response.ForceEnded: Folding._force_ended,
    response.HarmReported: Folding._harmed,
    detention.DetentionConsulted: Folding._detention,
    detention.DetentionDetained: Folding._detention,
    detention.DetentionConveyed: Folding._detention,
    detention.DetentionArrived: Folding._detention,
    detention.DetentionHandedOver: Folding._detention,
    detention.DetentionAssessmentStarted: Folding._detention,
    detention.DetentionAssessed: Folding._detention,
    detention.DetentionExtended: Folding._detention,
    detention.DetentionMoved: Folding._detention,
    detention.DetentionEscaped: Folding._detention,
    detention.DetentionEnded: Folding._detention,
}


# Of each statement about an incident: what is done with it, and whether it may hold physical
# signs and a person.
_HANDLING: dict[
    type[Closed], tuple[Callable[[Folding, IncidentBuilder, Any, Mark], None] | None, bool, bool]
] = {
    model: (_HANDLERS.get(model), "signs" in model.model_fields, "person" in model.model_fields)
    for model in DATA_MODELS.values()
    if issubclass(model, incident.IncidentData)
}
