"""CloudEvents over HTTP: which mode a request is in, and its events in structured mode."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import unquote

from schemas.envelope import STRUCTURED, structured
from schemas.strict_json import loads
from services.gateway.answers import Problem, code_of
from services.intake.examine import too_deep, unreadable

BATCH = "application/cloudevents-batch+json"
MAX_BATCH = 100


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


def _batch(body: bytes) -> list[bytes]:
    deep = too_deep(body)
    if deep is not None:
        raise Problem(400, code_of(deep), deep.message, deep.remedy)
    try:
        members = loads(body)
    except (ValueError, RecursionError) as error:
        fault = unreadable(error)
        raise Problem(400, code_of(fault), fault.message, fault.remedy) from error
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
    deep = too_deep(body)
    if deep is not None:
        raise Problem(400, code_of(deep), deep.message, deep.remedy)
    content_type = headers.get("content-type", "application/json").encode()
    try:
        return structured(body, [*attributes, ("content-type", content_type)])
    except (ValueError, RecursionError) as error:
        fault = unreadable(error)
        raise Problem(400, code_of(fault), fault.message, fault.remedy) from error
