"""Calls with a risk to life that wait for somebody to be sent: since when, and how long they may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.codes import AmbulanceCategory, CrisisIndicator, Nature, RiskLevel
from services.liaison.crisis.facts import Crisis, IncidentState
from services.liaison.disclosure.vocabulary import NATURE_WORDS
from services.liaison.rules.shared.signs import INDICATOR_WORDS
from services.liaison.time.spans import FOREVER

# The limit of a call by its ambulance category; one that is not graded has the limit of a high
# risk.
LIMIT_OF: Mapping[AmbulanceCategory, str] = {
    AmbulanceCategory.C1: "category_1_within",
    AmbulanceCategory.C2: "category_2_within",
    AmbulanceCategory.C3: "category_3_within",
    AmbulanceCategory.C4: "category_4_within",
    # no standard: nobody is to be sent, so a clinician has to ring
    AmbulanceCategory.C5: "clinician_rings_within",
    AmbulanceCategory.HEAR_AND_TREAT: "clinician_rings_within",
}
UNGRADED = "high_risk_within"

# Whether a call of that nature is a risk to life by itself. Of the others the risk that is stated
# and the signs decide.
OF_NATURE: Mapping[Nature, bool] = {
    Nature.MENTAL_HEALTH_CRISIS: False,
    Nature.SUICIDAL: True,
    Nature.SELF_HARM: True,
    Nature.WELFARE_CONCERN: False,
    Nature.MISSING: False,
    Nature.DISTURBANCE: False,
    Nature.VIOLENCE: False,
    Nature.MEDICAL: False,
    Nature.TRAFFIC_COLLISION: False,
    Nature.TRAFFIC_STOP: False,
    Nature.FIRE: False,
    Nature.CRIME: False,
    Nature.ADMINISTRATIVE: False,
    Nature.OTHER: False,
}

# The same of one sign alone; two that are independent are a clear crisis, which is a risk to
# life.
OF_SIGN: Mapping[CrisisIndicator, bool] = {
    CrisisIndicator.MENTAL_HEALTH_CODE: False,
    CrisisIndicator.AMPDS_25: False,
    CrisisIndicator.SUICIDAL: True,
    CrisisIndicator.SELF_HARM: True,
    CrisisIndicator.SUICIDE_ATTEMPT: True,
    CrisisIndicator.SECTION_135_136: False,
    CrisisIndicator.CRISIS_PLAN: False,
    CrisisIndicator.BEHAVIOUR_CONCERN: False,
    CrisisIndicator.DANGER_CONCERN: False,
    CrisisIndicator.KNOWN_TO_SERVICES: False,
    CrisisIndicator.RESTRAINT: False,
}


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """One call, and why it may not wait."""

    incident: IncidentState
    since: datetime
    """Since when it is open with a risk to life."""
    risk: str
    """The risk in words."""
    limit: str
    """The limit of the rule that it has."""


def waiting_calls(crisis: Crisis) -> Iterator[WaitingCall]:
    """Each call that is, or was, open with a risk to life, whatever its nature and whoever's it is.
    One that was closed and opened again counts from then."""
    of_crisis = list(_risks_of_crisis(crisis))
    for incident in crisis.incidents:
        if incident.reported is None or incident.outcome == "duplicate":
            continue
        first = min((*_risks(incident), *of_crisis), default=None)
        if first is None:
            continue
        at, risk = first
        limit = UNGRADED
        if incident.kind == "ambulance" and incident.category is not None:
            limit = LIMIT_OF[incident.category]
        since = max(at, incident.last_opened_at)
        closed = incident.closed
        if closed is None or closed.at > since:
            yield WaitingCall(incident, since, risk, limit)


def _risks(incident: IncidentState) -> Iterator[tuple[datetime, str]]:
    """Since when there is which risk to life by this call."""
    opened = incident.last_opened_at
    if incident.nature is not None and OF_NATURE[incident.nature]:
        yield opened, f"opened as {NATURE_WORDS[incident.nature]}"
    if incident.high_risk_at is not None:
        yield incident.high_risk_at, "the risk to the person is stated as high"
    if incident.nature is Nature.MISSING and incident.risk_to_self is RiskLevel.MEDIUM:
        yield opened, "a missing person at risk"


def _risks_of_crisis(crisis: Crisis) -> Iterator[tuple[datetime, str]]:
    """The same by the crisis that the call is of."""
    # a sign that another agency saw counts for this call too: it is of the same person
    for sign in crisis.indicators:
        if OF_SIGN[sign.kind]:
            yield sign.at, f"a sign of a risk to life: {INDICATOR_WORDS[sign.kind]}"
    clear = crisis.clear_crisis
    if clear:
        yield max(sign.at for sign in clear), "a clear mental-health crisis"


def rung_back_at(crisis: Crisis, since: datetime) -> datetime:
    """When somebody rang back after the instant: the family was reached, or a clinician assessed by
    telephone.
    """
    rang = [contact.mark.at for contact in crisis.family if contact.outcome != "contact-attempted"]
    rang += [mark.at for mark in crisis.assessments]
    return min((at for at in rang if at >= since), default=FOREVER)
