"""Refusals to respond, and calls that are at risk."""

from __future__ import annotations

from schemas.codes import AgencyKind, CrisisIndicator, Nature, RiskLevel
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Refusal

LIFE_AT_RISK = frozenset(
    {
        CrisisIndicator.SUICIDAL,
        CrisisIndicator.SELF_HARM,
        CrisisIndicator.SUICIDE_ATTEMPT,
        CrisisIndicator.RESTRAINT,
    }
)


_CONCERNS = frozenset({Nature.WELFARE_CONCERN, Nature.MISSING})


SERVICE: dict[AgencyKind, str] = {"police": "The police", "ambulance": "The ambulance service"}


def refusals(crisis: Crisis) -> list[Refusal]:
    """Refusals by police and ambulance that this rule looks after, in order."""
    if not _concerned(crisis):
        return []
    from_services = (refusal for refusal in crisis.refusals if refusal.agency_kind in SERVICE)
    return sorted(from_services, key=lambda refusal: refusal.mark)


def _concerned(crisis: Crisis) -> bool:
    return bool(crisis.indicators) or any(
        incident.nature in _CONCERNS or incident.risk_to_self in (RiskLevel.MEDIUM, RiskLevel.HIGH)
        for incident in crisis.incidents
    )
