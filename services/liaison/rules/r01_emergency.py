"""R01: the ambulance service treats a clear mental-health crisis as an emergency even if the police
are present.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from services.liaison.crisis.facts import Attendance, Crisis, Stretch
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.signs import signs_shown
from services.liaison.rules.shared.words import clock, duration
from services.liaison.rules.shared.worsening import assessed_spans
from services.liaison.time.spans import Spans, both, either, held_for, since, spans, without


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Police on scene, a clear crisis, and no emergency response: graded below C2, cancelled, not
    asked for, or asked for and never graded; or graded C1 or C2 and nobody comes.

    Suppressed by an ambulance clinician's documented assessment after police arrived, until the
    person gets worse; while a mental-health joint response car or street triage is coming or there;
    and once a crew, a department or another place has the person.
    """
    signs = crisis.clear_crisis
    # without police there the ambulance service decides by its own triage; what this rule knows
    # is that the police are left alone with somebody in a crisis
    if not signs or not crisis.attendances:
        return
    # two signs make it clear only once the second of them is known
    in_crisis = since(max(sign.at for sign in signs))
    for attendance in crisis.attendances:
        unseen = without(
            both(attendance.spans, in_crisis),
            crisis.joint_response,
            crisis.ambulance_on_scene,
            crisis.in_care,
        )
        if not unseen:
            continue
        # only an assessment since the police came counts: what was said on the telephone
        # before was said of what was known then
        assessed = assessed_spans(crisis, attendance.begun.at)
        for stretch in _no_emergency(crisis, policy, without(unseen, assessed, crisis.emergency)):
            yield _graded_low(crisis, policy, attendance, stretch)
        # whether an ambulance comes to somebody detained is asked by another rule
        yield from _nobody_comes(crisis, policy, attendance, without(unseen, crisis.detained))


def _no_emergency(crisis: Crisis, policy: Policy, unseen: Spans) -> Spans:
    """Stood down or graded low; not asked for within the limit; or asked for, and not graded within
    it.
    """
    # the grade is of the response that was decided; a stand-down leaves none
    low = either(_spans_of(crisis.below_emergency), _spans_of(crisis.stood_down))
    requested = _spans_of(crisis.requested)
    # what comes without a grade comes
    sent = since(_first_sent(crisis))
    ungraded = without(both(unseen, requested), low, sent)
    unasked = without(unseen, requested)
    return either(
        both(unseen, low),
        held_for(ungraded, RULE.limit(policy, "grade_within")),
        held_for(unasked, RULE.limit(policy, "ambulance_request_within")),
    )


def _spans_of(stretches: tuple[Stretch, ...]) -> Spans:
    return spans([(stretch.since.at, stretch.until) for stretch in stretches])


def _first_sent(crisis: Crisis) -> datetime | None:
    """When an ambulance was first on its way."""
    sent = (
        incident.first_assigned.at
        for incident in crisis.incidents
        if incident.kind == "ambulance" and incident.first_assigned is not None
    )
    return min(sent, default=None)


def _graded_low(
    crisis: Crisis, policy: Policy, attendance: Attendance, stretch: tuple[datetime, datetime]
) -> Finding:
    why = _why(crisis, stretch[0])
    return RULE.finds(
        policy,
        anchor=attendance.begun.event,
        holds=stretch,
        moment=why.moment,
        headlines=_headlines(why.headline, attendance),
        reason=f"Police are on scene with a person in a clear mental-health crisis. {why.reason}.",
        evidence=(_police(attendance), *signs_shown(crisis.clear_crisis), *why.evidence),
        act_by=stretch[0] + RULE.limit(policy, "retriage_within"),
        relies_on=crisis.agencies("police", "ambulance"),
        relies_on_services=("ambulance",),
    )


def _headlines(words: str, attendance: Attendance) -> dict[DeskRole, str]:
    since_when = clock(attendance.begun.at)
    return {
        "ambulance-control": f"{words}; police alone there since {since_when}",
        "police-control": f"Ambulance: {words[:1].lower()}{words[1:]}; officers alone there since {since_when}",
    }


class _Why(NamedTuple):
    """Why there is no emergency response."""

    reason: str
    headline: str
    """The same in a few words."""
    evidence: tuple[Evidence, ...]
    moment: str | None
    """For the next step."""


def _why(crisis: Crisis, at: datetime) -> _Why:
    # the stand-down first: it is the later decision, and the one that somebody can take back
    for stretch in crisis.stood_down:
        if stretch.since.at <= at < stretch.until:
            reason = f"Ambulance stood down ({stretch.state}) at {clock(stretch.since.at)}"
            headline = f"Stood down at {clock(stretch.since.at)}"
            return _Why(reason, headline, (_said(reason, stretch),), "stood-down")
    for stretch in crisis.below_emergency:
        if stretch.since.at <= at < stretch.until:
            graded = f"Ambulance response graded {stretch.state} at {clock(stretch.since.at)}"
            reason = f"{graded}, below emergency"
            headline = f"Graded {stretch.state} at {clock(stretch.since.at)}"
            return _Why(reason, headline, (_said(reason, stretch),), None)
    requests = [stretch for stretch in crisis.requested if stretch.since.at <= at < stretch.until]
    if requests:
        first = min(requests, key=lambda stretch: stretch.since)
        asked_at = clock(first.since.at)
        reason = f"An ambulance was asked for at {asked_at} and the call is not graded"
        headline = f"Asked for at {asked_at}, not graded"
        return _Why(reason, headline, (_said(reason, first),), None)
    reason = "No ambulance has been asked for"
    return _Why(reason, "Not asked for", (), "not-requested")


def _said(reason: str, stretch: Stretch) -> Evidence:
    return Evidence(reason, stretch.since.at, stretch.since.event)


def _nobody_comes(
    crisis: Crisis, policy: Policy, attendance: Attendance, unseen: Spans
) -> Iterator[Finding]:
    """An emergency is one only if somebody comes: nobody is on the way by the one limit, or there
    by the other, since the response was graded. A crew that is diverted does not start the time
    anew."""
    for category, graded_at, stretch in _emergencies(crisis):
        there_within = RULE.limit(policy, f"there_within_category_{category}")
        # not every room says who is on the way: for category 1 the crew is there before its absence
        # could mean anything
        sent_within = min(there_within, RULE.limit(policy, "sent_within"))
        # a crew that left before the grade was given came for something else
        came = [start for start, end in crisis.ambulance_on_scene if end > graded_at]
        waiting = without(both(unseen, (stretch,)), since(min(came, default=None)))
        unsent = without(both(waiting, since(graded_at + sent_within)), crisis.ambulance_coming)
        absent = both(waiting, since(graded_at + there_within))
        for holds in either(unsent, absent):
            waited = duration(holds[0] - graded_at)
            yield RULE.finds(
                policy,
                anchor=attendance.begun.event,
                holds=holds,
                stage="nobody-comes",
                title="Emergency with police present, and nobody comes",
                moment="nobody-comes",
                headlines=_headlines(
                    f"Category {category} since {clock(graded_at)}, no crew", attendance
                ),
                reason="Police are on scene with a person in a clear mental-health crisis. The response is category "
                f"{category} since {clock(graded_at)}; after {waited} no crew is there.",
                evidence=(
                    _police(attendance),
                    *signs_shown(crisis.clear_crisis),
                    Evidence(f"Emergency response since {clock(graded_at)}", graded_at),
                ),
                act_by=graded_at + there_within,
                relies_on=crisis.agencies("police", "ambulance"),
                relies_on_services=("ambulance",),
            )


def _emergencies(crisis: Crisis) -> Iterator[tuple[str, datetime, tuple[datetime, datetime]]]:
    """Each stretch of category 1 or 2, with since when the response is an emergency: an upgrade to
    category 1 has its own time, a return to category 2 waits since the first grade."""
    for stretch in crisis.category_1:
        yield "1", stretch[0], stretch
    for graded_at, end in crisis.emergency:
        for stretch in without(((graded_at, end),), crisis.category_1):
            yield "2", graded_at, stretch


def _police(attendance: Attendance) -> Evidence:
    begun = attendance.begun
    return Evidence(f"Police on scene since {clock(begun.at)}", begun.at, begun.event)


RULE = rule(__name__, condition)
