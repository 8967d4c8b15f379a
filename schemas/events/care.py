"""Welfare, absence, family, referral, follow-up, and what the NHS says of people and their care
pathways.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.codes import AbsenceKind, LegalStatus, ReferralPriority, RiskLevel
from schemas.events.catalogue import EventData, event_type
from schemas.events.incident import IncidentData
from schemas.model import Closed, Day, Instant, Phone, Reference, ShortText, Slug, where_unreadable
from schemas.person import DescriptorField, PersonDescriptor


@event_type("welfare.concern-raised")
class WelfareConcernRaised(IncidentData):
    """Somebody asked for a check on a person's welfare."""

    risk: RiskLevel
    person: PersonDescriptor | None = None


@event_type("welfare.checked")
class WelfareChecked(IncidentData):
    """The person was seen, or the check was closed without seeing them."""

    seen: bool


class AbsenceData(EventData):
    """One absence; the same reference in all its events."""

    absence: Reference


@event_type("absence.reported")
class AbsenceReported(AbsenceData):
    """A person is absent without leave, missing, or walked out."""

    kind: AbsenceKind
    incident: Reference | None = None
    person: PersonDescriptor | None = None
    legal_status: LegalStatus | None = None
    power_valid_until: Instant | None = None
    """Until when the person may be retaken (s18)."""
    area: Slug | None = None
    """Area whose police and ambulance are to know: where the person was last seen."""
    last_seen_at: Instant | None = None
    photo_held: bool | None = None
    """A photograph is held for a search."""


@event_type("absence.graded")
class AbsenceGraded(AbsenceData):
    """The risk of the absence was graded."""

    risk: RiskLevel


@event_type("absence.ended")
class AbsenceEnded(AbsenceData):
    """The person returned or was found."""

    outcome: Literal["returned", "found", "retaken", "discharged", "other"]


class FamilyData(IncidentData):
    """Contact with family, a carer or the nearest relative (later: nominated person)."""

    relation: Literal["family", "carer", "nearest-relative", "nominated-person"]


@event_type("family.contact-attempted")
class FamilyContactAttempted(FamilyData):
    """Contact was tried."""


@event_type("family.contacted")
class FamilyContacted(FamilyData):
    """Contact was made."""


@event_type("family.called-back")
class FamilyCalledBack(FamilyData):
    """A relative who had rung was called back."""


class ReferralData(EventData):
    """One referral."""

    referral: Reference


@event_type("referral.sent")
class ReferralSent(ReferralData):
    """A referral was sent (e.g. Merlin, safeguarding, liaison and diversion, crisis team)."""

    to_agency: Slug
    priority: ReferralPriority
    incident: Reference | None = None
    person: PersonDescriptor | None = None


@event_type("referral.acknowledged")
class ReferralAcknowledged(ReferralData):
    """The receiving team has it."""

    from_agency: Slug


@event_type("referral.outcome")
class ReferralOutcome(ReferralData):
    """What became of it."""

    from_agency: Slug
    outcome: Literal[
        "accepted", "declined", "signposted", "seen", "emergency-services-notified", "other"
    ]


class FollowUpData(EventData):
    """One follow-up."""

    follow_up: Reference
    local_person: Reference | None = None


@event_type("follow-up.due")
class FollowUpDue(FollowUpData):
    """A follow-up must happen by an instant (72 h after discharge: MHSDS)."""

    by: Instant
    kind: Literal["post-discharge", "post-crisis", "post-self-harm", "other"]


@event_type("follow-up.completed")
class FollowUpCompleted(FollowUpData):
    """It happened."""

    mode: Literal["in-person", "phone", "video"]


class PersonData(EventData):
    """A person as an NHS organisation knows them, named by its own local identifier."""

    local_person: Reference
    """The sender's own identifier of the person; stable; opaque."""


@event_type("person.registered")
class PersonRegistered(PersonData):
    """The person is on the sender's books."""

    person: PersonDescriptor


@event_type("person.updated")
class PersonUpdated(PersonData):
    """The sender's whole current descriptor; it replaces the former one, whose names are kept as
    aliases.
    """

    person: PersonDescriptor
    unchanged: Annotated[tuple[DescriptorField, ...], Field(max_length=8)] = ()
    """Fields of which this says nothing: what was said of them before stays."""


@event_type("person.merged")
class PersonMerged(PersonData):
    """Two local identifiers are one person (HL7 A40). `local_person` survives."""

    merged: Reference


@event_type("person.split")
class PersonSplit(PersonData):
    """An earlier merge was wrong (HL7 A37)."""

    split_off: Reference


@event_type("person.died")
class PersonDied(PersonData):
    """The person died."""

    on: Day | None = None


class CrisisPlanPointer(Closed):
    """Where a mental health crisis plan is, and the lines that may be shared with whoever
    attends.
    """

    pointer: Annotated[str, Field(max_length=300)]
    """NRL DocumentReference (SNOMED CT 736253002) or a document id of the trust."""
    updated_on: Day | None = None
    calming: Annotated[tuple[ShortText, ...], Field(max_length=3)] = ()
    """At most three lines: what helps."""
    avoid: Annotated[tuple[ShortText, ...], Field(max_length=3)] = ()
    """At most three lines: what makes it worse."""


SnomedCode = Annotated[str, Field(pattern=r"^[0-9]{6,18}$")]


class FamilyContact(Closed):
    """Whom of the family to call, and how. No name is needed to call; never used to decide who
    somebody is.
    """

    relation: Literal["family", "carer", "nearest-relative", "nominated-person", "other"]
    """Next of kin is `family`: the nearest relative is a role in law (Mental Health Act s26)
    that a record must state.
    """
    phone: Phone


class PathwayFacts(PersonData):
    """What health and social care have in place for a person."""

    pathway: Reference
    team: ShortText | None = None
    legal_status: LegalStatus | None = None
    crisis_plan: CrisisPlanPointer | None = None
    contact_phone: Phone | None = None
    """The 24-hour contact number of the team."""
    coordinator: ShortText | None = None
    """Role or staff code of the care coordinator."""
    on_leave_until: Instant | None = None
    discharge_planned_on: Day | None = None
    area: Slug | None = None
    family_contacts: Annotated[tuple[FamilyContact, ...], Field(max_length=3)] | None = None
    """Whom of the family to call. Nobody for a person whose record is restricted."""
    consent_to_share: Annotated[
        Literal["given", "refused"] | None, Field(json_schema_extra=where_unreadable("refused"))
    ] = None
    """What the person has said of sharing their plan outside health and care; absent where it is
    not recorded.
    """
    adjustments: Annotated[tuple[SnomedCode, ...], Field(max_length=20)] | None = None
    """Reasonable adjustments the person needs (SNOMED CT), e.g. an interpreter; codes, never
    words.
    """


@event_type("pathway.opened")
class PathwayOpened(PathwayFacts):
    """A care episode opened."""


@event_type("pathway.updated")
class PathwayUpdated(PathwayFacts):
    """The whole current state of the pathway; it replaces the former one."""


@event_type("pathway.closed")
class PathwayClosed(PersonData):
    """The care episode closed."""

    pathway: Reference
    reason: Literal["discharged", "transferred", "died", "declined", "other"]
