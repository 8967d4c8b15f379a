"""Value sets of the contract, in the field's own vocabulary.

Sources: ambulance categories (NHS Constitution Handbook, Ambulance Response Programme); NHS number
verification status, legal status and ethnic category (UK Core, NHS Data Dictionary);
restrictive-intervention and referral priorities (MHSDS); places of safety and roles to consult
(Mental Health Act 1983 s135, s136; SI 2017/1036).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

AgencyKind = Literal[
    "police", "ambulance", "mental-health-trust", "local-authority", "acute-trust", "operations"
]


class Code(StrEnum):
    """A code of the vocabulary. Hashed as the text it is: an Enum's own hash is written in
    Python, and the fold asks often whether a code is in a set.
    """

    __hash__ = str.__hash__


class Nature(Code):
    """What an incident is about, in the agency's own opening or current code, made coarse."""

    MENTAL_HEALTH_CRISIS = "mental-health-crisis"
    SUICIDAL = "suicidal"
    SELF_HARM = "self-harm"
    WELFARE_CONCERN = "welfare-concern"
    MISSING = "missing"
    DISTURBANCE = "disturbance"
    VIOLENCE = "violence"
    MEDICAL = "medical"
    TRAFFIC_COLLISION = "traffic-collision"
    TRAFFIC_STOP = "traffic-stop"
    FIRE = "fire"
    CRIME = "crime"
    ADMINISTRATIVE = "administrative"
    OTHER = "other"


class CrisisIndicator(Code):
    """A sign that an incident is a mental-health crisis (MHCI set). Two that are independent, or
    one that is strong.
    """

    MENTAL_HEALTH_CODE = "mental-health-code"
    """A mental-health opening code or NICL qualifier."""
    AMPDS_25 = "ampds-25"
    """AMPDS card 25, psychiatric / abnormal behaviour / suicide attempt."""
    SUICIDAL = "suicidal"
    SELF_HARM = "self-harm"
    SUICIDE_ATTEMPT = "suicide-attempt"
    SECTION_135_136 = "section-135-136"
    CRISIS_PLAN = "crisis-plan"
    BEHAVIOUR_CONCERN = "behaviour-concern"
    """An officer's vulnerability assessment: appearance, behaviour, communication."""
    DANGER_CONCERN = "danger-concern"
    KNOWN_TO_SERVICES = "known-to-services"
    RESTRAINT = "restraint"


class AmbulanceCategory(Code):
    """Ambulance response category. C1 and C2 are the emergencies."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    HEAR_AND_TREAT = "hear-and-treat"

    @property
    def is_emergency(self) -> bool:
        """Life-threatening (C1) or emergency (C2)."""
        return self is AmbulanceCategory.C1 or self is AmbulanceCategory.C2


class PoliceGrade(Code):
    IMMEDIATE = "immediate"
    SIGNIFICANT = "significant"
    EXTENDED = "extended"
    REFERRED = "referred"


class AccessHazard(Code):
    """What endangers or delays whoever goes to a place."""

    LOCKED_ENTRY = "locked-entry"
    """A door, gate or lift that needs a key, a code or somebody inside."""
    OBSTRUCTED = "obstructed"
    """Hoarding, a barricade, or no way for a stretcher."""
    HEIGHT = "height"
    WATER = "water"
    RAILWAY = "railway"
    ROAD_TRAFFIC = "road-traffic"
    FIRE_OR_GAS = "fire-or-gas"
    CHEMICAL = "chemical"
    ANIMAL = "animal"
    OTHER = "other"


class ResourceKind(Code):
    POLICE_UNIT = "police-unit"
    AMBULANCE = "ambulance"
    RAPID_RESPONSE_CAR = "rapid-response-car"
    MENTAL_HEALTH_JOINT_RESPONSE_CAR = "mental-health-joint-response-car"
    STREET_TRIAGE = "street-triage"
    CRISIS_TEAM = "crisis-team"
    SECURE_TRANSPORT = "secure-transport"

    @property
    def is_health(self) -> bool:
        """A resource that brings a clinician."""
        return BRINGS_A_CLINICIAN[self]


# Whether a clinician comes with it: only then is the person no longer with the police alone (R01,
# R19).
BRINGS_A_CLINICIAN: Mapping[ResourceKind, bool] = MappingProxyType(
    {
        ResourceKind.POLICE_UNIT: False,
        ResourceKind.AMBULANCE: True,
        ResourceKind.RAPID_RESPONSE_CAR: True,
        ResourceKind.MENTAL_HEALTH_JOINT_RESPONSE_CAR: True,
        ResourceKind.STREET_TRIAGE: True,
        ResourceKind.CRISIS_TEAM: True,
        ResourceKind.SECURE_TRANSPORT: False,
    }
)


class StandDownReason(Code):
    POLICE_PRESENT = "police-present"
    NO_SEND = "no-send"
    CLINICAL_ASSESSMENT = "clinical-assessment"
    HIGHER_PRIORITY = "higher-priority"
    NOT_REQUIRED = "not-required"
    DUPLICATE = "duplicate"
    OTHER = "other"


class ForceKind(Code):
    """Types of restrictive intervention or force (Use of Force Act 2018 s6; NPCC use-of-force
    record).
    """

    PHYSICAL_RESTRAINT = "physical-restraint"
    HANDCUFFS = "handcuffs"
    LIMB_RESTRAINT = "limb-restraint"
    GROUND_RESTRAINT = "ground-restraint"
    SPIT_GUARD = "spit-guard"
    INCAPACITANT_SPRAY = "incapacitant-spray"
    CONDUCTED_ENERGY_DEVICE = "conducted-energy-device"
    SECLUSION = "seclusion"
    CHEMICAL = "chemical"


class RestraintPosition(Code):
    PRONE = "prone"
    SUPINE = "supine"
    SIDE = "side"
    SEATED = "seated"
    KNEELING = "kneeling"
    STANDING = "standing"


class ClinicalSign(Code):
    """Observed signs, never a diagnosis (acute behavioural disturbance is not one)."""

    HOT_TO_TOUCH = "hot-to-touch"
    BREATHLESS = "breathless"
    CANNOT_BREATHE = "cannot-breathe"
    EXHAUSTED = "exhausted"
    SUDDEN_CALM = "sudden-calm"
    UNRESPONSIVE = "unresponsive"
    EXTREME_AGITATION = "extreme-agitation"
    SWEATING = "sweating"
    INSENSITIVE_TO_PAIN = "insensitive-to-pain"
    BLEEDING = "bleeding"
    OVERDOSE = "overdose"
    INGESTION = "ingestion"
    HEAD_INJURY = "head-injury"


# Signs after which restraint is a medical emergency until proved otherwise (RCEM and FFLM
# guidance).
ABD_SIGNS = frozenset(
    {
        ClinicalSign.HOT_TO_TOUCH,
        ClinicalSign.BREATHLESS,
        ClinicalSign.CANNOT_BREATHE,
        ClinicalSign.EXHAUSTED,
        ClinicalSign.SUDDEN_CALM,
        ClinicalSign.EXTREME_AGITATION,
    }
)


class DetentionPower(Code):
    SECTION_135_1 = "s135-1"
    SECTION_135_2 = "s135-2"
    SECTION_136 = "s136"


class PlaceOfSafetyKind(Code):
    HBPOS = "health-based-place-of-safety"
    EMERGENCY_DEPARTMENT = "emergency-department"
    POLICE_STATION = "police-station"
    HOME = "home"
    CARE_HOME = "care-home"
    OTHER = "other"


class ConsultedRole(Code):
    """Who may be consulted before s136 is used: s136(1C); SI 2017/1036 reg 8."""

    DOCTOR = "doctor"
    NURSE = "nurse"
    AMHP = "amhp"
    OCCUPATIONAL_THERAPIST = "occupational-therapist"
    PARAMEDIC = "paramedic"


class RiskLevel(Code):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class AbsenceKind(Code):
    AWOL = "absent-without-leave"
    MISSING = "missing"
    WALK_OUT = "walk-out"


class LegalStatus(Code):
    """UK Core LegalStatusClassificationEngland (the codes this product acts on)."""

    INFORMAL = "01"
    SECTION_2 = "02"
    SECTION_3 = "03"
    SECTION_4 = "04"
    SECTION_5_2 = "05"
    SECTION_5_4 = "06"
    SECTION_35 = "07"
    SECTION_36 = "08"
    SECTION_37_41 = "09"
    SECTION_37 = "10"
    SECTION_135 = "19"
    SECTION_136 = "20"
    GUARDIANSHIP_7 = "35"
    GUARDIANSHIP_37 = "36"
    NOT_APPLICABLE = "98"
    NOT_KNOWN = "99"


class NhsNumberStatus(Code):
    """NHS number verification status (UK Core England). Only 01 may attach an event to a person."""

    VERIFIED = "01"
    NOT_TRACED = "02"
    TRACE_REQUIRED = "03"
    NO_OR_MULTIPLE_MATCH = "04"
    CONFLICT = "05"
    IN_PROGRESS = "06"
    NOT_PRESENT = "07"
    POSTPONED = "08"


# Ethnic category, 16+1 codes of the NHS Data Dictionary, with Z not stated and 99 not known.
# Never a matching field.
EthnicCategory = Literal[
    "A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "Z", "99"
]

Sex = Literal["female", "male", "other", "unknown"]


class ReferralPriority(Code):
    """MHSDS ClinRespPriorityType: 1 emergency, 4 very urgent, 2 urgent, 3 routine."""

    EMERGENCY = "1"
    URGENT = "2"
    ROUTINE = "3"
    VERY_URGENT = "4"
