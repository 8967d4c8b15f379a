"""CloudEvents over HTTP: which mode a request is in, and its events in structured mode."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import unquote

from schemas.envelope import STRUCTURED, structured
from services.gateway.answers import Problem
from services.intake.faults import Fault

BATCH = "application/cloudevents-batch+json"
MAX_BATCH = 100
MAX_DEPTH = 32


def documents_of(headers: Mapping[str, str], kind: str, body: bytes) -> list[bytes]:
    """The events of a request whose content type is `kind`. Raises Problem."""
    if kind == BATCH:
        return _batch(body)
    if kind == STRUCTURED:
        return [body]
    if kind == "application/json":
        if "ce-specversion" in headers:
            return [_binary(headers, body)]
        return [body]
    raise Problem(
        415,
        "SEND_CONTENT_TYPE",
        "this content type is not read",
        f"use {STRUCTURED}, {BATCH}, or application/json with ce- headers",
    )


def too_deep(document: bytes) -> Fault | None:
    """The fault of a document that is nested too deeply, found before anything that recurses
    sees it.
    """
    deepest = level = 0
    quoted = escaped = False
    for sign in document:
        if quoted:
            quoted = escaped or sign != 0x22
            escaped = not escaped and sign == 0x5C
        elif sign == 0x22:
            quoted = True
        elif sign in (0x7B, 0x5B):
            level += 1
            deepest = max(deepest, level)
        elif sign in (0x7D, 0x5D):
            level -= 1
    if deepest <= MAX_DEPTH:
        return None
    return Fault(
        "",
        "nested-too-deeply",
        f"more than {MAX_DEPTH} levels",
        "send structured facts, not documents",
    )


def _batch(body: bytes) -> list[bytes]:
    members: object = None
    if too_deep(body) is None:
        try:
            members = json.loads(body)
        except (ValueError, RecursionError):
            members = None
    if not isinstance(members, list) or not members:
        raise Problem(
            400,
            "SEND_JSON_INVALID",
            "not a JSON list of events",
            f"send a list of 1 to {MAX_BATCH} events",
        )
    if len(members) > MAX_BATCH:
        raise Problem(
            413,
            "SEND_BATCH_TOO_LARGE",
            f"{len(members)} events, the limit is {MAX_BATCH}",
            "send smaller batches",
        )
    return [json.dumps(member).encode() for member in members]


def _binary(headers: Mapping[str, str], body: bytes) -> bytes:
    attributes = [
        (f"ce_{name[3:]}", unquote(value).encode())
        for name, value in headers.items()
        if name.startswith("ce-")
    ]
    try:
        return structured(body, [*attributes, ("content-type", b"application/json")])
    except (ValueError, RecursionError) as error:
        raise Problem(
            400,
            "SEND_JSON_INVALID",
            "the body is not JSON",
            "send the event's data as JSON in UTF-8",
        ) from error
