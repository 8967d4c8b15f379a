"""R15: nobody at risk is released from custody into nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.codes import CrisisIndicator
from schemas.london_time import LONDON
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Custody
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.custody_record import SUICIDE, arrived_at, recipients_of
from services.liaison.rules.shared.follow_up import contact_after
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER
from services.liaison.time.working_days import is_working_day


def _out_of_hours(at: datetime, policy: Policy) -> bool:
    """When no day service can take anybody over: at night, at weekends and on bank holidays, in
    London.
    """
    local = at.astimezone(LONDON)
    first, last = RULE.number(policy, "day_begins_hour"), RULE.number(policy, "day_ends_hour")
    return not first <= local.hour < last or not is_working_day(local.date())


def _taken_on(crisis: Crisis, at: datetime) -> bool:
    """The person did not go free: a detention under s135 or s136 went on, to which they were taken."""
    return any(detention.detained.at <= at < detention.over for detention in crisis.detentions)


def _held_again(crisis: Crisis, custody: Custody, at: datetime) -> datetime:
    """When the person was next detained or in custody: somebody is with them then."""
    again = [detention.detained.at for detention in crisis.detentions if detention.detained.at > at]
    again += [
        arrived_at(other).at
        for other in crisis.custodies
        if other.key != custody.key and arrived_at(other).at > at
    ]
    return min(again, default=FOREVER)


def _has_signs(crisis: Crisis, custody: Custody, at: datetime) -> bool:
    """Whether a risk assessment, or anybody before the release, spoke of a crisis."""
    if any(
        assessment.mental_health_disclosed or assessment.self_harm_risk
        for assessment in custody.risk_assessments
    ):
        return True
    # most people who are arrested are held: restraint alone is no sign
    return any(
        indicator.at <= at
        and indicator.event is not None
        and indicator.kind is not CrisisIndicator.RESTRAINT
        for indicator in crisis.indicators
    )


def _is_suicidal(crisis: Crisis, custody: Custody, at: datetime) -> bool:
    if any(assessment.self_harm_risk for assessment in custody.risk_assessments):
        return True
    return any(indicator.kind in SUICIDE and indicator.at <= at for indicator in crisis.indicators)


def _is_referred(crisis: Crisis, custody: Custody, at: datetime) -> bool:
    if custody.referred_to is not None:
        return True
    sent = [referral.sent for referral in crisis.referrals]
    return any(mark is not None and mark.at <= at for mark in sent)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R15: released with signs of a crisis and no assessment before it; at night, suicidal,
    referred to nobody; and then no contact."""
    for custody in crisis.custodies:
        # somebody who is taken on has not been released into nothing
        if custody.released is None or _taken_on(crisis, custody.released.at):
            continue
        at = custody.released
        if not _has_signs(crisis, custody, at.at):
            continue
        contact = min(contact_after(crisis, at.at), _held_again(crisis, custody, at.at))
        reasons = []
        if not custody.pre_release_risk_assessed:
            reasons.append("no risk assessment before release")
        if (
            _is_suicidal(crisis, custody, at.at)
            and not _is_referred(crisis, custody, at.at)
            and _out_of_hours(at.at, policy)
        ):
            reasons.append("out of hours, with a marker for suicide, and referred to nobody")
        roles, trusts = recipients_of(crisis, at.at)
        recipients = tuple(dict.fromkeys((*roles, "mental-health-crisis")))
        evidence = (Evidence(f"Released at {clock(at.at)}", at.at, at.event),)
        # the first stage ends where the second begins: one alert, worse, not two
        silent = at.at + RULE.limit(policy, "contact_within")
        if reasons and at.at < min(contact, silent):
            yield RULE.finds(
                policy,
                anchor=at.event,
                holds=(at.at, min(contact, silent)),
                act_by=silent,
                stage="released",
                evidence=evidence,
                reason=f"Released from custody at {clock(at.at)} with signs of a crisis: {'; '.join(reasons)}.",
                recipients=recipients,
                agencies=(custody.key[0], *trusts),
                relies_on=(custody.key[0],),
            )
        if silent < contact:
            yield RULE.finds(
                policy,
                anchor=at.event,
                holds=(silent, min(contact, silent + timedelta(days=7))),
                act_by=silent,
                urgency=3,
                reason=f"Released from custody with signs of a crisis; no contact in {duration(silent - at.at)}.",
                evidence=evidence,
                stage="no-contact",
                recipients=("mental-health-crisis",),
                agencies=trusts,
                relies_on_services=("mental-health-trust",),
            )


RULE = rule(__name__, condition)
