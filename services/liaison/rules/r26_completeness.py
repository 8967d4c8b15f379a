"""R26: the record of a crisis is complete when it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.liaison.crisis.facts import Crisis, IncidentState, end_of
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock

# After that the record is for an audit: nobody remembers what is missing.
_STANDS = timedelta(days=28)


_TAKEN_ALONG = frozenset({"conveyed", "detained", "arrested"})
_SERVICES = frozenset({"police", "ambulance"})


def missing(crisis: Crisis, incident: IncidentState) -> tuple[str, ...]:
    """Names of what a closed record of an attended crisis lacks. Names of fields only, never what
    is in one.
    """
    gaps = []
    person = incident.person
    # to say that nobody knows who it was is complete: to say nothing is not
    reason_given = person is not None and person.certainty == "unknown"
    if not incident.named and not reason_given:
        gaps.append("identity, or why it is not known")
    if incident.named and not incident.ethnicity_stated:
        gaps.append("ethnicity")
    if incident.kind == "police" and not _accounted_for(crisis, incident):
        gaps.append("handover")
    gaps += _force_gaps(crisis, incident)
    if not _cross_referenced(crisis, incident):
        gaps.append("reference of the other service")
    return tuple(gaps)


def _force_gaps(crisis: Crisis, incident: IncidentState) -> Iterator[str]:
    """What the agency's own record of force lacks (Use of Force Act s6); another's is another's."""
    own_force = [force for force in crisis.forces if force.agency == incident.key[0]]
    if any(not force.end_recorded for force in own_force):
        yield "end of the use of force"
    if any(force.end_recorded and force.injury is None for force in own_force):
        yield "whether anybody was hurt by the use of force"


def _accounted_for(crisis: Crisis, incident: IncidentState) -> bool:
    """Whether the record says where the person went when the police left them."""
    if incident.outcome in _TAKEN_ALONG:
        return True
    left = [attendance for attendance in crisis.attendances if attendance.ended is not None]
    return not left or any(attendance.handed_over or attendance.person_taken for attendance in left)


def _cross_referenced(crisis: Crisis, incident: IncidentState) -> bool:
    """Whether one of the two records names the other, where another service had one."""
    until = end_of(incident.closed)
    # what began after it was closed could not be named in it
    other_services = [
        other
        for other in crisis.incidents
        if other.key[0] != incident.key[0] and other.kind in _SERVICES and other.opened_at <= until
    ]
    if not other_services or any(incident.key in other.linked for other in other_services):
        return True
    return any(other.key in incident.linked for other in other_services)


def _is_owed_a_record(incident: IncidentState) -> bool:
    if incident.kind not in _SERVICES or incident.crisis_at is None:
        return False
    # where nobody was there, nobody could have written it down
    return bool(incident.attended) and incident.outcome != "duplicate"


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """A police or ambulance incident with a sign of a crisis, attended and closed, that still lacks
    something when it could have been completed."""
    urgency = None
    # the record of a death is asked for by an inquest
    if any(harm.harm == "death" for harm in crisis.harms):
        urgency = 3
    for incident in crisis.incidents:
        if incident.closed is None or not _is_owed_a_record(incident):
            continue
        gaps = missing(crisis, incident)
        if not gaps:
            continue
        # a record is completed after the job, not during it
        due = incident.closed.at + RULE.limit(policy, "complete_within")
        yield RULE.finds(
            policy,
            anchor=incident.closed.event,
            holds=(due, due + _STANDS),
            act_by=due,
            urgency=urgency,
            reason=f"Closed at {clock(incident.closed.at)} and not complete: {'; '.join(gaps)}.",
            evidence=(
                Evidence(
                    f"Closed at {clock(incident.closed.at)}",
                    incident.closed.at,
                    incident.closed.event,
                ),
            ),
            agencies=(incident.key[0],),
            relies_on=(incident.key[0],),
        )


RULE = rule(__name__, condition)
