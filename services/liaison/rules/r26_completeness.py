"""R26: the record of a crisis is complete when it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.liaison.crisis.facts import Crisis, IncidentState
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import FOREVER

_STANDS = timedelta(days=28)
"""After that the record is for an audit: nobody remembers what is missing."""


def missing(crisis: Crisis, incident: IncidentState) -> tuple[str, ...]:
    """Names of what a closed record of an attended crisis lacks. Names of fields only, never what
    is in one.
    """
    gaps = []
    person = incident.person
    reason_given = person is not None and person.certainty == "unknown"
    if not incident.named and not reason_given:
        gaps.append("identity, or why it is not known")
    if incident.named and not incident.ethnicity_stated:
        gaps.append("ethnicity")
    if incident.kind == "police":
        left = [attendance for attendance in crisis.attendances if attendance.ended is not None]
        if (
            left
            and not any(attendance.handed_over or attendance.person_taken for attendance in left)
            and incident.outcome not in {"conveyed", "detained", "arrested"}
        ):
            gaps.append("handover")
    own_force = [force for force in crisis.forces if force.agency == incident.key[0]]
    if any(not force.end_recorded for force in own_force):
        gaps.append("end of the use of force")
    if any(force.end_recorded and force.injury is None for force in own_force):
        gaps.append("whether anybody was hurt by the use of force")
    until = FOREVER if incident.closed is None else incident.closed.at
    # what began after it was closed could not be named in it
    other_services = [
        other
        for other in crisis.incidents
        if other.key[0] != incident.key[0]
        and other.kind in {"police", "ambulance"}
        and other.opened_at <= until
    ]
    named_by = {key for other in other_services for key in other.linked}
    if (
        other_services
        and not any(other.key in incident.linked for other in other_services)
        and incident.key not in named_by
    ):
        gaps.append("reference of the other service")
    return tuple(gaps)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """A police or ambulance incident with a sign of a crisis, attended and closed, that still lacks
    something when it could have been completed."""
    fatal = any(harm.harm == "death" for harm in crisis.harms)
    for incident in crisis.incidents:
        if (
            incident.kind not in {"police", "ambulance"}
            or incident.closed is None
            or incident.crisis_at is None
        ):
            continue
        if not incident.attended or incident.outcome == "duplicate":
            continue
        gaps = missing(crisis, incident)
        if not gaps:
            continue
        due = incident.closed.at + RULE.limit(policy, "complete_within")
        yield RULE.finds(
            policy,
            anchor=incident.closed.event,
            holds=(due, due + _STANDS),
            act_by=due,
            urgency=3 if fatal else None,
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
