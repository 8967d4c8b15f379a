"""People and descriptions as rows of a table, for matching in bulk."""

from __future__ import annotations

import re
from collections.abc import Mapping

import nhs_number

from services.identity.described import Birth, Described
from services.identity.likeness import normalise
from services.identity.likeness.placeholders import is_placeholder_number

# All optional but the id. Aliases are separated by `;`, a whole name each.
COLUMNS = (
    "id",
    "nhs_number",
    "given_name",
    "middle_names",
    "family_name",
    "alias",
    "date_of_birth",
    "apparent_age",
    "sex",
    "address",
    "postcode",
    "phone",
    "local_id",
)
_DATE = re.compile(r"(\d{4})(?:-?(\d{2})-?(\d{2}))?")


class BadField(ValueError):
    """A field of a row cannot be read: names it and the remedy, never what it holds."""

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(f"{field}: {remedy}")
        self.field = field


def _birth(text: str) -> tuple[Birth, ...]:
    if not text:
        return ()
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadField("date_of_birth", "write it as YYYY-MM-DD or as the year alone")
    year, month, day = (int(part or 0) for part in match.groups())
    # dates that no calendar has do occur: kept as they are, for they may be one figure wrong
    born = Birth(year, month, day)
    if born.says_something:
        return (born,)
    return ()


def _names(row: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    names = [
        (normalise.name(row.get("given_name") or ""), normalise.name(row.get("family_name") or ""))
    ]
    for alias in (row.get("alias") or "").split(";"):
        given_name, _, family = normalise.name(alias).rpartition(" ")
        names.append((given_name, family))
    return tuple(name for name in dict.fromkeys(names) if any(name))


def _is_a_number(digits: str) -> bool:
    return nhs_number.is_valid(digits) and not is_placeholder_number(digits)


def fault_of(row: Mapping[str, str]) -> BadField | None:
    """What of a readable row is left out of account: an NHS number that is none. The rest of it is
    matched.
    """
    number = (row.get("nhs_number") or "").replace(" ", "").replace("-", "")
    if number and is_placeholder_number(number):
        return BadField("nhs_number", "it stands for no number and is not compared; leave it out")
    if number and not nhs_number.is_valid(number):
        return BadField(
            "nhs_number",
            "it fails its modulus 11 check and is not compared; correct it or leave it out",
        )
    return None


def _age(text: str) -> int | None:
    if not text:
        return None
    # other scripts have digits too, and int() would read them
    if not (text.isascii() and text.isdigit() and int(text) <= 130):
        raise BadField("apparent_age", "write whole years, 0 to 130")
    return int(text)


def read(row: Mapping[str, str]) -> tuple[str, Described]:
    """The id and the description of a row; an NHS number that is none is not in it (`fault_of`).
    Raises BadField.
    """
    values = {column: (value or "").strip() for column, value in row.items() if column is not None}
    if not values.get("id"):
        raise BadField("id", "every row needs one")
    number = values.get("nhs_number", "").replace(" ", "").replace("-", "")
    apparent_age, numbers = _age(values.get("apparent_age", "")), frozenset[str]()
    if _is_a_number(number):
        numbers = frozenset({number})
    phone = normalise.phone(values.get("phone", ""))
    code = normalise.postcode(values.get("postcode", ""))
    return values["id"], Described(
        nhs_numbers=numbers,
        nhs_verified=False,
        names=_names(values),
        births=_birth(values.get("date_of_birth", "")),
        apparent_age=apparent_age,
        sex={"m": "male", "f": "female"}.get(values.get("sex", "").lower()[:1], ""),
        postcodes=frozenset({code} - {""}),
        address=normalise.name(values.get("address", "")),
        phones=frozenset({phone} - {""}),
        identifiers=frozenset({values.get("local_id", "")} - {""}),
    )
