"""What no ledger, rule or person can do anything with, although it is well formed: each is named.
Pure.

The bounds are of the contract (docs/publishing.md). What is judged is judged by the event's own
time, so that the answer is the same whenever it is asked; only how far an event may lie ahead is
judged by when it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import nhs_number
from pydantic import BaseModel, ValidationError

from schemas.codes import AgencyKind
from schemas.envelope import AnyEvent
from schemas.events.care import PersonMerged, PersonSplit
from schemas.events.keeping import EventCorrected
from schemas.place import Box, Location
from schemas.registry import Feed
from services.intake.speakers import MAY_SAY
from services.intake.structure import Path

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
# More than any error of a time zone. Less is taken, and rule R30 says that the sender's clock is
# wrong.
AHEAD_AT_MOST = timedelta(hours=24)
PLANNED_AT_MOST = timedelta(days=3653)
# Two clocks of one agency may differ; an hour is summer time under a wrong name.
RECORDED_BEFORE_AT_MOST = timedelta(minutes=15)
# What systems write where they know no day.
PLACEHOLDER_DAYS = frozenset(
    {date(1, 1, 1), date(1900, 1, 1), date(1970, 1, 1), date(9999, 12, 31)}
)
# Fields of what has happened by the time of the event.
HAPPENED = frozenset({"last_seen_at", "on", "date_of_birth", "updated_on"})
# Fields of what is yet to happen, or may be.
PLANNED = frozenset(
    {"power_valid_until", "by", "until", "at", "on_leave_until", "discharge_planned_on"}
)
# Fields that name a record. They stand in keys, links, logs and addresses, so they must name
# nobody.
REFERENCES = frozenset(
    {
        "incident",
        "reference",
        "detention",
        "force",
        "custody",
        "absence",
        "referral",
        "request",
        "follow_up",
        "local_person",
        "merged",
        "split_off",
        "pathway",
    }
)
# A call sign; and an identifier that belongs to the description of a person.
OTHER_REFERENCES = frozenset({"resource", "value"})
_NO_NAME = re.compile(r"[^a-z]+")
_BEGINS_AS_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T|$)")
_SEPARATORS = re.compile(r"[\s._:/-]+")
# First digits of numbers that are issued (England and Wales 4, 6, 7; Northern Ireland 32 to 39)
# or kept for tests (9).
_NHS_RANGES = ("32", "33", "34", "35", "36", "37", "38", "39", "4", "6", "7", "9")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not plausible. `other_paths` are parts that say nothing without it."""

    path: Path
    code: str
    message: str
    remedy: str
    other_paths: tuple[Path, ...] = ()
    refuses: bool = False
    """Refuses the event also where the field is optional: which of two parts is wrong is not known.
    """


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of an event beside what it says."""

    received_at: datetime | None = None
    """None offline, where nothing has been received yet."""
    kind: AgencyKind | None = None
    """The kind of the agency that sends it, where that is known."""
    box: Box | None = None
    """The zone's box, where the registry has boundaries."""
    feed: Feed | None = None
    """The feed it comes on, where that is known: its source must be registered for it."""


def findings(event: AnyEvent, circumstances: Circumstances) -> Iterator[Finding]:
    """Everything in a well-formed event that is not plausible."""
    feed = circumstances.feed
    if feed is not None and event.source not in feed.sources:
        # whoever says it, it is not theirs to say: nothing else is judged
        yield Finding(
            ("source",),
            "source-not-registered",
            f"this source is not registered for feed {feed.id}",
            f"use one of {', '.join(feed.sources)}",
        )
        return
    yield from _envelope(event, circumstances)
    yield from _speaker(event, circumstances.kind)
    yield from _same_person(event)
    yield from _values(event.data, ("data",), event.time, circumstances.box)
    yield from _names_and_numbers(event)
    if isinstance(event.data, EventCorrected):
        yield from _open(event.data.data, ("data", "data"), event.time, circumstances.box)


def _envelope(event: AnyEvent, circumstances: Circumstances) -> Iterator[Finding]:
    if not EARLIEST <= event.time < LATEST or event.time.date() in PLACEHOLDER_DAYS:
        yield _outside(("time",))
        return
    received = circumstances.received_at
    if received is not None and event.time > received + AHEAD_AT_MOST:
        yield Finding(
            ("time",),
            "time-ahead",
            "the time is more than a day after the event was received",
            "set the sender's clock and its time zone",
        )
    recorded = event.recordedtime
    if recorded is None:
        return
    if not EARLIEST <= recorded < LATEST or recorded.date() in PLACEHOLDER_DAYS:
        yield _outside(("recordedtime",))
    elif recorded < event.time - RECORDED_BEFORE_AT_MOST:
        yield Finding(
            ("recordedtime",),
            "recorded-before-it-happened",
            "recordedtime is more than 15 minutes before time",
            "give both with their offset from UTC; summer time is +01:00, never Z",
            refuses=True,
        )


def _outside(path: Path) -> Finding:
    return Finding(
        path,
        "time-out-of-range",
        "the time is a placeholder, or before 1900 or after 2099",
        "send the time itself; where it is not known and the field is optional, leave it out",
    )


def _speaker(event: AnyEvent, kind: AgencyKind | None) -> Iterator[Finding]:
    if kind is None or kind in MAY_SAY[event.type]:
        return
    yield Finding(
        ("type",),
        "type-not-of-agency",
        f"no {kind} says this",
        f"it is for {', '.join(sorted(MAY_SAY[event.type]))} to say",
    )


def _same_person(event: AnyEvent) -> Iterator[Finding]:
    match event.data:
        case PersonMerged(local_person=one, merged=other) if one == other:
            yield _itself(("data", "merged"))
        case PersonSplit(local_person=one, split_off=other) if one == other:
            yield _itself(("data", "split_off"))


def _itself(path: Path) -> Finding:
    if path[-1] == "merged":
        return Finding(
            path,
            "merged-into-itself",
            "the two identifiers are the same",
            "name the identifier that is given up",
        )
    return Finding(
        path,
        "split-from-itself",
        "the two identifiers are the same",
        "name the identifier that is split off",
    )


def _values(node: BaseModel, path: Path, at: datetime, box: Box | None) -> Iterator[Finding]:
    if isinstance(node, Location) and box is not None:
        yield from _outside_the_zone(node, path, box)
    for name, value in vars(node).items():
        place = (*path, name)
        if isinstance(value, BaseModel):
            yield from _values(value, place, at, box)
        elif isinstance(value, tuple):
            for index, member in enumerate(value):
                if isinstance(member, BaseModel):
                    yield from _values(member, (*place, index), at, box)
        elif isinstance(value, datetime):
            yield from _instant(value, place, at)
        elif isinstance(value, date):
            yield from _day(value, place, at)


def _latest(path: Path, at: datetime) -> datetime:
    ahead = AHEAD_AT_MOST
    if path[-1] in PLANNED:
        ahead = PLANNED_AT_MOST
    # the event's own time may be the year 9999, which is refused beside this: no instant is later
    last = datetime.max.replace(tzinfo=at.tzinfo)
    if at <= last - ahead:
        return at + ahead
    return last


def _instant(value: datetime, path: Path, at: datetime) -> Iterator[Finding]:
    if not EARLIEST <= value <= _latest(path, at) or value.date() in PLACEHOLDER_DAYS:
        yield _outside(path)


def _day(value: date, path: Path, at: datetime) -> Iterator[Finding]:
    if value in PLACEHOLDER_DAYS:
        yield Finding(
            path,
            "date-placeholder",
            "the date is a placeholder, which is no evidence",
            "leave out what is not known",
        )
        return
    if not EARLIEST.date() <= value <= _latest(path, at).date():
        yield Finding(
            path,
            "date-out-of-range",
            "the date is before 1900, or too far after the time of the event",
            "send the date as YYYY-MM-DD, or leave it out",
        )


def _open(node: Any, path: Path, at: datetime, box: Box | None) -> Iterator[Finding]:
    """In data whose type is not known here: what would not be taken in any type."""
    if isinstance(node, dict):
        yield from _open_place(node, path, box)
        yield from _open_references(node, path)
        for name, value in node.items():
            yield from _open(value, (*path, name), at, box)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _open(value, (*path, index), at, box)
    elif isinstance(node, str):
        yield from _open_time(node, path, at)


def _open_place(node: dict[str, Any], path: Path, box: Box | None) -> Iterator[Finding]:
    if box is None:
        return
    latitude, longitude = node.get("latitude"), node.get("longitude")
    if (
        isinstance(latitude, (int, float))
        and isinstance(longitude, (int, float))
        and not box.holds(latitude, longitude)
    ):
        yield _not_in_zone((*path, "latitude"))
    for name in sorted({"grid_reference", "plus_code"} & set(node)):
        yield from _open_square(node[name], name, path, box)


def _open_square(text: Any, name: str, path: Path, box: Box) -> Iterator[Finding]:
    try:
        place = Location.model_validate({name: text})
    except ValidationError:
        # not one after all; whether it should be one is asked where the type is known
        return
    if place.point is not None and not box.holds(place.point.latitude, place.point.longitude):
        yield _not_in_zone((*path, name))


def _open_references(node: dict[str, Any], path: Path) -> Iterator[Finding]:
    for name in sorted(REFERENCES & set(node)):
        if isinstance(node[name], str) and _is_number(node[name], set()):
            yield _number_as_reference((*path, name))
    person = node.get("local_person")
    for name in ("merged", "split_off"):
        if person is not None and node.get(name) == person:
            yield _itself((*path, name))


def _open_time(text: str, path: Path, at: datetime) -> Iterator[Finding]:
    if not _BEGINS_AS_DATE.match(text):
        return
    try:
        if len(text) == 10:
            yield from _day(date.fromisoformat(text), path, at)
            return
        instant = datetime.fromisoformat(text)
    except ValueError:
        # not a time after all; whether it should be one is asked where the type is known
        return
    if instant.tzinfo is not None:
        yield from _instant(instant, path, at)


def _outside_the_zone(place: Location, path: Path, box: Box) -> Iterator[Finding]:
    for fields, point in place.points.items():
        if not box.holds(point.latitude, point.longitude):
            first_path, *other_paths = [(*path, name) for name in fields]
            yield _not_in_zone(first_path, *other_paths)


def _not_in_zone(path: Path, *other_types: Path) -> Finding:
    return Finding(
        path,
        "coordinates-out-of-zone",
        "the coordinates are outside the zone",
        "send WGS84 degrees, north as latitude and east as longitude; not eastings and northings",
        other_types,
    )


def _names_and_numbers(event: AnyEvent) -> Iterator[Finding]:
    """A person's NHS number or name in what names a record: it would stand in keys, logs and
    addresses.
    """
    numbers, names = _person_of(event)
    for path, text in _record_names(event):
        if _is_number(text, numbers):
            yield _number_as_reference(path)
        elif _is_name(text, names):
            yield Finding(
                path,
                "name-as-reference",
                "the name of the person names a record here",
                "send your own opaque reference",
            )


def _number_as_reference(path: Path) -> Finding:
    return Finding(
        path,
        "nhs-number-as-reference",
        "an NHS number names a record here",
        "send your own opaque reference",
    )


def _record_names(event: AnyEvent) -> Iterator[tuple[Path, str]]:
    for name in ("id", "subject", "partitionkey"):
        value = getattr(event, name)
        if value is not None:
            yield (name,), value
    yield from _references(event.data, ("data",))


def _references(node: BaseModel, path: Path) -> Iterator[tuple[Path, str]]:
    for name, value in vars(node).items():
        if name in REFERENCES and isinstance(value, str):
            yield (*path, name), value
        elif isinstance(value, BaseModel):
            yield from _references(value, (*path, name))
        elif isinstance(value, tuple):
            for index, member in enumerate(value):
                if isinstance(member, BaseModel):
                    yield from _references(member, (*path, name, index))


def _person_of(event: AnyEvent) -> tuple[set[str], list[tuple[str, str]]]:
    """The NHS numbers and the (given, family) names that the event itself states."""
    person: Any = vars(event.data).get("person")
    if person is None:
        return set(), []
    numbers: set[str] = set()
    if person.nhs_number is not None:
        numbers.add(person.nhs_number)
    names = [(_letters(name.given or ""), _letters(name.family or "")) for name in person.names]
    return numbers, names


def _letters(text: str) -> str:
    return _NO_NAME.sub("", text.casefold())


def _is_number(text: str, numbers: set[str]) -> bool:
    # hyphens and spaces hide a number from nobody but a machine
    digits = _SEPARATORS.sub("", text).lower().removeprefix("nhs")
    if any(number in digits for number in numbers):
        return True
    # ten digits that no person was ever given are a record number as good as any
    issued = len(digits) == 10 and digits.isascii() and digits.startswith(_NHS_RANGES)
    return issued and digits.isdigit() and nhs_number.is_valid(digits)


def _is_name(text: str, names: list[tuple[str, str]]) -> bool:
    # only whole words: a record number may begin with the letters of a name
    parts = {part for part in _SEPARATORS.split(text.casefold()) if part.isalpha()}
    letters = _letters(text)
    for given_name, family in names:
        # a short family name is a syllable of many call signs; with the given name beside it, it is
        # a person
        if len(family) >= 4 and (family in parts or letters == family):
            return True
        # initials are everywhere: only a name of two letters or more is one
        if min(len(given_name), len(family)) < 2:
            continue
        if {given_name, family} <= parts or letters in (given_name + family, family + given_name):
            return True
    return False
