"""R29: a person referred in a crisis is seen in the time of the national measures, and a 999 call
that was promised comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import ReferralPriority
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import IOPC, Referral
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, NEVER, Spans, either, held_for, spans, without

_WITHIN = {
    ReferralPriority.EMERGENCY: ("an emergency", "very_urgent_seen_within", 2),
    ReferralPriority.VERY_URGENT: ("very urgent", "very_urgent_seen_within", 2),
    ReferralPriority.URGENT: ("urgent", "urgent_seen_within", 3),
}
_ANSWERS = frozenset({"seen", "signposted", "declined", "emergency-services-notified"})
_NOTIFIED = "emergency-services-notified"


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Not seen in time, once a crisis however many refer; and emergency services notified of whom
    no call is known.
    """
    yield from _unseen(crisis, policy)
    for referral in crisis.referrals:
        notified = next(
            (mark for mark, _, outcome in referral.outcomes if outcome == _NOTIFIED), None
        )
        if notified is not None:
            yield from _no_call(crisis, policy, referral, notified)


def _seen(crisis: Crisis, referral: Referral, sent: Mark) -> datetime:
    answers = [mark.at for mark, _, outcome in referral.outcomes if outcome in _ANSWERS]
    answers += [
        detention.assessed[0].at
        for detention in crisis.detentions
        if detention.assessed is not None
    ]
    answers += [
        follow_up.completed.at for follow_up in crisis.follow_ups if follow_up.completed is not None
    ]
    return min((at for at in answers if at >= sent.at), default=FOREVER)


def _unseen(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    already_alerted: Spans = NEVER
    waiting = []
    for referral in crisis.referrals:
        sent = referral.sent
        if sent is None or referral.to_agency == IOPC:
            continue
        if referral.priority in _WITHIN:
            named, limit, urgency = _WITHIN[referral.priority]
            due = sent.at + RULE.limit(policy, limit)
            waiting.append((urgency, due, sent, referral, named))
    # the most urgent speaks: who is referred three times waits once
    for urgency, due, sent, referral, named in sorted(waiting, key=lambda entry: entry[:3]):
        addressees: tuple[str, ...] = ()
        if referral.to_agency:
            addressees = (referral.to_agency,)
        late = held_for(spans([(sent.at, _seen(crisis, referral, sent))]), due - sent.at)
        for stretch in without(late, already_alerted):
            already_alerted = either(already_alerted, (stretch,))
            yield RULE.finds(
                policy,
                anchor=sent.event,
                holds=stretch,
                urgency=urgency,
                reason=f"A person was referred as {named} at {clock(sent.at)} and is not seen after "
                f"{duration(due - sent.at)}.",
                evidence=(
                    Evidence(
                        f"Referral sent at {clock(sent.at)}, priority {named}", sent.at, sent.event
                    ),
                    *(
                        Evidence(f"Answered at {clock(mark.at)}: {outcome}", mark.at, mark.event)
                        for mark, _, outcome in referral.outcomes
                    ),
                ),
                act_by=due,
                agencies=addressees,
                relies_on=addressees,
            )


def _no_call(
    crisis: Crisis, policy: Policy, referral: Referral, notified: Mark
) -> Iterator[Finding]:
    """No police or ambulance call that was open then or opened since."""
    # a call that was open already may be the very one that they were told of
    calls = [
        incident.opened_at
        for incident in crisis.incidents
        if incident.kind in ("police", "ambulance")
        and (incident.closed is None or incident.closed.at > notified.at)
    ]
    missing = spans([(notified.at, min(calls, default=FOREVER))])
    within = RULE.limit(policy, "emergency_call_within")
    unknown = ""
    if crisis.person is None:
        unknown = " The person is not identified, so a call may be open and not be known."
    for stretch in held_for(missing, within):
        yield RULE.finds(
            policy,
            anchor=notified.event,
            holds=stretch,
            moment="no-call",
            act_by=notified.at + within,
            title="Emergency services notified, and no call is known",
            reason=f"The emergency services were notified of a person in a crisis at {clock(notified.at)}; "
            f"{duration(within)} later no police or ambulance call about it is known.{unknown}",
            evidence=(
                Evidence(
                    f"Emergency services notified at {clock(notified.at)}",
                    notified.at,
                    notified.event,
                ),
            ),
            agencies=tuple(sorted({outcome[1] for outcome in referral.outcomes})),
            relies_on_services=("police", "ambulance"),
        )


RULE = rule(__name__, condition)
