"""Running state of the fold for records other than incidents, and for what happens around an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.codes import AgencyKind
from schemas.events import care, detention, incident, response
from schemas.model import Closed
from schemas.received import Mark
from services.liaison.crisis.records import (
    Absence,
    Custody,
    CustodyReview,
    FamilyContact,
    FollowUp,
    Harm,
    Key,
    PlaceRequest,
    Referral,
    Refusal,
    RiskAssessment,
    WelfareCheck,
)


@dataclass(frozen=True, slots=True)
class Said:
    """One statement on its way into the fold."""

    key: Key
    """The record it belongs to."""
    agency: str
    """Who says it."""
    agency_kind: AgencyKind
    data: Any
    mark: Mark


@dataclass(slots=True)
class Records:
    """Takes statements in the order of occurrence; each record is replaced by what it has become."""

    custodies: dict[Key, Custody] = field(default_factory=dict)
    absences: dict[Key, Absence] = field(default_factory=dict)
    referrals: dict[Key, Referral] = field(default_factory=dict)
    follow_ups: dict[Key, FollowUp] = field(default_factory=dict)
    welfare_checks: list[WelfareCheck] = field(default_factory=list)
    checks: list[tuple[Key, Mark, bool]] = field(default_factory=list)
    family: list[FamilyContact] = field(default_factory=list)
    harms: list[Harm] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    places: dict[tuple[Key, str], PlaceRequest] = field(default_factory=dict)

    def take(self, said: Said) -> None:
        """Take in a statement; what is none of these records' is passed over."""
        handler = _HANDLERS.get(type(said.data))
        if handler is not None:
            handler(self, said)

    # -- custody ------------------------------------------------------------------------------------------------------

    def _custody(self, said: Said) -> Custody:
        known = self.custodies.get(said.key)
        if known is None:
            known = Custody(
                said.key, None, said.mark, None, None, None, (), (), (), None, (), None, None, None
            )
        return known

    def custody_arrived(self, said: Said) -> None:
        known, data = self._custody(said), said.data
        if data.person is not None:
            born, looks = data.person.date_of_birth, data.person.apparent_age
            known = replace(
                known,
                date_of_birth=born or known.date_of_birth,
                apparent_age=known.apparent_age if looks is None else looks,
            )
        self.custodies[said.key] = replace(
            known,
            arrived=known.arrived or said.mark,
            suite=data.suite,
            incident=data.incident or known.incident,
            vulnerable=known.vulnerable if data.vulnerable is None else data.vulnerable,
        )

    def custody_risk(self, said: Said) -> None:
        known, data = self._custody(said), said.data
        done = RiskAssessment(said.mark, data.mental_health_disclosed, data.self_harm_risk)
        self.custodies[said.key] = replace(known, risk_assessments=(*known.risk_assessments, done))

    def custody_health(self, said: Said) -> None:
        known = self._custody(said)
        self.custodies[said.key] = replace(
            known, health_checks=(*known.health_checks, (said.mark, said.data.asleep))
        )

    def custody_reviewed(self, said: Said) -> None:
        known, data = self._custody(said), said.data
        done = CustodyReview(
            said.mark,
            data.inspector_authority,
            data.asleep,
            data.imminent_risk,
            data.no_other_place,
            data.health_professional_available,
        )
        self.custodies[said.key] = replace(known, reviews=(*known.reviews, done))

    def custody_adult(self, said: Said) -> None:
        known = self._custody(said)
        self.custodies[said.key] = replace(
            known, appropriate_adult=known.appropriate_adult or said.mark
        )

    def custody_interview(self, said: Said) -> None:
        known = self._custody(said)
        self.custodies[said.key] = replace(
            known, interviews=(*known.interviews, (said.mark, said.data.at))
        )

    def custody_released(self, said: Said) -> None:
        known, data = self._custody(said), said.data
        self.custodies[said.key] = replace(
            known,
            released=known.released or said.mark,
            referred_to=data.referred_to or known.referred_to,
            pre_release_risk_assessed=known.pre_release_risk_assessed
            or data.pre_release_risk_assessed,
        )

    # -- absence ------------------------------------------------------------------------------------------------------

    def _absence(self, said: Said) -> Absence:
        known = self.absences.get(said.key)
        if known is None:
            known = Absence(
                said.key, said.agency_kind, None, said.mark, None, None, None, None, (), None, None
            )
        return known

    def absence_reported(self, said: Said) -> None:
        known, data = self._absence(said), said.data
        self.absences[said.key] = replace(
            known,
            reported=known.reported or said.mark,
            kind=data.kind,
            incident=data.incident or known.incident,
            legal_status=data.legal_status or known.legal_status,
            power_valid_until=data.power_valid_until or known.power_valid_until,
            last_seen_at=data.last_seen_at or known.last_seen_at,
            photo_held=known.photo_held if data.photo_held is None else data.photo_held,
        )

    def absence_graded(self, said: Said) -> None:
        known = self._absence(said)
        self.absences[said.key] = replace(
            known, grades=(*known.grades, (said.mark, said.data.risk))
        )

    def absence_ended(self, said: Said) -> None:
        known = self._absence(said)
        if known.ended is None:
            self.absences[said.key] = replace(known, ended=said.mark, outcome=said.data.outcome)

    # -- referral -----------------------------------------------------------------------------------------------------

    def _referral(self, said: Said) -> Referral:
        return self.referrals.get(said.key) or Referral(
            said.key, None, said.mark, None, None, None, None, ()
        )

    def referral_sent(self, said: Said) -> None:
        known, data = self._referral(said), said.data
        self.referrals[said.key] = replace(
            known,
            sent=known.sent or said.mark,
            to_agency=data.to_agency,
            priority=data.priority,
            incident=data.incident or known.incident,
        )

    def referral_acknowledged(self, said: Said) -> None:
        known = self._referral(said)
        self.referrals[said.key] = replace(known, acknowledged=known.acknowledged or said.mark)

    def referral_outcome(self, said: Said) -> None:
        known = self._referral(said)
        outcome = (said.mark, said.agency, said.data.outcome)
        # who answers has it
        self.referrals[said.key] = replace(
            known, outcomes=(*known.outcomes, outcome), acknowledged=known.acknowledged or said.mark
        )

    # -- follow-up ----------------------------------------------------------------------------------------------------

    def _follow_up(self, said: Said) -> FollowUp:
        known = self.follow_ups.get(said.key) or FollowUp(
            said.key, said.mark, None, None, None, None, None
        )
        return replace(known, local_person=said.data.local_person or known.local_person)

    def follow_up_due(self, said: Said) -> None:
        known, data = self._follow_up(said), said.data
        self.follow_ups[said.key] = replace(
            known, due=known.due or said.mark, by=data.by, kind=data.kind
        )

    def follow_up_completed(self, said: Said) -> None:
        known = self._follow_up(said)
        self.follow_ups[said.key] = replace(known, completed=known.completed or said.mark)

    # -- around an incident -------------------------------------------------------------------------------------------

    def welfare_raised(self, said: Said) -> None:
        self.welfare_checks.append(WelfareCheck(said.key, said.mark, said.data.risk, ()))

    def welfare_checked(self, said: Said) -> None:
        self.checks.append((said.key, said.mark, said.data.seen))
        for number, each in enumerate(self.welfare_checks):
            if each.incident == said.key:
                self.welfare_checks[number] = replace(
                    each, checked=(*each.checked, (said.mark, said.data.seen))
                )

    def family_contact(self, said: Said) -> None:
        what = {
            care.FamilyContactAttempted: "contact-attempted",
            care.FamilyContacted: "contacted",
            care.FamilyCalledBack: "called-back",
        }[type(said.data)]
        self.family.append(FamilyContact(said.key, said.mark, said.data.relation, what))  # type: ignore[arg-type]  # a key of the table

    def harmed(self, said: Said) -> None:
        self.harms.append(Harm(said.key, said.mark, said.data.harm, said.data.after_contact))

    def declined(self, said: Said) -> None:
        data = said.data
        self.refusals.append(
            Refusal(
                said.key,
                said.agency_kind,
                said.mark,
                "declined",
                data.reason,
                data.referred_to,
                data.caller_told,
            )
        )

    def transferred(self, said: Said) -> None:
        data = said.data
        self.refusals.append(
            Refusal(
                said.key, said.agency_kind, said.mark, "transferred", None, data.to_agency, None
            )
        )

    def _place(self, said: Said) -> PlaceRequest:
        at = (said.key, said.data.request)
        return self.places.get(at) or PlaceRequest(
            said.key, said.data.request, said.data.site, said.mark, None, None
        )

    def place_requested(self, said: Said) -> None:
        self.places[(said.key, said.data.request)] = self._place(said)

    def place_accepted(self, said: Said) -> None:
        known = self._place(said)
        self.places[(said.key, said.data.request)] = replace(
            known, accepted=known.accepted or said.mark
        )

    def place_refused(self, said: Said) -> None:
        known = self._place(said)
        self.places[(said.key, said.data.request)] = replace(
            known, refused=known.refused or (said.mark, said.data.reason)
        )


_HANDLERS: Mapping[type[Closed], Callable[[Records, Said], None]] = {
    detention.CustodyArrived: Records.custody_arrived,
    detention.CustodyRiskAssessed: Records.custody_risk,
    detention.CustodyHealthChecked: Records.custody_health,
    detention.CustodyReviewed: Records.custody_reviewed,
    detention.CustodyAppropriateAdultArranged: Records.custody_adult,
    detention.CustodyInterviewPlanned: Records.custody_interview,
    detention.CustodyReleased: Records.custody_released,
    care.AbsenceReported: Records.absence_reported,
    care.AbsenceGraded: Records.absence_graded,
    care.AbsenceEnded: Records.absence_ended,
    care.ReferralSent: Records.referral_sent,
    care.ReferralAcknowledged: Records.referral_acknowledged,
    care.ReferralOutcome: Records.referral_outcome,
    care.FollowUpDue: Records.follow_up_due,
    care.FollowUpCompleted: Records.follow_up_completed,
    care.WelfareConcernRaised: Records.welfare_raised,
    care.WelfareChecked: Records.welfare_checked,
    care.FamilyContactAttempted: Records.family_contact,
    care.FamilyContacted: Records.family_contact,
    care.FamilyCalledBack: Records.family_contact,
    response.HarmReported: Records.harmed,
    incident.IncidentDeclined: Records.declined,
    incident.IncidentTransferred: Records.transferred,
    detention.PlaceOfSafetyRequested: Records.place_requested,
    detention.PlaceOfSafetyAccepted: Records.place_accepted,
    detention.PlaceOfSafetyRefused: Records.place_refused,
}

RECORDED = frozenset(_HANDLERS)
"""Types of statements that are taken here."""
