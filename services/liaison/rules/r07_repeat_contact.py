"""R07: a person in a crisis whom police or ambulance meet again within a day is seen as one story,
not as two calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.london_time import LONDON
from services.liaison.crisis.facts import Crisis, IncidentState
from services.liaison.crisis.records import Contact
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.in_turn import in_turn
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import duration
from services.liaison.time.spans import FOREVER, both, spans

_CALLED = frozenset({"police", "ambulance"})


@dataclass(slots=True)
class Met:
    """One contact: all that is the record of one call, or one return of the police."""

    at: datetime
    event: tuple[str, str] | None
    """None for a contact of another crisis."""
    crisis_at: datetime | None
    description: str
    returned: bool = False
    """It came soon after the police had left: it counts although it says no more of a crisis."""
    records: list[IncidentState] = field(default_factory=list)

    @property
    def counts_from(self) -> datetime:
        """Since when it counts; FOREVER: not."""
        if self.returned:
            return self.at
        if self.crisis_at is None:
            return FOREVER
        return max(self.at, self.crisis_at)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """One alert a crisis: raised by the first repetition, worse with each further one, while a call
    of it is open.
    """
    within, one_call = RULE.limit(policy, "repeat_within"), RULE.limit(policy, "one_call_within")
    earlier = _earlier(crisis, policy)
    contacts_here = _calls(crisis, policy, earlier)
    contacts_here += _returns(crisis, policy, contacts_here)
    met = sorted(
        (*contacts_here, *(contact for contact, _ in earlier)),
        key=lambda contact: (contact.at, contact.event or ("", "")),
    )
    repeats: list[tuple[datetime, Met, list[Met]]] = []
    for number, contact in enumerate(met):
        before = [other for other in met[:number] if _precedes(other, contact, within, one_call)]
        # a contact of another crisis raises nothing here: it is that crisis's alert
        if contact.event is None or contact.counts_from == FOREVER or not before:
            continue
        counts_from = max(contact.counts_from, *(other.counts_from for other in before))
        repeats.append((counts_from, contact, [*before, contact]))
    repeats.sort(key=lambda repeat: (repeat[0], repeat[1].at, repeat[1].event or ("", "")))
    for (start, contact, contacts), following in in_turn(repeats):
        end = FOREVER
        if following is not None:
            end = following[0]
        # the first repetition is the anchor of all: further ones worsen the alert, and raise none
        anchor = repeats[0][1].event
        for stretch in both(spans([(start, end)]), crisis.open_police_or_ambulance):
            if anchor is not None:
                yield _finding(crisis, policy, anchor, stretch, contact, contacts)


def _precedes(other: Met, contact: Met, within: timedelta, one_call: timedelta) -> bool:
    """Whether the other is an earlier contact that this one repeats."""
    if other.counts_from == FOREVER or contact.at - other.at > within:
        return False
    # another crisis's call of the same minutes may be a record of this very call
    return other.event is not None or contact.returned or contact.at - other.at > one_call


def _calls(
    crisis: Crisis, policy: Policy, earlier: Sequence[tuple[Met, datetime | None]]
) -> list[Met]:
    """The calls of this crisis. Two agencies' records of one call are one contact."""
    limit, soon = RULE.limit(policy, "one_call_within"), RULE.limit(policy, "return_within")
    calls_so_far: list[Met] = []
    calls = (
        incident
        for incident in crisis.incidents
        if incident.kind in _CALLED and incident.outcome != "duplicate"
    )
    for call in sorted(calls, key=lambda call: (call.opened_at, call.key)):
        same = next(
            (contact for contact in reversed(calls_so_far) if _one_call(contact, call, limit)), None
        )
        if same is None:
            if call.reported is None:
                continue
            same = Met(
                call.opened_at,
                call.reported.event,
                None,
                f"call to {call.key[0]}",
                returned=_follows_police(crisis, earlier, call.opened_at, soon),
            )
            calls_so_far.append(same)
        same.records.append(call)
        if call.crisis_at is not None:
            same.crisis_at = min(call.crisis_at, same.crisis_at or call.crisis_at)
    return calls_so_far


def _follows_police(
    crisis: Crisis, earlier: Sequence[tuple[Met, datetime | None]], at: datetime, soon: timedelta
) -> bool:
    """Whether the police had left the person, here or in an earlier crisis, shortly before."""
    present = [stretch for attendance in crisis.attendances for stretch in attendance.spans]
    # a call that comes while officers stand there is about what they are dealing with
    if any(start < at < end for start, end in present):
        return False
    departures = [
        attendance.ended.at
        for attendance in crisis.attendances
        # with the person taken along nobody was left behind who could call again
        if attendance.ended is not None and not attendance.person_taken
    ]
    departures += [left_at for _, left_at in earlier if left_at is not None]
    return any(timedelta(0) <= at - left_at <= soon for left_at in departures)


def _one_call(met: Met, call: IncidentState, limit: timedelta) -> bool:
    """Another agency's record names it, or came from an agency; or both were opened within minutes
    and the police had not left in between."""
    other_agency = all(record.key[0] != call.key[0] for record in met.records)
    if other_agency and any(
        record.key in call.linked or call.key in record.linked for record in met.records
    ):
        return True
    left = any(
        record.police_left is not None and record.police_left.at <= call.opened_at
        for record in met.records
    )
    if other_agency and call.channel == "agency" and not left:
        return True
    return not left and call.opened_at - met.records[-1].opened_at <= limit


def _returns(crisis: Crisis, policy: Policy, calls: Sequence[Met]) -> list[Met]:
    """Police who come back soon without a new call. Who follows within minutes relieves the other."""
    # units that hand over to one another at a scene are one presence
    relief, soon = RULE.limit(policy, "one_call_within"), RULE.limit(policy, "return_within")
    returns = []
    for before, back in zip(crisis.attendances, crisis.attendances[1:], strict=False):
        left = before.ended
        if left is None or before.person_taken or not relief < back.begun.at - left.at <= soon:
            continue
        if not any(left.at <= call.at <= back.begun.at for call in calls):
            returns.append(
                Met(back.begun.at, back.begun.event, None, "police back on scene", returned=True)
            )
    return returns


def _earlier(crisis: Crisis, policy: Policy) -> list[tuple[Met, datetime | None]]:
    """Contacts of other crises, and when the police left each. Records of one call are one."""
    contacts: list[tuple[Met, datetime | None]] = []
    if not crisis.contacts:
        return contacts
    busy = {
        by
        for by in ("telephone", "property")
        if _busy(crisis, by) >= RULE.number(policy, "busy_from")
    }
    last: dict[str, datetime | None] = {}
    for contact in crisis.contacts:
        if contact.agency_kind not in _CALLED or contact.crisis_at is None:
            continue
        # a hostel's telephone that rings every day says nothing about this person
        if contact.other_person or contact.by in busy:
            continue
        if contact.crisis in last:
            left = last[contact.crisis]
            # until the police have left, each record of that crisis is of one and the same contact
            if left is None or contact.opened_at < left:
                last[contact.crisis] = left or contact.police_left_at
                continue
        last[contact.crisis] = contact.police_left_at
        description = f"call to {contact.key[0]}, same {contact.by}"
        contacts.append(
            (Met(contact.opened_at, None, contact.crisis_at, description), contact.police_left_at)
        )
    return contacts


def _busy(crisis: Crisis, by: str) -> int:
    """How many crises of the day before share it and are none of mental health, or are known to be
    about others.
    """
    crises: set[str] = {
        contact.crisis
        for contact in crisis.contacts
        if contact.by == by
        and (contact.crisis_at is None or contact.other_person)
        and _day(crisis, contact)
    }
    return len(crises)


def _day(crisis: Crisis, contact: Contact) -> bool:
    return crisis.opened_at is not None and contact.opened_at >= crisis.opened_at - timedelta(
        hours=24
    )


def _said(at: datetime, now: datetime) -> str:
    here, there = at.astimezone(LONDON), now.astimezone(LONDON)
    if here.date() == there.date():
        return f"{here:%H:%M}"
    return f"{here:%d %b %H:%M}"


def _finding(
    crisis: Crisis,
    policy: Policy,
    anchor: tuple[str, str],
    stretch: tuple[datetime, datetime],
    last: Met,
    contacts: Sequence[Met],
) -> Finding:
    count = len(contacts)
    soon, stage = "", ""
    if last.returned:
        soon = (
            f"; the police had left within {duration(RULE.limit(policy, 'return_within'))} before"
        )
    if count >= 3:
        stage = f"{count}-contacts"
    pathways = crisis.open_pathways(last.at)
    return RULE.finds(
        policy,
        anchor=anchor,
        holds=stretch,
        stage=stage,
        reason=f"{count} contacts with police or ambulance in {duration(RULE.limit(policy, 'repeat_within'))}, "
        f"the last at {_said(last.at, last.at)}{soon}.",
        evidence=tuple(
            Evidence(
                f"Contact at {_said(contact.at, last.at)}: {contact.description}",
                contact.at,
                contact.event,
            )
            for contact in contacts
        ),
        agencies=tuple(sorted({pathway.agency for pathway in pathways})),
    )


RULE = rule(__name__, condition)
