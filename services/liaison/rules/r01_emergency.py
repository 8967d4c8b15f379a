"""R01: the ambulance service treats a clear mental-health crisis as an emergency even if the police are present."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.liaison.crisis.facts import Attendance, Crisis, Stretch
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import (
    Spans,
    both,
    either,
    held_for,
    open_end,
    since,
    spans,
    without,
)


def _of(stretches: tuple[Stretch, ...]) -> Spans:
    return spans((stretch.since.at, stretch.until) for stretch in stretches)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Police on scene, a clear crisis, and no emergency response: graded below C2, cancelled, not asked for, or asked
    for and never graded.

    Suppressed by an ambulance clinician's documented assessment after police arrived, and while a mental-health joint
    response car or street triage is coming or there.
    """
    signs = crisis.clear_crisis
    if not signs:
        return
    in_crisis = since(max(sign.at for sign in signs))
    if not crisis.attendances:
        return
    requested = _of(crisis.requested)
    low = either(_of(crisis.below_emergency), _of(crisis.stood_down))
    sent = since(_first_sent(crisis))
    for attendance in crisis.attendances:
        assessed = min(
            (mark.at for mark in crisis.assessments if mark.at >= attendance.begun.at), default=None
        )
        open_to_it = without(
            both(attendance.spans, in_crisis),
            since(assessed),
            crisis.joint_response,
            crisis.emergency,
            crisis.ambulance_on_scene,
        )
        if not open_to_it:
            continue
        unasked = held_for(
            without(open_to_it, requested), RULE.limit(policy, "ambulance_request_within")
        )
        asked_for = without(both(open_to_it, requested), low, sent)
        ungraded = held_for(asked_for, RULE.limit(policy, "grade_within"))
        for start, end in either(both(open_to_it, low), ungraded, unasked):
            yield _finding(crisis, policy, attendance, (start, end))


def _first_sent(crisis: Crisis) -> datetime | None:
    """When an ambulance was first on its way: what comes without a grade comes."""
    sent = (
        incident.first_assigned.at
        for incident in crisis.incidents
        if incident.kind == "ambulance" and incident.first_assigned is not None
    )
    return min(sent, default=None)


def _why(crisis: Crisis, at: datetime) -> tuple[str, tuple[Evidence, ...]]:
    for stretch in (*crisis.stood_down, *crisis.below_emergency):
        if stretch.since.at <= at < stretch.until:
            if stretch in crisis.stood_down:
                said = f"Ambulance stood down ({stretch.what}) at {clock(stretch.since.at)}"
                return said, (Evidence(said, stretch.since.at, stretch.since.event),)
            said = f"Ambulance response graded {stretch.what} at {clock(stretch.since.at)}, below emergency"
            return said, (Evidence(said, stretch.since.at, stretch.since.event),)
    request = min(
        (request.since for request in crisis.requested if request.since.at <= at < request.until),
        default=None,
    )
    if request is not None:
        said = f"An ambulance was asked for at {clock(request.at)} and the call is not graded"
        return said, (Evidence(said, request.at, request.event),)
    return "No ambulance has been asked for", ()


def _finding(
    crisis: Crisis, policy: Policy, attendance: Attendance, stretch: tuple[datetime, datetime]
) -> Finding:
    start, end = stretch
    why, evidence = _why(crisis, start)
    on_scene = Evidence(
        f"Police on scene since {clock(attendance.begun.at)}",
        attendance.begun.at,
        attendance.begun.event,
    )
    signs = tuple(
        Evidence(f"Sign of a mental-health crisis: {sign.kind.value}", sign.at, sign.event)
        for sign in crisis.clear_crisis
    )
    return Finding(
        rule=RULE.id,
        anchor=attendance.begun.event,
        holds_from=start,
        until=open_end(end),
        urgency=RULE.urgency,
        title=RULE.title,
        reason=f"Police are on scene with a person in a clear mental-health crisis. {why}.",
        next_step=RULE.next_step,
        recipients=RULE.recipients,
        evidence=(on_scene, *signs, *evidence),
        acknowledge_within=policy.acknowledge_within(RULE.urgency),
        act_by=start + RULE.limit(policy, "retriage_within"),
        relies_on=crisis.agencies("police", "ambulance"),
        relies_on_services=("ambulance",),
    )


RULE = rule(__name__, condition)
