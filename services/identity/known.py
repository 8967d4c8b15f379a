"""What matching keeps of a record, beside the record itself: enough to decide by, without reading its events again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.identity.described import Birth, Described, described
from services.identity.register import LocalRecord

Known = Mapping[str, Any]
"""As it is stored: JSON, without what is empty."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on file whom a description may be of."""

    person_id: str
    known: Described
    died_on: date | None = None


def known_of(record: LocalRecord) -> Known:
    """Of one record. Never ethnicity: `Described` has none."""
    said = described(record.descriptors)
    kept: dict[str, Any] = {
        "nhs_numbers": sorted(said.nhs_numbers),
        "nhs_verified": said.nhs_verified,
        "names": [list(n) for n in said.names],
        "births": [[b.year, b.month, b.day] for b in said.births],
        "apparent_age": said.apparent_age,
        # all of them: two that differ say as little of a person as none, also where they are in two records
        "sexes": sorted({str(d.sex) for d in record.descriptors if d.sex in {"male", "female"}}),
        "postcodes": sorted(said.postcodes),
        "phones": sorted(said.phones),
        "identifiers": sorted(said.identifiers),
        "restricted": any(d.restricted for d in record.descriptors),
        "died_on": record.died.on.isoformat() if record.died and record.died.on else None,
    }
    return {k: v for k, v in kept.items() if v or (v == 0 and k == "apparent_age")}


_LISTS = ("nhs_numbers", "names", "births", "sexes", "postcodes", "phones", "identifiers")


def _together(records: Sequence[Known]) -> Known:
    """What several records say, as one."""
    return {
        **{
            field: [value for known in records for value in known.get(field, ())]
            for field in _LISTS
        },
        "nhs_verified": any(known.get("nhs_verified") for known in records),
        "apparent_age": next(
            (age for known in records if (age := known.get("apparent_age")) is not None), None
        ),
        "restricted": any(known.get("restricted") for known in records),
        "died_on": next((day for known in records if (day := known.get("died_on"))), None),
    }


def candidate_of(person_id: str, records: Iterable[Known]) -> Candidate:
    """The person behind these records, in the order of the records: what `described` makes of all their descriptors."""
    listed = list(records)
    # nearly everybody has one record, and dozens are read for each event
    known = listed[0] if len(listed) == 1 else _together(listed)
    said = known.get
    sexes = set(said("sexes", ()))
    # one organisation that says restricted is enough: another may not have heard of it yet
    hidden = said("restricted", False)
    person = Described(
        nhs_numbers=frozenset(said("nhs_numbers", ())),
        nhs_verified=bool(said("nhs_verified")),
        names=tuple(dict.fromkeys((given, family) for given, family in said("names", ()))),
        births=tuple(dict.fromkeys(Birth(*born) for born in said("births", ()))),
        apparent_age=said("apparent_age"),
        sex=sexes.pop() if len(sexes) == 1 else "",
        postcodes=frozenset() if hidden else frozenset(said("postcodes", ())),
        phones=frozenset() if hidden else frozenset(said("phones", ())),
        identifiers=frozenset(said("identifiers", ())),
    )
    died = said("died_on")
    return Candidate(person_id, person, date.fromisoformat(died) if died else None)
