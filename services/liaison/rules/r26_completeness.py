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
    """Names of what a closed record of an attended crisis lacks. Names of fields only, never what is in one."""
    found = []
    person = incident.person
    reason_given = person is not None and person.certainty == "unknown"
    if not incident.named and not reason_given:
        found.append("identity, or why it is not known")
    if incident.named and not incident.ethnicity_stated:
        found.append("ethnicity")
    if incident.kind == "police":
        left = [a for a in crisis.attendances if a.ended is not None]
        if (
            left
            and not any(a.handed_over or a.person_taken for a in left)
            and incident.outcome not in {"conveyed", "detained", "arrested"}
        ):
            found.append("handover")
    own_force = [f for f in crisis.forces if f.agency == incident.key[0]]
    if any(not f.end_recorded for f in own_force):
        found.append("end of the use of force")
    if any(f.end_recorded and f.injury is None for f in own_force):
        found.append("whether anybody was hurt by the use of force")
    until = FOREVER if incident.closed is None else incident.closed.at
    # what began after it was closed could not be named in it
    others = [
        i
        for i in crisis.incidents
        if i.key[0] != incident.key[0]
        and i.kind in {"police", "ambulance"}
        and i.opened_at <= until
    ]
    named_by = {k for i in others for k in i.linked}
    if (
        others
        and not any(o.key in incident.linked for o in others)
        and incident.key not in named_by
    ):
        found.append("reference of the other service")
    return tuple(found)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """A police or ambulance incident with a sign of a crisis, attended and closed, that still lacks something when it could
    have been completed."""
    fatal = any(h.harm == "death" for h in crisis.harms)
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
