"""The person and the care pathways of a crisis as far as one desk may see them: a view of its own,
never part of an alert.

Who may know the name and the date of birth is the first row of the minimum-disclosure matrix
(domain reference §5.1, an assumption to be confirmed by each deployer's impact assessment): the
police only while they are on scene, the health services, custody and the AMHP always, nobody else
but those who investigate. NHS number, address and telephone are not in that row and are shown to
nobody here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, assert_never

from schemas.codes import LegalStatus, Sex
from schemas.person import PersonDescriptor, PersonName
from services.identity.person import Outcome, PathwayOnFile
from services.liaison.crisis.division import SubjectKey, incident_of
from services.liaison.crisis.facts import Crisis
from services.liaison.disclosure.table import Column, column_of

Condition = Literal["always", "on-scene", "never"]

# Row 'identity token, name, DOB' of the matrix.
WHO: Mapping[Column, Condition] = {
    "police": "on-scene",
    "police-supervision": "on-scene",
    "ambulance": "always",
    "mental-health": "always",
    "amhp": "always",
    "custody": "always",
    "emergency-department": "always",
    "standards": "always",
    "families": "never",
    "coordination": "never",
    "records": "never",
    "management": "never",
    "overview": "never",
}


@dataclass(frozen=True, slots=True)
class Described:
    """What one source says of who it is."""

    source: str
    """Agency id; empty for the register, which several may have made together."""
    reference: str
    names: tuple[str, ...]
    """As people say them, the usual one first."""
    born: date | None
    apparent_age: int | None
    sex: Sex | None


@dataclass(frozen=True, slots=True)
class PathwayShown:
    """One open care pathway of the agency that asks: its own record."""

    pathway: str
    opened_at: datetime
    team: str | None
    legal_status: LegalStatus | None
    coordinator: str | None
    on_leave_until: datetime | None
    discharge_planned_on: date | None


@dataclass(frozen=True, slots=True)
class PersonShown:
    """Whom the crisis is about, for one desk."""

    certainty: Outcome
    may_see: bool
    """False: the matrix denies the name and the date of birth to this desk now."""
    waits_for_scene: bool
    """It is denied only because no police unit is on scene."""
    on_file: Described | None
    """The person attached; None while nobody is sure."""
    died_on: date | None
    described: tuple[Described, ...]
    """What each agency says of the person of its incident."""
    pathways: tuple[PathwayShown, ...]


def person_shown(crisis: Crisis, role: str, agency: str, at: datetime) -> PersonShown:
    """The person as a desk of the role at the agency may see them at the instant."""
    condition, on_scene = _condition(crisis, role, at)
    may_see = _may_see(condition, on_scene)
    on_file, died_on = None, None
    if crisis.person is not None and may_see:
        on_file = _described("", "", crisis.person.descriptors)
        died_on = crisis.person.died_on
    return PersonShown(
        certainty=crisis.identity,
        may_see=may_see,
        waits_for_scene=condition == "on-scene" and not on_scene,
        on_file=on_file,
        died_on=died_on,
        described=tuple(_described_by_agencies(crisis, agency, may_see)),
        pathways=tuple(
            _pathway(pathway) for pathway in crisis.open_pathways(at) if pathway.agency == agency
        ),
    )


def subjects_shown(
    crisis: Crisis,
    descriptors: Mapping[SubjectKey, PersonDescriptor],
    role: str,
    agency: str,
    at: datetime,
) -> dict[SubjectKey, Described]:
    """What each incident says of each of its subjects, as a desk of the role at the agency may see
    it at the instant: by the same row of the matrix. Without those of whom it may see nothing.
    """
    may_see = _may_see(*_condition(crisis, role, at))
    descriptions: dict[SubjectKey, Described] = {}
    for key, descriptor in descriptors.items():
        source, reference = incident_of(key)
        # what an agency has said itself it may read again
        if not may_see and source != agency:
            continue
        description = _described(source, reference, (descriptor,))
        if description is not None:
            descriptions[key] = description
    return descriptions


def _condition(crisis: Crisis, role: str, at: datetime) -> tuple[Condition, bool]:
    """When the role may see who it is, and whether a police unit is on scene."""
    column = column_of(role)
    # a role that nobody thought of sees nothing
    condition: Condition = "never"
    if column is not None:
        condition = WHO[column]
    on_scene = any(
        start <= at < end for attendance in crisis.attendances for start, end in attendance.spans
    )
    return condition, on_scene


def _described_by_agencies(crisis: Crisis, agency: str, may_see: bool) -> Iterator[Described]:
    for incident in crisis.incidents:
        # what an agency has said itself it may read again
        if incident.person is None or not (may_see or incident.key[0] == agency):
            continue
        description = _described(*incident.key, (incident.person,))
        if description is not None:
            yield description


def _may_see(condition: Condition, on_scene: bool) -> bool:
    match condition:
        case "always":
            return True
        case "on-scene":
            return on_scene
        case "never":
            return False
        case _:
            assert_never(condition)


def _described(
    source: str, reference: str, descriptors: tuple[PersonDescriptor, ...]
) -> Described | None:
    """From one or more descriptors, the newest first: all names, and of the rest what was said
    last.
    """
    names = _names(descriptors)
    born, apparent_age, sex = None, None, None
    for descriptor in descriptors:
        born = born or descriptor.date_of_birth
        sex = sex or descriptor.sex
        if apparent_age is None:
            apparent_age = descriptor.apparent_age
    if not names and born is None and apparent_age is None and sex is None:
        return None
    return Described(source, reference, names, born, apparent_age, sex)


def _names(descriptors: Iterable[PersonDescriptor]) -> tuple[str, ...]:
    """Each name once, the usual ones first: somebody calls out to the person by it."""
    names = [name for descriptor in descriptors for name in descriptor.names]
    names.sort(key=lambda name: name.use != "usual")
    written = [_full(name) for name in names]
    return tuple(dict.fromkeys(name for name in written if name))


def _full(name: PersonName) -> str:
    return " ".join(part for part in (name.given, name.middle, name.family) if part)


def _pathway(on_file: PathwayOnFile) -> PathwayShown:
    facts = on_file.facts
    return PathwayShown(
        on_file.pathway,
        on_file.opened_at,
        facts.team,
        facts.legal_status,
        facts.coordinator,
        facts.on_leave_until,
        facts.discharge_planned_on,
    )
