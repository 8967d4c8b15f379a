"""R07: a person in a crisis whom police or ambulance meet again within a day is seen as one story, not as two calls."""

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
    """One alert a crisis: raised by the first repetition, worse with each further one, while a call of it is open."""
    within, one_call = RULE.limit(policy, "repeat_within"), RULE.limit(policy, "one_call_within")
    earlier = _earlier(crisis, policy)
    own = _calls(crisis, policy, earlier)
    own += _returns(crisis, policy, own)
    met = sorted((*own, *(m for m, _ in earlier)), key=lambda m: (m.at, m.event or ("", "")))
    repeats: list[tuple[datetime, Met, list[Met]]] = []
    for number, each in enumerate(met):
        # another crisis's call of the same minutes may be a record of this very call
        before = [
            m
            for m in met[:number]
            if m.counts_from < FOREVER
            and each.at - m.at <= within
            and (m.event is not None or each.returned or each.at - m.at > one_call)
        ]
        if each.event is None or each.counts_from == FOREVER or not before:
            continue
        repeats.append(
            (max(each.counts_from, *(m.counts_from for m in before)), each, [*before, each])
        )
    repeats.sort(key=lambda r: (r[0], r[1].at, r[1].event or ("", "")))
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
    found: list[Met] = []
    calls = (i for i in crisis.incidents if i.kind in _CALLED and i.outcome != "duplicate")
    for each in sorted(calls, key=lambda i: (i.opened_at, i.key)):
        same = next((m for m in reversed(found) if _one_call(m, each, limit)), None)
        if same is None:
            if each.reported is None:
                continue
            left = [
                a.ended.at for a in crisis.attendances if a.ended is not None and not a.person_taken
            ]
            left += [at for _, at in earlier if at is not None]
            there = any(
                start < each.opened_at < end for a in crisis.attendances for start, end in a.spans
            )
            same = Met(
                each.opened_at,
                each.reported.event,
                None,
                f"call to {each.key[0]}",
                returned=not there
                and any(timedelta(0) <= each.opened_at - at <= soon for at in left),
            )
            found.append(same)
        same.records.append(each)
        if each.crisis_at is not None:
            same.crisis_at = min(each.crisis_at, same.crisis_at or each.crisis_at)
    return found


def _one_call(met: Met, each: IncidentState, limit: timedelta) -> bool:
    """Another agency's record names it, or came from an agency; or both were opened within minutes and the police had
    not left in between."""
    others = all(r.key[0] != each.key[0] for r in met.records)
    if others and any(r.key in each.linked or each.key in r.linked for r in met.records):
        return True
    left = any(
        r.police_left is not None and r.police_left.at <= each.opened_at for r in met.records
    )
    if others and each.channel == "agency" and not left:
        return True
    return not left and each.opened_at - met.records[-1].opened_at <= limit


def _returns(crisis: Crisis, policy: Policy, calls: Sequence[Met]) -> list[Met]:
    """Police who come back soon without a new call. Who follows within minutes relieves the other."""
    relief, soon = RULE.limit(policy, "one_call_within"), RULE.limit(policy, "return_within")
    found = []
    for former, back in zip(crisis.attendances, crisis.attendances[1:], strict=False):
        left = former.ended
        if left is None or former.person_taken or not relief < back.begun.at - left.at <= soon:
            continue
        if not any(left.at <= m.at <= back.begun.at for m in calls):
            found.append(
                Met(back.begun.at, back.begun.event, None, "police back on scene", returned=True)
            )
    return found


def _earlier(crisis: Crisis, policy: Policy) -> list[tuple[Met, datetime | None]]:
    """Contacts of other crises, and when the police left each. Records of one call are one."""
    found: list[tuple[Met, datetime | None]] = []
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
        what = f"call to {each.key[0]}, same {each.by}"
        found.append((Met(each.opened_at, None, each.crisis_at, what), each.police_left_at))
    return found


def _busy(crisis: Crisis, by: str) -> int:
    """How many crises of the day before share it and are none of mental health, or are known to be about others."""
    others: set[str] = {
        c.crisis
        for c in crisis.contacts
        if c.by == by and (c.crisis_at is None or c.other_person) and _day(crisis, c)
    }
    return len(others)


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
    held = crisis.open_pathways(each.at)
    return RULE.finds(
        policy,
        anchor=anchor,
        holds=stretch,
        stage="" if count < 3 else f"{count}-contacts",
        reason=f"{count} contacts with police or ambulance in {duration(RULE.limit(policy, 'repeat_within'))}, "
        f"the last at {_said(each.at, each.at)}{soon}.",
        evidence=tuple(
            Evidence(f"Contact at {_said(m.at, each.at)}: {m.what}", m.at, m.event)
            for m in contacts
        ),
        agencies=tuple(sorted({p.agency for p in held})),
    )


RULE = rule(__name__, condition)
