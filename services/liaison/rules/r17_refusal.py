"""R17: a call that one service declined or passed on is answered by another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from schemas.codes import RiskLevel
from services.liaison.crisis.facts import Crisis, IncidentState, end_of
from services.liaison.crisis.records import Key, Refusal
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.in_turn import in_turn
from services.liaison.rules.shared.refusals import LIFE_AT_RISK, SERVICE, refusals
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, Spans, both, held_for, spans, without

_TOLD = {True: "yes", False: "no", None: "not recorded"}


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Each time it is declined or passed on, until somebody responds or it is passed on again."""
    given_up: dict[Key, datetime] = {}
    in_order = refusals(crisis)
    for refusal, following in in_turn(in_order):
        passed_back = refusal.to_agency is None or refusal.to_agency in {key[0] for key in given_up}
        # the first refusal of a call is when it was given up; saying it again changes
        # nothing
        given_up.setdefault(refusal.incident, refusal.mark.at)
        receivers = _receivers(crisis, refusal)
        with_receiver = spans(
            (receiver.opened_at, given_up.get(receiver.key, FOREVER)) for receiver in receivers
        )
        passed_on_at = FOREVER
        if following is not None:
            passed_on_at = following.mark.at
        waiting = _waiting(crisis, refusal, receivers, passed_on_at)
        # every service that has a call of it has declined it: there is nothing to wait for
        at_once = (
            passed_back
            and bool(receivers)
            and all(receiver.key in given_up for receiver in receivers)
        )
        within = RULE.limit(policy, "received_within")
        stage = "no-call"
        consequence = f"for {duration(within)} nobody else has had a call of it"
        if at_once:
            within = timedelta(0)
            stage = "declined-by-all"
            consequence = "every service that has the call has declined it"
        for stretch in held_for(without(waiting, with_receiver), within):
            yield _finding(crisis, policy, refusal, stretch, stage, consequence)
        sent = RULE.limit(policy, "sent_within")
        if _at_risk(crisis, refusal.mark.at):
            sent = RULE.limit(policy, "sent_within_at_risk")
        consequence = f"in {duration(sent)} nobody has been sent"
        for start, end in both(waiting, with_receiver):
            # who has only just been given it, or has just lost its unit, has as long as one that
            # receives it
            since = max(refusal.mark.at + sent, start + RULE.limit(policy, "received_within"))
            if since < end:
                yield _finding(crisis, policy, refusal, (since, end), "nobody-sent", consequence)


def looked_after(crisis: Crisis, policy: Policy) -> Spans:
    """When this rule's own alert stands: no other rule need ask for the same then."""
    return spans(
        (finding.holds_from, finding.until or FOREVER)
        for finding in condition(crisis, policy)
        if policy.runs(RULE.id, finding.holds_from)
    )


def _at_risk(crisis: Crisis, at: datetime) -> bool:
    return any(
        indicator.kind in LIFE_AT_RISK and indicator.at <= at for indicator in crisis.indicators
    ) or any(incident.risk_to_self is RiskLevel.HIGH for incident in crisis.incidents)


def _receivers(crisis: Crisis, refusal: Refusal) -> list[IncidentState]:
    """Calls of whoever should have it: the agency that was named, else any other service's."""
    return [
        incident
        for incident in crisis.incidents
        if _may_receive(refusal, incident.key[0]) and end_of(incident.closed) > refusal.mark.at
    ]


def _may_receive(refusal: Refusal, agency: str) -> bool:
    if refusal.to_agency:
        return agency == refusal.to_agency
    return agency != refusal.incident[0]


def _waiting(
    crisis: Crisis, refusal: Refusal, receivers: Sequence[IncidentState], following: datetime
) -> Spans:
    """From the refusal on, while nobody is on the way, until somebody is there, has assessed, has
    it, or has closed it.
    """
    return without(
        spans([(refusal.mark.at, _answered(crisis, refusal, receivers, following))]),
        crisis.responding,
    )


def _answered(
    crisis: Crisis, refusal: Refusal, receivers: Sequence[IncidentState], following: datetime
) -> datetime:
    """When somebody is there, has assessed, has it, or has closed it; or when it was passed on
    again.
    """
    at = refusal.mark.at
    # who is there has answered, whoever was asked
    there = (
        *(span for attendance in crisis.attendances for span in attendance.spans),
        *crisis.health_on_scene,
    )
    ends = [following]
    ends += [max(start, at) for start, end in there if end > at]
    ends += [
        mark.at
        for mark in (*crisis.assessments, *(mark for _, mark, _ in crisis.checks))
        if mark.at >= at
    ]
    ends += [receiver.closed.at for receiver in receivers if receiver.closed is not None]
    ends += [
        max(referral.acknowledged.at, at)
        for referral in crisis.referrals
        if referral.acknowledged is not None and referral.to_agency == refusal.to_agency
    ]
    return min(ends)


def _did(refusal: Refusal) -> str:
    """What the service did with the call, for the sentence."""
    to = ""
    if refusal.to_agency:
        to = f" to {refusal.to_agency}"
    if refusal.kind == "transferred":
        return f"passed the call on{to}"
    if to:
        return f"declined to respond and referred the caller{to}"
    return "declined to respond"


def _finding(
    crisis: Crisis,
    policy: Policy,
    refusal: Refusal,
    stretch: tuple[datetime, datetime],
    stage: str,
    consequence: str,
) -> Finding:
    service, at = SERVICE[refusal.agency_kind], clock(refusal.mark.at)
    did, why, urgency = _did(refusal), "", 2
    if refusal.reason:
        why = f" ({refusal.reason})"
    if _at_risk(crisis, refusal.mark.at):
        urgency = 1
    agencies = {refusal.incident[0]}
    relies_on = crisis.agencies("police", "ambulance")
    if refusal.to_agency:
        # only the agency that was named can say that it has the call
        agencies.add(refusal.to_agency)
        relies_on = (refusal.to_agency,)
    return RULE.finds(
        policy,
        anchor=refusal.mark.event,
        holds=stretch,
        stage=stage,
        urgency=urgency,
        reason=f"{service} {did} at {at}; {consequence}.",
        evidence=(
            Evidence(f"{service} {did}{why} at {at}", refusal.mark.at, refusal.mark.event),
            Evidence(
                f"Caller told: {_TOLD[refusal.caller_told]}", refusal.mark.at, refusal.mark.event
            ),
        ),
        act_by=stretch[0] + RULE.limit(policy, "dispute_call_within"),
        agencies=tuple(sorted(agencies)),
        relies_on=relies_on,
        relies_on_services=("police", "ambulance"),
    )


RULE = rule(__name__, condition)
