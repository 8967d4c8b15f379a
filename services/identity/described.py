"""A person as the matcher sees one: normalised, and without anything that it must not use (ethnicity)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

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
    births = [_birth(d.date_of_birth) for d in listed if d.date_of_birth]
    ages = [d.apparent_age for d in listed if d.apparent_age is not None]
    phones = [normalise.phone(number) for d in listed for number in d.phones]
    postcodes = [normalise.postcode(code) for d in listed for code in d.postcodes]
    numbered = [d for d in listed if d.nhs_number]
    return Described(
        nhs_numbers=frozenset(d.nhs_number for d in numbered if d.nhs_number),
        nhs_verified=any(d.nhs_number_status is NhsNumberStatus.VERIFIED for d in numbered),
        names=_names(listed),
        births=tuple(dict.fromkeys(births)),
        apparent_age=ages[0] if ages else None,
        sex=_one_sex(listed),
        postcodes=frozenset(postcodes) - {""},
        phones=frozenset(phones) - {""},
        identifiers=frozenset(f"{i.system}|{i.value}" for d in listed for i in d.identifiers),
    )


def _birth(born: date) -> Birth:
    return Birth(born.year, born.month, born.day)


def _names(descriptors: Iterable[PersonDescriptor]) -> tuple[Name, ...]:
    names = [
        (normalise.name(name.given or ""), normalise.name(name.family or ""))
        for descriptor in descriptors
        for name in descriptor.names
    ]
    return tuple(name for name in dict.fromkeys(names) if any(name))


def sexes_of(descriptors: Iterable[PersonDescriptor]) -> frozenset[str]:
    """Those that can be compared."""
    return frozenset(str(d.sex) for d in descriptors if d.sex in {"male", "female"})


def _one_sex(descriptors: Iterable[PersonDescriptor]) -> str:
    """Two that differ say as little as none."""
    sexes = sexes_of(descriptors)
    return next(iter(sexes)) if len(sexes) == 1 else ""
