"""One incident beside those on file whom it may be about, field by field with the weight of each,
for a reviewer's eyes.

Names, dates of birth and sex are shown as they stand; of everything else only how it compares: the
minimum-disclosure matrix (domain reference §5.1) lets a desk have the name and the date of birth,
not numbers, addresses and telephones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.person import PersonDescriptor
from services.console.view.alert import day
from services.console.view.text import TEXT
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

# Candidates beside each other: more than a person can compare are none.
MOST = 5


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

    described: Side
    candidates: tuple[Side, ...]
    lines: tuple[Line, ...]
    explanation: Explanation
    waterfalls: tuple[Waterfall, ...]
    left_out: int
    """Candidates beyond the most that are shown."""


async def compared(
    transaction: PostgresTransaction, model: Model, incident: Key
) -> Comparison | None:
    """The incident's newest description against everybody on file who shares a key with it. None:
    nobody is described."""
    events = (await transaction.events_of([incident])).get(incident, ())
    description = descriptor_of(events)
    if description is None:
        return None
    return await compared_with(transaction, model, incident, description, day_of(events))


async def compared_with(
    transaction: PostgresTransaction,
    model: Model,
    incident: Key,
    description: PersonDescriptor,
    as_of: date | None,
) -> Comparison:
    """A description against everybody on file who shares a key with it, beside what people decided
    of the incident."""
    near = await shortlist(
        transaction.connection, {incident: identity_keys(description)}, transaction.decoded
    )
    people = await people_on_file(
        transaction, {candidate.person_id for candidate in near[incident]}
    )
    reviews = (await transaction.reviews([incident])).get(incident, ())
    person_of = await transaction.people_of_records({review.record for review in reviews})
    judged = {
        person_of[review.record]: review.verdict for review in reviews if review.record in person_of
    }
    weighed = values_weighed(
        described_once((description,)),
        (described_once(person.descriptors) for person in people.values()),
    )
    common = await frequencies(transaction.connection, weighed)
    return comparison(description, people, judged, as_of, common, model)


def comparison(
    description: PersonDescriptor,
    people: Mapping[str, PersonOnFile],
    judged: Mapping[str, str],
    as_of: date | None,
    common: Frequencies = NO_REGISTER,
    model: Model | None = None,
) -> Comparison:
    """The same, pure. `judged` are verdicts by person."""
    died = {identity for identity, person in people.items() if _died_before(person, as_of)}
    separated = {identity for identity, verdict in judged.items() if verdict == "different"}
    model = model or shipped()
    explanation = explain(
        described([description]),
        {identity: described(person.descriptors) for identity, person in people.items()},
        Scorer(model, common, as_of),
        population_of(model, common),
        died,
        separated,
    )
    falls = explanation.candidates[:MOST]
    return Comparison(
        described=_described_side(description),
        candidates=tuple(_side(people[fall.person_id], died, judged) for fall in falls),
        lines=_lines(falls),
        explanation=explanation,
        waterfalls=falls,
        left_out=len(explanation.candidates) - len(falls),
    )


def _died_before(person: PersonOnFile, as_of: date | None) -> bool:
    if person.died_on is None:
        return False
    return as_of is None or person.died_on < as_of


def _side(person: PersonOnFile, died: Collection[str], judged: Mapping[str, str]) -> Side:
    descriptors = person.descriptors
    # a name that several records have is shown once
    names = dict.fromkeys(name for descriptor in descriptors for name in _names(descriptor))
    born = next((one.date_of_birth for one in descriptors if one.date_of_birth), None)
    sex: str = next((one.sex for one in descriptors if one.sex), "")
    return Side(
        person.person_id,
        tuple(names),
        _day(born),
        sex,
        person.person_id in died,
        judged.get(person.person_id, ""),
    )


def _described_side(description: PersonDescriptor) -> Side:
    born = _day(description.date_of_birth)
    if not born and description.apparent_age is not None:
        born = TEXT["looks"].format(n=description.apparent_age)
    return Side("", tuple(_names(description)), born, description.sex or "")


def _names(description: PersonDescriptor) -> list[str]:
    """As they are written, without those that are empty."""
    written = [
        " ".join(part for part in (name.given, name.middle, name.family) if part)
        for name in description.names
    ]
    return [name for name in written if name]


def _day(on: date | None) -> str:
    if on is None:
        return ""
    return day(on)


def _lines(falls: tuple[Waterfall, ...]) -> tuple[Line, ...]:
    fields = dict.fromkeys(step.field for fall in falls for step in fall.steps)
    return tuple(Line(field, tuple(_cell(fall, field) for fall in falls)) for field in fields)


def _cell(fall: Waterfall, field: str) -> tuple[str, float, float] | None:
    step = next((step for step in fall.steps if step.field == field), None)
    if step is None:
        return None
    return step.level, step.bits, step.running
