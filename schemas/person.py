"""What an agency says of a person: never the truth, always a descriptor with its certainty."""

from __future__ import annotations

from typing import Annotated, Literal

import nhs_number
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from schemas.codes import EthnicCategory, NhsNumberStatus, Sex
from schemas.model import Closed, Day, Phone, Reference, ShortText, where_unreadable
from schemas.place import Location, Postcode

NamePart = Annotated[str, StringConstraints(min_length=1, max_length=80)]


def is_placeholder(digits: str) -> bool:
    """It passes the check and is written where there is no number. Other repeated digits stand in published examples."""
    return digits in ("0000000000", "1111111111", "9999999999")


def _checked_nhs_number(value: str) -> str:
    digits = value.replace(" ", "").replace("-", "")
    # `isascii`, because digits of other scripts pass the check of the digits and then match nobody
    if not (digits.isascii() and nhs_number.is_valid(digits)) or is_placeholder(digits):
        raise PydanticCustomError(
            "nhs_number_check_digit",
            "the NHS number fails its modulus 11 check; send it without spaces as issued, or leave it out",
        )
    return digits


# Ten digits with a valid modulus 11 check digit (NHS Data Dictionary).
NhsNumber = Annotated[
    str,
    AfterValidator(_checked_nhs_number),
    Field(json_schema_extra={"pattern": "^[ -]*([0-9][ -]*){10}$"}),
]


class PersonName(Closed):
    """A name a person has or had. One-name people: leave the other part out."""

    given: NamePart | None = None
    middle: NamePart | None = None
    family: NamePart | None = None
    use: Literal["usual", "alias", "maiden", "old", "nickname"] = "usual"


class LocalIdentifier(Closed):
    """An agency's own identifier of a person, e.g. a trust's patient number or a police nominal."""

    system: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9./:-]{1,79}$")]
    value: Reference


class PersonDescriptor(Closed):
    """What one agency holds about who the person is. Every field is optional: send what there is
    and how sure you are.
    """

    nhs_number: NhsNumber | None = None
    nhs_number_status: NhsNumberStatus = NhsNumberStatus.TRACE_REQUIRED
    names: Annotated[tuple[PersonName, ...], Field(max_length=20)] = ()
    date_of_birth: Day | None = None
    """A placeholder (1900-01-01, 1970-01-01, 0001-01-01) is no evidence of anybody, and is left
    out.
    """
    apparent_age: Annotated[int, Field(ge=0, le=120)] | None = None
    """Years, as it looks to the person reporting."""
    sex: Sex | None = None
    addresses: Annotated[tuple[Location, ...], Field(max_length=10)] = ()
    """Home addresses. The place of the incident is not a home address: it belongs in the
    incident's location.
    """
    phones: Annotated[tuple[Phone, ...], Field(max_length=10)] = ()
    identifiers: Annotated[tuple[LocalIdentifier, ...], Field(max_length=20)] = ()
    ethnicity: EthnicCategory | None = None
    """For monitoring of disproportionality only; never used to decide who somebody is."""
    restricted: Annotated[bool | None, Field(json_schema_extra=where_unreadable(True))] = None
    """The record is restricted (PDS confidentiality R): no address and no phone of theirs is
    held, also no earlier one.
    """
    certainty: Literal["confirmed", "stated", "believed", "unknown"] = "stated"
    """How sure the agency is that this describes the person in the incident."""

    @property
    def postcodes(self) -> tuple[Postcode, ...]:
        """Home postcodes, upper case without a space."""
        return tuple(
            address.postcode.replace(" ", "").upper()
            for address in self.addresses
            if address.postcode
        )


# What a sender may leave as it was.
DescriptorField = Literal[
    "nhs_number", "names", "date_of_birth", "sex", "addresses", "phones", "identifiers", "ethnicity"
]


Relation = Literal[
    "self", "family", "carer", "friend", "neighbour", "professional", "public", "unknown"
]


class Caller(Closed):
    """Who rang: relation and how to call back. No name is needed to call back."""

    relation: Relation = "unknown"
    phone: Phone | None = None
    wants_call_back: bool = False
    note_reference: ShortText | None = None
    """Reference of the narrative in the agency's own system, never the narrative."""
