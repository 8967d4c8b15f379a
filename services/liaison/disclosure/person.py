"""The person and the care pathways of a crisis as far as one desk may see them: a view of its own, never part of an alert.

Who may know the name and the date of birth is the first row of the minimum-disclosure matrix (domain reference §5.1, an
assumption to be confirmed by each deployer's impact assessment): the police only while they are on scene, the health
services, custody and the AMHP always, nobody else but those who investigate. NHS number, address and telephone are not in
that row and are shown to nobody here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from schemas.codes import LegalStatus, Sex
from schemas.person import PersonDescriptor, PersonName
from services.identity.person import Outcome, PathwayOnFile
from services.liaison.crisis.facts import Crisis
from services.liaison.disclosure.matrix import COLUMN_OF, Column

Condition = Literal["always", "on-scene"]

WHO: Mapping[Column, Condition] = {
    "police": "on-scene",
    "police-supervision": "on-scene",
    "ambulance": "always",
    "mental-health": "always",
    "amhp": "always",
    "custody": "always",
    "emergency-department": "always",
    "standards": "always",
}
"""Row 'identity token, name, DOB' of the matrix. Who is not in it is denied."""


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
    condition = WHO.get(COLUMN_OF[role]) if role in COLUMN_OF else None  # type: ignore[index]  # tested just before
    on_scene = any(start <= at < end for a in crisis.attendances for start, end in a.spans)
    may = condition == "always" or (condition == "on-scene" and on_scene)
    person = crisis.person
    described = tuple(
        found
        for i in crisis.incidents
        if i.person is not None
        and (may or i.key[0] == agency)
        and (found := _described(i.key[0], i.key[1], (i.person,))) is not None
    )
    on_file = _described("", "", person.descriptors) if person is not None and may else None
    return PersonShown(
        certainty=crisis.identity,
        may_see=may,
        waits_for_scene=condition == "on-scene" and not on_scene,
        on_file=on_file,
        died_on=person.died_on if person is not None and may else None,
        described=described,
        pathways=tuple(_pathway(p) for p in crisis.open_pathways(at) if p.agency == agency),
    )


def _described(source: str, reference: str, said: tuple[PersonDescriptor, ...]) -> Described | None:
    """From one or more descriptors, the newest first: all names, and of the rest what was said last."""
    usual = [_full(n) for d in said for n in d.names if n.use == "usual"]
    others = [_full(n) for d in said for n in d.names if n.use != "usual"]
    names = tuple(dict.fromkeys(n for n in (*usual, *others) if n))
    born = next((d.date_of_birth for d in said if d.date_of_birth), None)
    looks = next((d.apparent_age for d in said if d.apparent_age is not None), None)
    sex = next((d.sex for d in said if d.sex), None)
    if not names and born is None and looks is None and sex is None:
        return None
    return Described(source, reference, names, born, looks, sex)


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
