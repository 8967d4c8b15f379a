"""FHIR R4 resources out of bytes: parsed, validated by the standard's own models, and named. Pure.

The models are those of R4B (fhir.resources): the resources read here are the same in R4 and R4B. They are imported when
the first document comes, since the stream workers need none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError

from services.intake.faults import Fault
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
MAX_DEPTH = 32
"""Levels of nesting. A UK Core resource has about a dozen."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """One valid resource, where it stands in the document, and the address by which others refer to it."""

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
        found = self.body.get("meta", {}).get("versionId")
        return str(found) if found is not None else None

    @property
    def updated(self) -> datetime | None:
        """When the server last changed it."""
        return instant(self.body.get("meta", {}).get("lastUpdated"))


def instant(value: Any, *, end: bool = False) -> datetime | None:
    """A FHIR date or dateTime. A day is its beginning in London, or its end; a year or a month is no instant: None."""
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
    """Whether the element's period was over at the instant. Judged at the resource's own time, not at ours, so that the
    same document says the same whenever it comes."""
    end = (
        instant(element.get("period", {}).get("end"), end=True)
        if isinstance(element, Mapping)
        else None
    )
    return end is not None and end <= at


def whole_date(value: Any) -> str | None:
    """YYYY-MM-DD of a date or dateTime; None when only the year or month is known."""
    try:
        return (
            date.fromisoformat(value[:10]).isoformat()
            if isinstance(value, str) and len(value) >= 10
            else None
        )
    except ValueError:
        return None


def codings(concept: Any) -> Iterator[tuple[str, str]]:
    """(system, code) of a CodeableConcept, or of a list of them."""
    for each in concept if isinstance(concept, list) else [concept] if concept else []:
        for coding in each.get("coding", []):
            yield str(coding.get("system", "")), str(coding.get("code", ""))


def snomed(concept: Any) -> list[str]:
    """Its SNOMED CT codes."""
    return [code for system, code in codings(concept) if system in SNOMED]


def extensions(node: Any) -> Iterator[Json]:
    """Every extension of an element, those within extensions too."""
    for each in node.get("extension", []) if isinstance(node, Mapping) else []:
        yield each
        yield from extensions(each)


def number_of(node: Json) -> tuple[Json, str | None] | None:
    """The identifier that is an NHS number, and its ten digits; None for those where the check digit is wrong."""
    found = node.get("identifier", [])
    for each in found if isinstance(found, list) else [found]:
        if each.get("system") == NHS_NUMBER and each.get("value"):
            return each, nhs_digits(str(each["value"]))
    return None


def depth(value: Any) -> int:
    """Levels of nesting, counted without recursion."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        node, level = waiting.pop()
        if isinstance(node, dict | list):
            deepest = max(deepest, level)
            waiting += [
                (child, level + 1) for child in (node.values() if isinstance(node, dict) else node)
            ]
    return deepest


def _model(kind: str) -> type[BaseModel]:
    model: type[BaseModel] = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    return model


def _faults(error: ValidationError, pointer: str) -> list[Fault]:
    # neither the message nor the input is repeated: both may hold what the resource says of a person
    return [
        Fault(
            pointer + "".join(f"/{part}" for part in each["loc"]),
            "fhir-invalid",
            f"not valid FHIR R4: {each['type']}",
            "correct the element by the FHIR R4 definition of the resource (UK Core profile)",
        )
        for each in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def parse(body: bytes) -> Json:
    """The JSON object. Raises Untranslatable."""
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Untranslatable(
            "", "json-invalid", type(error).__name__, "send one FHIR JSON resource in UTF-8"
        ) from error
    if not isinstance(document, dict):
        raise Untranslatable(
            "", "json-invalid", "not a JSON object", "send one FHIR resource or Bundle"
        )
    if depth(document) > MAX_DEPTH:
        raise Untranslatable(
            "",
            "nested-too-deeply",
            f"more than {MAX_DEPTH} levels",
            "send resources, not documents",
        )
    return document


def resources(document: Json) -> tuple[list[Resource], list[Fault]]:
    """The resources of a Bundle, or the one that it is, and the faults of those that are none of ours or not valid."""
    kind = document.get("resourceType")
    listed: list[tuple[Any, str, str]] = [(document, "", "")]
    if kind == "Bundle":
        entries = document.get("entry", [])
        if not isinstance(entries, list):
            return [], [
                Fault(
                    "/entry",
                    "fhir-invalid",
                    "not a list",
                    "send a Bundle by the FHIR R4 definition",
                )
            ]
        listed = [
            (e.get("resource"), f"/entry/{n}/resource", str(e.get("fullUrl", "")))
            if isinstance(e, dict)
            else (None, f"/entry/{n}", "")
            for n, e in enumerate(entries)
        ]
    found: list[Resource] = []
    faults: list[Fault] = []
    for body, pointer, address in listed:
        kind = body.get("resourceType") if isinstance(body, dict) else None
        if kind not in CARRIED:
            faults.append(
                Fault(
                    f"{pointer}/resourceType",
                    "resource-not-carried",
                    "this resource is not one that is carried",
                    f"send {', '.join(CARRIED)}, or a Bundle of them",
                )
            )
            continue
        try:
            _model(str(kind)).model_validate(body)
        except ValidationError as error:
            faults += _faults(error, pointer)
        except RecursionError:
            faults.append(
                Fault(
                    pointer,
                    "nested-too-deeply",
                    "nested too deeply",
                    "send resources, not documents",
                )
            )
        else:
            found.append(Resource(str(kind), body, pointer, address))
    return found, faults
