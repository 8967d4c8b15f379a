"""UK Core Patient: who a person is, in the contract's words. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.intake.fhir.reading import (
    Json,
    Resource,
    codings,
    ended,
    extensions,
    number_of,
    whole_date,
)
from services.intake.translation import (
    Collected,
    nhs_digits,
    phone,
    postcode,
    reference,
    system,
    verification,
)

RESTRICTED = frozenset({"R", "V"})


_USES = {
    "usual": "usual",
    "official": "usual",
    "nickname": "nickname",
    "maiden": "maiden",
    "old": "old",
    "anonymous": "alias",
    "temp": "alias",
}


# 16+1 categories, with Z (not stated) and 99 (not known).
_ETHNIC_CATEGORIES = frozenset("ABCDEFGHJKLMNPRSZ") | {"99"}


def restricted(resource: Resource) -> bool:
    """Whether location and contact details are withheld."""
    return any(
        s.get("code") in RESTRICTED for s in resource.body.get("meta", {}).get("security", [])
    )


def _status(collected: Collected, identifier: Json, pointer: str) -> str | None:
    for extension in extensions(identifier):
        for where, code in codings(extension.get("valueCodeableConcept")):
            if "NHSNumberVerificationStatus" in where:
                status = verification(code)
                if status is not None:
                    return status
                collected.note(
                    pointer,
                    "verification-status-unknown",
                    "the status is not one of 01 to 08",
                    "without it the number is taken as not yet traced",
                )
    return None


def _names(patient: Json, at: datetime) -> list[dict[str, str]]:
    names = []
    # current names first: the first of them is the one that is shown
    for human_name in sorted(patient.get("name", []), key=lambda n: ended(n, at)):
        given_names = [str(given)[:80] for given in human_name.get("given", []) if given]
        first, *middle = given_names or [""]
        use = _USES.get(human_name.get("use", "usual"), "usual")
        # a name that is over is still theirs: people answer to it, and records are under it
        if ended(human_name, at) and use == "usual":
            use = "old"
        name = {
            "given": first,
            "middle": " ".join(middle)[:80],
            "family": str(human_name.get("family", ""))[:80],
            "use": use,
        }
        if name["given"] or name["family"]:
            names.append({k: v for k, v in name.items() if v})
    return names[:20]


def _addresses(collected: Collected, patient: Resource, at: datetime) -> list[dict[str, str]]:
    places = []
    for n, address in enumerate(patient.body.get("address", [])):
        # only where the person is to be found: work and billing lead a crew astray
        if address.get("use") in ("work", "billing", "old") or ended(address, at):
            continue
        place: dict[str, str] = {}
        code = _postcode(collected, address, f"{patient.pointer}/address/{n}/postalCode")
        if code is not None:
            place["postcode"] = code
        uprn = _uprn(address)
        if uprn is not None:
            place["uprn"] = uprn
        street = ", ".join(str(line) for line in address.get("line", []) if line)[:200]
        if street:
            place["street"] = street
        if place:
            places.append(place)
    return places[:10]


def _postcode(collected: Collected, address: Json, pointer: str) -> str | None:
    written = str(address.get("postalCode") or "").strip()
    if not written:
        return None
    code = postcode(written)
    if code is None:
        collected.note(
            pointer,
            "postcode-not-carried",
            "not a postcode of a place (malformed, or a ZZ99 pseudo-postcode)",
            "send the postcode as written by Royal Mail, or none",
        )
    return code


def _uprn(address: Json) -> str | None:
    """UK Core's address key, where its type says that it is a UPRN; the last of several."""
    parts = list(extensions(address))
    types = {part.get("valueCoding", {}).get("code") for part in parts}
    if "UPRN" not in types:
        return None
    values = [str(part.get("valueString", "")) for part in parts if part.get("url") == "value"]
    numbers = [value[:12] for value in values if value.isdigit()]
    return next(reversed(numbers), None)


def phones(telecoms: Any, at: datetime) -> list[str]:
    """The phone numbers that still serve, without repeats."""
    numbers = []
    for telecom in telecoms or []:
        if telecom.get("system") not in ("phone", "sms"):
            continue
        if ended(telecom, at) or telecom.get("use") == "old":
            continue
        number = phone(str(telecom.get("value", "")))
        if number is not None:
            numbers.append(number)
    return list(dict.fromkeys(numbers))[:10]


def descriptor(collected: Collected, patient: Resource, at: datetime) -> dict[str, Any]:
    """What the sender holds of who the person is, in the contract's words."""
    body, description = (
        patient.body,
        dict[str, Any](names=_names(patient.body, at), certainty="confirmed"),
    )
    description |= _numbers(collected, patient)
    if (born := whole_date(body.get("birthDate"))) is not None:
        description["date_of_birth"] = born
    elif body.get("birthDate"):
        collected.note(
            f"{patient.pointer}/birthDate",
            "date-not-whole",
            "only the year or month of birth is given",
            "send the whole date; a part of one is left out",
        )
    if body.get("gender"):
        description["sex"] = body["gender"]
    ethnicity = _ethnicity(body)
    if ethnicity is not None:
        description["ethnicity"] = ethnicity
    if restricted(patient):
        description["restricted"] = True
        if body.get("address") or body.get("telecom"):
            collected.note(
                patient.pointer,
                "restricted-location-not-carried",
                "the record is restricted: address and phone are left out",
                "nothing to do",
            )
    else:
        description |= {
            "addresses": _addresses(collected, patient, at),
            "phones": phones(body.get("telecom"), at),
        }
    return {k: v for k, v in description.items() if v not in (None, [], "")}


def _numbers(collected: Collected, patient: Resource) -> dict[str, Any]:
    """The NHS number with its status, and what else the sender calls the person by."""
    numbers: dict[str, Any] = {}
    pointer, nhs_identifier = f"{patient.pointer}/identifier", None
    nhs_number = number_of(patient.body)
    if nhs_number is not None:
        nhs_identifier, digits = nhs_number
        if digits is None:
            collected.note(
                pointer,
                "nhs-number-check-digit",
                "the NHS number fails its modulus 11 check and is left out",
                "send the ten digits as issued",
            )
        else:
            numbers["nhs_number"] = digits
            status = _status(collected, nhs_identifier, pointer)
            if status is not None:
                numbers["nhs_number_status"] = status
    # a valid NHS number under another system is one all the same, and would go round its status
    local = [
        identifier
        for identifier in patient.body.get("identifier", [])
        if identifier.get("value")
        and identifier is not nhs_identifier
        and nhs_digits(str(identifier["value"])) is None
    ]
    numbers["identifiers"] = [
        {
            "system": system(str(identifier.get("system") or "local")),
            "value": reference(str(identifier["value"])),
        }
        for identifier in local
    ][:20]
    return numbers


def _ethnicity(body: Json) -> str | None:
    """The category of the NHS Data Dictionary; the last of several."""
    ethnicity = None
    for extension in extensions(body):
        for where, code in codings(extension.get("valueCodeableConcept")):
            if "EthnicCategory" in where and code in _ETHNIC_CATEGORIES:
                ethnicity = code
    return ethnicity
