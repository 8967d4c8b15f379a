"""HL7 v2 messages out of bytes: taken apart, decoded, read by segment and field. Pure.

The parser is `hl7` (johnpaulett/python-hl7): delimiters as the message declares them, repetitions, escape sequences.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import hl7
from hl7 import containers, util

from services.intake.translation import Untranslatable, local

# what it cannot unescape it writes to the log, and that is what the message says of a person
for _module in (util, containers):
    _module.logger = logging.getLogger("liaison.hl7.silent")
    _module.logger.disabled = True

MAX_MESSAGE_BYTES = 65_536
_CHARSETS = {
    "": "utf-8",
    "ASCII": "utf-8",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "8859/1": "iso-8859-1",
    "8859/15": "iso-8859-15",
}
_TIME = re.compile(
    r"(?P<day>\d{8})(?P<hour>\d{2})?(?P<minute>\d{2})?(?P<second>\d{2})?(\.\d{1,4})?((?P<sign>[+-])(?P<off>\d{4}))?"
)
_BATCH = (b"FHS", b"BHS", b"BTS", b"FTS")


@dataclass(frozen=True, slots=True)
class Raw:
    """One message as it stands in a file, and the line on which it begins."""

    number: int
    body: bytes


def messages(body: bytes) -> Iterator[Raw]:
    """The messages of a file: each begins with MSH; batch segments and MLLP frames are passed over."""
    lines = re.split(rb"\r\n|\r|\n", body.replace(b"\x0b", b"").replace(b"\x1c", b""))
    begun: int | None = None
    kept: list[bytes] = []
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(_BATCH):
            continue
        if stripped.startswith(b"MSH") and kept:
            yield Raw(begun or number, b"\r".join(kept))
            kept, begun = [], None
        begun = begun or number
        kept.append(stripped)
    if kept:
        yield Raw(begun or 1, b"\r".join(kept))


class Message:
    """Reads fields by their names in the standard: ("PID", 5, 1, 2) is PID-5, first repetition, second component."""

    def __init__(self, parsed: hl7.Message, groups: list[list[hl7.Segment]] | None = None) -> None:
        self._parsed = parsed
        self._segments = list(parsed) if groups is None else [s for g in groups for s in g]

    def has(self, segment: str) -> bool:
        """Whether the segment is there."""
        return any(str(s[0]) == segment for s in self._segments)

    def groups(self, name: str) -> list[Message]:
        """The message cut into parts, each beginning with the segment of this name; what stands before is left out."""
        cut: list[list[hl7.Segment]] = []
        for segment in self._segments:
            if str(segment[0]) == name:
                cut.append([])
            if cut:
                cut[-1].append(segment)
        return [Message(self._parsed, [group]) for group in cut]

    def _field(self, segment: str, number: int) -> hl7.Field | None:
        for each in self._segments:
            if str(each[0]) == segment:
                return each[number] if number < len(each) else None
        return None

    def repetitions(self, segment: str, number: int) -> int:
        """How many there are of the field."""
        field = self._field(segment, number)
        return len(field) if field is not None and str(field) else 0

    def get(
        self, segment: str, number: int, repetition: int = 1, component: int = 1, part: int = 1
    ) -> str:
        """The text there, unescaped; empty where there is none. HL7's explicit null `""` is empty too."""
        found: object = self._field(segment, number)
        for position, kind in (
            (repetition, hl7.Field),
            (component, hl7.Repetition),
            (part, hl7.Component),
        ):
            if not isinstance(found, hl7.Container):
                # a level that is not divided is its own first part
                if position != 1:
                    return ""
            elif isinstance(found, kind):
                if position > len(found):
                    return ""
                found = found[position - 1]
        text = "" if found is None else str(found)
        if text == '""':
            return ""
        return str(self._parsed.unescape(text)).strip()


def parse(body: bytes) -> Message:
    """One message. Raises Untranslatable naming segment, field and remedy."""
    if not body.startswith(b"MSH"):
        raise Untranslatable(
            "MSH", "segment-missing", "the message does not begin with MSH", "send HL7 v2 ER7 text"
        )
    if len(body) > MAX_MESSAGE_BYTES:
        raise Untranslatable(
            "",
            "message-too-large",
            f"{len(body)} bytes, the limit is {MAX_MESSAGE_BYTES}",
            "send ADT messages, not documents",
        )
    separator = body[3:4]
    head = body.split(b"\r", 1)[0].split(separator)
    if (
        len(body) < 9
        or separator.isalnum()
        or not separator.isascii()
        or len(head) < 12
        or len(set(body[3:8])) < 5
    ):
        raise Untranslatable(
            "MSH-2",
            "delimiters-invalid",
            "MSH-1, MSH-2 or the fields after them are not there",
            "begin with MSH|^~\\& and fill MSH up to MSH-12",
        )
    named = (
        (head[17] if len(head) > 17 else b"")
        .split(body[5:6])[0]
        .decode("ascii", "replace")
        .strip()
        .upper()
    )
    if named not in _CHARSETS:
        raise Untranslatable(
            "MSH-18",
            "character-set-unknown",
            "this character set is not read",
            f"use one of {', '.join(c for c in _CHARSETS if c)}",
        )
    try:
        text = body.decode(_CHARSETS[named])
    except UnicodeDecodeError as error:
        raise Untranslatable(
            "MSH-18",
            "character-set-wrong",
            f"byte {error.start} is not of the character set named",
            "name the one that is used, e.g. 8859/1, or send UTF-8",
        ) from error
    try:
        return Message(hl7.parse(text))
    except (hl7.HL7Exception, ValueError, IndexError, KeyError, RecursionError) as error:
        raise Untranslatable(
            "",
            "hl7-malformed",
            f"the message cannot be taken apart: {type(error).__name__}",
            "send HL7 v2 ER7 text, segments ended by a carriage return",
        ) from error


def instant(text: str) -> datetime | None:
    """An HL7 time with at least a day; without an offset it is London's clock. None when it is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        at = datetime.strptime(found["day"], "%Y%m%d").replace(  # noqa: DTZ007  (its offset comes below)
            hour=int(found["hour"] or 0),
            minute=int(found["minute"] or 0),
            second=int(found["second"] or 0),
        )
        if found["off"]:
            off = timedelta(hours=int(found["off"][:2]), minutes=int(found["off"][2:]))
            at = at.replace(tzinfo=timezone(off if found["sign"] == "+" else -off))
        return local(at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(text: str) -> date | None:
    """The day of an HL7 date or time; None when it is none."""
    try:
        return datetime.strptime(text[:8], "%Y%m%d").date() if len(text) >= 8 else None  # noqa: DTZ007  (only its day)
    except ValueError:
        return None
