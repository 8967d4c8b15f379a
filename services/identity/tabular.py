"""People and descriptions as rows of a table, for matching in bulk."""

from __future__ import annotations

import re
from collections.abc import Mapping

import nhs_number

from services.identity import normalise
from services.identity.described import Birth, Described

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
"""All optional but the id. Aliases are separated by `;`, a whole name each."""
_DATE = re.compile(r"(\d{4})(?:-?(\d{2})-?(\d{2}))?")


class BadField(ValueError):
    """A field of a row cannot be read: names it and the remedy, never what it holds."""

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(f"{field}: {remedy}")
        self.field = field


def _birth(text: str) -> tuple[Birth, ...]:
    if not text:
        return ()
    found = _DATE.fullmatch(text)
    if found is None:
        raise BadField("date_of_birth", "write it as YYYY-MM-DD or as the year alone")
    year, month, day = (int(p or 0) for p in found.groups())
    # dates that no calendar has do occur: kept as they are, for they may be one figure wrong
    return (Birth(year, month, day),)


def _names(row: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    names = [
        (normalise.name(row.get("given_name") or ""), normalise.name(row.get("family_name") or ""))
    ]
    for alias in (row.get("alias") or "").split(";"):
        given, _, family = normalise.name(alias).rpartition(" ")
        names.append((given, family))
    return tuple(n for n in dict.fromkeys(names) if any(n))


def fault_of(row: Mapping[str, str]) -> BadField | None:
    """What of a readable row is left out of account: an NHS number that fails its check digit. The rest of it is matched."""
    number = (row.get("nhs_number") or "").replace(" ", "").replace("-", "")
    if number and not nhs_number.is_valid(number):
        return BadField(
            "nhs_number",
            "it fails its modulus 11 check and is not compared; correct it or leave it out",
        )
    return None


def read(row: Mapping[str, str]) -> tuple[str, Described]:
    """The id and the description of a row; an NHS number that is none is not in it (`fault_of`). Raises BadField."""
    given = {k: (v or "").strip() for k, v in row.items() if k is not None}
    if not given.get("id"):
        raise BadField("id", "every row needs one")
    number = given.get("nhs_number", "").replace(" ", "").replace("-", "")
    age = given.get("apparent_age", "")
    if age and not (age.isascii() and age.isdigit() and int(age) <= 130):
        raise BadField("apparent_age", "write whole years, 0 to 130")
    phone, code = (
        normalise.phone(given.get("phone", "")),
        normalise.postcode(given.get("postcode", "")),
    )
    return given["id"], Described(
        nhs_numbers=frozenset({number} if number and nhs_number.is_valid(number) else ()),
        nhs_verified=False,
        names=_names(given),
        births=_birth(given.get("date_of_birth", "")),
        apparent_age=int(age) if age else None,
        sex={"m": "male", "f": "female"}.get(given.get("sex", "").lower()[:1], ""),
        postcodes=frozenset({code} if code else ()),
        address=normalise.name(given.get("address", "")),
        phones=frozenset({phone} if phone else ()),
        identifiers=frozenset({given["local_id"]} if given.get("local_id") else ()),
    )
