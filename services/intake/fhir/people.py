"""UK Core Patient and RelatedPerson: by what name the sender knows a person, what is said of them
when, whom of the family to call. Pure.

Source: UK Core R4 (hl7.org.uk), PDS FHIR API: confidentiality U, R, REDACTED (certain); of
relations, HL7 v2-0131 and v3-RoleCode (certain for the codes listed).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from schemas.london_time import LONDON
from services.intake.fhir.description import descriptor, phones
from services.intake.fhir.reading import Resource, codings, ended, instant, number_of, whole_date
from services.intake.plausible import EARLIEST, PLACEHOLDER_DAYS
from services.intake.translation import (
    Collected,
    Untranslatable,
    digest,
    nhs_digits,
    pseudonym,
    reference,
)

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
    # PDS tells that there is somebody and nothing else: neither may we
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
    on = moment.astimezone(LONDON).date()
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
