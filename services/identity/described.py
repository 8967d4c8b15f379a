"""A person as the matcher sees one: normalised, and without anything that it must not use
(ethnicity).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.codes import NhsNumberStatus
from schemas.person import PersonDescriptor
from services.identity.likeness import normalise
from services.identity.likeness.placeholders import is_placeholder_day, is_placeholder_number

# (given, family), either may be empty.
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Birth:
    """A date of birth with its precision: the year alone where only that is known."""

    year: int
    month: int = 0
    day: int = 0

    @property
    def whole(self) -> bool:
        """Day and month count as evidence. 1 January is how a year alone is entered (NHS good
        practice).
        """
        return bool(self.month) and (self.month, self.day) != (1, 1)

    @property
    def says_something(self) -> bool:
        """It is no date that systems write where none is known."""
        return not is_placeholder_day(self.year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class Described:
    """Everything that may be compared. A person on file has all names, births and places that were
    ever said.
    """

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
    phones = [normalise.phone(number) for descriptor in listed for number in descriptor.phones]
    postcodes = [normalise.postcode(code) for descriptor in listed for code in descriptor.postcodes]
    ages = (descriptor.apparent_age for descriptor in listed)
    # a placeholder is no number, whatever its status says
    numbers = {number_of(descriptor) for descriptor in listed}
    return Described(
        nhs_numbers=frozenset(number for number in numbers if number),
        nhs_verified=_any_verified(listed),
        names=_names(listed),
        births=_births(listed),
        # the first is the newest: who looked thirty last year looks thirty-one
        apparent_age=next((age for age in ages if age is not None), None),
        sex=_one_sex(listed),
        postcodes=frozenset(postcodes) - {""},
        phones=frozenset(phones) - {""},
        identifiers=frozenset(
            f"{identifier.system}|{identifier.value}"
            for descriptor in listed
            for identifier in descriptor.identifiers
        ),
    )


def _any_verified(descriptors: Iterable[PersonDescriptor]) -> bool:
    return any(
        number_of(descriptor) is not None
        and descriptor.nhs_number_status is NhsNumberStatus.VERIFIED
        for descriptor in descriptors
    )


def _births(descriptors: Iterable[PersonDescriptor]) -> tuple[Birth, ...]:
    days = [descriptor.date_of_birth for descriptor in descriptors]
    births = [Birth(day.year, day.month, day.day) for day in days if day is not None]
    return tuple(dict.fromkeys(born for born in births if born.says_something))


def number_of(descriptor: PersonDescriptor) -> str | None:
    """The NHS number, unless it is one that systems write where there is none, whatever its status
    says.
    """
    number = descriptor.nhs_number
    if number is None or is_placeholder_number(number):
        return None
    return number


def _names(descriptors: Iterable[PersonDescriptor]) -> tuple[Name, ...]:
    names = [
        (normalise.name(name.given or ""), normalise.name(name.family or ""))
        for descriptor in descriptors
        for name in descriptor.names
    ]
    return tuple(name for name in dict.fromkeys(names) if any(name))


def sexes_of(descriptors: Iterable[PersonDescriptor]) -> frozenset[str]:
    """Those that can be compared."""
    return frozenset(
        str(descriptor.sex) for descriptor in descriptors if descriptor.sex in {"male", "female"}
    )


def _one_sex(descriptors: Iterable[PersonDescriptor]) -> str:
    """Two that differ say as little as none."""
    sexes = sexes_of(descriptors)
    if len(sexes) == 1:
        return next(iter(sexes))
    return ""
