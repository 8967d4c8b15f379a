"""UK Core Patient and RelatedPerson: who a person is, by what name the sender knows them, whom of
the family to call. Pure.

Source: UK Core R4 (hl7.org.uk), PDS FHIR API: confidentiality U, R, REDACTED (certain); of
relations, HL7 v2-0131 and v3-RoleCode (certain for the codes listed).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.intake.fhir.reading import (
    Json,
    Resource,
    codings,
    ended,
    extensions,
    instant,
    number_of,
    whole_date,
)
from services.intake.plausible import EARLIEST, PLACEHOLDER_DAYS
from services.intake.translation import (
    LOCAL_TIME,
    Collected,
    Untranslatable,
    digest,
    nhs_digits,
    phone,
    postcode,
    pseudonym,
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
_FAMILY = frozenset(
    {
        "MTH",
        "FTH",
        "PRN",
        "GRPRN",
        "GRMTH",
        "GRFTH",
        "SIS",
        "BRO",
        "SIB",
        "SPS",
        "HUSB",
        "WIFE",
        "DOMPART",
        "CHILD",
        "SON",
        "DAU",
        "SONC",
        "DAUC",
        "FAMMEMB",
        "NFTH",
        "NMTH",
        "NSIS",
        "NBRO",
        "AUNT",
        "UNCLE",
        "COUSN",
        "NEPHEW",
        "NIECE",
        "GRNDCHILD",
        "INLAW",
        "EXT",
        "N",
    }
)
_CARER = frozenset({"CAREGIVER", "CARER", "personal-carer"})

# 16+1 categories, with Z (not stated) and 99 (not known).
_ETHNIC_CATEGORIES = frozenset("ABCDEFGHJKLMNPRSZ") | {"99"}


def restricted(resource: Resource) -> bool:
    """Whether location and contact details are withheld."""
    return any(
        s.get("code") in RESTRICTED for s in resource.body.get("meta", {}).get("security", [])
    )


def redacted(resource: Resource) -> bool:
    """Whether nothing of it may be held at all."""
    return any(
        s.get("code") == "REDACTED" for s in resource.body.get("meta", {}).get("security", [])
    )


def local_person(collected: Collected, patient: Resource) -> str:
    """The sender's name of the person: the resource's id, unless that is an NHS number. Raises
    Untranslatable.
    """
    if patient.id and nhs_digits(patient.id) is None:
        return reference(patient.id)
    number = nhs_digits(patient.id) or (number_of(patient.body) or ({}, None))[1]
    if number is None:
        raise Untranslatable(
            f"{patient.pointer}/id",
            "person-not-named",
            "neither an id nor a valid NHS number names this person",
            "send the Patient with its id",
        )
    return pseudonym(collected.sender, number, f"{patient.pointer}/identifier")


def subject(collected: Collected, resource: Resource, patients: dict[str, Resource]) -> str:
    """The local name of the person a resource is about. Raises Untranslatable when nothing names
    them.
    """
    name = "subject"
    if resource.kind in ("EpisodeOfCare", "Consent", "RelatedPerson"):
        name = "patient"
    element = resource.body.get(name, {})
    at = f"{resource.pointer}/{name}"
    written = str(element.get("reference", ""))
    if written in patients:
        return local_person(collected, patients[written])
    kind, _, identifier = written.removesuffix("/").rpartition("/")
    if kind.endswith("Patient") and identifier:
        number = nhs_digits(identifier)
        if number:
            return pseudonym(collected.sender, number, at)
        return reference(identifier)
    if (nhs_number := number_of(element)) is not None:
        if nhs_number[1] is None:
            raise Untranslatable(
                f"{at}/identifier/value",
                "nhs-number-check-digit",
                "the NHS number fails its modulus 11 check",
                "send the ten digits as issued",
            )
        return pseudonym(collected.sender, nhs_number[1], at)
    raise Untranslatable(
        at,
        "person-not-named",
        "nothing names the person this is about",
        "refer to Patient/<id>, to a Patient of the same Bundle, or give the NHS number as identifier",
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


def stamp(resource: Resource, fallback: datetime) -> tuple[str, datetime]:
    """What makes the id of an event stable, and when it was: the resource's version and time.

    Without a version the content's digest serves; without a time, the time it came in, which is
    then part of the id, so that the same document sent again is another event that says the same.
    """
    version = digest(resource.body)
    if resource.version is not None:
        version = f"v{resource.version}"
    updated = resource.updated
    if updated is not None:
        return (version, updated)
    return (f"{version}.{fallback:%Y%m%dT%H%M%S}", fallback)


def say_patient(collected: Collected, patient: Resource, received: datetime) -> None:
    """The events of one Patient. Raises Untranslatable."""
    if redacted(patient):
        raise Untranslatable(
            patient.pointer, "redacted", "the record is redacted", "nothing of it may be held"
        )
    person = local_person(collected, patient)
    version, at = stamp(patient, received)
    if patient.updated is None:
        collected.note(
            f"{patient.pointer}/meta/lastUpdated",
            "time-assumed",
            "the resource has no time",
            "send meta.lastUpdated; the time it came in is taken",
        )
    name = "person.updated"
    if patient.version == "1":
        name = "person.registered"
    description = descriptor(collected, patient, at)
    collected.say(
        f"Patient.{person}.{version}",
        name,
        at,
        {"local_person": person, "person": description},
        None,
    )
    same_person(collected, f"Patient.{person}.{version}", at, person, description)
    for link in patient.body.get("link", []):
        other = str(link.get("other", {}).get("reference", "")).rpartition("/")[2]
        if other and link.get("type") in ("replaces", "replaced-by"):
            pair = {"local_person": person, "merged": reference(other)}
            if link["type"] == "replaced-by":
                pair = {"local_person": reference(other), "merged": person}
            collected.say(
                f"Patient.{person}.{version}.link.{reference(other)}",
                "person.merged",
                at,
                pair,
                None,
            )
    _say_death(collected, patient, person, version, at)


def _say_death(
    collected: Collected, patient: Resource, person: str, version: str, at: datetime
) -> None:
    """A person who is taken for dead is looked for no more, so a date alone must be plausible."""
    written = patient.body.get("deceasedDateTime")
    on = death_day(written, patient.body.get("birthDate"), at)
    if written and on is None:
        collected.note(
            f"{patient.pointer}/deceasedDateTime",
            "date-malformed",
            "the date of death is not a plausible date and is left out",
            "send the date, or deceasedBoolean",
        )
    if (
        on is not None
        or patient.body.get("deceasedBoolean") is True
        or _a_year_of_death(written, at)
    ):
        data = {"local_person": person, "on": on}
        collected.say(f"Patient.{person}.{version}.died", "person.died", at, data, None)


def _a_year_of_death(written: Any, at: datetime) -> bool:
    """Only the year or the month is known, and it is a plausible one."""
    if not isinstance(written, str) or len(written) not in (4, 7) or not written[:4].isdigit():
        return False
    return EARLIEST.year < int(written[:4]) <= at.year and written[:4] != "1970"


def death_day(written: Any, born: Any, at: datetime) -> str | None:
    """The day in London of a plausible date or time of death; None for any other."""
    moment = instant(written)
    if moment is None:
        return None
    on = moment.astimezone(LOCAL_TIME).date()
    if on in PLACEHOLDER_DAYS or on < EARLIEST.date() or on > at.date() + timedelta(days=1):
        return None
    birthday = whole_date(born)
    if birthday is not None and on.isoformat() < birthday:
        return None
    return on.isoformat()


def same_person(
    collected: Collected, event_id: str, at: datetime, person: str, description: dict[str, Any]
) -> None:
    """Join the sender's own name of a person with the name made of their NHS number, if the sender
    has verified it.

    So a crisis plan that names the person by NHS number alone reaches them. Only within the one
    sender, only at status 01; a later statement of the sender about the same number holds against
    an earlier one.
    """
    if description.get("nhs_number_status") != "01" or not collected.sender.pseudonym_key:
        return
    by_number = pseudonym(collected.sender, description["nhs_number"], "")
    if by_number != person:
        collected.say(
            f"{event_id}.number",
            "person.merged",
            at,
            {"local_person": person, "merged": by_number},
            None,
        )


def contact(resource: Resource, at: datetime) -> dict[str, str] | None:
    """Whom to call, of a RelatedPerson that is still one; None without a phone number."""
    if resource.body.get("active") is False or ended(resource.body, at):
        return None
    return contact_of(resource.body.get("relationship"), resource.body.get("telecom"), at)


def contact_of(relationship: Any, telecoms: Any, at: datetime) -> dict[str, str] | None:
    """Relation and phone in the contract's words."""
    numbers = phones(telecoms, at)
    if not numbers:
        return None
    codes = {code for _, code in codings(relationship)}
    relation = "other"
    if codes & _CARER:
        relation = "carer"
    elif codes & _FAMILY:
        relation = "family"
    return {"relation": relation, "phone": numbers[0]}
