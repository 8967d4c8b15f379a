"""What one crisis counts for in the monitor of disproportionality: no person, no place, an ethnic group made coarse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, get_args

from schemas.codes import CrisisIndicator, DetentionPower, EthnicCategory
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.rules.shared.same_detention import restarted_from

EthnicGroup = Literal["white", "mixed", "asian", "black", "other", "not-known"]
GROUPS: tuple[EthnicGroup, ...] = get_args(EthnicGroup)

Measure = Literal["s136", "force", "low-grade", "clock-breach"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

_CATEGORIES: Mapping[EthnicGroup, str] = MappingProxyType(
    {"white": "ABC", "mixed": "DEFG", "asian": "HJKL", "black": "MNP", "other": "RS"}
)
"""The five groups of the 16+1 categories, as the NHS Data Dictionary heads them (from memory)."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One crisis."""

    group: EthnicGroup
    opened_at: datetime
    s136: bool
    force: bool
    low_grade: bool | None
    """The ambulance service graded it, and the last grade is below emergency; None where it graded nothing."""
    clock_due_at: datetime | None
    """When the last period of detention under s136 was to end, with what extends it; None where no clock ran."""
    clock_over_at: datetime | None
    """When that detention ended; None while it goes on."""


def group_of(category: EthnicCategory | None) -> EthnicGroup:
    """The coarse group; not stated and not known are not known."""
    known = (
        group
        for group, categories in _CATEGORIES.items()
        if category is not None and category in categories
    )
    return next(known, "not-known")


def tally_of(crisis: Crisis, period: timedelta) -> Tally | None:
    """What the crisis counts for; None for a crisis in which no agency saw a sign of a mental-health crisis.

    `period` is how long a person may be detained without an extension (R09).
    """
    signs = (
        i
        for i in crisis.indicators
        if i.kind is not CrisisIndicator.RESTRAINT and i.event is not None
    )
    if crisis.opened_at is None or not any(signs):
        return None
    grades = [
        i.category for i in crisis.incidents if i.kind == "ambulance" and i.category is not None
    ]
    held = [
        d
        for d in crisis.detentions
        if d.power is DetentionPower.SECTION_136 and restarted_from(crisis, d) is None
    ]
    clocks = [(due, d) for d in held if (due := _due(d, period)) is not None]
    due, last = max(clocks, key=lambda c: c[0]) if clocks else (None, None)
    return Tally(
        group=_ethnic_group(crisis),
        opened_at=crisis.opened_at,
        s136=bool(held),
        force=bool(crisis.forces),
        low_grade=not any(g.is_emergency for g in grades) if grades else None,
        clock_due_at=due,
        clock_over_at=last.ended.at if last is not None and last.ended is not None else None,
    )


def _due(detention: Detention, period: timedelta) -> datetime | None:
    started = detention.clock_started
    if started is None:
        return None
    counted = [
        e.until for e in detention.extensions if e.by_practitioner and e.because_of_condition
    ]
    return max([started.at + period, *counted])


def _ethnic_group(crisis: Crisis) -> EthnicGroup:
    """What the register says of the attached person, else what an agency says of the person in the incident."""
    said = [d.ethnicity for d in crisis.person.descriptors] if crisis.person is not None else []
    said += [i.person.ethnicity for i in crisis.incidents if i.person is not None]
    return next((g for g in map(group_of, said) if g != "not-known"), "not-known")


@dataclass(frozen=True, slots=True)
class Count:
    """Of so many in whom it could have happened, in so many it did."""

    happened: int
    of: int


Counts = Mapping[tuple[Measure, EthnicGroup], Count]


def count(tallies: Iterable[Tally], since: datetime, until: datetime) -> Counts:
    """The counts of crises that began in [since, until), as they are at `until`."""
    found: dict[tuple[Measure, EthnicGroup], Count] = {}
    for tally in tallies:
        if not since <= tally.opened_at < until:
            continue
        breach = None
        if tally.clock_due_at is not None:
            breach = tally.clock_due_at < (
                until if tally.clock_over_at is None else min(tally.clock_over_at, until)
            )
        said: dict[Measure, bool | None] = {
            "s136": tally.s136,
            "force": tally.force,
            "low-grade": tally.low_grade,
            "clock-breach": breach,
        }
        for measure, happened in said.items():
            if happened is not None:
                former = found.get((measure, tally.group), Count(0, 0))
                found[measure, tally.group] = Count(former.happened + happened, former.of + 1)
    return found
