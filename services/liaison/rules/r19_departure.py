"""R19: police left a person in crisis before health arrived, and no handover is documented."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.codes import CrisisIndicator
from services.liaison.crisis.facts import Crisis
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.signs import signs_shown
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import both, since, without

GRAVE = frozenset(
    {CrisisIndicator.SUICIDAL, CrisisIndicator.SUICIDE_ATTEMPT, CrisisIndicator.RESTRAINT}
)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Ends when police or health are on scene again, or every incident is closed."""
    for attendance in crisis.attendances:
        left = attendance.ended
        if left is None or attendance.handed_over or attendance.person_taken:
            continue
        signs = [indicator for indicator in crisis.indicators if indicator.at <= left.at]
        health_came = any(start <= left.at for start, _ in crisis.health_on_scene)
        if not signs or health_came:
            continue
        later = [other for other in crisis.attendances if other.begun.at > left.at]
        present = tuple(stretch for other in later for stretch in other.spans)
        standing = without(
            both(since(left.at), crisis.open_police_or_ambulance), present, crisis.health_on_scene
        )
        # it stands from the departure on or not at all: a call that is opened later is another story
        if not standing or standing[0][0] != left.at:
            continue
        urgency = RULE.urgency
        if any(sign.kind in GRAVE for sign in signs):
            urgency = 1
        yield RULE.finds(
            policy,
            anchor=left.event,
            holds=standing[0],
            urgency=urgency,
            reason=f"Police left the scene at {clock(left.at)}; no health service has been there and no handover is "
            "recorded.",
            evidence=(
                Evidence(f"Police left at {clock(left.at)}", left.at, left.event),
                *signs_shown(signs),
            ),
            relies_on=crisis.agencies("police", "ambulance"),
            relies_on_services=("ambulance", "mental-health-trust"),
        )


RULE = rule(__name__, condition)
