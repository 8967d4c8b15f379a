"""R04: a person detained under s136 is seen and conveyed by an ambulance within 30 minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import DetentionPower, PlaceOfSafetyKind, ResourceKind
from services.liaison.crisis.facts import Crisis, Detention, Mark
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, both, held_for, open_end, spans, without

HEALTH = frozenset({PlaceOfSafetyKind.HBPOS, PlaceOfSafetyKind.EMERGENCY_DEPARTMENT})
"""Kept there, a person is with health already and goes nowhere."""


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Detained and no ambulance asked for; asked for and not there; or conveyed by police without a reason."""
    request_within = RULE.limit(policy, "ambulance_request_within")
    arrival_within = RULE.limit(policy, "ambulance_arrival_within")
    for detention in crisis.detentions:
        if detention.power is not DetentionPower.SECTION_136:
            continue
        if detention.kept_at in HEALTH:
            continue
        there = (
            detention.arrived,
            detention.handed_over,
            detention.assessment_started,
            detention.ended,
        )
        over: list[Mark] = [mark for mark in there if mark is not None]
        conveyed = [journey.mark for journey in detention.conveyed]
        waiting_ends = min((mark.at for mark in (*over, *conveyed)), default=FOREVER)
        waiting = without(spans([(detention.detained.at, waiting_ends)]), crisis.ambulance_on_scene)
        requested = spans((request.since.at, request.until) for request in crisis.requested)
        for start, end in held_for(without(waiting, requested), request_within):
            yield _finding(
                crisis,
                policy,
                detention,
                start,
                end,
                "not-requested",
                f"Detained under s136 and no ambulance asked for in {duration(request_within)}.",
            )
        for start, end in held_for(both(waiting, requested), arrival_within):
            yield _finding(
                crisis,
                policy,
                detention,
                start,
                end,
                "not-arrived",
                f"Ambulance asked for and not on scene after {duration(arrival_within)}.",
            )
        for conveyance in detention.conveyed:
            if conveyance.by is ResourceKind.POLICE_UNIT and not conveyance.reason_given:
                until = min((mark.at for mark in over), default=FOREVER)
                if conveyance.mark.at < until:
                    yield _finding(
                        crisis,
                        policy,
                        detention,
                        conveyance.mark.at,
                        until,
                        "police-vehicle",
                        "Conveyed in a police vehicle and no reason recorded.",
                    )


def _finding(
    crisis: Crisis,
    policy: Policy,
    detention: Detention,
    start: datetime,
    end: datetime,
    stage: str,
    reason: str,
) -> Finding:
    began = Evidence(
        f"Detained under s136 at {clock(detention.detained.at)}",
        detention.detained.at,
        detention.detained.event,
    )
    return Finding(
        rule=RULE.id,
        anchor=detention.detained.event,
        holds_from=start,
        until=open_end(end),
        urgency=RULE.urgency,
        title=RULE.title,
        reason=reason,
        next_step=RULE.next_step,
        recipients=RULE.recipients,
        evidence=(began,),
        acknowledge_within=policy.acknowledge_within(RULE.urgency),
        stage=stage,
        act_by=detention.detained.at + RULE.limit(policy, "ambulance_arrival_within"),
        relies_on=() if stage == "police-vehicle" else crisis.agencies("police", "ambulance"),
        relies_on_services=() if stage == "police-vehicle" else ("ambulance",),
    )


RULE = rule(__name__, condition)
