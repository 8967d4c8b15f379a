"""A person as the matcher sees one: normalised, and without anything that it must not use (ethnicity)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.codes import NhsNumberStatus
from schemas.person import PersonDescriptor
from services.identity import normalise

Name = tuple[str, str]
"""(given, family), either may be empty."""


@dataclass(frozen=True, slots=True)
class Birth:
    """A date of birth with its precision: the year alone where only that is known."""

    year: int
    month: int = 0
    day: int = 0

    @property
    def whole(self) -> bool:
        """Day and month count as evidence. 1 January is how a year alone is entered (NHS good practice)."""
        return bool(self.month) and (self.month, self.day) != (1, 1)


@dataclass(frozen=True, slots=True)
class Described:
    """Everything that may be compared. A person on file has all names, births and places that were ever said."""

    nhs_numbers: frozenset[str] = frozenset()
    nhs_verified: bool = False
    names: tuple[Name, ...] = ()
    births: tuple[Birth, ...] = ()
    apparent_age: int | None = None
    sex: str = ""
    postcodes: frozenset[str] = frozenset()
    address: str = ""
    phones: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()


def described(descriptors: Iterable[PersonDescriptor]) -> Described:
    """What descriptors of one person say together."""
    listed = list(descriptors)
    names = dict.fromkeys(
        (normalise.name(n.given or ""), normalise.name(n.family or ""))
        for d in listed
        for n in d.names
    )
    sexes = {d.sex for d in listed if d.sex in {"male", "female"}}
    births = [d.date_of_birth for d in listed if d.date_of_birth]
    return Described(
        nhs_numbers=frozenset(d.nhs_number for d in listed if d.nhs_number),
        nhs_verified=any(
            d.nhs_number_status is NhsNumberStatus.VERIFIED for d in listed if d.nhs_number
        ),
        names=tuple(n for n in names if any(n)),
        births=tuple(dict.fromkeys(Birth(b.year, b.month, b.day) for b in births)),
        apparent_age=next((d.apparent_age for d in listed if d.apparent_age is not None), None),
        sex=str(next(iter(sexes))) if len(sexes) == 1 else "",
        postcodes=frozenset(
            p for d in listed for code in d.postcodes if (p := normalise.postcode(code))
        ),
        phones=frozenset(p for d in listed for n in d.phones if (p := normalise.phone(n))),
        identifiers=frozenset(f"{i.system}|{i.value}" for d in listed for i in d.identifiers),
    )
