"""The HL7 v2 answer: AA, AE or AR, to whom sent it, with an ERR segment for each fault. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.intake.faults import Fault

# Faults of the kind of message, not of its content: AR, so that the sender does not try the same
# again.
REJECTED = frozenset({"message-not-carried", "not-production", "character-set-unknown"})
# HL7 table 0357.
_CONDITIONS = {
    "segment-missing": "100^Segment sequence error",
    "field-missing": "101^Required field missing",
    "person-not-named": "101^Required field missing",
    "time-malformed": "102^Data type error",
    "nhs-number-check-digit": "102^Data type error",
    "message-not-carried": "200^Unsupported message type",
    "not-production": "202^Unsupported processing id",
}
_PLACES = str.maketrans({"|": " ", "~": " ", "&": " ", "\\": " ", "\r": " ", "\n": " "})
_OTHER = "207^Application internal error"
_ESCAPES = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": " "}
)


def _header(body: bytes) -> list[str]:
    """MSH-1 to MSH-12 as they stand, each empty where it is not there."""
    # leniently, since what is answered may not be readable at all
    head = body.split(b"\r", 1)[0].split(b"\n", 1)[0].decode("ascii", "replace")
    fields: list[str] = []
    if head.startswith("MSH|"):
        fields = head.split("|")
    return (fields + [""] * 12)[:12]


def _code(faults: Sequence[Fault], stored: bool) -> str:
    if any(fault.code in REJECTED for fault in faults):
        return "AR"
    if faults or not stored:
        return "AE"
    return "AA"


def acknowledge(
    body: bytes,
    faults: Sequence[Fault],
    now: datetime,
    *,
    stored: bool = True,
    notes: Sequence[Fault] = (),
) -> tuple[str, bytes]:
    """(code, message). AA only when all that the message says is with the brokers."""
    header = _header(body)
    code = _code(faults, stored)
    control = header[9][:199]
    trigger = [*header[8].split("^"), ""][1]
    lines = [
        f"MSH|^~\\&|{header[4]}|{header[5]}|{header[2]}|{header[3]}|{now:%Y%m%d%H%M%S}+0000|"
        f"|ACK^{trigger}|{now:%Y%m%d%H%M%S%f}|{header[10] or 'P'}|{header[11] or '2.4'}",
        f"MSA|{code}|{control}",
    ]
    lines += [_error(fault, "E") for fault in faults]
    lines += [_error(note, "I") for note in notes]
    if not stored:
        lines.append(f"ERR|||{_OTHER}^HL70357|E|REC_UNAVAILABLE^not stored; send again")
    return code, ("\r".join(lines) + "\r").encode()


def _error(fault: Fault, severity: str) -> str:
    """The ERR segment: where, what, how bad, and the remedy."""
    place = fault.pointer.split(".")[0].replace("-", "^1^").translate(_PLACES)
    text = f"{fault.message}; {fault.remedy}".translate(_ESCAPES)
    condition = "0^Message accepted"
    if severity == "E":
        condition = _CONDITIONS.get(fault.code, _OTHER)
    return f"ERR||{place}|{condition}^HL70357|{severity}|{fault.code}^{text}"
