"""R18: nobody at risk waits unseen: a concern for somebody's welfare is seen to, somebody is sent
to a call with a risk to life, and a crisis call is not closed with nobody having been there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.codes import AgencyKind, Nature, RiskLevel
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, IncidentState, end_of
from services.liaison.crisis.records import Key
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.r17_refusal import RULE as REFUSAL
from services.liaison.rules.r17_refusal import looked_after
from services.liaison.rules.shared.refusals import refusals
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.signs import signs_shown
from services.liaison.rules.shared.waiting_calls import WaitingCall, rung_back_at, waiting_calls
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import (
    FOREVER,
    NEVER,
    Spans,
    both,
    either,
    held_for,
    since,
    spans,
    without,
)

# Where an agency of each kind logs a call. Operations log none.
_DESK: dict[AgencyKind, DeskRole | None] = {
    "police": "police-control",
    "ambulance": "ambulance-control",
    "mental-health-trust": "mental-health-crisis",
    "local-authority": "amhp",
    "acute-trust": "emergency-department",
    "operations": None,
}


@dataclass(frozen=True, slots=True)
class _Wait:
    """Somebody waits: since when, until when somebody must have gone, and when they did not."""

    due: datetime
    mark: Mark
    incident: IncidentState
    overdue: Spans
    call: WaitingCall | None = None
    """The call with a risk to life; None: a concern for welfare."""
    high: bool = False
    """The risk of the concern is stated as high."""


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """A concern that nobody sees to, or a call with a risk to life to which nobody is sent, once a
    crisis however often it is logged; and a call closed with nobody there."""
    waits = [*_concerns(crisis, policy), *_calls(crisis, policy)]
    alerted: Spans = NEVER
    # one alert at a time, whoever logged it: the first that falls due speaks for the others
    for wait in sorted(waits, key=lambda wait: (wait.due, wait.mark)):
        for stretch in without(wait.overdue, alerted):
            alerted = either(alerted, (stretch,))
            if wait.call is None:
                yield _unseen(crisis, policy, wait, stretch)
            else:
                yield from _unsent(crisis, policy, wait, wait.call, stretch)
    yield from _closed(crisis, policy)


def _first_there(crisis: Crisis, at: datetime) -> datetime:
    return min(
        (max(start, at) for start, end in crisis.somebody_there if end > at), default=FOREVER
    )


def _concerns(crisis: Crisis, policy: Policy) -> Iterator[_Wait]:
    """Concerns as they were logged; a call that is opened as one and says no more of it counts from
    its opening.
    """
    states = {incident.key: incident for incident in crisis.incidents}
    for check in crisis.welfare_checks:
        state = states.get(check.incident)
        if state is not None:
            yield _concern(crisis, policy, check.raised, state, check.risk)
    logged = _logged(crisis)
    for state in crisis.incidents:
        if (
            state.nature is Nature.WELFARE_CONCERN
            and state.reported is not None
            and state.key not in logged
        ):
            yield _concern(crisis, policy, state.reported, state, state.risk_to_self)


def _logged(crisis: Crisis) -> frozenset[Key]:
    return frozenset(check.incident for check in crisis.welfare_checks)


def _concern(
    crisis: Crisis, policy: Policy, mark: Mark, state: IncidentState, risk: RiskLevel | None
) -> _Wait:
    high = risk is RiskLevel.HIGH
    within = RULE.limit(policy, "other_within")
    if high:
        within = RULE.limit(policy, "high_risk_within")
    over = min(
        _checked(crisis, state, mark.at), _decided(state, mark.at), _first_there(crisis, mark.at)
    )
    overdue = held_for(spans([(mark.at, over)]), within)
    return _Wait(mark.at + within, mark, state, overdue, high=high)


def _checked(crisis: Crisis, state: IncidentState, at: datetime) -> datetime:
    checks = (mark.at for key, mark, _ in crisis.checks if key == state.key and mark.at >= at)
    return min(checks, default=FOREVER)


def _decided(state: IncidentState, at: datetime) -> datetime:
    """When it was decided to close: a call that was closed before the concern was logged decides
    nothing about it.
    """
    closed = end_of(state.closed)
    if closed < at:
        return FOREVER
    return closed


def _calls(crisis: Crisis, policy: Policy) -> Iterator[_Wait]:
    """Calls with a risk to life. A unit that is diverted does not start the time anew; whoever has
    just lost it gets a moment to send another."""
    calls = list(waiting_calls(crisis))
    if not calls:
        return
    refused = looked_after(crisis, policy)
    instants = [*_answers(crisis), *_with_police(crisis)]
    for call in calls:
        state = call.incident
        # an incident known only by what others say of it has nobody who waits on its
        # telephone
        if state.reported is None:
            continue
        within = RULE.limit(policy, call.limit)
        due = call.since + within
        waiting = spans([(call.since, _answered(crisis, call, instants))])
        nobody_coming = without(
            waiting, crisis.responding, crisis.in_care, crisis.detained, refused
        )
        overdue = []
        for start, end in nobody_coming:
            lost = start + RULE.limit(policy, "sent_again_within")
            begin = due
            if start > call.since:
                begin = max(due, lost)
            overdue.append((begin, end))
        mark = state.opened_again or state.reported
        yield _Wait(due, mark, state, spans(overdue), call)


def _answered(crisis: Crisis, call: WaitingCall, instants: Sequence[datetime]) -> datetime:
    """When somebody was there, it was checked or closed, a service has it, or a clinician has rung
    where nobody is to be sent. `instants` are when a service or the police had the person."""
    state, at = call.incident, call.since
    answers = [
        _first_there(crisis, at),
        _checked(crisis, state, at),
        _decided(state, at),
        *[instant for instant in instants if instant >= at],
    ]
    if call.limit == "clinician_rings_within":
        answers += [mark.at for mark in crisis.assessments if mark.at >= at]
    return min(answers)


def _with_police(crisis: Crisis) -> Iterator[datetime]:
    """When the police had the person, whether or not anybody said that a unit was there."""
    yield from (detention.detained.at for detention in crisis.detentions)
    yield from (force.started.at for force in crisis.forces)
    yield from (custody.opened.at for custody in crisis.custodies)


def _unseen(
    crisis: Crisis, policy: Policy, wait: _Wait, stretch: tuple[datetime, datetime]
) -> Finding:
    mark = wait.mark
    risk = "risk not stated as high"
    if wait.high:
        risk = "high risk"
    return RULE.finds(
        policy,
        anchor=mark.event,
        holds=stretch,
        reason=f"A concern for a person's welfare ({risk}) was logged at {clock(mark.at)}; in "
        f"{duration(wait.due - mark.at)} nobody has attended and no decision to close is recorded.",
        evidence=(Evidence(f"Concern logged at {clock(mark.at)}", mark.at, mark.event),),
        recipients=_recipients(wait.incident),
        act_by=wait.due,
        relies_on=tuple(sorted({wait.incident.key[0], *crisis.agencies("police", "ambulance")})),
        relies_on_services=("police", "ambulance"),
    )


def _unsent(
    crisis: Crisis,
    policy: Policy,
    wait: _Wait,
    call: WaitingCall,
    stretch: tuple[datetime, datetime],
) -> Iterator[Finding]:
    """Worse when it has waited as long again, and where the caller asked to be rung back and was
    not.
    """
    # as long again as it should have waited at all
    again = call.since + 2 * (wait.due - call.since)
    request, rang = _call_back(crisis, call)
    for (start, end), stage in (
        ((stretch[0], min(stretch[1], again)), ""),
        ((max(stretch[0], again), stretch[1]), "still-waiting"),
    ):
        if start >= end:
            continue
        caller, urgency = "", None
        if stage:
            urgency = 1
        if request and rang > start:
            caller = " The caller asked to be rung back, and has not been."
        yield RULE.finds(
            policy,
            anchor=wait.mark.event,
            holds=(start, end),
            stage=stage,
            urgency=urgency,
            title="Risk to life, and nobody has been sent",
            moment="waiting",
            reason=f"A call is open since {clock(call.since)} with a risk to life ({call.risk}); in "
            f"{duration(start - call.since)} nobody has been sent.{caller}",
            evidence=(
                Evidence(f"Call open since {clock(call.since)}", call.since, wait.mark.event),
                Evidence(f"Risk to life: {call.risk}", call.since),
            ),
            recipients=_recipients(wait.incident),
            act_by=wait.due,
            relies_on=tuple(
                sorted({wait.incident.key[0], *crisis.agencies("police", "ambulance")})
            ),
            relies_on_services=("police", "ambulance"),
        )


def _call_back(crisis: Crisis, call: WaitingCall) -> tuple[bool, datetime]:
    """Whether the caller asked to be rung back, and when they were."""
    caller, at = call.incident.caller, call.incident.caller_at
    if caller is None or at is None or not caller.wants_call_back:
        return False, FOREVER
    return True, rung_back_at(crisis, at.at)


def _closed(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    passed_on = {refusal.incident for refusal in refusals(crisis)}
    answered = since(min((at for at in _answers(crisis)), default=None))
    for state in crisis.incidents:
        closed = _closed_unattended(state)
        if closed is None:
            continue
        if state.key in passed_on and policy.runs(REFUSAL.id, closed.at):
            continue  # R17 looks after it
        signs = [indicator for indicator in crisis.indicators if indicator.at <= closed.at]
        if not signs or _seen_to(crisis, state.opened_at, closed.at):
            continue
        left_alone = without(
            since(closed.at), crisis.open_police_or_ambulance, crisis.somebody_there, answered
        )
        if not left_alone or left_alone[0][0] != closed.at:
            continue
        # what comes after somebody went or rang again is another story
        (stretch,) = both(left_alone, (left_alone[0],))
        service = "ambulance service"
        if state.kind == "police":
            service = "police"
        yield RULE.finds(
            policy,
            anchor=closed.event,
            holds=stretch,
            title="Crisis call closed without attendance",
            moment="closed",
            act_by=closed.at,
            reason=f"The {service} closed a call with a sign of a mental-health crisis at {clock(closed.at)} and nobody "
            "has attended; no other call about it is open.",
            evidence=(
                Evidence(
                    f"Closed without attendance at {clock(closed.at)}", closed.at, closed.event
                ),
                *signs_shown(signs),
            ),
            recipients=_recipients(state),
            relies_on=crisis.agencies("police", "ambulance"),
            relies_on_services=("police", "ambulance"),
        )


def _closed_unattended(state: IncidentState) -> Mark | None:
    """When a call was closed with nobody having been there; a duplicate is another call's story."""
    if state.attended or state.outcome == "duplicate":
        return None
    if state.kind not in ("police", "ambulance"):
        return None
    return state.closed


def _seen_to(crisis: Crisis, opened_at: datetime, closed_at: datetime) -> bool:
    """Whether a clinician assessed or somebody was there before it was closed."""
    if any(opened_at <= mark.at <= closed_at for mark in crisis.assessments):
        return True
    return _first_there(crisis, opened_at) <= closed_at


def _answers(crisis: Crisis) -> Iterator[datetime]:
    """A mental-health service has it: a referral of this crisis is acknowledged, or a follow-up of
    it completed.
    """
    yield from (
        referral.acknowledged.at
        for referral in crisis.referrals
        if referral.acknowledged is not None
    )
    yield from (
        follow_up.completed.at for follow_up in crisis.follow_ups if follow_up.completed is not None
    )


def _recipients(state: IncidentState) -> tuple[DeskRole, ...]:
    """Police, the trust, and whoever logged it."""
    # whoever logged the concern has the caller, and can ring back
    owner = _DESK[state.kind]
    roles: tuple[DeskRole, ...] = ("police-control", "mental-health-crisis")
    if owner is None or owner in roles:
        return roles
    return (*roles, owner)


RULE = rule(__name__, condition)
