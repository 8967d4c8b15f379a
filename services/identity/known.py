"""What matching keeps of a record, beside the record itself: enough to decide by, without reading
its events again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.identity.described import Birth, Described, described, sexes_of
from services.identity.likeness.placeholders import is_placeholder_number
from services.identity.register import LocalRecord

# As it is stored: JSON, without what is empty.
Known = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on file whom a description may be of."""

    person_id: str
    known: Described
    died_on: date | None = None


def known_of(record: LocalRecord) -> Known:
    """Of one record. Never ethnicity: `Described` has none."""
    person = described(record.descriptors)
    fields: dict[str, Any] = {
        "nhs_numbers": sorted(person.nhs_numbers),
        "nhs_verified": person.nhs_verified,
        "names": [list(name) for name in person.names],
        "births": [[born.year, born.month, born.day] for born in person.births],
        "apparent_age": person.apparent_age,
        # all of them: two that differ say as little of a person as none, also where they are in two
        # records
        "sexes": sorted(sexes_of(record.descriptors)),
        "postcodes": sorted(person.postcodes),
        "phones": sorted(person.phones),
        "identifiers": sorted(person.identifiers),
        "restricted": any(descriptor.restricted for descriptor in record.descriptors),
        "died_on": _died_on(record),
    }
    # an apparent age of nought is an infant's, and no missing value
    return {
        field: value
        for field, value in fields.items()
        if value or (field == "apparent_age" and value is not None)
    }


def _died_on(record: LocalRecord) -> str | None:
    if record.died is None or record.died.on is None:
        return None
    return record.died.on.isoformat()


_LISTS = ("nhs_numbers", "names", "births", "sexes", "postcodes", "phones", "identifiers")


def _together(records: Sequence[Known]) -> Known:
    """What several records say, as one."""
    lists: dict[str, list[Any]] = {field: [] for field in _LISTS}
    for record in records:
        for field in _LISTS:
            lists[field] += record.get(field, ())
    ages = (record.get("apparent_age") for record in records)
    deaths = (record.get("died_on") for record in records)
    return {
        **lists,
        "nhs_verified": any(record.get("nhs_verified") for record in records),
        "apparent_age": next((age for age in ages if age is not None), None),
        "restricted": any(record.get("restricted") for record in records),
        "died_on": next((day for day in deaths if day), None),
    }


def _as_one(records: Sequence[Known]) -> Known:
    # nearly everybody has one record, and dozens are read for each event
    if len(records) == 1:
        return records[0]
    return _together(records)


def candidate_of(person_id: str, records: Iterable[Known]) -> Candidate:
    """The person behind these records, in the order of the records: what `described` makes of all
    their descriptors.
    """
    value = _as_one(list(records)).get
    sexes, sex = set(value("sexes", ())), ""
    if len(sexes) == 1:
        sex = sexes.pop()
    # what was stored before placeholders were known for what they are
    numbers = value("nhs_numbers", ())
    births = dict.fromkeys(Birth(*born) for born in value("births", ()))
    # one organisation that says restricted is enough: another may not have heard of it yet
    postcodes = phones = frozenset[str]()
    if not value("restricted", False):
        postcodes = frozenset(value("postcodes", ()))
        phones = frozenset(value("phones", ()))
    person = Described(
        nhs_numbers=frozenset(number for number in numbers if not is_placeholder_number(number)),
        nhs_verified=bool(value("nhs_verified")),
        names=tuple(dict.fromkeys(tuple(name) for name in value("names", ()))),
        births=tuple(born for born in births if born.says_something),
        apparent_age=value("apparent_age"),
        sex=sex,
        postcodes=postcodes,
        phones=phones,
        identifiers=frozenset(value("identifiers", ())),
    )
    died_on, death = None, value("died_on")
    if death:
        died_on = date.fromisoformat(death)
    return Candidate(person_id, person, died_on)
