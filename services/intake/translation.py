"""From another standard's document to events of the contract: what both adapters (FHIR, HL7 v2)
share. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import nhs_number

from schemas.codes import AgencyKind
from schemas.envelope import AnyEvent
from schemas.events import TYPE_PREFIX
from schemas.london_time import LONDON
from schemas.person import is_placeholder
from services.intake.accept import checked
from services.intake.faults import Fault
from services.intake.plausible import Circumstances

# What a time without an offset means. The hour that comes twice in October is taken as the first.

_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
_PHONE = re.compile(r"\+?[0-9 ()-]{3,24}")
_NO_REFERENCE = re.compile(r"[^A-Za-z0-9._:/-]+")
_NO_SYSTEM = re.compile(r"[^a-z0-9./:-]+")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends the document, as the door has established it; never what the document says of
    itself.
    """

    agency: str
    kind: AgencyKind
    source: str
    """CloudEvents source of the events made, registered for the feed."""
    pseudonym_key: bytes
    """Secret of this installation; empty where there is none, and then nobody can be named by NHS
    number alone.
    """
    mental_health_specialties: frozenset[str] = frozenset()
    """The sender's own codes of specialties that are mental-health care."""
    received_at: datetime | None = None
    """When the document came in; None where that is not known yet."""


@dataclass(frozen=True, slots=True)
class Translated:
    """What became of one document. With a fault, nothing was made of that part; a note says what
    was left out of it.
    """

    events: tuple[AnyEvent, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()


class Untranslatable(Exception):
    """This part of the document cannot become an event."""

    def __init__(self, pointer: str, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.fault = Fault(pointer, code, message, remedy)


@dataclass(slots=True)
class Collected:
    """What is gathered while a document is read."""

    sender: Sender
    events: list[AnyEvent] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)

    def say(
        self,
        event_id: str,
        name: str,
        at: datetime,
        data: Mapping[str, Any],
        recorded: datetime | None,
    ) -> None:
        """Add an event. Raises Untranslatable when the contract does not take it."""
        document: dict[str, Any] = {
            "specversion": "1.0",
            "id": event_id,
            "source": self.sender.source,
            "type": f"{TYPE_PREFIX}{name}.v1",
            "time": at.isoformat(),
            "data": {field: value for field, value in data.items() if value not in (None, [], {})},
        }
        # a record from before it happened would cost the whole; without it nothing is lost
        if recorded is not None and recorded >= at:
            document["recordedtime"] = recorded.isoformat()
        answer = checked(
            json.dumps(document).encode(), Circumstances(self.sender.received_at, self.sender.kind)
        )
        if answer.event is None:
            first = answer.faults[0]
            raise Untranslatable(
                first.pointer,
                first.code,
                f"the {name} made of it is not taken: {first.message}",
                first.remedy,
            )
        self.events.append(answer.event)
        self.notes += answer.notes

    def note(self, pointer: str, code: str, message: str, remedy: str) -> None:
        """Say what is left out of an event that is made all the same."""
        self.notes.append(Fault(pointer, code, message, remedy))

    def result(self) -> Translated:
        """All that was gathered."""
        return Translated(tuple(self.events), tuple(self.faults), tuple(self.notes))


def nhs_digits(value: str) -> str | None:
    """The ten digits of a valid NHS number, or None."""
    digits = value.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and nhs_number.is_valid(digits)):
        return None
    if is_placeholder(digits):
        return None
    return digits


def pseudonym(sender: Sender, number: str, pointer: str) -> str:
    """An opaque local identifier for a person whom the document names by NHS number alone.

    HMAC-SHA-256 under the installation's key, so that it is the same for every document of the
    agency and gives the number to nobody: there are too few NHS numbers for a plain hash. Raises
    Untranslatable without a key.
    """
    if not sender.pseudonym_key:
        raise Untranslatable(
            pointer,
            "person-named-by-nhs-number-alone",
            "only an NHS number says who this is, and no key is set",
            "set LIAISON_PSEUDONYM_KEY, or name the person by the agency's own identifier",
        )
    digest_of_it = hmac.new(
        sender.pseudonym_key, f"{sender.agency}|{number}".encode(), hashlib.sha256
    ).hexdigest()
    return f"nhs.{digest_of_it[:40]}"


# NHS number verification status in words, as CareConnect and older systems write it.
VERIFICATION = {
    "number-present-and-verified": "01",
    "number-present-but-not-traced": "02",
    "trace-required": "03",
    "trace-attempted-no-match-or-multiple-match-found": "04",
    "trace-needs-to-be-resolved": "05",
    "trace-in-progress": "06",
    "number-not-present-and-trace-not-required": "07",
    "trace-postponed": "08",
}


def verification(code: str) -> str | None:
    """01 to 08 of a code or of its words; None for any other."""
    tidy = "-".join(re.findall(r"[a-z0-9]+", code.lower()))
    if tidy in VERIFICATION:
        return VERIFICATION[tidy]
    numbered = tidy.zfill(2)
    if numbered in VERIFICATION.values():
        return numbered
    return None


def reference(value: str) -> str:
    """The value as an opaque reference; what is too long or written in other signs becomes a
    digest.
    """
    tidy = _NO_REFERENCE.sub("-", value.strip())
    if tidy == value.strip() and 0 < len(tidy) <= 64:
        return tidy
    return f"{tidy[:40]}.{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def system(value: str) -> str:
    """The name of an identifier system in the contract's signs."""
    tidy = _NO_SYSTEM.sub(
        "-", value.lower().removeprefix("https://").removeprefix("http://")
    ).strip("-./:")[:80]
    if len(tidy) > 1:
        return tidy
    return f"local-{tidy or 'unnamed'}"


def digest(*parts: object) -> str:
    """Short and stable: the same parts give the same digest on every machine."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def postcode(value: str) -> str | None:
    """A postcode in its usual form, or None.

    None too for ZZ99 pseudo-postcodes (ODS: no fixed abode, unknown, abroad): thousands of people
    share one.
    """
    match = _POSTCODE.fullmatch(value.replace(" ", "").upper())
    if match is None or match[1] == "ZZ99":
        return None
    return f"{match[1]} {match[2]}"


def phone(value: str) -> str | None:
    """A phone number in the contract's signs, or None."""
    tidy = value.strip().replace(".", " ").replace("/", " ")
    digits = [sign for sign in tidy if sign in "0123456789"]
    if _PHONE.fullmatch(tidy) and len(digits) >= 3:
        return tidy
    return None


def local(at: datetime) -> datetime:
    """An instant; without an offset it is London's clock."""
    if at.tzinfo is not None:
        return at
    return at.replace(tzinfo=LONDON)


def day_begins(day: date) -> datetime:
    """Midnight in London at the beginning of the day."""
    return datetime.combine(day, time(), LONDON)


def day_ends(day: date) -> datetime:
    """Midnight in London at the end of the day."""
    return datetime.combine(day + timedelta(days=1), time(), LONDON)
