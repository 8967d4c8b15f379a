"""What the door answers: receipts, or an outcome that says whose fault it is, where, and what to
do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.responses import JSONResponse

from schemas.envelope import AnyEvent
from services.intake.faults import Fault

SYSTEM = "urn:crisis-liaison:gateway"
# FHIR issue type by whose fault it is.
_KIND_OF = {"SEND": "invalid", "PROXY": "invalid", "REC": "exception"}


class Problem(Exception):
    """The request ends here. Codes begin with SEND_ (the sender's), PROXY_ or REC_ (ours)."""

    def __init__(
        self, status: int, code: str, message: str, remedy: str, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.remedy = status, code, message, remedy
        self.retry_after = retry_after


def code_of(fault: Fault) -> str:
    """The door's code of an intake fault: what is wrong with a document is always the sender's."""
    return f"SEND_{fault.code.upper().replace('-', '_')}"


def issue(
    code: str, message: str, remedy: str, pointer: str = "", severity: str = "error"
) -> dict[str, Any]:
    """One issue of a FHIR OperationOutcome: the place as a JSON pointer in `expression`, the remedy
    in words.
    """
    entry: dict[str, Any] = {
        "severity": severity,
        "code": _KIND_OF.get(code.split("_", maxsplit=1)[0], "invalid"),
        "details": {"coding": [{"system": SYSTEM, "code": code}], "text": remedy},
        "diagnostics": message,
    }
    if pointer:
        entry["expression"] = [pointer]
    return entry


def issues(
    faults: Iterable[Fault], severity: str = "error", prefix: str = ""
) -> list[dict[str, Any]]:
    """The faults as issues."""
    return [
        issue(code_of(fault), fault.message, fault.remedy, prefix + fault.pointer, severity)
        for fault in faults
    ]


def outcome(
    status: int, issues: Sequence[Mapping[str, Any]], retry_after: int | None = None
) -> JSONResponse:
    """A refusal."""
    answer = JSONResponse(
        {"resourceType": "OperationOutcome", "issue": list(issues)}, status_code=status
    )
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def receipt(events: Iterable[AnyEvent], notes: Sequence[Mapping[str, Any]] = ()) -> JSONResponse:
    """202: the brokers have the events. An id that was sent before is a repeat, and harmless."""
    document: dict[str, Any] = {
        "accepted": [
            {"source": event.source, "id": event.id, "type": event.type} for event in events
        ]
    }
    if notes:
        document["issue"] = list(notes)
    return JSONResponse(document, status_code=202)
