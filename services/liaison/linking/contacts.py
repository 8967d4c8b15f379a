"""Contacts: other incidents about the same person, telephone or property, that did not become the
same crisis.

Linking joins incidents into one crisis and has short windows. Rules over repeated contact (R07,
R08) look further back, and rules over what follows a crisis (R15, R28) look for a follow-up
anywhere. Neither needs the other incidents' events: a row of each is enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from schemas.codes import AgencyKind
from schemas.events.catalogue import EventData
from schemas.received import Received, models_with, stated
from services.liaison.crisis.corrections import effective
from services.liaison.crisis.facts import Crisis, IncidentState
from services.liaison.crisis.records import Contact, FollowUp, Key

# FreCaNN counts over six months for a child; that it is told once needs as long again before that
# (R08).
PERSON_WINDOW = timedelta(days=360)
# Telephone and property: R07 counts over 24 hours.
PLACE_WINDOW = timedelta(hours=25)
# How long after a crisis a completed follow-up may still be the one that was due.
FOLLOW_UP_WINDOW = timedelta(days=7)
# Key of incidents that are looked at again when a place of safety reports its free places.
AWAITING_PLACE = "awaiting:place-of-safety"


@dataclass(frozen=True, slots=True)
class ContactRow:
    """What is kept of an incident or follow-up, so that other crises can count it."""

    key: Key
    agency_kind: AgencyKind
    crisis: str
    """The least (agency/reference) of its crisis: the same whatever order the incidents were heard
    in.
    """
    opened_at: datetime
    crisis_at: datetime | None
    police_left_at: datetime | None
    completed_at: datetime | None
    keys: frozenset[str]
    """`person:`, `property:` and `telephone:` keys; no number and no address can be read from them.
    """


@dataclass(frozen=True, slots=True)
class Echo:
    """A row that is new or changed: crises that count it must be looked at again."""

    keys: frozenset[str]
    opened_from: datetime
    """Only incidents opened from then on."""


def _hashed(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(f'{kind}|{value}'.encode()).hexdigest()[:32]}"


def _telephone(number: str) -> str | None:
    digits = "".join(character for character in number if character.isdigit())
    # +44 7700… and 07700… are one telephone
    if digits.startswith("44"):
        digits = "0" + digits[2:]
    # three or four digits are an extension, which hundreds of people share
    if len(digits) >= 7:
        return digits
    return None


_NAMING = models_with("location", "caller", "person")


def contact_keys(events: Iterable[Received], person_id: str | None) -> frozenset[str]:
    """Keys that an incident shares with others about the same person, telephone or property."""
    keys: set[str] = set()
    if person_id is not None:
        keys.add(f"person:{person_id}")
    for received in effective(events)[0]:
        data = received.event.data
        if type(data) not in _NAMING:
            continue
        location = stated(data, "location")
        if location is not None and location.uprn is not None:
            keys.add(_hashed("property", location.uprn.lstrip("0")))
        telephones = {_telephone(number) for number in _numbers(data)} - {None}
        keys |= {_hashed("telephone", str(telephone)) for telephone in telephones}
    return frozenset(keys)


def _numbers(data: EventData) -> list[str]:
    """The caller's number and the person's: either may be the one that rings again."""
    caller, person = stated(data, "caller"), stated(data, "person")
    numbers = []
    if caller is not None and caller.phone:
        numbers.append(caller.phone)
    if person is not None:
        numbers += person.phones
    return numbers


def rows_of(crisis: Crisis, keys: Mapping[Key, frozenset[str]]) -> tuple[ContactRow, ...]:
    """The rows of a crisis's incidents and follow-ups. `keys` are the contact keys of each of its
    records.
    """
    first_incident = "/".join(min(keys))
    states = {incident.key: incident for incident in crisis.incidents}
    follow_ups = {follow_up.key: follow_up for follow_up in crisis.follow_ups}
    awaiting: frozenset[str] = frozenset()
    if _awaits_a_place(crisis):
        awaiting = frozenset({AWAITING_PLACE})
    rows = []
    for key in sorted(keys):
        if key in states:
            row = _row_of_incident(states[key], first_incident, keys[key])
            rows.append(replace(row, keys=row.keys | awaiting))
        elif key in follow_ups:
            rows.append(_row_of_follow_up(follow_ups[key], first_incident, keys[key]))
    return tuple(rows)


def _awaits_a_place(crisis: Crisis) -> bool:
    """Whether somebody is detained and no place of safety has accepted or has them."""
    if any(request.accepted for request in crisis.place_requests):
        return False
    return any(
        detention.ended is None and detention.clock_started is None
        for detention in crisis.detentions
    )


def _row_of_incident(
    incident: IncidentState, first_incident: str, keys: frozenset[str]
) -> ContactRow:
    police_left_at = None
    if incident.police_left is not None:
        police_left_at = incident.police_left.at
    return ContactRow(
        key=incident.key,
        agency_kind=incident.kind,
        crisis=first_incident,
        opened_at=incident.opened_at,
        crisis_at=incident.crisis_at,
        police_left_at=police_left_at,
        completed_at=None,
        keys=keys,
    )


def _row_of_follow_up(follow_up: FollowUp, first_incident: str, keys: frozenset[str]) -> ContactRow:
    completed_at = None
    if follow_up.completed is not None:
        completed_at = follow_up.completed.at
    return ContactRow(
        key=follow_up.key,
        agency_kind="mental-health-trust",
        crisis=first_incident,
        opened_at=follow_up.opened.at,
        crisis_at=None,
        police_left_at=None,
        completed_at=completed_at,
        keys=keys,
    )


def by_name(rows: Iterable[ContactRow]) -> Mapping[str, list[ContactRow]]:
    """Rows under each of their keys, so that one crisis does not look at the rows of all others."""
    rows_by_name: dict[str, list[ContactRow]] = {}
    for row in rows:
        for name in row.keys:
            rows_by_name.setdefault(name, []).append(row)
    return rows_by_name


def _shared(
    keys: frozenset[str], row: ContactRow
) -> Literal["person", "property", "telephone"] | None:
    kinds = {name.split(":", 1)[0] for name in keys & row.keys}
    # the person first: a shared telephone adds nothing to it
    for kind in ("person", "property", "telephone"):
        if kind in kinds:
            return kind
    return None


def shares_property_only(keys: frozenset[str], row: ContactRow) -> bool:
    """Whether the row has the property in common with these keys, and nothing else."""
    return {name.split(":", 1)[0] for name in keys & row.keys} == {"property"}


def contacts_of(
    crisis: Crisis, keys: frozenset[str], rows: Iterable[ContactRow]
) -> tuple[Contact, ...]:
    """What the crisis may count of other incidents, in order of time. Only what is counted by a
    rule: an incident opened before the crisis's last event, within the window of what is shared, or
    a follow-up completed after it began."""
    if crisis.opened_at is None or crisis.last_event_at is None:
        return ()
    contacts = []
    for row in rows:
        by = _shared(keys, row)
        if by is None or not _counts(row, by, crisis.opened_at, crisis.last_event_at):
            continue
        # both are known, and share a telephone or a property but no person: two people of one house
        other_person = by != "person" and _is_known(keys) and _is_known(row.keys)
        contacts.append(
            Contact(
                row.key,
                row.agency_kind,
                row.crisis,
                row.opened_at,
                row.crisis_at,
                row.police_left_at,
                row.completed_at,
                by,
                other_person,
            )
        )
    return tuple(sorted(contacts, key=lambda contact: (contact.opened_at, contact.key)))


def _counts(row: ContactRow, by: str, opened_at: datetime, last_event_at: datetime) -> bool:
    # who is followed up after the crisis began has been seen, however long ago it was booked
    if row.completed_at is not None and row.completed_at >= opened_at and by == "person":
        return True
    # a follow-up that has not happened is no contact
    if row.key[1].startswith("follow-up#"):
        return False
    window = PLACE_WINDOW
    if by == "person":
        window = PERSON_WINDOW
    return opened_at - window <= row.opened_at <= last_event_at


def _is_known(keys: Iterable[str]) -> bool:
    return any(key.startswith("person:") for key in keys)


def echo_of(row: ContactRow | None, previous: ContactRow | None) -> Echo | None:
    """Which crises must be looked at again because of this row; None where it is as it was. A row
    that is gone, since all that was said of the incident was taken back, is counted no more where
    it was."""
    rows = [version for version in (row, previous) if version is not None]
    shared = frozenset().union(*(version.keys for version in rows))
    # who waits for a place is looked at when a site reports, not when another waits
    keys = shared - {AWAITING_PLACE}
    if not keys or row == previous:
        return None
    if any(version.completed_at is not None for version in rows):
        first = min(version.completed_at or version.opened_at for version in rows)
        return Echo(keys, first - FOLLOW_UP_WINDOW)
    # a follow-up that is only booked changes nothing elsewhere
    if rows[0].key[1].startswith("follow-up#"):
        return None
    return Echo(keys, min(version.opened_at for version in rows))
