"""What one crisis counts for in the monitor of disproportionality: no person, no place, an ethnic
group made coarse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, get_args

from schemas.codes import CrisisIndicator, DetentionPower, EthnicCategory
from schemas.person import PersonDescriptor
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.rules.shared.same_detention import restarted_from

EthnicGroup = Literal["white", "mixed", "asian", "black", "other", "not-known"]
GROUPS: tuple[EthnicGroup, ...] = get_args(EthnicGroup)

Measure = Literal["s136", "force", "low-grade", "clock-breach"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

# The five groups of the 16+1 categories, as the NHS Data Dictionary heads them (from memory).
GROUP_OF: Mapping[EthnicCategory, EthnicGroup] = MappingProxyType(
    {
        "A": "white",
        "B": "white",
        "C": "white",
        "D": "mixed",
        "E": "mixed",
        "F": "mixed",
        "G": "mixed",
        "H": "asian",
        "J": "asian",
        "K": "asian",
        "L": "asian",
        "M": "black",
        "N": "black",
        "P": "black",
        "R": "other",
        "S": "other",
        "Z": "not-known",
        "99": "not-known",
    }
)


@dataclass(frozen=True, slots=True)
class Tally:
    """One crisis."""

    group: EthnicGroup
    opened_at: datetime
    s136: bool
    force: bool
    low_grade: bool | None
    """The ambulance service graded it, and the last grade is below emergency; None where it graded
    nothing.
    """
    clock_due_at: datetime | None
    """When the last period of detention under s136 was to end, with what extends it; None where no
    clock ran.
    """
    clock_over_at: datetime | None
    """When that detention ended; None while it goes on."""


def group_of(category: EthnicCategory | None) -> EthnicGroup:
    """The coarse group; not stated and not known are not known."""
    if category is None:
        return "not-known"
    return GROUP_OF[category]


def tally_of(crisis: Crisis, period: timedelta) -> Tally | None:
    """What the crisis counts for; None for a crisis in which no agency saw a sign of a
    mental-health crisis.

    `period` is how long a person may be detained without an extension (R09).
    """
    if crisis.opened_at is None or not _has_sign(crisis):
        return None
    detentions = [
        detention
        for detention in crisis.detentions
        if detention.power is DetentionPower.SECTION_136
        and restarted_from(crisis, detention) is None
    ]
    due_at, over_at = _last_clock(detentions, period)
    return Tally(
        group=_ethnic_group(crisis),
        opened_at=crisis.opened_at,
        s136=bool(detentions),
        force=bool(crisis.forces),
        low_grade=_is_graded_low(crisis),
        clock_due_at=due_at,
        clock_over_at=over_at,
    )


def _has_sign(crisis: Crisis) -> bool:
    """Whether somebody saw one: restraint alone would count every arrest, the register every
    patient.
    """
    return any(
        sign.kind is not CrisisIndicator.RESTRAINT and sign.event is not None
        for sign in crisis.indicators
    )


def _is_graded_low(crisis: Crisis) -> bool | None:
    grades = [
        incident.category
        for incident in crisis.incidents
        if incident.kind == "ambulance" and incident.category is not None
    ]
    if not grades:
        return None
    return not any(grade.is_emergency for grade in grades)


def _last_clock(
    detentions: Iterable[Detention], period: timedelta
) -> tuple[datetime | None, datetime | None]:
    """When the clock that runs out last is due, and when its detention ended."""
    due_at: datetime | None = None
    over_at: datetime | None = None
    for detention in detentions:
        # of several detentions the last that ends: it is the one that could still be broken
        due = _due(detention, period)
        if due is not None and (due_at is None or due > due_at):
            due_at, over_at = due, None
            if detention.ended is not None:
                over_at = detention.ended.at
    return due_at, over_at


def _due(detention: Detention, period: timedelta) -> datetime | None:
    started = detention.clock_started
    if started is None:
        return None
    counted = [
        extension.until
        for extension in detention.extensions
        if extension.by_practitioner and extension.because_of_condition
    ]
    return max([started.at + period, *counted])


def _ethnic_group(crisis: Crisis) -> EthnicGroup:
    """What the register says of the attached person, else what an agency says of the person in the
    incident.
    """
    descriptors: list[PersonDescriptor] = []
    if crisis.person is not None:
        descriptors += crisis.person.descriptors
    descriptors += [incident.person for incident in crisis.incidents if incident.person is not None]
    for descriptor in descriptors:
        group = group_of(descriptor.ethnicity)
        if group != "not-known":
            return group
    return "not-known"


@dataclass(frozen=True, slots=True)
class Count:
    """Of so many in whom it could have happened, in so many it did."""

    happened: int
    of: int


Counts = Mapping[tuple[Measure, EthnicGroup], Count]


def count(tallies: Iterable[Tally], since: datetime, until: datetime) -> Counts:
    """The counts of crises that began in [since, until), as they are at `until`."""
    counts: dict[tuple[Measure, EthnicGroup], Count] = {}
    for tally in tallies:
        if not since <= tally.opened_at < until:
            continue
        breach = None
        if tally.clock_due_at is not None:
            over_at = tally.clock_over_at or until
            breach = tally.clock_due_at < min(over_at, until)
        measured: dict[Measure, bool | None] = {
            "s136": tally.s136,
            "force": tally.force,
            "low-grade": tally.low_grade,
            "clock-breach": breach,
        }
        for measure, happened in measured.items():
            if happened is not None:
                before = counts.get((measure, tally.group), Count(0, 0))
                counts[measure, tally.group] = Count(before.happened + happened, before.of + 1)
    return counts
