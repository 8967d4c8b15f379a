"""What makes a crisis worse after somebody has looked at it: what was assessed then is of before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import ClinicalSign
from services.liaison.crisis.facts import Crisis
from services.liaison.time.spans import FOREVER, Spans, spans

# Physical signs after which the person goes to an emergency department (AACE); which they are is
# this project's assumption.
RED_FLAGS = frozenset(
    {
        ClinicalSign.OVERDOSE,
        ClinicalSign.INGESTION,
        ClinicalSign.HEAD_INJURY,
        ClinicalSign.BLEEDING,
        ClinicalSign.UNRESPONSIVE,
        ClinicalSign.CANNOT_BREATHE,
        ClinicalSign.SUDDEN_CALM,
        ClinicalSign.HOT_TO_TOUCH,
    }
)
_ATTEMPTS = frozenset({"self-harm", "suicide-attempt", "serious-injury"})


def worsenings(crisis: Crisis) -> tuple[datetime, ...]:
    """When it got worse, in order: an attempt or self-harm, a strong sign of a crisis, a restraint,
    a physical red flag, or a risk that is now stated as high."""
    instants = [sign.at for sign in crisis.indicators if sign.strong]
    instants += [harm.mark.at for harm in crisis.harms if harm.harm in _ATTEMPTS]
    instants += [force.started.at for force in crisis.forces if force.is_restraint]
    instants += [mark.at for sign, mark in crisis.signs if sign in RED_FLAGS]
    return tuple(sorted((*instants, *_high_risks(crisis))))


def _high_risks(crisis: Crisis) -> Iterator[datetime]:
    for incident in crisis.incidents:
        if incident.high_risk_at is not None:
            yield incident.high_risk_at


def assessed_spans(crisis: Crisis, since: datetime) -> Spans:
    """When an ambulance clinician's assessment holds: from each that was documented since the
    instant, until it gets worse.
    """
    worse = worsenings(crisis)
    return spans(
        (mark.at, next((instant for instant in worse if instant > mark.at), FOREVER))
        for mark in crisis.assessments
        if mark.at >= since
    )
