"""The HL7 v2 answer: AA, AE or AR, to whom sent it, with an ERR segment for each fault. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.intake.faults import Fault

REJECTED = frozenset({"message-not-carried", "not-production", "character-set-unknown"})
"""Faults of the kind of message, not of its content: AR, so that the sender does not try the same again."""
_CONDITIONS = {
    "segment-missing": "100^Segment sequence error",
    "field-missing": "101^Required field missing",
    "person-not-named": "101^Required field missing",
    "time-malformed": "102^Data type error",
    "nhs-number-check-digit": "102^Data type error",
    "message-not-carried": "200^Unsupported message type",
    "not-production": "202^Unsupported processing id",
}
"""HL7 table 0357."""
_OTHER = "207^Application internal error"
_ESCAPES = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": " "}
)


def _said(body: bytes) -> list[str]:
    # leniently, since what is answered may not be readable at all
    head = body.split(b"\r", 1)[0].split(b"\n", 1)[0].decode("ascii", "replace")
    fields = head.split("|") if head.startswith("MSH|") else []
    return (fields + [""] * 12)[:12]


def acknowledge(
    body: bytes, faults: Sequence[Fault], now: datetime, *, stored: bool = True
) -> tuple[str, bytes]:
    """(code, message). AA only when all that the message says is with the brokers."""
    said = _said(body)
    code = (
        "AA" if stored and not faults else "AR" if any(f.code in REJECTED for f in faults) else "AE"
    )
    control = said[9][:199]
    trigger = said[8].split("^")[1] if "^" in said[8] else ""
    lines = [
        f"MSH|^~\\&|{said[4]}|{said[5]}|{said[2]}|{said[3]}|{now:%Y%m%d%H%M%S}+0000||ACK^{trigger}|"
        f"{now:%Y%m%d%H%M%S%f}|{said[10] or 'P'}|{said[11] or '2.4'}",
        f"MSA|{code}|{control}",
    ]
    for fault in faults:
        place = fault.pointer.split(".")[0].replace("-", "^1^")
        text = f"{fault.message}; {fault.remedy}".translate(_ESCAPES)
        lines.append(
            f"ERR||{place}|{_CONDITIONS.get(fault.code, _OTHER)}^HL70357|E|{fault.code}^{text}"
        )
    if not stored:
        lines.append(f"ERR|||{_OTHER}^HL70357|E|REC_UNAVAILABLE^not stored; send again")
    return code, ("\r".join(lines) + "\r").encode()
