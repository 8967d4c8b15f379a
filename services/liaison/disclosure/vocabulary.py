"""Codes of the contract as a desk reads them: a table each, total."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.codes import AccessHazard, ClinicalSign, Nature, ResourceKind
from schemas.person import Relation

SIGN_WORDS: Mapping[ClinicalSign, str] = {
    ClinicalSign.HOT_TO_TOUCH: "hot to touch",
    ClinicalSign.BREATHLESS: "breathless",
    ClinicalSign.CANNOT_BREATHE: "says they cannot breathe",
    ClinicalSign.EXHAUSTED: "exhausted",
    ClinicalSign.SUDDEN_CALM: "suddenly calm",
    ClinicalSign.UNRESPONSIVE: "does not respond",
    ClinicalSign.EXTREME_AGITATION: "extreme agitation",
    ClinicalSign.SWEATING: "sweating",
    ClinicalSign.INSENSITIVE_TO_PAIN: "feels no pain",
    ClinicalSign.BLEEDING: "bleeding",
    ClinicalSign.OVERDOSE: "overdose",
    ClinicalSign.INGESTION: "has swallowed something",
    ClinicalSign.HEAD_INJURY: "head injury",
}
HAZARD_WORDS: Mapping[AccessHazard, str] = {
    AccessHazard.LOCKED_ENTRY: "locked entry",
    AccessHazard.OBSTRUCTED: "way in obstructed",
    AccessHazard.HEIGHT: "height",
    AccessHazard.WATER: "water",
    AccessHazard.RAILWAY: "railway",
    AccessHazard.ROAD_TRAFFIC: "road traffic",
    AccessHazard.FIRE_OR_GAS: "fire or gas",
    AccessHazard.CHEMICAL: "chemical",
    AccessHazard.ANIMAL: "animal",
    AccessHazard.OTHER: "another hazard: ask the agency",
}
UNIT_WORDS: Mapping[ResourceKind, str] = {
    ResourceKind.POLICE_UNIT: "police",
    ResourceKind.AMBULANCE: "ambulance",
    ResourceKind.RAPID_RESPONSE_CAR: "rapid response car",
    ResourceKind.MENTAL_HEALTH_JOINT_RESPONSE_CAR: "mental health joint response car",
    ResourceKind.STREET_TRIAGE: "street triage",
    ResourceKind.CRISIS_TEAM: "crisis team",
    ResourceKind.SECURE_TRANSPORT: "secure transport",
}
# Offences stay with the police (§5.1, offence and intelligence): what an incident is about says no
# more of one than that it is a matter for them.
NATURE_WORDS: Mapping[Nature, str] = {
    Nature.MENTAL_HEALTH_CRISIS: "mental health crisis",
    Nature.SUICIDAL: "suicidal",
    Nature.SELF_HARM: "self-harm",
    Nature.WELFARE_CONCERN: "concern for welfare",
    Nature.MISSING: "missing person",
    Nature.DISTURBANCE: "disturbance",
    Nature.VIOLENCE: "a police matter",
    Nature.MEDICAL: "medical emergency",
    Nature.TRAFFIC_COLLISION: "traffic collision",
    Nature.TRAFFIC_STOP: "a police matter",
    Nature.FIRE: "fire",
    Nature.CRIME: "a police matter",
    Nature.ADMINISTRATIVE: "administrative",
    Nature.OTHER: "other",
}

CALLER_WORDS: Mapping[Relation, str] = {
    "self": "the person",
    "family": "family",
    "carer": "carer",
    "friend": "friend",
    "neighbour": "neighbour",
    "professional": "professional",
    "public": "member of the public",
    "unknown": "relation not stated",
}
