"""R04: a person detained under s136 is seen and conveyed by an ambulance within 30 minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from schemas.codes import DetentionPower, PlaceOfSafetyKind, ResourceKind
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, both, held_for, spans, without

# Kept there, a person is with health already and goes nowhere.
HEALTH = frozenset({PlaceOfSafetyKind.HBPOS, PlaceOfSafetyKind.EMERGENCY_DEPARTMENT})


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Detained and no ambulance asked for; asked for and not there; or conveyed by police without a
    reason.
    """
    request_within = RULE.limit(policy, "ambulance_request_within")
    arrival_within = RULE.limit(policy, "ambulance_arrival_within")
    requested = spans((request.since.at, request.until) for request in crisis.requested)
    for detention in crisis.detentions:
        if detention.power is not DetentionPower.SECTION_136 or detention.kept_at in HEALTH:
            continue
        over = _over(detention)
        # who is already being conveyed waits for no ambulance; by what they are conveyed is asked
        # below
        conveyed = min((journey.mark.at for journey in detention.conveyed), default=FOREVER)
        waiting = without(
            spans([(detention.detained.at, min(over, conveyed))]), crisis.ambulance_on_scene
        )
        for stretch in held_for(without(waiting, requested), request_within):
            reason = (
                f"Detained under s136 and no ambulance asked for in {duration(request_within)}."
            )
            yield _waiting(crisis, policy, detention, stretch, "not-requested", reason)
        for stretch in held_for(both(waiting, requested), arrival_within):
            reason = f"Ambulance asked for and not on scene after {duration(arrival_within)}."
            yield _waiting(crisis, policy, detention, stretch, "not-arrived", reason)
        for journey in detention.conveyed:
            by_police = journey.by is ResourceKind.POLICE_UNIT and not journey.reason_given
            if by_police and journey.mark.at < over:
                yield _finding(
                    policy,
                    detention,
                    (journey.mark.at, over),
                    "police-vehicle",
                    "Conveyed in a police vehicle and no reason recorded.",
                    moment="police-vehicle",
                )


def _over(detention: Detention) -> datetime:
    """When the person was at a place of safety, or the detention ended."""
    marks = (
        detention.arrived,
        detention.handed_over,
        detention.assessment_started,
        detention.ended,
    )
    return min((mark.at for mark in marks if mark is not None), default=FOREVER)


def _waiting(
    crisis: Crisis,
    policy: Policy,
    detention: Detention,
    stretch: tuple[datetime, datetime],
    stage: str,
    reason: str,
) -> Finding:
    moment = None
    if stage == "not-requested":
        moment = stage
    return _finding(
        policy,
        detention,
        stretch,
        stage,
        reason,
        moment=moment,
        relies_on=crisis.agencies("police", "ambulance"),
        relies_on_services=("ambulance",),
    )


def _finding(
    policy: Policy,
    detention: Detention,
    stretch: tuple[datetime, datetime],
    stage: str,
    reason: str,
    **more: Any,
) -> Finding:
    detained = detention.detained
    return RULE.finds(
        policy,
        anchor=detained.event,
        holds=stretch,
        headlines=dict.fromkeys(RULE.recipients, reason.rstrip(".")),
        reason=reason,
        evidence=(
            Evidence(f"Detained under s136 at {clock(detained.at)}", detained.at, detained.event),
        ),
        stage=stage,
        act_by=detained.at + RULE.limit(policy, "ambulance_arrival_within"),
        **more,
    )


RULE = rule(__name__, condition)
