"""What matching keeps of a record, beside the record itself: enough to decide by, without reading its events again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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
        "nhs_numbers": sorted(said.nhs_numbers), "nhs_verified": said.nhs_verified, "names": [list(n) for n in said.names],
        "births": [[b.year, b.month, b.day] for b in said.births], "apparent_age": said.apparent_age,
        # all of them: two that differ say as little of a person as none, also where they are in two records
        "sexes": sorted({str(d.sex) for d in record.descriptors if d.sex in {"male", "female"}}),
        "postcodes": sorted(said.postcodes), "phones": sorted(said.phones), "identifiers": sorted(said.identifiers),
        "restricted": any(d.restricted for d in record.descriptors),
        "died_on": record.died.on.isoformat() if record.died and record.died.on else None,
    }  # fmt: skip
    return {k: v for k, v in kept.items() if v or (v == 0 and k == "apparent_age")}


def candidate_of(person_id: str, records: Iterable[Known]) -> Candidate:
    """The person behind these records, in the order of the records: what `described` makes of all their descriptors."""
    listed = list(records)

    def every(field: str) -> list[Any]:
        return [value for known in listed for value in known.get(field, ())]

    sexes = set(every("sexes"))
    ages = [known["apparent_age"] for known in listed if known.get("apparent_age") is not None]
    died = [date.fromisoformat(known["died_on"]) for known in listed if known.get("died_on")]
    person = Described(
        nhs_numbers=frozenset(every("nhs_numbers")), nhs_verified=any(known.get("nhs_verified") for known in listed),
        names=tuple(dict.fromkeys((given, family) for given, family in every("names"))),
        births=tuple(dict.fromkeys(Birth(*born) for born in every("births"))), apparent_age=ages[0] if ages else None,
        sex=sexes.pop() if len(sexes) == 1 else "", postcodes=frozenset(every("postcodes")),
        phones=frozenset(every("phones")), identifiers=frozenset(every("identifiers")),
    )  # fmt: skip
    if any(known.get("restricted") for known in listed):
        # one organisation that says restricted is enough: another may not have heard of it yet
        person = replace(person, postcodes=frozenset(), phones=frozenset())
    return Candidate(person_id, person, died[0] if died else None)
