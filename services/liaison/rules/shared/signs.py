"""The signs of a mental-health crisis as a finding says them, each for whom may be told it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schemas.codes import CrisisIndicator
from services.liaison.crisis.facts import Indicator
from services.liaison.finding import Evidence

INDICATOR_WORDS: Mapping[CrisisIndicator, str] = {
    CrisisIndicator.MENTAL_HEALTH_CODE: "the call was opened as one",
    CrisisIndicator.AMPDS_25: "the ambulance service's card for psychiatric emergencies",
    CrisisIndicator.SUICIDAL: "suicidal",
    CrisisIndicator.SELF_HARM: "self-harm",
    CrisisIndicator.SUICIDE_ATTEMPT: "suicide attempt",
    CrisisIndicator.SECTION_135_136: "detained under section 135 or 136",
    CrisisIndicator.CRISIS_PLAN: "a crisis plan is on file",
    CrisisIndicator.BEHAVIOUR_CONCERN: "an officer's concern about behaviour",
    CrisisIndicator.DANGER_CONCERN: "an officer's concern about danger",
    CrisisIndicator.KNOWN_TO_SERVICES: "known to mental health services",
    CrisisIndicator.RESTRAINT: "restraint",
}
# Which items of the disclosure matrix it is to be told of the sign (domain reference §5.1); none: the
# circumstances of the incident.
INDICATOR_TELLS: Mapping[CrisisIndicator, frozenset[str]] = {
    CrisisIndicator.MENTAL_HEALTH_CODE: frozenset(),
    CrisisIndicator.AMPDS_25: frozenset(),
    CrisisIndicator.SUICIDAL: frozenset({"risk-to-self"}),
    CrisisIndicator.SELF_HARM: frozenset({"risk-to-self"}),
    CrisisIndicator.SUICIDE_ATTEMPT: frozenset({"risk-to-self"}),
    CrisisIndicator.SECTION_135_136: frozenset({"legal-status"}),
    CrisisIndicator.CRISIS_PLAN: frozenset({"crisis-plan", "known-to-services"}),
    CrisisIndicator.BEHAVIOUR_CONCERN: frozenset(),
    CrisisIndicator.DANGER_CONCERN: frozenset(),
    CrisisIndicator.KNOWN_TO_SERVICES: frozenset({"known-to-services"}),
    CrisisIndicator.RESTRAINT: frozenset({"force-clinical"}),
}


def signs_shown(signs: Iterable[Indicator]) -> tuple[Evidence, ...]:
    """Each sign with when it was seen."""
    return tuple(
        Evidence(
            f"Sign of a mental-health crisis: {INDICATOR_WORDS[sign.kind]}",
            sign.at,
            sign.event,
            INDICATOR_TELLS[sign.kind],
        )
        for sign in signs
    )
