"""Contacts: other incidents about the same person, telephone or property, that did not become the same crisis.

Linking joins incidents into one crisis and has short windows. Rules over repeated contact (R07, R08) look further back, and
rules over what follows a crisis (R15, R28) look for a follow-up anywhere. Neither needs the other incidents' events: a row
of each is enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from schemas.codes import AgencyKind
from schemas.received import Received, stated
from services.liaison.crisis.corrections import effective
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Contact, Key

PERSON_WINDOW = timedelta(days=360)
"""FreCaNN counts over six months for a child; that it is told once needs as long again before that (R08)."""
PLACE_WINDOW = timedelta(hours=25)
"""Telephone and property: R07 counts over 24 hours."""
FOLLOW_UP_WINDOW = timedelta(days=7)
"""How long after a crisis a completed follow-up may still be the one that was due."""
AWAITING_PLACE = "awaiting:place-of-safety"
"""Key of incidents that are looked at again when a place of safety reports its free places."""


@dataclass(frozen=True, slots=True)
class ContactRow:
    """What is kept of an incident or follow-up, so that other crises can count it."""

    key: Key
    agency_kind: AgencyKind
    crisis: str
    """The least (agency/reference) of its crisis: the same whatever order the incidents were heard in."""
    opened_at: datetime
    crisis_at: datetime | None
    police_left_at: datetime | None
    completed_at: datetime | None
    keys: frozenset[str]
    """`person:`, `property:` and `telephone:` keys; no number and no address can be read from them."""


@dataclass(frozen=True, slots=True)
class Echo:
    """A row that is new or changed: crises that count it must be looked at again."""

    keys: frozenset[str]
    opened_from: datetime
    """Only incidents opened from then on."""


def _hashed(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(f'{kind}|{value}'.encode()).hexdigest()[:32]}"


def _telephone(number: str) -> str | None:
    digits = "".join(c for c in number if c.isdigit())
    if digits.startswith("44"):
        digits = "0" + digits[2:]
    return digits if len(digits) >= 7 else None


def contact_keys(events: Iterable[Received], person_id: str | None) -> frozenset[str]:
    """Keys that an incident shares with others about the same person, telephone or property."""
    keys = set() if person_id is None else {f"person:{person_id}"}
    for received in effective(events)[0]:
        data = received.event.data
        location = stated(data, "location")
        if location is not None and location.uprn is not None:
            keys.add(_hashed("property", location.uprn.lstrip("0")))
        caller, person = stated(data, "caller"), stated(data, "person")
        numbers = [caller.phone] if caller is not None and caller.phone else []
        numbers += person.phones if person is not None else ()
        keys |= {_hashed("telephone", said) for n in numbers if (said := _telephone(n)) is not None}
    return frozenset(keys)


def rows_of(crisis: Crisis, keys: Mapping[Key, frozenset[str]]) -> tuple[ContactRow, ...]:
    """The rows of a crisis's incidents and follow-ups. `keys` are the contact keys of each of its records."""
    first_incident = "/".join(min(keys))
    states = {i.key: i for i in crisis.incidents}
    follow_ups = {f.key: f for f in crisis.follow_ups}
    waits = any(
        d.ended is None
        and d.clock_started is None
        and not any(p.accepted for p in crisis.place_requests)
        for d in crisis.detentions
    )
    rows = []
    for key in sorted(keys):
        state, follow_up = states.get(key), follow_ups.get(key)
        opened = state.opened_at if state else follow_up.opened.at if follow_up else None
        if opened is None:
            continue
        rows.append(
            ContactRow(
                key=key,
                agency_kind=state.kind if state else "mental-health-trust",
                crisis=first_incident,
                opened_at=opened,
                crisis_at=state.crisis_at if state else None,
                police_left_at=state.police_left.at if state and state.police_left else None,
                completed_at=follow_up.completed.at if follow_up and follow_up.completed else None,
                keys=keys[key] | {AWAITING_PLACE} if waits and state is not None else keys[key],
            )
        )
    return tuple(rows)


def by_name(rows: Iterable[ContactRow]) -> Mapping[str, list[ContactRow]]:
    """Rows under each of their keys, so that one crisis does not look at the rows of all others."""
    found: dict[str, list[ContactRow]] = {}
    for row in rows:
        for name in row.keys:
            found.setdefault(name, []).append(row)
    return found


def _shared(
    mine: frozenset[str], row: ContactRow
) -> Literal["person", "property", "telephone"] | None:
    kinds = {name.split(":", 1)[0] for name in mine & row.keys}
    for kind in ("person", "property", "telephone"):
        if kind in kinds:
            return kind
    return None


def contacts_of(
    crisis: Crisis, mine: frozenset[str], others: Iterable[ContactRow]
) -> tuple[Contact, ...]:
    """What the crisis may count of other incidents, in order of time. Only what is counted by a rule: an incident opened
    before the crisis's last event, within the window of what is shared, or a follow-up completed after it began."""
    if crisis.opened_at is None or crisis.last_event_at is None:
        return ()
    found = []
    people = {k for k in mine if k.startswith("person:")}
    for row in others:
        by = _shared(mine, row)
        if by is None:
            continue
        completed = (
            row.completed_at is not None and row.completed_at >= crisis.opened_at and by == "person"
        )
        window = PERSON_WINDOW if by == "person" else PLACE_WINDOW
        if not completed and not crisis.opened_at - window <= row.opened_at <= crisis.last_event_at:
            continue
        if row.key[1].startswith("follow-up#") and not completed:
            continue
        found.append(
            Contact(
                row.key,
                row.agency_kind,
                row.crisis,
                row.opened_at,
                row.crisis_at,
                row.police_left_at,
                row.completed_at,
                by,
                by != "person" and bool(people) and any(k.startswith("person:") for k in row.keys),
            )
        )
    return tuple(sorted(found, key=lambda c: (c.opened_at, c.key)))


def echo_of(row: ContactRow | None, former: ContactRow | None) -> Echo | None:
    """Which crises must be looked at again because of this row; None where it is as it was. A row that is gone, since all
    that was said of the incident was taken back, is counted no more where it was."""
    known = [each for each in (row, former) if each is not None]
    wanted = frozenset(k for each in known for k in each.keys if k != AWAITING_PLACE)
    if not wanted or row == former:
        return None
    if any(each.completed_at is not None for each in known):
        return Echo(
            wanted, min(each.completed_at or each.opened_at for each in known) - FOLLOW_UP_WINDOW
        )
    if known[0].key[1].startswith("follow-up#"):
        return None
    return Echo(wanted, min(each.opened_at for each in known))
