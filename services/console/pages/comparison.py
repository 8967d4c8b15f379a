"""One incident beside those on file whom it may be about, field by field with the weight of each, for a reviewer's eyes.

Names, dates of birth and sex are shown as they stand; of everything else only how it compares: the minimum-disclosure matrix
(domain reference §5.1) lets a desk have the name and the date of birth, not numbers, addresses and telephones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.person import PersonDescriptor
from services.identity.decide import NO_REGISTER, described_once, identity_keys, population_of
from services.identity.described import described
from services.identity.explain import Explanation, Waterfall, explain
from services.identity.model import Frequencies, Model, shipped
from services.identity.person import PersonOnFile
from services.identity.score import Scorer, values_weighed
from services.ledger.people.frequency import frequencies
from services.ledger.people.shortlist import shortlist
from services.ledger.transaction import PostgresTransaction
from services.liaison.crisis.subjects import day_of, descriptor_of
from services.liaison.settlement import Key
from services.orchestration.register import people_on_file

MOST = 5
"""Candidates beside each other: more than a person can compare are none."""


@dataclass(frozen=True, slots=True)
class Side:
    """One column: what is shown of a person or of the description."""

    person_id: str
    names: tuple[str, ...]
    born: str
    sex: str
    died: bool = False
    judged: str = ""
    """same, different or cannot-tell, where somebody has decided it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One field: for each candidate its level and bits, None where it was not compared."""

    field: str
    cells: tuple[tuple[str, float, float] | None, ...]
    """Level, bits, and the weight so far."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the page shows."""

    said: Side
    candidates: tuple[Side, ...]
    lines: tuple[Line, ...]
    explanation: Explanation
    waterfalls: tuple[Waterfall, ...]
    left_out: int
    """Candidates beyond the most that are shown."""


async def compared(
    transaction: PostgresTransaction, model: Model, incident: Key
) -> Comparison | None:
    """The incident's newest description against everybody on file who shares a key with it. None: nobody is described."""
    events = (await transaction.events_of([incident])).get(incident, ())
    said = descriptor_of(events)
    if said is None:
        return None
    return await compared_with(transaction, model, incident, said, day_of(events))


async def compared_with(
    transaction: PostgresTransaction,
    model: Model,
    incident: Key,
    said: PersonDescriptor,
    as_of: date | None,
) -> Comparison:
    """A description against everybody on file who shares a key with it, beside what people decided of the incident."""
    asked = {incident: identity_keys(said)}
    near = await shortlist(transaction.connection, asked, transaction.decoded)
    people = await people_on_file(transaction, {c.person_id for c in near[incident]})
    reviews = (await transaction.reviews([incident])).get(incident, ())
    meant = await transaction.people_of_records({review.record for review in reviews})
    judged = {meant[r.record]: r.verdict for r in reviews if r.record in meant}
    weighed = values_weighed(
        described_once((said,)), (described_once(p.descriptors) for p in people.values())
    )
    common = await frequencies(transaction.connection, weighed)
    return comparison(said, people, judged, as_of, common, model)


def comparison(
    said: PersonDescriptor,
    people: Mapping[str, PersonOnFile],
    judged: Mapping[str, str],
    as_of: date | None,
    common: Frequencies = NO_REGISTER,
    model: Model | None = None,
) -> Comparison:
    """The same, pure. `judged` are verdicts by person."""
    died = {
        i
        for i, p in people.items()
        if p.died_on is not None and (as_of is None or p.died_on < as_of)
    }
    separated = {i for i, verdict in judged.items() if verdict == "different"}
    model = model or shipped()
    found = explain(
        described([said]),
        {i: described(p.descriptors) for i, p in people.items()},
        Scorer(model, common, as_of),
        population_of(model, common),
        died,
        separated,
    )
    falls = found.candidates[:MOST]
    sides = tuple(_side(people[f.person_id], died, judged) for f in falls)
    return Comparison(
        _described_side(said),
        sides,
        _lines(falls),
        found,
        falls,
        len(found.candidates) - len(falls),
    )


def _side(person: PersonOnFile, died: Collection[str], judged: Mapping[str, str]) -> Side:
    names = dict.fromkeys(_name(d, n) for d in person.descriptors for n in range(len(d.names)))
    born = next((d.date_of_birth for d in person.descriptors if d.date_of_birth), None)
    sex: str = next((d.sex for d in person.descriptors if d.sex), "")
    return Side(
        person.person_id,
        tuple(n for n in names if n),
        _day(born),
        sex,
        person.person_id in died,
        judged.get(person.person_id, ""),
    )


def _described_side(said: PersonDescriptor) -> Side:
    names = tuple(n for n in (_name(said, number) for number in range(len(said.names))) if n)
    born = _day(said.date_of_birth) or (
        f"looks {said.apparent_age}" if said.apparent_age is not None else ""
    )
    return Side("", names, born, said.sex or "")


def _name(said: PersonDescriptor, number: int) -> str:
    name = said.names[number]
    return " ".join(part for part in (name.given, name.middle, name.family) if part)


def _day(on: date | None) -> str:
    return "" if on is None else on.strftime("%-d %b %Y")


def _lines(falls: tuple[Waterfall, ...]) -> tuple[Line, ...]:
    fields = dict.fromkeys(s.field for f in falls for s in f.steps)
    return tuple(
        Line(
            field,
            tuple(
                next(((s.level, s.bits, s.running) for s in f.steps if s.field == field), None)
                for f in falls
            ),
        )
        for field in fields
    )
