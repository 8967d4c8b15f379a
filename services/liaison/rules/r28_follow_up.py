"""R28: after a crisis, self-harm or a discharge somebody from mental health is in contact in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.codes import AbsenceKind, CrisisIndicator
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, Detention, end_of
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.follow_up import contact_after
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.same_detention import restarted_from
from services.liaison.rules.shared.words import clock, duration

# After that it is for the records: nobody is reached by an alert of last week.
_STANDS = timedelta(days=7)
# A reminder is for the day's list of calls; the limit itself is more urgent, so that the alert is
# made worse then.
REMINDER_URGENCY = 4
_LEFT_AT_HOME = frozenset({"resolved", "referred", "no-further-action", "other"})
_LET_GO = frozenset({"released", "lapsed", "other"})
# How a walk-out ends with the person seen to. Closing its record as something else sees to
# nobody.
_BACK = frozenset({"returned", "found", "retaken"})
_SERIOUS = frozenset(
    {CrisisIndicator.SELF_HARM, CrisisIndicator.SUICIDE_ATTEMPT, CrisisIndicator.SUICIDAL}
)


def _identified(crisis: Crisis) -> bool:
    """Whether anybody could be rung: a person who is attached, or a descriptor with a name or
    number.
    """
    people = [incident.person for incident in crisis.incidents if incident.person is not None]
    return crisis.person is not None or any(person.names or person.nhs_number for person in people)


def _triggers(crisis: Crisis) -> Iterator[tuple[Mark, str]]:
    """What a follow-up is owed after, with what happened."""
    kinds = {indicator.kind for indicator in crisis.indicators}
    # nobody is to be followed up; R23 and R24 look after what is owed then
    if any(harm.harm == "death" for harm in crisis.harms):
        return
    # most people who are arrested are held: restraint alone is no crisis of mental health
    held_only = kinds <= {CrisisIndicator.RESTRAINT}
    owed = (bool(crisis.clear_crisis) and not held_only) or not kinds.isdisjoint(_SERIOUS)
    if owed and not _taken_along(crisis):
        stayed = _stayed_at_home(crisis)
        if stayed is not None:
            yield stayed, "a crisis was attended and the person stayed at home"
    for detention in crisis.detentions:
        if detention.assessed is not None:
            assessed, outcome = detention.assessed
            if outcome == "discharged-home":
                yield assessed, "a detention ended with discharge home"
        elif detention.ended is not None and _let_go(crisis, detention):
            yield detention.ended, "a detention ended and no assessment is recorded"
    # who walks out unseen has had none of what they came for
    for absence in crisis.absences:
        back = absence.ended is not None and absence.outcome in _BACK
        if absence.kind is AbsenceKind.WALK_OUT and absence.reported is not None and not back:
            yield absence.reported, "the person walked out before being seen to"


def _taken_along(crisis: Crisis) -> bool:
    """Whether somebody took the person somewhere: then whoever has them sees to the follow-up."""
    if crisis.detentions or any(attendance.person_taken for attendance in crisis.attendances):
        return True
    return any(
        incident.outcome in {"conveyed", "detained", "arrested"} for incident in crisis.incidents
    )


def _stayed_at_home(crisis: Crisis) -> Mark | None:
    """When the last attended call was closed with the person at home; None while one is open."""
    calls = [incident for incident in crisis.incidents if incident.kind in {"police", "ambulance"}]
    if any(incident.closed is None for incident in calls):
        return None
    closed = [
        incident.closed
        for incident in calls
        if incident.attended and incident.outcome in _LEFT_AT_HOME and incident.closed is not None
    ]
    return max(closed, default=None)


def _let_go(crisis: Crisis, detention: Detention) -> bool:
    # a second record of one detention ends without saying anything of the person
    return detention.outcome in _LET_GO and restarted_from(crisis, detention) is None


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """No contact in time after a crisis; or a follow-up that was due by an instant and did not
    happen.
    """
    trusts: tuple[str, ...] = ()
    if crisis.opened_at is not None:
        trusts = tuple(
            sorted({pathway.agency for pathway in crisis.open_pathways(crisis.opened_at)})
        )
    within, discharged = (
        RULE.limit(policy, "contact_within"),
        RULE.limit(policy, "post_discharge_within"),
    )
    triggers = sorted(_triggers(crisis))
    # nobody can ring a person of whom neither name nor number is known
    if triggers and _identified(crisis):
        mark, trigger = triggers[0]
        due = mark.at + within
        # a follow-up that is booked has its own instant, unless it is booked for later than any
        # standard allows
        latest = mark.at + max(within, discharged)
        booked = any(
            follow_up.by is not None and mark.at <= follow_up.by <= latest
            for follow_up in crisis.follow_ups
        )
        contact = contact_after(crisis, mark.at)
        if not booked:
            yield from _unbooked(policy, mark, trigger, min(contact, due + _STANDS), trusts)
    for appointment in crisis.follow_ups:
        if appointment.due is None or appointment.by is None:
            continue
        by, booked_late = appointment.by, ""
        # a booking cannot move the standard of 72 hours after discharge
        if appointment.kind == "post-discharge" and by > appointment.due.at + discharged:
            by = appointment.due.at + discharged
            booked_late = f"; it is booked for later than {duration(discharged)} after discharge"
        end = min(end_of(appointment.completed), by + _STANDS)
        if by < end:
            yield RULE.finds(
                policy,
                anchor=appointment.due.event,
                holds=(by, end),
                agencies=(appointment.key[0],),
                act_by=by,
                reason=f"A follow-up ({appointment.kind}) was due by {clock(by)} and is not recorded as done{booked_late}.",
                evidence=(
                    Evidence(
                        f"Follow-up due since {clock(appointment.due.at)}",
                        appointment.due.at,
                        appointment.due.event,
                    ),
                ),
                relies_on=(appointment.key[0],),
            )


def _unbooked(
    policy: Policy, mark: Mark, trigger: str, end: datetime, trusts: tuple[str, ...]
) -> Iterator[Finding]:
    """Nothing is booked: a reminder after a day, and then the limit."""
    within = RULE.limit(policy, "contact_within")
    due = mark.at + within
    # where the limit is shorter than the reminder there is nothing to remind of before it
    remind = mark.at + min(RULE.limit(policy, "reminder_after"), within)
    evidence = (Evidence(f"{clock(mark.at)}: {trigger}", mark.at, mark.event),)
    if remind < min(due, end):
        yield RULE.finds(
            policy,
            anchor=mark.event,
            holds=(remind, min(due, end)),
            stage="reminder",
            urgency=REMINDER_URGENCY,
            title="Follow-up is due",
            act_by=due,
            agencies=trusts,
            evidence=evidence,
            relies_on_services=("mental-health-trust",),
            reason=f"At {clock(mark.at)} {trigger}; no contact by a mental-health service is recorded and none is booked.",
        )
    if due < end:
        yield RULE.finds(
            policy,
            anchor=mark.event,
            holds=(due, end),
            stage="overdue",
            act_by=due,
            agencies=trusts,
            evidence=evidence,
            relies_on_services=("mental-health-trust",),
            reason=f"At {clock(mark.at)} {trigger}; no contact by a mental-health service in {duration(within)}.",
        )


RULE = rule(__name__, condition)
