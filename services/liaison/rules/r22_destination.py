"""R22: a person with a physical red flag belongs in an emergency department; a move to another site
is the same detention.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import PlaceOfSafetyKind
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.disclosure.vocabulary import SIGN_WORDS
from services.liaison.finding import Evidence, Finding, Wording
from services.liaison.policy import Policy
from services.liaison.rules.r09_detention_clock import RULE as DETENTION_CLOCK
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.same_detention import restarted_from
from services.liaison.rules.shared.words import clock, told_on
from services.liaison.rules.shared.worsening import RED_FLAGS
from services.liaison.time.spans import FOREVER

_TAKEN = (
    "and the person is taken to a health-based place of safety; no clinician's assessment is "
    "recorded since."
)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """A red flag and a health-based place of safety; or a second record that would start the clock
    anew.
    """
    for detention in crisis.detentions:
        earlier = restarted_from(crisis, detention)
        if earlier is not None:
            yield from _again(
                policy, earlier, detention.detained, min(earlier.over, detention.over)
            )
            continue
        yield from _mismatch(crisis, policy, detention)
        started = detention.clock_started
        for mark in detention.restated:
            if started is not None and mark > started:
                moved = [visit.mark.at for visit in detention.visits if visit.mark.at > mark.at]
                yield from _again(policy, detention, mark, min((*moved, detention.over)))


def _mismatch(crisis: Crisis, policy: Policy, detention: Detention) -> Iterator[Finding]:
    """From the sign or the journey, whichever is later, until another destination, a clinician's
    word, or the handover.
    """
    hospital = PlaceOfSafetyKind.EMERGENCY_DEPARTMENT
    heading = [
        (journey.mark, journey.to) for journey in detention.conveyed if journey.to is not None
    ]
    # a journey that was begun is where the person is going, also where no arrival was heard
    places = sorted((*heading, *((visit.mark, visit.kind) for visit in detention.visits)))
    seen_to = [visit.mark.at for visit in detention.visits if visit.kind is hospital]
    seen_to += [assessment.at for assessment in crisis.assessments]
    for sign, flag in crisis.signs:
        if sign not in RED_FLAGS:
            continue
        cared_for = min((at for at in seen_to if at > flag.at), default=FOREVER)
        handovers = [
            handover.mark.at for handover in detention.handovers if handover.mark.at > flag.at
        ]
        for number, (mark, kind) in enumerate(places):
            elsewhere = (
                later.at
                for later, place in places[number + 1 :]
                if place is not PlaceOfSafetyKind.HBPOS
            )
            following = next(elsewhere, FOREVER)
            begin = max(mark.at, flag.at)
            end = min((following, cared_for, detention.over, *handovers))
            if kind is not PlaceOfSafetyKind.HBPOS or begin >= end:
                continue
            yield RULE.finds(
                policy,
                anchor=detention.detained.event,
                holds=(begin, end),
                stage=f"red flag: {sign.value}",
                reason=f"A physical red flag was seen at {clock(flag.at)} ({SIGN_WORDS[sign]}) {_TAKEN}",
                wordings=(
                    Wording(
                        frozenset({"signs"}),
                        RULE.document.title,
                        told_on(
                            f"A physical red flag was seen at {clock(flag.at)} {_TAKEN}", begin
                        ),
                    ),
                ),
                evidence=(
                    Evidence(
                        f"Red flag: {SIGN_WORDS[sign]}", flag.at, flag.event, frozenset({"signs"})
                    ),
                    Evidence("Taken to a health-based place of safety", mark.at, mark.event),
                ),
                relies_on=crisis.agencies("ambulance"),
                relies_on_services=("ambulance",),
            )
            return


def _again(policy: Policy, first: Detention, restated: Mark, until: datetime) -> Iterator[Finding]:
    started = first.clock_started
    if started is None or restated.at >= until:
        return
    ends = started.at + DETENTION_CLOCK.limit(policy, "period")
    yield RULE.finds(
        policy,
        anchor=restated.event,
        holds=(restated.at, until),
        stage="clock",
        title="A move does not restart the s136 clock",
        reason=f"The person is detained since {clock(first.detained.at)} and at a place of safety since "
        f"{clock(started.at)}; at {clock(restated.at)} a detention was recorded anew. The period still ends at {clock(ends)}.",
        evidence=(
            Evidence(f"Clock started at {clock(started.at)}", started.at, started.event),
            Evidence(
                f"Detention recorded anew at {clock(restated.at)}", restated.at, restated.event
            ),
        ),
        moment="clock",
        recipients=("mental-health-crisis", "emergency-department"),
        act_by=ends,
    )


RULE = rule(__name__, condition)
