"""R18: a concern for somebody's welfare is seen to, and a crisis call is not closed with nobody having been there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.codes import AgencyKind, Nature, RiskLevel
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, IncidentState
from services.liaison.crisis.records import Key
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.r17_refusal import RULE as REFUSAL
from services.liaison.rules.shared.refusals import refusals
from services.liaison.rules.shared.rule import rule
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

_DESK: dict[AgencyKind, DeskRole] = {
    "police": "police-control",
    "ambulance": "ambulance-control",
    "mental-health-trust": "mental-health-crisis",
    "local-authority": "amhp",
    "acute-trust": "emergency-department",
}


@dataclass(frozen=True, slots=True)
class _Concern:
    due: datetime
    mark: Mark
    incident: IncidentState
    high: bool
    checked: datetime


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """A concern that nobody sees to, once a crisis however often it is logged; and a call closed with nobody there."""
    yield from _unseen(crisis, policy)
    yield from _closed(crisis, policy)


def _there(crisis: Crisis) -> Spans:
    """When police or a health service was on scene."""
    return either(
        spans(span for attendance in crisis.attendances for span in attendance.spans),
        crisis.health_on_scene,
    )


def _first_there(crisis: Crisis, at: datetime) -> datetime:
    return min((max(start, at) for start, end in _there(crisis) if end > at), default=FOREVER)


def _concerns(crisis: Crisis, policy: Policy) -> Iterator[_Concern]:
    """Concerns as they were logged; a call that is opened as one and says no more of it counts from its opening."""
    states = {incident.key: incident for incident in crisis.incidents}
    logged: set[Key] = set()
    for check in crisis.welfare_checks:
        logged.add(check.incident)
        if (state := states.get(check.incident)) is not None:
            yield _concern(crisis, policy, check.raised, state, check.risk)
    for state in crisis.incidents:
        if (
            state.nature is Nature.WELFARE_CONCERN
            and state.reported is not None
            and state.key not in logged
        ):
            yield _concern(crisis, policy, state.reported, state, state.risk_to_self)


def _concern(
    crisis: Crisis, policy: Policy, mark: Mark, state: IncidentState, risk: RiskLevel | None
) -> _Concern:
    checked = min(
        (check.at for key, check, _ in crisis.checks if key == state.key and check.at >= mark.at),
        default=FOREVER,
    )
    high = risk is RiskLevel.HIGH
    within = RULE.limit(policy, "high_risk_within" if high else "other_within")
    return _Concern(mark.at + within, mark, state, high, checked)


def _decided(concern: _Concern) -> datetime:
    """When it was decided to close: a call that was closed before the concern was logged decides nothing about it."""
    closed = concern.incident.closed
    return FOREVER if closed is None or closed.at < concern.mark.at else closed.at


def _unseen(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    already_alerted: Spans = NEVER
    for each in sorted(_concerns(crisis, policy), key=lambda concern: (concern.due, concern.mark)):
        over = min(each.checked, _decided(each), _first_there(crisis, each.mark.at))
        waiting = held_for(spans([(each.mark.at, over)]), each.due - each.mark.at)
        for stretch in without(waiting, already_alerted):
            already_alerted = either(already_alerted, (stretch,))
            risk = "high risk" if each.high else "risk not stated as high"
            waited = duration(each.due - each.mark.at)
            yield RULE.finds(
                policy,
                anchor=each.mark.event,
                holds=stretch,
                reason=f"A concern for a person's welfare ({risk}) was logged at {clock(each.mark.at)}; in {waited} "
                "nobody has attended and no decision to close is recorded.",
                evidence=(
                    Evidence(
                        f"Concern logged at {clock(each.mark.at)}", each.mark.at, each.mark.event
                    ),
                ),
                recipients=_recipients(each.incident),
                act_by=each.due,
                relies_on=tuple(
                    sorted({each.incident.key[0], *crisis.agencies("police", "ambulance")})
                ),
                relies_on_services=("police", "ambulance"),
            )


def _closed(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    passed_on = {refusal.incident for refusal in refusals(crisis)}
    answered = since(min((at for at in _answers(crisis)), default=None))
    for state in crisis.incidents:
        closed = state.closed
        if (
            closed is None
            or state.attended
            or state.outcome == "duplicate"
            or state.kind not in ("police", "ambulance")
        ):
            continue
        if state.key in passed_on and policy.runs(REFUSAL.id, closed.at):
            continue  # R17 looks after it
        signs = [indicator for indicator in crisis.indicators if indicator.at <= closed.at]
        assessed = any(state.opened_at <= mark.at <= closed.at for mark in crisis.assessments)
        if not signs or assessed or _first_there(crisis, state.opened_at) <= closed.at:
            continue
        left_alone = without(
            since(closed.at), crisis.open_police_or_ambulance, _there(crisis), answered
        )
        if not left_alone or left_alone[0][0] != closed.at:
            continue
        # what comes after somebody went or rang again is another story
        (stretch,) = both(left_alone, (left_alone[0],))
        service = "police" if state.kind == "police" else "ambulance service"
        yield RULE.finds(
            policy,
            anchor=closed.event,
            holds=stretch,
            title="Crisis call closed without attendance",
            reason=f"The {service} closed a call with a sign of a mental-health crisis at {clock(closed.at)} and nobody "
            "has attended; no other call about it is open.",
            evidence=(
                Evidence(
                    f"Closed without attendance at {clock(closed.at)}", closed.at, closed.event
                ),
                *(
                    Evidence(
                        f"Sign of a mental-health crisis: {sign.kind.value}", sign.at, sign.event
                    )
                    for sign in signs
                ),
            ),
            recipients=_recipients(state),
            relies_on=crisis.agencies("police", "ambulance"),
            relies_on_services=("police", "ambulance"),
        )


def _answers(crisis: Crisis) -> Iterator[datetime]:
    """A mental-health service has it: a referral of this crisis is acknowledged, or a follow-up of it completed."""
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
    owner = _DESK.get(state.kind)
    roles: tuple[DeskRole, ...] = ("police-control", "mental-health-crisis")
    return roles if owner is None or owner in roles else (*roles, owner)


RULE = rule(__name__, condition)
