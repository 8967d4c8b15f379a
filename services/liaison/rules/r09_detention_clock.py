"""R09: the 24 hours of s136 (and s135(1)), which start on arrival, are not restarted by a move, and
may be extended once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from schemas.codes import DetentionPower, PlaceOfSafetyKind
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.crisis.records import Extension
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.same_detention import restarted_from
from services.liaison.rules.shared.stages import Stage, over_time
from services.liaison.rules.shared.words import clock, duration

# s135(2) takes back a person who is liable to be detained already.
TIMED = frozenset({DetentionPower.SECTION_135_1, DetentionPower.SECTION_136})


@dataclass(frozen=True, slots=True)
class _Clock:
    detention: Detention
    began: datetime
    period: timedelta
    longest: datetime
    faults: tuple[tuple[Extension, tuple[str, ...]], ...]
    """Extensions that do not extend, with what is wrong with each."""
    valid: tuple[Extension, ...]

    def end(self, at: datetime) -> datetime:
        """Until when the person may be detained, by what was said until the instant."""
        ends = (extension.until for extension in self.valid if extension.mark.at <= at)
        return max((self.began + self.period, *ends))


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """No assessment begun; the period about to end, at an end, or extended as the Act does not
    allow.
    """
    for detention in crisis.detentions:
        # a second record of one detention has no clock of its own: R22 tells of it
        if detention.power not in TIMED or restarted_from(crisis, detention) is not None:
            continue
        started = detention.clock_started
        if started is None:
            yield from _before_arrival(crisis, policy, detention)
            continue
        clocked = _clock(detention, started.at, policy)
        at = partial(_stage, clocked, policy=policy)
        for stretch, stage in over_time(_changes(clocked, policy), started.at, detention.over, at):
            yield _finding(crisis, policy, detention, stretch, stage)


def _before_arrival(crisis: Crisis, policy: Policy, detention: Detention) -> Iterator[Finding]:
    """Escaped before any place of safety was reached: the person may be retaken for 24 hours
    (s138(3)).
    """
    for begin, end in detention.away:
        # the clock has not started, so the time to retake runs from the escape and not from arrival
        until = begin + RULE.limit(policy, "period")
        warn = until - (RULE.limit(policy, "period") - RULE.limit(policy, "second_warning"))

        def at(instant: datetime, until: datetime = until, escaped: datetime = begin) -> Stage:
            return _away(
                instant,
                until,
                f"Escaped at {clock(escaped)}, before any place of safety was reached.",
            )

        for stretch, stage in over_time((until,), warn, end, at):
            yield _finding(crisis, policy, detention, stretch, stage)


def _clock(detention: Detention, began: datetime, policy: Policy) -> _Clock:
    period = RULE.limit(policy, "period")
    longest = began + period + RULE.limit(policy, "extension")
    # what is wrong with an extension is judged when it is recorded, so that correcting it later
    # is a new extension and not a change of the past
    judged = [
        (extension, _wrong_with(detention, extension, began + period, longest, policy))
        for extension in detention.extensions
    ]
    return _Clock(
        detention,
        began,
        period,
        longest,
        tuple((extension, wrong) for extension, wrong in judged if wrong),
        tuple(extension for extension, wrong in judged if not wrong),
    )


def _wrong_with(
    detention: Detention, extension: Extension, ends: datetime, longest: datetime, policy: Policy
) -> tuple[str, ...]:
    """What s136B asks of an extension and this one does not have."""
    wrong = []
    if extension.mark.at > ends:
        wrong.append("it came after the period had ended")
    if extension.until > longest:
        wrong.append("it is longer than 12 hours")
    if not extension.by_practitioner:
        wrong.append("the registered medical practitioner's authority is not recorded")
    if not extension.because_of_condition:
        wrong.append("the reason is not the person's condition")
    # since 2025 s48 leaves no adult at a police station, there is nothing for a superintendent to
    # approve
    approval_needed = not policy.regime("mental-health-act-2025-s48", extension.mark.at)
    if (
        approval_needed
        and _at_police_station(detention, extension.mark.at)
        and not extension.superintendent_approved
    ):
        wrong.append("a superintendent's approval is not recorded")
    return tuple(wrong)


def _at_police_station(detention: Detention, at: datetime) -> bool:
    return any(
        visit.kind is PlaceOfSafetyKind.POLICE_STATION and visit.mark.at <= at < end
        for visit, end in detention.stays
    )


def _changes(clocked: _Clock, policy: Policy) -> Iterator[datetime]:
    began, detention = clocked.began, clocked.detention
    yield began + RULE.limit(policy, "assessment_within")
    ends = {
        began + clocked.period,
        *(extension.until for extension in clocked.valid),
        clocked.longest,
    }
    for end in ends:
        yield end
        for name in ("first_warning", "second_warning"):
            yield end - (clocked.period - RULE.limit(policy, name))
    yield from (extension.mark.at for extension in detention.extensions)
    for escape, back in detention.away:
        yield from (escape, back)
    # what is to be done depends on how far the assessment is
    if detention.assessment_started is not None:
        yield detention.assessment_started.at
    if detention.assessed is not None:
        yield detention.assessed[0].at


def _stage(clocked: _Clock, at: datetime, policy: Policy) -> Stage | None:
    detention, began, end = clocked.detention, clocked.began, clocked.end(at)
    left = clocked.period - RULE.limit(policy, "second_warning")
    since = f"The period of detention began at {clock(began)}"
    # an escape does not stop the clock: it says only until when the person may be retaken
    if any(start <= at < until for start, until in detention.away):
        if at < end - left:
            return None
        return _away(at, end, f"{since} and runs on although the person has escaped.")
    faults = [(extension, wrong) for extension, wrong in clocked.faults if extension.mark.at <= at]
    # every extension that does not count is named: whoever relied on one must read that they
    # cannot
    flawed = " ".join(
        f"The extension of {clock(extension.mark.at)} does not count: {', '.join(wrong)}."
        for extension, wrong in faults
    )
    evidence = tuple(
        Evidence(
            f"Extension recorded at {clock(extension.mark.at)}",
            extension.mark.at,
            extension.mark.event,
        )
        for extension, _ in faults
    )
    if at >= min(end, clocked.longest):
        return _ended(clocked, at, flawed, evidence, len(faults))
    if flawed and end == began + clocked.period:
        return Stage(
            f"extension-{len(faults)}",
            1,
            f"{since}. {flawed}",
            evidence,
            end,
            "extension-does-not-count",
        )
    warning = f"{since} and ends at {clock(end)}. {_assessed(detention, at)}"
    moment = _moment(detention, at)
    if at >= end - left:
        return Stage("second-warning", 2, warning, (), end, moment)
    # warnings count back from the end, so that they move with an extension
    if at >= end - (clocked.period - RULE.limit(policy, "first_warning")):
        return Stage("first-warning", 3, warning, (), end, moment)
    waiting = detention.assessment_started is None or detention.assessment_started.at > at
    if waiting and at >= began + RULE.limit(policy, "assessment_within"):
        hours = duration(RULE.limit(policy, "assessment_within"))
        return Stage("not-assessed", 3, f"{since}; no assessment has begun in {hours}.", (), end)
    return None


def _ended(
    clocked: _Clock, at: datetime, flawed: str, evidence: tuple[Evidence, ...], faults: int
) -> Stage:
    """The power to detain has ended; worst where no extension could have lengthened it so far."""
    began, end = clocked.began, clocked.end(at)
    since = f"The period of detention began at {clock(began)}"
    if at >= clocked.longest:
        longest = duration(clocked.longest - began)
        reason = f"{since}. {longest} have passed; no extension allows more."
        return Stage("no-longer-lawful", 1, reason, evidence, end, "period-ended")
    why = f"{duration(clocked.period)} have passed and no extension that counts is recorded"
    if end > began + clocked.period:
        why = "the extension has ended"
    name = "period-ended"
    if faults:
        # a further extension that does not count makes it worse once more
        name = f"period-ended{faults}"
    reason = f"{since}; {why}. The power to detain ended at {clock(end)}. {flawed}".strip()
    return Stage(name, 1, reason, evidence, end, "period-ended")


def _moment(detention: Detention, at: datetime) -> str | None:
    """How far the assessment is decides what there is to do."""
    if detention.assessed is not None and detention.assessed[0].at <= at:
        return "assessed"
    if detention.assessment_started is not None and detention.assessment_started.at <= at:
        return "assessment-begun"
    return None


def _assessed(detention: Detention, at: datetime) -> str:
    if detention.assessed is not None and detention.assessed[0].at <= at:
        return f"The assessment ended at {clock(detention.assessed[0].at)}; no end of the detention is recorded."
    if detention.assessment_started is not None and detention.assessment_started.at <= at:
        return (
            f"The assessment began at {clock(detention.assessment_started.at)} and has not ended."
        )
    return "No assessment has begun."


def _away(at: datetime, until: datetime, escape: str) -> Stage:
    if at >= until:
        return Stage(
            "retake-ended",
            2,
            f"{escape} The power to retake the person ended at {clock(until)}.",
            (),
            until,
            "retake-ended",
        )
    return Stage(
        "retake-ends",
        2,
        f"{escape} The person may be retaken until {clock(until)}.",
        (),
        until,
        "away",
    )


def _finding(
    crisis: Crisis,
    policy: Policy,
    detention: Detention,
    stretch: tuple[datetime, datetime],
    stage: Stage,
) -> Finding:
    began = detention.clock_started or detention.detained
    how = "At a place of safety"
    if began == detention.detained:
        how = "Detained"
    # the assessment is theirs to bring about; police and custody only hold the person
    recipients: tuple[DeskRole, ...] = ("mental-health-crisis", "amhp")
    if stage.name.startswith("retake"):
        recipients = (*recipients, "police-control")
    elif _at_police_station(detention, stretch[0]):
        recipients = (*recipients, "custody")
    return RULE.finds(
        policy,
        anchor=detention.detained.event,
        holds=stretch,
        reason=stage.sentence,
        urgency=stage.urgency,
        evidence=(
            Evidence(f"{how} since {clock(began.at)}", began.at, began.event),
            *stage.evidence,
        ),
        stage=stage.name,
        act_by=stage.act_by,
        moment=stage.moment,
        recipients=recipients,
        relies_on=tuple(sorted({detention.agency, *crisis.agencies("mental-health-trust")})),
        relies_on_services=("mental-health-trust",),
    )


RULE = rule(__name__, condition)
