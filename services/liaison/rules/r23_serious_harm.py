"""R23: a death or serious injury around contact with the police is referred in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from schemas.london_time import LONDON
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import IOPC
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.in_turn import in_turn
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.serious_harm import DSI, contact_before
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import FOREVER


def end_of_next_day(at: datetime) -> datetime:
    """The end of the day following the one on which it came to attention, in London (SI 2020/2 reg
    9).
    """
    day = at.astimezone(LONDON).date() + timedelta(days=2)
    return datetime.combine(day, time(0, 0), LONDON).astimezone(UTC)


def _referred(crisis: Crisis, since: datetime) -> datetime:
    """When the case was referred to the IOPC."""
    sent = (
        referral.sent.at
        for referral in crisis.referrals
        if referral.to_agency == IOPC and referral.sent is not None and referral.sent.at >= since
    )
    return min(sent, default=FOREVER)


def _concerned(crisis: Crisis, at: datetime) -> tuple[str, ...]:
    """The police forces that had to do with the person, whose referral it is, and the services
    whose own inquiry it is: those with a record of the crisis, and those in whose care the person
    is."""
    agencies = {incident.key[0] for incident in crisis.incidents} | _forces(crisis)
    return tuple(sorted(agencies | {pathway.agency for pathway in crisis.open_pathways(at)}))


def _forces(crisis: Crisis) -> frozenset[str]:
    return frozenset(
        {incident.key[0] for incident in crisis.incidents if incident.kind == "police"}
        | {custody.key[0] for custody in crisis.custodies}
        | {force.agency for force in crisis.forces}
        | {
            contact.key[0]
            for contact in crisis.contacts
            if contact.agency_kind == "police" and contact.by == "person"
        }
    )


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R23: death or serious injury during contact with the police or within the window after it.
    Once for each harm: a death after a serious injury worsens it."""
    stages = sorted(
        (report for report in crisis.harms if report.harm in DSI), key=lambda report: report.mark
    )
    first: Mark | None = None
    for harm, later_harm in in_turn(stages):
        contact = contact_before(crisis, harm, RULE.limit(policy, "contact_window"))
        if contact is None:
            continue
        # the time to refer runs from the first of them, not from the death that follows
        first = first or harm.mark
        following = FOREVER
        if later_harm is not None:
            following = later_harm.mark.at
        end, due = min(following, _referred(crisis, first.at)), end_of_next_day(first.at)
        harm_words = "Serious injury"
        if harm.harm == "death":
            harm_words = "Death"
        reason_before = f"{harm_words} recorded at {clock(harm.mark.at)}; last contact with the police at {clock(contact[0])}."
        late = f"{reason_before} The day after it is over and no referral to the IOPC is recorded."
        agencies = _concerned(crisis, harm.mark.at)
        others = [agency for agency in agencies if agency not in _forces(crisis)]
        passed = max(due, harm.mark.at)
        for stage, begin, until, reason, moment, of_others in (
            (harm.harm, harm.mark.at, min(end, passed), reason_before, None, ""),
            (f"{harm.harm}-not-referred", passed, end, late, "not-referred", "-later"),
        ):
            if begin < until:
                yield RULE.finds(
                    policy,
                    anchor=first.event,
                    holds=(begin, until),
                    stage=stage,
                    moment=moment,
                    moments=dict.fromkeys(others, f"of-a-health-service{of_others}"),
                    act_by=due,
                    reason=reason,
                    agencies=agencies,
                    evidence=(
                        Evidence(
                            f"{harm.harm} at {clock(harm.mark.at)}", harm.mark.at, harm.mark.event
                        ),
                        Evidence(
                            f"Contact with the police until {clock(contact[0])}",
                            contact[0],
                            contact[1],
                        ),
                    ),
                )


RULE = rule(__name__, condition)
