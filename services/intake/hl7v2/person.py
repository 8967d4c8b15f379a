"""PID, PD1 and NK1: who a person is, as an HL7 v2 sender holds it. Pure.

Sources: HL7 v2.4 and ITK HL7 v2 (segments, tables 0001, 0063, 0190, 0200; certain); NHS Data Dictionary person gender and
ethnic category codes (certain); PID-32 as the NHS number status is ITK practice (likely).
"""

from __future__ import annotations

from typing import Any

from schemas.codes import NhsNumberStatus
from services.intake.hl7v2.message import Message, day
from services.intake.translation import (
    Collected,
    Untranslatable,
    nhs_digits,
    phone,
    postcode,
    pseudonym,
    reference,
    system,
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
    """(NHS number, (authority, value) of the others, whether a wrong NHS number was there) of a CX field.

    Where a type says that it is the medical record number (MR), or the internal one (PI), it stands first.
    """
    nhs, wrong = None, False
    others: list[tuple[int, str, str]] = []
    for n in range(1, message.repetitions(segment, number) + 1):
        value = message.get(segment, number, n, 1)
        authority = message.get(segment, number, n, 4, 1) or message.get(segment, number, n, 4, 2)
        kind = message.get(segment, number, n, 5).upper()
        if not value:
            continue
        if authority.upper() in _NHS or kind in _NHS_TYPES:
            digits = nhs_digits(value)
            nhs, wrong = (digits, wrong) if digits else (nhs, True)
        else:
            others.append(({"MR": 0, "PI": 1}.get(kind, 2), authority, value))
    return nhs, [(a, v) for _, a, v in sorted(others, key=lambda o: o[0])], wrong


def named(
    collected: Collected,
    message: Message,
    segment: str = "PID",
    number: int = 3,
    authority: str = "",
) -> str:
    """The sender's name of the person: its own identifier with who gave it, else one made of the NHS number."""
    nhs, others, wrong = identifiers(message, segment, number)
    if others:
        given, value = others[0]
        given = given or authority
        return reference(f"{given}:{value}" if given else value)
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
    """PD1-12, the protection indicator."""
    return message.get("PD1", 12).upper() == "Y"


def _names(message: Message) -> list[dict[str, str]]:
    names = []
    for n in range(1, message.repetitions("PID", 5) + 1):
        part = {
            k: message.get("PID", 5, n, c)[:80]
            for k, c in (("family", 1), ("given", 2), ("middle", 3))
        }
        if part["family"] or part["given"]:
            use = _USES.get(message.get("PID", 5, n, 7).upper(), "usual")
            names.append({k: v for k, v in part.items() if v} | {"use": use})
    return names[:20]


def _addresses(collected: Collected, message: Message) -> list[dict[str, str]]:
    found = []
    for n in range(1, message.repetitions("PID", 11) + 1):
        if message.get("PID", 11, n, 7).upper() not in _HOMES:
            continue
        street = ", ".join(p for c in (1, 2, 3) if (p := message.get("PID", 11, n, c)))[:200]
        place = {"street": street} if street else {}
        if written := message.get("PID", 11, n, 5):
            code = postcode(written)
            if code is None:
                collected.note(
                    "PID-11.5",
                    "postcode-not-carried",
                    "not a postcode of a place (malformed, or a ZZ99 pseudo-postcode)",
                    "send the postcode as written by Royal Mail, or none",
                )
            else:
                place["postcode"] = code
        if place:
            found.append(place)
    return found[:10]


def phones(message: Message, segment: str, number: int) -> list[str]:
    """The phone numbers of an XTN field; electronic mail is left out."""
    found = []
    for n in range(1, message.repetitions(segment, number) + 1):
        if message.get(segment, number, n, 3).upper() in ("INTERNET", "X.400", "BP") or (
            message.get(segment, number, n, 2).upper() == "NET"
        ):
            continue
        split = f"{message.get(segment, number, n, 6)} {message.get(segment, number, n, 7)}".strip()
        written = message.get(segment, number, n, 1) or message.get(segment, number, n, 12) or split
        if (tidy := phone(written)) is not None:
            found.append(tidy)
    return list(dict.fromkeys(found))[:10]


def descriptor(collected: Collected, message: Message) -> dict[str, Any]:
    """What the sender holds of who the person is, in the contract's words."""
    nhs, others, wrong = identifiers(message, "PID", 3)
    said: dict[str, Any] = {"names": _names(message), "certainty": "confirmed"}
    if nhs is not None:
        said["nhs_number"] = nhs
        if (status := message.get("PID", 32)) in set(NhsNumberStatus):
            said["nhs_number_status"] = status
    elif wrong:
        collected.note(
            "PID-3",
            "nhs-number-check-digit",
            "the NHS number fails its modulus 11 check and is left out",
            "send the ten digits as issued",
        )
    said["identifiers"] = [
        {"system": system(a or "local"), "value": reference(v)}
        for a, v in others
        if nhs_digits(v) is None
    ][:20]
    if written := message.get("PID", 7):
        if (born := day(written)) is not None:
            said["date_of_birth"] = born.isoformat()
        else:
            collected.note(
                "PID-7",
                "date-malformed",
                "the date of birth is not a whole, real date and is left out",
                "send YYYYMMDD",
            )
    if written := message.get("PID", 8).upper():
        if written in _SEX:
            said["sex"] = _SEX[written]
        else:
            collected.note(
                "PID-8",
                "value-not-in-set",
                "the sex is none of the codes known and is left out",
                f"use one of {', '.join(_SEX)}",
            )
    if (ethnic := message.get("PID", 22).upper()) in set("ABCDEFGHJKLMNPRSZ") | {"99"}:
        said["ethnicity"] = ethnic
    if restricted(message):
        said["restricted"] = True
    else:
        said |= {"addresses": _addresses(collected, message), "phones": phones(message, "PID", 13)}
    return {k: v for k, v in said.items() if v not in (None, [], "")}


def contacts(message: Message) -> list[dict[str, str]]:
    """Whom of the family to call (NK1); nobody for a restricted record."""
    if restricted(message):
        return []
    found = []
    for each in message.groups("NK1"):
        numbers = phones(each, "NK1", 5)
        if numbers:
            code = each.get("NK1", 3).upper()
            relation = "carer" if code in _CARER else "family" if code in _FAMILY else "other"
            found.append({"relation": relation, "phone": numbers[0]})
    return list({c["phone"]: c for c in found}.values())[:3]
