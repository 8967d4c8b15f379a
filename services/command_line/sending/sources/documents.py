"""Files of other standards as events of a feed: FHIR R4 (JSON, a list, or a resource a line) and
HL7 v2 (ER7).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.registry import Agency, Feed
from services.intake import fhir, hl7v2
from services.intake.faults import Fault
from services.intake.hl7v2.message import messages
from services.intake.translation import Sender, Translated

# The sources, and the ends of the file names that are taken from a folder.
KINDS = {"fhir": (".json", ".ndjson", ".jsonl"), "hl7v2": (".hl7", ".er7", ".txt")}


@dataclass(frozen=True, slots=True)
class Document:
    """One document, where it stands, and what was made of it."""

    place: str
    translated: Translated


def _files(kind: str, data: Path) -> list[Path]:
    if data.is_file():
        return [data]
    return sorted(
        path for path in data.rglob("*") if path.is_file() and path.suffix.lower() in KINDS[kind]
    )


def _fhir(path: Path, body: bytes) -> Iterator[tuple[int, bytes]]:
    if path.suffix.lower() in (".ndjson", ".jsonl"):
        for number, line in enumerate(body.splitlines(), 1):
            if line.strip():
                yield number, line
        return
    if body.lstrip().startswith(b"["):
        try:
            members = json.loads(body)
        except (ValueError, RecursionError):
            members = None
        if isinstance(members, list):
            for number, member in enumerate(members, 1):
                yield number, json.dumps(member).encode()
            return
    yield 1, body


def translated(
    kind: str, data: Path, agency: Agency, feed: Feed, key: bytes, received: datetime
) -> Iterator[Document]:
    """What the file, or each file of the folder, says. `key` names people known by NHS number
    alone.

    A file that cannot be read is a document with a fault, and ends nothing.
    """
    sender = Sender(
        agency.id,
        agency.kind,
        feed.sources[0],
        key,
        frozenset(feed.mental_health_specialties),
        received,
    )
    for path in _files(kind, data):
        try:
            body = path.read_bytes()
        except OSError as error:
            yield Document(path.name, Translated(faults=(_unreadable(error),)))
            continue
        if kind == "fhir":
            for number, document in _fhir(path, body):
                yield Document(f"{path.name}:{number}", fhir.translate(document, sender, received))
            continue
        messages_in_file = list(messages(body))
        if not messages_in_file:
            yield Document(f"{path.name}:1", hl7v2.translate(b"", sender))
        for raw in messages_in_file:
            yield Document(f"{path.name}:{raw.number}", hl7v2.translate(raw.body, sender))


def _unreadable(error: OSError) -> Fault:
    return Fault(
        "",
        "file-unreadable",
        f"the file cannot be read: {error.strerror}",
        "give a file that this process may read",
    )
