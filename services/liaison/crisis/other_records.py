"""Running state of the fold for records other than incidents, and for what happens around an
incident.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

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

    def take(self, statement: Said) -> None:
        """Take in a statement; what is none of these records' is passed over."""
        handler = _HANDLERS.get(type(statement.data))
        if handler is not None:
            handler(self, statement)

    # -- custody

    def _custody(self, statement: Said) -> Custody:
        # what is told of a record before its first event came opens it all the same: feeds are late,
        # and a record without its beginning still has a person in it
        return self.custodies.get(statement.key) or Custody(statement.key, statement.mark)

    def _custody_arrived(self, statement: Said) -> None:
        record, data = self._custody(statement), statement.data
        if data.person is not None:
            born, looks = data.person.date_of_birth, data.person.apparent_age
            if looks is None:
                looks = record.apparent_age
            record = replace(record, date_of_birth=born or record.date_of_birth, apparent_age=looks)
        # what a later statement leaves out stays as it was
        vulnerable = data.vulnerable
        if vulnerable is None:
            vulnerable = record.vulnerable
        self.custodies[statement.key] = replace(
            record,
            arrived=record.arrived or statement.mark,
            suite=data.suite,
            incident=data.incident or record.incident,
            vulnerable=vulnerable,
        )

    def _custody_risk(self, statement: Said) -> None:
        record, data = self._custody(statement), statement.data
        done = RiskAssessment(statement.mark, data.mental_health_disclosed, data.self_harm_risk)
        self.custodies[statement.key] = replace(
            record, risk_assessments=(*record.risk_assessments, done)
        )

    def _custody_health(self, statement: Said) -> None:
        record = self._custody(statement)
        self.custodies[statement.key] = replace(
            record, health_checks=(*record.health_checks, (statement.mark, statement.data.asleep))
        )

    def _custody_reviewed(self, statement: Said) -> None:
        record, data = self._custody(statement), statement.data
        done = CustodyReview(
            statement.mark,
            data.inspector_authority,
            data.asleep,
            data.imminent_risk,
            data.no_other_place,
            data.health_professional_available,
        )
        self.custodies[statement.key] = replace(record, reviews=(*record.reviews, done))

    def _custody_adult(self, statement: Said) -> None:
        record = self._custody(statement)
        self.custodies[statement.key] = replace(
            record, appropriate_adult=record.appropriate_adult or statement.mark
        )

    def _custody_interview(self, statement: Said) -> None:
        record = self._custody(statement)
        self.custodies[statement.key] = replace(
            record, interviews=(*record.interviews, (statement.mark, statement.data.at))
        )

    def _custody_released(self, statement: Said) -> None:
        record, data = self._custody(statement), statement.data
        self.custodies[statement.key] = replace(
            record,
            # told twice it happened once, when it was told to have happened first
            released=record.released or statement.mark,
            referred_to=data.referred_to or record.referred_to,
            pre_release_risk_assessed=record.pre_release_risk_assessed
            or data.pre_release_risk_assessed,
        )

    # -- absence

    def _absence(self, statement: Said) -> Absence:
        return self.absences.get(statement.key) or Absence(
            statement.key, statement.agency_kind, statement.mark
        )

    def _absence_reported(self, statement: Said) -> None:
        record, data = self._absence(statement), statement.data
        photo_held = data.photo_held
        if photo_held is None:
            photo_held = record.photo_held
        self.absences[statement.key] = replace(
            record,
            reported=record.reported or statement.mark,
            kind=data.kind,
            incident=data.incident or record.incident,
            legal_status=data.legal_status or record.legal_status,
            power_valid_until=data.power_valid_until or record.power_valid_until,
            last_seen_at=data.last_seen_at or record.last_seen_at,
            photo_held=photo_held,
        )

    def _absence_graded(self, statement: Said) -> None:
        record = self._absence(statement)
        self.absences[statement.key] = replace(
            record, grades=(*record.grades, (statement.mark, statement.data.risk))
        )

    def _absence_ended(self, statement: Said) -> None:
        record = self._absence(statement)
        if record.ended is None:
            self.absences[statement.key] = replace(
                record, ended=statement.mark, outcome=statement.data.outcome
            )

    # -- referral

    def _referral(self, statement: Said) -> Referral:
        return self.referrals.get(statement.key) or Referral(statement.key, statement.mark)

    def _referral_sent(self, statement: Said) -> None:
        record, data = self._referral(statement), statement.data
        self.referrals[statement.key] = replace(
            record,
            sent=record.sent or statement.mark,
            to_agency=data.to_agency,
            priority=data.priority,
            incident=data.incident or record.incident,
        )

    def _referral_acknowledged(self, statement: Said) -> None:
        record = self._referral(statement)
        self.referrals[statement.key] = replace(
            record, acknowledged=record.acknowledged or statement.mark
        )

    def _referral_outcome(self, statement: Said) -> None:
        record = self._referral(statement)
        outcome = (statement.mark, statement.agency, statement.data.outcome)
        # who answers has it
        self.referrals[statement.key] = replace(
            record,
            outcomes=(*record.outcomes, outcome),
            acknowledged=record.acknowledged or statement.mark,
        )

    # -- follow-up

    def _follow_up(self, statement: Said) -> FollowUp:
        record = self.follow_ups.get(statement.key) or FollowUp(statement.key, statement.mark)
        return replace(record, local_person=statement.data.local_person or record.local_person)

    def _follow_up_due(self, statement: Said) -> None:
        record, data = self._follow_up(statement), statement.data
        self.follow_ups[statement.key] = replace(
            record, due=record.due or statement.mark, by=data.by, kind=data.kind
        )

    def _follow_up_completed(self, statement: Said) -> None:
        record = self._follow_up(statement)
        self.follow_ups[statement.key] = replace(
            record, completed=record.completed or statement.mark
        )

    # -- around an incident

    def _welfare_raised(self, statement: Said) -> None:
        self.welfare_checks.append(
            WelfareCheck(statement.key, statement.mark, statement.data.risk, ())
        )

    def _welfare_checked(self, statement: Said) -> None:
        self.checks.append((statement.key, statement.mark, statement.data.seen))
        for number, check in enumerate(self.welfare_checks):
            if check.incident == statement.key:
                self.welfare_checks[number] = replace(
                    check, checked=(*check.checked, (statement.mark, statement.data.seen))
                )

    def _family_contact(self, statement: Said) -> None:
        kind = _FAMILY_CONTACTS[type(statement.data)]
        contact = FamilyContact(statement.key, statement.mark, statement.data.relation, kind)
        self.family.append(contact)

    def _harmed(self, statement: Said) -> None:
        self.harms.append(
            Harm(statement.key, statement.mark, statement.data.harm, statement.data.after_contact)
        )

    def _declined(self, statement: Said) -> None:
        data = statement.data
        self.refusals.append(
            Refusal(
                statement.key,
                statement.agency_kind,
                statement.mark,
                "declined",
                data.reason,
                data.referred_to,
                data.caller_told,
            )
        )

    def _transferred(self, statement: Said) -> None:
        data = statement.data
        self.refusals.append(
            Refusal(
                statement.key,
                statement.agency_kind,
                statement.mark,
                "transferred",
                None,
                data.to_agency,
                None,
            )
        )

    def _place(self, statement: Said) -> PlaceRequest:
        at = (statement.key, statement.data.request)
        return self.places.get(at) or PlaceRequest(
            statement.key, statement.data.request, statement.data.site, statement.mark, None, None
        )

    def _place_requested(self, statement: Said) -> None:
        self.places[(statement.key, statement.data.request)] = self._place(statement)

    def _place_accepted(self, statement: Said) -> None:
        record = self._place(statement)
        self.places[(statement.key, statement.data.request)] = replace(
            record, accepted=record.accepted or statement.mark
        )

    def _place_refused(self, statement: Said) -> None:
        record = self._place(statement)
        self.places[(statement.key, statement.data.request)] = replace(
            record, refused=record.refused or (statement.mark, statement.data.reason)
        )


_FAMILY_CONTACTS: Mapping[
    type[care.FamilyData], Literal["contact-attempted", "contacted", "called-back"]
] = {
    care.FamilyContactAttempted: "contact-attempted",
    care.FamilyContacted: "contacted",
    care.FamilyCalledBack: "called-back",
}

_HANDLERS: Mapping[type[Closed], Callable[[Records, Said], None]] = {
    detention.CustodyArrived: Records._custody_arrived,
    detention.CustodyRiskAssessed: Records._custody_risk,
    detention.CustodyHealthChecked: Records._custody_health,
    detention.CustodyReviewed: Records._custody_reviewed,
    detention.CustodyAppropriateAdultArranged: Records._custody_adult,
    detention.CustodyInterviewPlanned: Records._custody_interview,
    detention.CustodyReleased: Records._custody_released,
    care.AbsenceReported: Records._absence_reported,
    care.AbsenceGraded: Records._absence_graded,
    care.AbsenceEnded: Records._absence_ended,
    care.ReferralSent: Records._referral_sent,
    care.ReferralAcknowledged: Records._referral_acknowledged,
    care.ReferralOutcome: Records._referral_outcome,
    care.FollowUpDue: Records._follow_up_due,
    care.FollowUpCompleted: Records._follow_up_completed,
    care.WelfareConcernRaised: Records._welfare_raised,
    care.WelfareChecked: Records._welfare_checked,
    care.FamilyContactAttempted: Records._family_contact,
    care.FamilyContacted: Records._family_contact,
    care.FamilyCalledBack: Records._family_contact,
    response.HarmReported: Records._harmed,
    incident.IncidentDeclined: Records._declined,
    incident.IncidentTransferred: Records._transferred,
    detention.PlaceOfSafetyRequested: Records._place_requested,
    detention.PlaceOfSafetyAccepted: Records._place_accepted,
    detention.PlaceOfSafetyRefused: Records._place_refused,
}

# Types of statements that are taken here.
RECORDED = frozenset(_HANDLERS)
