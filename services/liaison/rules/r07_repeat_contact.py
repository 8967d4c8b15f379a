"""R07: a person in a crisis whom police or ambulance meet again within a day is seen as one story,
not as two calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.liaison.crisis.facts import Crisis, IncidentState
from services.liaison.crisis.records import Contact
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import duration
from services.liaison.time.spans import FOREVER, both, spans

_LONDON = ZoneInfo("Europe/London")
_CALLED = frozenset({"police", "ambulance"})


@dataclass(slots=True)
class Met:
    """One contact: all that is the record of one call, or one return of the police."""

    at: datetime
    event: tuple[str, str] | None
    """None for a contact of another crisis."""
    crisis_at: datetime | None
    what: str
    returned: bool = False
    """It came soon after the police had left: it counts although it says no more of a crisis."""
    records: list[IncidentState] = field(default_factory=list)

    @property
    def counts_from(self) -> datetime:
        """Since when it counts; FOREVER: not."""
        if self.returned:
            return self.at
        return FOREVER if self.crisis_at is None else max(self.at, self.crisis_at)


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
    for number, each in enumerate(met):
        # another crisis's call of the same minutes may be a record of this very call
        before = [
            earlier_one
            for earlier_one in met[:number]
            if earlier_one.counts_from < FOREVER
            and each.at - earlier_one.at <= within
            and (
                earlier_one.event is not None
                or each.returned
                or each.at - earlier_one.at > one_call
            )
        ]
        if each.event is None or each.counts_from == FOREVER or not before:
            continue
        repeats.append(
            (
                max(each.counts_from, *(earlier_one.counts_from for earlier_one in before)),
                each,
                [*before, each],
            )
        )
    repeats.sort(key=lambda repeat: (repeat[0], repeat[1].at, repeat[1].event or ("", "")))
    for number, (start, each, contacts) in enumerate(repeats):
        following = repeats[number + 1][0] if number + 1 < len(repeats) else FOREVER
        anchor = repeats[0][1].event
        for stretch in both(spans([(start, following)]), crisis.open_police_or_ambulance):
            if anchor is not None:
                yield _finding(crisis, policy, anchor, stretch, each, contacts)


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
    for each in sorted(calls, key=lambda call: (call.opened_at, call.key)):
        same = next(
            (contact for contact in reversed(calls_so_far) if _one_call(contact, each, limit)), None
        )
        if same is None:
            if each.reported is None:
                continue
            left = [
                attendance.ended.at
                for attendance in crisis.attendances
                if attendance.ended is not None and not attendance.person_taken
            ]
            left += [at for _, at in earlier if at is not None]
            there = any(
                start < each.opened_at < end
                for attendance in crisis.attendances
                for start, end in attendance.spans
            )
            same = Met(
                each.opened_at,
                each.reported.event,
                None,
                f"call to {each.key[0]}",
                returned=not there
                and any(timedelta(0) <= each.opened_at - at <= soon for at in left),
            )
            calls_so_far.append(same)
        same.records.append(each)
        if each.crisis_at is not None:
            same.crisis_at = min(each.crisis_at, same.crisis_at or each.crisis_at)
    return calls_so_far


def _one_call(met: Met, each: IncidentState, limit: timedelta) -> bool:
    """Another agency's record names it, or came from an agency; or both were opened within minutes
    and the police had not left in between."""
    other_agency = all(record.key[0] != each.key[0] for record in met.records)
    if other_agency and any(
        record.key in each.linked or each.key in record.linked for record in met.records
    ):
        return True
    left = any(
        record.police_left is not None and record.police_left.at <= each.opened_at
        for record in met.records
    )
    if other_agency and each.channel == "agency" and not left:
        return True
    return not left and each.opened_at - met.records[-1].opened_at <= limit


def _returns(crisis: Crisis, policy: Policy, calls: Sequence[Met]) -> list[Met]:
    """Police who come back soon without a new call. Who follows within minutes relieves the other."""
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
    busy = {
        by
        for by in ("telephone", "property")
        if _busy(crisis, by) >= RULE.number(policy, "busy_from")
    }
    last: dict[str, datetime | None] = {}
    for each in crisis.contacts:
        if (
            each.agency_kind not in _CALLED
            or each.crisis_at is None
            or each.other_person
            or each.by in busy
        ):
            continue
        if each.crisis in last and ((left := last[each.crisis]) is None or each.opened_at < left):
            last[each.crisis] = left or each.police_left_at
            continue
        last[each.crisis] = each.police_left_at
        description = f"call to {each.key[0]}, same {each.by}"
        contacts.append(
            (Met(each.opened_at, None, each.crisis_at, description), each.police_left_at)
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
    here, there = at.astimezone(_LONDON), now.astimezone(_LONDON)
    return f"{here:%H:%M}" if here.date() == there.date() else f"{here:%d %b %H:%M}"


def _finding(
    crisis: Crisis,
    policy: Policy,
    anchor: tuple[str, str],
    stretch: tuple[datetime, datetime],
    each: Met,
    contacts: Sequence[Met],
) -> Finding:
    count = len(contacts)
    soon = (
        f"; the police had left within {duration(RULE.limit(policy, 'return_within'))} before"
        if each.returned
        else ""
    )
    pathways = crisis.open_pathways(each.at)
    return RULE.finds(
        policy,
        anchor=anchor,
        holds=stretch,
        stage="" if count < 3 else f"{count}-contacts",
        reason=f"{count} contacts with police or ambulance in {duration(RULE.limit(policy, 'repeat_within'))}, "
        f"the last at {_said(each.at, each.at)}{soon}.",
        evidence=tuple(
            Evidence(
                f"Contact at {_said(contact.at, each.at)}: {contact.what}",
                contact.at,
                contact.event,
            )
            for contact in contacts
        ),
        agencies=tuple(sorted({pathway.agency for pathway in pathways})),
    )


RULE = rule(__name__, condition)
