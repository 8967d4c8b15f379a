"""R08: a person whom the services meet in one crisis after another gets one plan, made by all of
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.london_time import LONDON, full_years
from services.liaison.crisis.facts import Crisis, IncidentState
from services.liaison.crisis.records import Contact
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock
from services.liaison.time.working_days import end_of_working_day

_COUNTED = frozenset({"police", "ambulance", "acute-trust"})
_ADULT = (("in_90_days", timedelta(days=90)), ("in_30_days", timedelta(days=30)))
_CHILD = (("child_in_180_days", timedelta(days=180)), *_ADULT)
_ADULT_AT = 18


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """At the crisis that reaches a limit, and not at those that follow it: each window tells of a
    person once.

    No earlier crisis within the window may have reached the limit, whatever this system was told
    when; so the answer is the same in whatever order the crises were heard, and rests on no alert
    that was raised.
    """
    incidents = _incidents(crisis)
    if crisis.person is None or not incidents:
        return
    first = min(
        incidents, key=lambda incident: (incident.crisis_at or incident.opened_at, incident.key)
    )
    now = min(incident.opened_at for incident in incidents)
    counts_from = first.crisis_at or first.opened_at
    earlier = _crises(crisis, now)
    times = sorted([*earlier.values(), now])
    limits_reached: list[tuple[str, timedelta, int]] = []
    for name, window in _windows(crisis, now):
        limit = RULE.number(policy, name)
        reached = [at for at in times if _within(times, at, window) >= limit]
        # the crisis that reaches the limit tells; one after it within the window tells
        # nothing new
        if now in reached and not any(now - window <= at < now for at in reached):
            limits_reached.append((name, window, _within(times, now, window)))
    if not limits_reached or first.reported is None:
        return
    name, window, count = limits_reached[0]
    days = RULE.number(policy, "meeting_working_days")
    trusts = tuple(sorted({pathway.agency for pathway in crisis.open_pathways(now)}))
    # an anchor in the crisis itself, so that the same person is not told of twice for one
    # crisis
    yield RULE.finds(
        policy,
        anchor=first.reported.event,
        holds=(counts_from, now + window),
        stage=name,
        reason=f"{count} separate crises of one person in {window.days} days, counted across the agencies.",
        evidence=(
            Evidence(f"The latest at {clock(now)}", now, first.reported.event),
            *_by_agency(crisis, now, window),
        ),
        act_by=end_of_working_day(counts_from, days),
        agencies=trusts,
        moments=dict.fromkeys(trusts, "of-the-trust"),
    )


def _incidents(crisis: Crisis) -> list[IncidentState]:
    return [
        incident
        for incident in crisis.incidents
        if incident.kind in _COUNTED
        and incident.crisis_at is not None
        and incident.reported is not None
    ]


def _windows(crisis: Crisis, now: datetime) -> tuple[tuple[str, timedelta], ...]:
    if _is_child(crisis, now):
        return _CHILD
    return _ADULT


def _crises(crisis: Crisis, now: datetime) -> dict[str, datetime]:
    """When each earlier crisis of the person began. One crisis is one, however many records it has."""
    began: dict[str, datetime] = {}
    for contact in crisis.contacts:
        if _is_counted(contact) and contact.opened_at < now:
            began[contact.crisis] = min(
                contact.opened_at, began.get(contact.crisis, contact.opened_at)
            )
    return began


def _is_counted(contact: Contact) -> bool:
    """Known to be about this very person, and a crisis: a shared telephone is nobody's history."""
    return (
        contact.by == "person" and contact.agency_kind in _COUNTED and contact.crisis_at is not None
    )


def _within(times: list[datetime], at: datetime, window: timedelta) -> int:
    return sum(1 for time in times if at - window <= time <= at)


def _is_child(crisis: Crisis, at: datetime) -> bool:
    """Where no date of birth is on file the person is taken for an adult."""
    if crisis.person is None:
        return False
    births = [descriptor.date_of_birth for descriptor in crisis.person.descriptors]
    # the newest statement stands first
    born = next((birth for birth in births if birth is not None), None)
    return born is not None and full_years(born, at.astimezone(LONDON).date()) < _ADULT_AT


def _by_agency(crisis: Crisis, now: datetime, window: timedelta) -> Iterator[Evidence]:
    """Records by agency and month, this crisis among them."""
    records = [
        (contact.opened_at, contact.key[0])
        for contact in crisis.contacts
        if _is_counted(contact) and now - window <= contact.opened_at <= now
    ]
    # of this crisis all, also where the report itself has not come
    in_crisis = [incident for incident in crisis.incidents if incident.crisis_at is not None]
    records += [
        (incident.opened_at, incident.key[0]) for incident in in_crisis if incident.kind in _COUNTED
    ]
    counted = Counter((f"{at.astimezone(LONDON):%Y-%m}", agency) for at, agency in records)
    for (month, agency), count in sorted(counted.items()):
        records_word = "records"
        if count == 1:
            records_word = "record"
        yield Evidence(f"{month}: {count} {records_word} of {agency}", now)


RULE = rule(__name__, condition)
