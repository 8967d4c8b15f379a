"""Files of other standards as events of a feed: FHIR R4 (JSON, a list, or a resource a line) and HL7 v2 (ER7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.registry import Agency, Feed
from services.intake import fhir, hl7v2
from services.intake.hl7v2.message import messages
from services.intake.translation import Sender, Translated

KINDS = {"fhir": (".json", ".ndjson", ".jsonl"), "hl7v2": (".hl7", ".er7", ".txt")}
"""The sources, and the ends of the file names that are taken from a folder."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document, where it stands, and what was made of it."""

    place: str
    translated: Translated


def _files(kind: str, data: Path) -> list[Path]:
    if data.is_file():
        return [data]
    return sorted(p for p in data.rglob("*") if p.is_file() and p.suffix.lower() in KINDS[kind])


def _fhir(path: Path, body: bytes) -> Iterator[tuple[int, bytes]]:
    if path.suffix.lower() in (".ndjson", ".jsonl"):
        yield from ((n, line) for n, line in enumerate(body.splitlines(), 1) if line.strip())
        return
    if body.lstrip().startswith(b"["):
        try:
            listed = json.loads(body)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            yield from ((n, json.dumps(each).encode()) for n, each in enumerate(listed, 1))
            return
    yield 1, body


def translated(
    kind: str, data: Path, agency: Agency, feed: Feed, key: bytes, received: datetime
) -> Iterator[Document]:
    """What the file, or each file of the folder, says. `key` names people known by NHS number alone. Raises OSError."""
    sender = Sender(agency.id, agency.kind, feed.sources[0], key)
    for path in _files(kind, data):
        body = path.read_bytes()
        if kind == "fhir":
            for n, document in _fhir(path, body):
                yield Document(f"{path.name}:{n}", fhir.translate(document, sender, received))
        else:
            for raw in messages(body):
                yield Document(f"{path.name}:{raw.number}", hl7v2.translate(raw.body, sender))
