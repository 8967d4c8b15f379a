"""FHIR R4 resources out of bytes: parsed, validated by the standard's own models, and named. Pure.

The models are those of R4B (fhir.resources): the resources read here are the same in R4 and R4B.
They are imported when the first document comes, since the stream workers need none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas.strict_json import MemberTwice, loads
from services.intake.examine import MAX_DEPTH, too_deep, unreadable
from services.intake.faults import Fault, pointer_of
from services.intake.translation import Untranslatable, day_begins, day_ends, local, nhs_digits

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
SNOMED = ("http://snomed.info/sct", "https://snomed.info/sct")
CARRIED = (
    "Patient",
    "RelatedPerson",
    "EpisodeOfCare",
    "CarePlan",
    "Flag",
    "Consent",
    "DocumentReference",
)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """One valid resource, where it stands in the document, and the address by which others refer to
    it.
    """

    kind: str
    body: Json
    pointer: str
    address: str = ""

    @property
    def id(self) -> str:
        """The logical id, empty where there is none."""
        return str(self.body.get("id", ""))

    @property
    def version(self) -> str | None:
        """The version the server gave it."""
        version_id = self.body.get("meta", {}).get("versionId")
        if version_id is not None:
            return str(version_id)
        return None

    @property
    def updated(self) -> datetime | None:
        """When the server last changed it."""
        return instant(self.body.get("meta", {}).get("lastUpdated"))


def instant(value: Any, *, end: bool = False) -> datetime | None:
    """A FHIR date or dateTime. A day is its beginning in London, or its end; a year or a month is
    no instant: None.
    """
    if not isinstance(value, str):
        return None
    try:
        if len(value) == 10:
            day = date.fromisoformat(value)
            return (day_ends(day) if end else day_begins(day)).astimezone(UTC)
        return local(datetime.fromisoformat(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def ended(element: Any, at: datetime) -> bool:
    """Whether the element's period was over at the instant. Judged at the resource's own time, not
    at ours, so that the same document says the same whenever it comes."""
    end = None
    if isinstance(element, Mapping):
        end = instant(element.get("period", {}).get("end"), end=True)
    return end is not None and end <= at


def whole_date(value: Any) -> str | None:
    """YYYY-MM-DD of a date or dateTime; None when only the year or month is known."""
    try:
        if isinstance(value, str) and len(value) >= 10:
            return date.fromisoformat(value[:10]).isoformat()
        return None
    except ValueError:
        return None


def _listed(value: Any) -> list[Any]:
    # some elements repeat in one resource and stand alone in another
    if isinstance(value, list):
        return value
    return [value]


def codings(concept: Any) -> Iterator[tuple[str, str]]:
    """(system, code) of a CodeableConcept, or of a list of them."""
    if not concept:
        return
    for element in _listed(concept):
        for coding in element.get("coding", []):
            yield str(coding.get("system", "")), str(coding.get("code", ""))


def snomed(concept: Any) -> list[str]:
    """Its SNOMED CT codes."""
    return [code for system, code in codings(concept) if system in SNOMED]


def extensions(node: Any) -> Iterator[Json]:
    """Every extension of an element, those within extensions too."""
    if not isinstance(node, Mapping):
        return
    for extension in node.get("extension", []):
        yield extension
        yield from extensions(extension)


def number_of(node: Json) -> tuple[Json, str | None] | None:
    """The identifier that is an NHS number, and its ten digits; None for those where the check
    digit is wrong.
    """
    for identifier in _listed(node.get("identifier", [])):
        if identifier.get("system") == NHS_NUMBER and identifier.get("value"):
            return identifier, nhs_digits(str(identifier["value"]))
    return None


def _model(kind: str) -> type[BaseModel]:
    model: type[BaseModel] = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    return model


def _valid(kind: str, body: Json, pointer: str) -> list[Fault]:
    """The faults of a resource by the library's model of it; none where it is valid."""
    try:
        _model(kind).model_validate(body)
    except ValidationError as error:
        return _faults(error, pointer)
    except RecursionError:
        return [_too_deep(pointer)]
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        # the library looks a contained resource's model up by its type, and knows not every one
        return [
            Fault(
                pointer,
                "fhir-invalid",
                f"not valid FHIR R4: {type(error).__name__}",
                "correct the resource, or what it contains, by the FHIR R4 definition",
            )
        ]
    return []


def _too_deep(pointer: str) -> Fault:
    return Fault(
        pointer,
        "nested-too-deeply",
        f"more than {MAX_DEPTH} levels",
        "send resources, not documents",
    )


def without_nulls(node: Any) -> Any:
    """The value without members that are null: in FHIR they are not there. In a list a null keeps a
    place, and goes too.
    """
    if isinstance(node, dict):
        return {name: without_nulls(value) for name, value in node.items() if value is not None}
    if isinstance(node, list):
        return [without_nulls(member) for member in node if member is not None]
    return node


def _faults(error: ValidationError, pointer: str) -> list[Fault]:
    # neither the message nor the input is repeated: both may hold what the resource says of a
    # person
    return [
        Fault(
            pointer + pointer_of(detail["loc"]),
            "fhir-invalid",
            f"not valid FHIR R4: {detail['type']}",
            "correct the element by the FHIR R4 definition of the resource (UK Core profile)",
        )
        for detail in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def parse(body: bytes) -> Json:
    """The JSON object, without nulls. Raises Untranslatable."""
    deep = too_deep(body)
    if deep is not None:
        raise Untranslatable("", deep.code, deep.message, "send resources, not documents")
    try:
        document = loads(body)
    except MemberTwice as error:
        fault = unreadable(error)
        raise Untranslatable("", fault.code, fault.message, fault.remedy) from error
    except (ValueError, RecursionError) as error:
        raise Untranslatable(
            "", "json-invalid", type(error).__name__, "send one FHIR JSON resource in UTF-8"
        ) from error
    if not isinstance(document, dict):
        raise Untranslatable(
            "", "json-invalid", "not a JSON object", "send one FHIR resource or Bundle"
        )
    resource: Json = without_nulls(document)
    return resource


def resources(document: Json) -> tuple[list[Resource], list[Fault]]:
    """The resources of a Bundle, or the one that it is, and the faults of those that are none of
    ours or not valid.
    """
    if document.get("resourceType") != "Bundle":
        return _read([(document, "", "")])
    entries = document.get("entry", [])
    if document.get("type") == "message":
        return [], [
            Fault(
                "/type",
                "message-not-carried",
                "messages (BaRS and others) are not carried: nothing of it was kept",
                f"send {', '.join(CARRIED)}, or a Bundle of them that is no message",
            )
        ]
    if not isinstance(entries, list):
        return [], [
            Fault("/entry", "fhir-invalid", "not a list", "send a Bundle by the FHIR R4 definition")
        ]
    if not entries:
        return [], [
            Fault(
                "/entry",
                "bundle-empty",
                "the Bundle has no entries",
                "send at least one resource in `entry`",
            )
        ]
    listed: list[tuple[Any, str, str]] = []
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            address = str(entry.get("fullUrl", ""))
            listed.append((entry.get("resource"), f"/entry/{number}/resource", address))
        else:
            listed.append((None, f"/entry/{number}", ""))
    return _read(listed)


def _read(listed: list[tuple[Any, str, str]]) -> tuple[list[Resource], list[Fault]]:
    resources_: list[Resource] = []
    faults: list[Fault] = []
    for body, pointer, address in listed:
        kind = None
        if isinstance(body, dict):
            kind = body.get("resourceType")
        if not isinstance(kind, str) or kind not in CARRIED:
            faults.append(
                Fault(
                    f"{pointer}/resourceType",
                    "resource-not-carried",
                    "this resource is not one that is carried",
                    f"send {', '.join(CARRIED)}, or a Bundle of them",
                )
            )
            continue
        # by the standard's own models: what they let through and we cannot read is told as
        # a fault of its own
        wrong = _valid(kind, body, pointer)
        faults += wrong
        if not wrong:
            resources_.append(Resource(kind, body, pointer, address))
    return resources_, faults
