"""What a trace is: a question about a person, and an answer that never guesses. Pure.

Rules: Master Person Service (NHS England, Person_ID handbook; certain): a number alone is never
enough, it must come with the date of birth and a name; two candidates are none. The search is
exact, since an application alone may not search fuzzily (likely; the condition is in the onboarding
of PDS FHIR).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from schemas.codes import NhsNumberStatus
from schemas.person import PersonDescriptor, PersonName
from services.identity.described import number_of
from services.identity.likeness.placeholders import is_placeholder_day

Outcome = Literal["verified", "none", "many", "conflict", "insufficient"]

# 01 is verified already; 04 and 05 were traced by the sender and are for people to settle; 07
# need no trace.
TRACEABLE = frozenset(
    {
        NhsNumberStatus.NOT_TRACED,
        NhsNumberStatus.TRACE_REQUIRED,
        NhsNumberStatus.IN_PROGRESS,
        NhsNumberStatus.POSTPONED,
    }
)


class TraceUnavailable(Exception):
    """The national service does not answer, or not now. `after` seconds it may be asked again,
    where it said so.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


@dataclass(frozen=True, slots=True)
class TraceResult:
    """The answer. A number only where the outcome is `verified`."""

    outcome: Outcome
    nhs_number: str | None = None
    restricted: bool = False


class Tracer(Protocol):
    """Whoever can trace."""

    async def trace(self, descriptor: PersonDescriptor) -> TraceResult:
        """Ask whom the descriptor is about. Raises TraceUnavailable."""
        ...


def needs_trace(descriptor: PersonDescriptor) -> bool:
    """Whether asking could help."""
    return descriptor.nhs_number_status in TRACEABLE


def _usual(descriptor: PersonDescriptor) -> PersonName | None:
    whole = [name for name in descriptor.names if name.family]
    usual = [name for name in whole if name.use == "usual"]
    return next(iter(usual or whole), None)


def questions(descriptor: PersonDescriptor) -> list[dict[str, str]]:
    """The searches to make, one after the other until one is answered; none where too little is
    known.

    Family name and whole date of birth, with a given name; the postcode narrows the first search. A
    restricted person is never found by postcode, so the second goes without it.
    """
    name, born = _usual(descriptor), descriptor.date_of_birth
    if name is None or name.given is None or born is None:
        return []
    if is_placeholder_day(born.year, born.month, born.day):
        return []
    parameters = {
        "family": str(name.family),
        "given": name.given,
        "birthdate": f"eq{born.isoformat()}",
    }
    if descriptor.sex in ("male", "female"):
        parameters["gender"] = descriptor.sex
    if descriptor.postcodes:
        return [parameters | {"address-postalcode": descriptor.postcodes[0]}, parameters]
    return [parameters]


def agrees(descriptor: PersonDescriptor, patient: Mapping[str, Any]) -> bool:
    """Whether a record found by number is of the person: the same date of birth, and a family or
    given name in common.
    """
    if (
        descriptor.date_of_birth is None
        or patient.get("birthDate") != descriptor.date_of_birth.isoformat()
    ):
        return False
    on_record = set[str]()
    for name in patient.get("name", []):
        on_record |= {
            str(part).casefold() for part in (name.get("family", ""), *name.get("given", []))
        }
    described = {
        part.casefold() for name in descriptor.names for part in (name.family, name.given) if part
    }
    return bool(on_record & described)


def is_restricted(patient: Mapping[str, Any]) -> bool:
    """Confidentiality R (or V)."""
    return any(
        label.get("code") in ("R", "V") for label in patient.get("meta", {}).get("security", [])
    )


def decide(descriptor: PersonDescriptor, patients: Sequence[Mapping[str, Any]]) -> TraceResult:
    """What a search says. One that finds somebody else's number than the sender's is a conflict,
    for people to settle.
    """
    if not patients:
        return TraceResult("none")
    if len(patients) > 1:
        return TraceResult("many")
    number, sent = str(patients[0].get("id", "")), number_of(descriptor)
    if sent is not None and number != sent:
        return TraceResult("conflict")
    if not agrees(descriptor, patients[0]):
        return TraceResult("conflict")
    return TraceResult("verified", number, is_restricted(patients[0]))


def traced(descriptor: PersonDescriptor, result: TraceResult) -> dict[str, Any]:
    """The sender's descriptor with the number verified: what the trace says, and nothing else of
    the national record.
    """
    fields = descriptor.model_dump(mode="json", exclude_none=True)
    fields |= {"nhs_number": result.nhs_number, "nhs_number_status": NhsNumberStatus.VERIFIED.value}
    if result.restricted:
        fields |= {"restricted": True, "addresses": [], "phones": []}
    return fields
