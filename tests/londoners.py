"""Synthetic Londoners, and what a 999 call, a custody desk or a referral makes of them. Nobody in it exists.

Names come from Faker's lists of many countries and from three short lists of our own, where a few surnames are shared by very
many (Kaur and Singh, Begum and Ali, Somali names of three parts). The shares and the error rates are invented: they serve to
compare groups and matchers, and say nothing of any real community. Everything follows from the `random.Random` given.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from anyascii import anyascii
from faker import Faker
from nicknames import NickNamer

ORIGINS: dict[str, tuple[float, tuple[str, ...], str]] = {
    "british and irish": (0.44, ("en_GB", "en_IE"), "white"),
    "polish": (0.05, ("pl_PL",), "white"),
    "romanian": (0.04, ("ro_RO",), "white"),
    "southern european": (0.07, ("it_IT", "pt_PT", "es_ES"), "white"),
    "turkish": (0.04, ("tr_TR",), "other"),
    "arabic": (0.05, ("fr_DZ",), "other"),
    "west african": (0.09, ("yo_NG", "ig_NG", "tw_GH"), "black"),
    "chinese": (0.03, ("zh_CN",), "asian"),
    "punjabi": (0.05, (), "asian"),
    "bengali and pakistani": (0.10, (), "asian"),
    "somali": (0.04, (), "black"),
}
"""Origin of a name: share, Faker's locales, ethnicity (for the audit only)."""
_OWN_NAMES = Path(__file__).parent / "fixtures" / "londoners" / "names.yaml"
AREAS = tuple(
    f"{area}{number}"
    for area, most in (("E", 18), ("SE", 28), ("N", 22), ("NW", 11), ("SW", 20), ("W", 14))
    for number in range(1, most)
)
HOSTELS = tuple(f"{area} 9ZZ" for area in AREAS[::6])
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_NICKNAMES = NickNamer()


@dataclass(frozen=True)
class Londoner:
    """One person, and the groups that are joined for the audit only."""

    id: str
    given: str
    family: str
    born: str
    sex: str
    postcode: str
    phone: str
    number: str
    origin: str
    ethnicity: str
    fixed_abode: bool

    @property
    def age_band(self) -> str:
        """On the first day of 2026."""
        age = 2025 - int(self.born[:4])
        return (
            "under 18"
            if age < 18
            else "18 to 34"
            if age < 35
            else "35 to 64"
            if age < 65
            else "65 and over"
        )

    def row(self) -> dict[str, str]:
        """In the columns of `liaison identity match`."""
        return {
            "id": self.id,
            "nhs_number": self.number,
            "given_name": self.given,
            "family_name": self.family,
            "date_of_birth": self.born,
            "sex": self.sex,
            "postcode": self.postcode,
            "phone": self.phone,
        }

    def groups(self) -> dict[str, str]:
        """By which the matcher is judged."""
        return {
            "origin": self.origin,
            "ethnicity": self.ethnicity,
            "sex": self.sex,
            "age_band": self.age_band,
            "fixed_abode": "yes" if self.fixed_abode else "no",
        }


@cache
def _names(locale: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Some hundred names of each kind; the first of a list are the commoner ones below."""
    fake = Faker(locale)
    fake.seed_instance(0)

    def some(one: Callable[[], str], count: int) -> tuple[str, ...]:
        # registers here are kept in Latin letters
        return tuple(dict.fromkeys(anyascii(one()) for _ in range(count)))

    return (
        some(fake.first_name_female, 400),
        some(fake.first_name_male, 400),
        some(fake.last_name, 900),
    )


@cache
def _own_names(origin: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    lists = yaml.safe_load(_OWN_NAMES.read_text(encoding="utf-8"))[origin]
    return tuple(lists["female"]), tuple(lists["male"]), tuple(lists["family"])


def _pick(names: tuple[str, ...], chance: random.Random) -> str:
    """Some names are common and most are not, as in any register (the square of a uniform number)."""
    return names[int(len(names) * chance.random() ** 2)]


def _phone(chance: random.Random) -> str:
    return f"07700{chance.randrange(10**6):06d}"


def _postcode(chance: random.Random) -> str:
    return f"{chance.choice(AREAS)} {chance.randrange(1, 9)}{chance.choice(_LETTERS)}{chance.choice(_LETTERS)}"


def _born(chance: random.Random, year: int, year_only: float) -> str:
    if chance.random() < year_only:
        return f"{year}-01-01"
    return f"{year}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"


def _number(index: int) -> str:
    """From the range 999, which is never given to anybody; empty where a check digit would be 10, and after the millionth."""
    if index >= 10**6:
        return ""
    nine = f"999{index:06d}"
    check = (
        -sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
    )
    return f"{nine}{check}" if check < 10 else ""


def _household(start: int, chance: random.Random) -> Iterator[Londoner]:
    origin = chance.choices(list(ORIGINS), [share for share, _, _ in ORIGINS.values()])[0]
    _, locales, ethnicity = ORIGINS[origin]
    female, male, families = _names(chance.choice(locales)) if locales else _own_names(origin)
    homeless = chance.random() < 0.02
    size = 1 if homeless else chance.choices((1, 2, 3, 4, 5), (0.42, 0.24, 0.15, 0.13, 0.06))[0]
    postcode = chance.choice(HOSTELS) if homeless else _postcode(chance)
    family, phone = _pick(families, chance), _phone(chance)
    year_only = 0.25 if origin in {"somali", "bengali and pakistani", "arabic"} else 0.01
    eldest = chance.randrange(1936, 2000)
    births = []
    for place in range(size):
        year = (
            eldest + chance.choice((0, 1, 2))
            if place < 2
            else min(2018, eldest + chance.randrange(20, 38))
        )
        births.append(_born(chance, year, year_only))
    if size > 3 and chance.random() < 0.15:
        births[3] = births[2]  # twins
    used = set[str]()
    for place, born in enumerate(births):
        sex = chance.choice(("female", "male"))
        names = female if sex == "female" else male
        given_name = next(
            (name for _ in range(50) if (name := _pick(names, chance)) not in used), names[place]
        )
        used.add(given_name)
        theirs = ("Kaur" if sex == "female" else "Singh") if family in {"Kaur", "Singh"} else family
        # a Somali's last name is the grandfather's: a couple do not share it
        theirs = _pick(families, chance) if origin == "somali" and place == 1 else theirs
        yield Londoner(
            f"p{start + place}",
            given_name,
            theirs,
            born,
            sex,
            postcode,
            phone if chance.random() < 0.3 else _phone(chance),
            _number(start + place),
            origin,
            ethnicity,
            not homeless,
        )


def londoners(count: int, chance: random.Random, first: int = 0) -> list[Londoner]:
    """So many people, in households with twins among them. `first`: the number of the first, of those made in parts."""
    people: list[Londoner] = []
    while len(people) < count:
        people += _household(first + len(people), chance)
    return people[:count]


def _slip(text: str, chance: random.Random) -> str:
    """One slip of the pen or of the ear."""
    if len(text) < 3:
        return text
    at = chance.randrange(1, len(text))
    kind = chance.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    if kind == 2 and text[at] in "aeiouy":
        return text[:at] + chance.choice("aeiou") + text[at + 1 :]
    return text[:at] + text[at] + text[at:]


def _wrong(text: str, chance: random.Random) -> str:
    """One figure another."""
    at = chance.choice([index for index, letter in enumerate(text) if letter.isdigit()])
    return (
        text[:at]
        + chance.choice([digit for digit in "0123456789" if digit != text[at]])
        + text[at + 1 :]
    )


def described_by_an_agency(person: Londoner, key: str, chance: random.Random) -> dict[str, str]:
    """The person as an agency's event has them: much is not asked, some of it is wrong."""
    given_name, family = person.given, person.family
    if chance.random() < 0.18 and (short := sorted(_NICKNAMES.nicknames_of(given_name.lower()))):
        given_name = chance.choice(short).title()
    variants = 0.12 if person.origin == "british and irish" else 0.22
    given_name = _slip(given_name, chance) if chance.random() < variants else given_name
    family = _slip(family, chance) if chance.random() < variants else family
    family = "" if chance.random() < 0.07 else family
    if chance.random() < (0.10 if person.origin in {"chinese", "somali", "punjabi"} else 0.02):
        given_name, family = family, given_name
    born, age, draw = person.born, "", chance.random()
    if draw < 0.25:
        born = ""
    elif draw < 0.45:
        born, age = "", str(max(0, 2025 - int(person.born[:4]) + chance.randrange(-4, 5)))
    elif draw < 0.52:
        born = _wrong(born, chance)
    elif draw < 0.55:
        born = f"{born[:4]}-{born[8:]}-{born[5:7]}" if int(born[8:]) <= 12 else born
    place = chance.random()
    postcode = (
        person.postcode if place < 0.45 else person.postcode.split(" ")[0] if place < 0.60 else ""
    )
    postcode = "ZZ99 3VZ" if not person.fixed_abode and chance.random() < 0.5 else postcode
    return {
        "id": key,
        "nhs_number": person.number if chance.random() < 0.15 else "",
        "given_name": given_name,
        "family_name": family,
        "date_of_birth": born,
        "apparent_age": age,
        "sex": person.sex if chance.random() < 0.85 else "",
        "postcode": postcode,
        "phone": person.phone if chance.random() < 0.25 else "",
    }


@dataclass(frozen=True)
class Register:
    """Who is on file, and who is not."""

    on_file: list[Londoner]
    family: list[Londoner]
    """Not on file, and of a household that is."""
    strangers: list[Londoner]


def register(people: int, descriptions: int, chance: random.Random, first: int = 0) -> Register:
    """Everybody of whom so many descriptions may be. `first`: the number of the first, of a register made in parts."""
    everybody = londoners(people + max(people // 10, descriptions), chance, first)
    relatives = set(chance.sample(range(people), descriptions // 6))
    return Register(
        [person for number, person in enumerate(everybody[:people]) if number not in relatives],
        [everybody[number] for number in sorted(relatives)],
        everybody[people:],
    )


def descriptions_of(
    drawn: Register, count: int, chance: random.Random, first: int = 0
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Rows of descriptions, and of the truth with its groups. Half are of people who are not on file, a third of these relatives
    of somebody who is."""
    descriptions, truth = [], []
    for number in range(count):
        draw = chance.random()
        person = chance.choice(
            drawn.on_file if draw < 0.5 else drawn.family if draw < 0.667 else drawn.strangers
        )
        key = f"e{first}-{number}" if first else f"e{number}"
        descriptions.append(described_by_an_agency(person, key, chance))
        truth.append(
            {"query_id": key, "person_id": person.id if draw < 0.5 else "", **person.groups()}
        )
    return descriptions, truth


def register_and_descriptions(
    people: int, descriptions: int, chance: random.Random, first: int = 0
) -> tuple[list[dict[str, str]], list[dict[str, str]], list[dict[str, str]]]:
    """Rows of people on file, of descriptions, and of the truth with its groups."""
    drawn = register(people, descriptions, chance, first)
    return [person.row() for person in drawn.on_file], *descriptions_of(
        drawn, descriptions, chance, first
    )


__all__ = [
    "Londoner",
    "Register",
    "described_by_an_agency",
    "descriptions_of",
    "londoners",
    "register",
    "register_and_descriptions",
]
