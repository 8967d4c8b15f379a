"""PID, PD1 and NK1: who a person is, as an HL7 v2 sender holds it. Pure.

Sources: HL7 v2.4 and ITK HL7 v2 (segments, tables 0001, 0063, 0190, 0200; certain); NHS Data
Dictionary person gender and ethnic category codes (certain); PID-32 as the NHS number status is ITK
practice (likely).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

from schemas.codes import EthnicCategory
from services.intake.hl7v2.message import Message, day, instant
from services.intake.translation import (
    Collected,
    Untranslatable,
    nhs_digits,
    phone,
    postcode,
    pseudonym,
    reference,
    system,
    verification,
)

_NHS = frozenset({"NHS", "NHSNUMBER", "NHSNMBR", "2.16.840.1.113883.2.1.4.1"})
_NHS_TYPES = frozenset({"NH", "NHS", "NHSNMBR"})
_SEX = {
    "1": "male",
    "2": "female",
    "0": "unknown",
    "9": "other",
    "M": "male",
    "F": "female",
    "U": "unknown",
    "O": "other",
    "A": "other",
    "N": "other",
}
_USES = {"A": "alias", "M": "maiden", "N": "nickname", "B": "old", "P": "alias", "S": "alias"}
_HOMES = frozenset({"", "H", "C", "P", "L"})
_FAMILY = frozenset(
    {
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        "11",
        "12",
        "16",
        "SPO",
        "MTH",
        "FTH",
        "PAR",
        "CHD",
        "SIB",
        "BRO",
        "SIS",
        "GRP",
        "NOK",
        "EXF",
    }
)
_CARER = frozenset({"CGV", "CARER"})


def identifiers(
    message: Message, segment: str, number: int
) -> tuple[str | None, list[tuple[str, str]], bool]:
    """(NHS number, (authority, value) of the others, whether a wrong NHS number was there) of a CX
    field.

    The sending facility's own stand first, then the medical record number (MR), then the internal
    one (PI), whatever their order in the message: it changes nobody's name.
    """
    facility = message.get("MSH", 4).upper()
    nhs, wrong = None, False
    local_names: list[tuple[bool, int, str, str]] = []
    for repetition in range(1, message.repetitions(segment, number) + 1):
        value = message.get(segment, number, repetition, 1)
        authority = message.get(segment, number, repetition, 4, 1)
        authority = authority or message.get(segment, number, repetition, 4, 2)
        kind = message.get(segment, number, repetition, 5).upper()
        if not value:
            continue
        if authority.upper() in _NHS or kind in _NHS_TYPES:
            digits = nhs_digits(value)
            wrong = wrong or digits is None
            nhs = nhs or digits
        else:
            rank = {"MR": 0, "PI": 1}.get(kind, 2)
            local_names.append((authority.upper() != facility, rank, authority, value))
    return nhs, [(authority, value) for _, _, authority, value in sorted(local_names)], wrong


def named(
    collected: Collected,
    message: Message,
    segment: str = "PID",
    number: int = 3,
    authority: str = "",
) -> str:
    """The sender's name of the person: its own identifier with who gave it, else one made of the
    NHS number.
    """
    nhs, local_names, wrong = identifiers(message, segment, number)
    if local_names:
        issuer, value = local_names[0]
        issuer = issuer or authority
        if issuer:
            value = f"{issuer}:{value}"
        return reference(value)
    if nhs is not None:
        return pseudonym(collected.sender, nhs, f"{segment}-{number}")
    if wrong:
        raise Untranslatable(
            f"{segment}-{number}",
            "nhs-number-check-digit",
            "the NHS number fails its modulus 11 check",
            "send the ten digits as issued, or the local identifier",
        )
    raise Untranslatable(
        f"{segment}-{number}",
        "person-not-named",
        "no identifier names the person",
        f"fill {segment}-{number} with the local identifier or the NHS number",
    )


def restricted(message: Message) -> bool:
    """PD1-12, the protection indicator, or an access restriction (ARV, since v2.8) that is not
    taken away.
    """
    if message.get("PD1", 12).upper() == "Y":
        return True
    return any(group.get("ARV", 2).upper() != "D" for group in message.groups("ARV"))


def _names(message: Message) -> list[dict[str, str]]:
    names = []
    for repetition in range(1, message.repetitions("PID", 5) + 1):
        name: dict[str, str] = {}
        for part, component in (("family", 1), ("given", 2), ("middle", 3)):
            text = message.get("PID", 5, repetition, component)[:80]
            if text:
                name[part] = text
        if "family" in name or "given" in name:
            name["use"] = _USES.get(message.get("PID", 5, repetition, 7).upper(), "usual")
            names.append(name)
    return names[:20]


def _addresses(collected: Collected, message: Message, at: datetime) -> list[dict[str, str]]:
    addresses = []
    for repetition in range(1, message.repetitions("PID", 11) + 1):
        if message.get("PID", 11, repetition, 7).upper() not in _HOMES:
            continue
        if _expired(message, repetition, at):
            collected.note(
                "PID-11",
                "former-address-not-carried",
                "the address had expired by the time of the message",
                "nothing to do; it is left out",
            )
            continue
        place = _place(collected, message, repetition)
        if place:
            addresses.append(place)
    return addresses[:10]


def _expired(message: Message, repetition: int, at: datetime) -> bool:
    """Its validity (XAD-12, a range), or its expiry (XAD-14; XAD-13 beside a beginning in XAD-12),
    is over.
    """
    ends = [message.get("PID", 11, repetition, 12, 2), message.get("PID", 11, repetition, 14)]
    begin = message.get("PID", 11, repetition, 12, 1)
    if begin and not ends[0] and not ends[1]:
        ends.append(message.get("PID", 11, repetition, 13))
    return any(end is not None and end <= at for end in map(instant, ends))


def _place(collected: Collected, message: Message, repetition: int) -> dict[str, str]:
    place: dict[str, str] = {}
    # the first component has parts of its own: number and street of one line
    parts = [message.get("PID", 11, repetition, 1, part) for part in (1, 2, 3)]
    if not parts[0]:
        parts = [parts[2], parts[1]]
    lines = [" ".join(part for part in parts if part)]
    lines += [message.get("PID", 11, repetition, component) for component in (2, 3)]
    street = ", ".join(line for line in lines if line)[:200]
    if street:
        place["street"] = street
    code = _postcode(collected, message.get("PID", 11, repetition, 5))
    if code is not None:
        place["postcode"] = code
    return place


def _postcode(collected: Collected, written: str) -> str | None:
    if not written:
        return None
    code = postcode(written)
    if code is None:
        collected.note(
            "PID-11.5",
            "postcode-not-carried",
            "not a postcode of a place (malformed, or a ZZ99 pseudo-postcode)",
            "send the postcode as written by Royal Mail, or none",
        )
    return code


def phones(message: Message, segment: str, number: int) -> list[str]:
    """The phone numbers of an XTN field; electronic mail is left out."""
    numbers = []
    for repetition in range(1, message.repetitions(segment, number) + 1):
        use = message.get(segment, number, repetition, 2).upper()
        equipment = message.get(segment, number, repetition, 3).upper()
        if equipment in ("INTERNET", "X.400", "BP") or use == "NET":
            continue
        area = message.get(segment, number, repetition, 6)
        local_number = message.get(segment, number, repetition, 7)
        # three places a number may stand in, by the age of the system
        written = (
            message.get(segment, number, repetition, 1)
            or message.get(segment, number, repetition, 12)
            or f"{area} {local_number}".strip()
        )
        tidy = phone(written)
        if tidy is not None:
            numbers.append(tidy)
    return list(dict.fromkeys(numbers))[:10]


def descriptor(collected: Collected, message: Message, at: datetime) -> dict[str, Any]:
    """What the sender holds of who the person is, in the contract's words."""
    described: dict[str, Any] = {"names": _names(message), "certainty": "confirmed"}
    described |= _numbers(collected, message)
    described |= _birth_and_sex(collected, message)
    ethnic = message.get("PID", 22).upper()
    if ethnic in _ETHNIC:
        described["ethnicity"] = ethnic
    if restricted(message):
        described["restricted"] = True
    else:
        described["addresses"] = _addresses(collected, message, at)
        described["phones"] = phones(message, "PID", 13)
    return {name: value for name, value in described.items() if value not in (None, [], "")}


def unchanged(message: Message, described: dict[str, Any]) -> list[str]:
    """Fields of the descriptor of which the message says nothing: an empty field is no null."""
    return [
        name
        for name, number in _FIELD_OF.items()
        if name not in described
        and not message.is_null("PID", number)
        and not message.repetitions("PID", number)
    ]


# The PID field that each field of a descriptor is of.
_FIELD_OF = {
    "names": 5,
    "date_of_birth": 7,
    "sex": 8,
    "addresses": 11,
    "phones": 13,
    "ethnicity": 22,
}
_ETHNIC = frozenset(get_args(EthnicCategory))


def _numbers(collected: Collected, message: Message) -> dict[str, Any]:
    nhs, local_names, wrong = identifiers(message, "PID", 3)
    numbers: dict[str, Any] = {}
    if nhs is not None:
        numbers["nhs_number"] = nhs
        status = verification(message.get("PID", 32))
        if status is not None:
            numbers["nhs_number_status"] = status
    elif wrong:
        collected.note(
            "PID-3",
            "nhs-number-check-digit",
            "the NHS number fails its modulus 11 check, or is a placeholder, and is left out",
            "send the ten digits as issued",
        )
    numbers["identifiers"] = [
        {"system": system(authority or "local"), "value": reference(value)}
        for authority, value in local_names
        if nhs_digits(value) is None
    ][:20]
    return numbers


def _birth_and_sex(collected: Collected, message: Message) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    born, sex = message.get("PID", 7), message.get("PID", 8).upper()
    if born:
        birthday = day(born)
        if birthday is not None:
            facts["date_of_birth"] = birthday.isoformat()
        else:
            collected.note(
                "PID-7",
                "date-malformed",
                "the date of birth is not a whole, real date and is left out",
                "send YYYYMMDD",
            )
    if sex in _SEX:
        facts["sex"] = _SEX[sex]
    elif sex:
        collected.note(
            "PID-8",
            "value-not-in-set",
            "the sex is none of the codes known and is left out",
            f"use one of {', '.join(_SEX)}",
        )
    return facts


def contacts(message: Message) -> list[dict[str, str]]:
    """Whom of the family to call (NK1); nobody for a restricted record."""
    if restricted(message):
        return []
    people: dict[str, dict[str, str]] = {}
    for kin in message.groups("NK1"):
        for number in phones(kin, "NK1", 5)[:1]:
            people[number] = {"relation": _relation(kin.get("NK1", 3).upper()), "phone": number}
    return list(people.values())[:3]


def _relation(code: str) -> str:
    if code in _CARER:
        return "carer"
    if code in _FAMILY:
        return "family"
    return "other"
