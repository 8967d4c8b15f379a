"""HL7 v2 messages out of bytes: taken apart, decoded, read by segment and field. Pure.

The parser is `hl7` (johnpaulett/python-hl7): delimiters as the message declares them, repetitions,
escape sequences.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import hl7
from hl7 import containers, util

from schemas.london_time import LONDON
from services.intake.translation import Untranslatable, local

# what it cannot unescape it writes to the log, and that is what the message says of a person
for _module in (util, containers):
    _module.logger = logging.getLogger("liaison.hl7.silent")
    _module.logger.disabled = True

MAX_MESSAGE_BYTES = 65_536
# By name without spaces and signs: HL7 table 0211, and the names that systems write in its place.
_CHARSETS = {
    "": "utf-8",
    "ASCII": "utf-8",
    "USASCII": "utf-8",
    "ISOIR6": "utf-8",
    "UNICODE": "utf-8",
    "UNICODEUTF8": "utf-8",
    "UTF8": "utf-8",
    "ISOIR192": "utf-8",
    "88591": "iso-8859-1",
    "ISO88591": "iso-8859-1",
    "LATIN1": "iso-8859-1",
    "ISOIR100": "iso-8859-1",
    "885915": "iso-8859-15",
    "ISO885915": "iso-8859-15",
    "WINDOWS1252": "windows-1252",
    "CP1252": "windows-1252",
}
_CHARSET_NAMES = "UNICODE UTF-8, ASCII, 8859/1, 8859/15, WINDOWS-1252"
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
    segments: list[bytes] = []
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        # a batch is only a wrapping: each message in it stands for itself
        if not stripped or stripped.startswith(_BATCH):
            continue
        if stripped.startswith(b"MSH") and segments:
            yield Raw(begun or number, b"\r".join(segments))
            segments, begun = [], None
        begun = begun or number
        segments.append(stripped)
    if segments:
        yield Raw(begun or 1, b"\r".join(segments))


class Message:
    """Reads fields by their names in the standard: ("PID", 5, 1, 2) is PID-5, first repetition,
    second component.
    """

    def __init__(self, parsed: hl7.Message, groups: list[list[hl7.Segment]] | None = None) -> None:
        self._parsed = parsed
        self._segments = list(parsed)
        if groups is not None:
            self._segments = [segment for group in groups for segment in group]

    def has(self, segment: str) -> bool:
        """Whether the segment is there."""
        return any(str(present[0]) == segment for present in self._segments)

    def groups(self, name: str) -> list[Message]:
        """The message cut into parts, each beginning with the segment of this name; what stands
        before is left out.
        """
        cut: list[list[hl7.Segment]] = []
        for segment in self._segments:
            if str(segment[0]) == name:
                cut.append([])
            if cut:
                cut[-1].append(segment)
        head = [present for present in self._segments if str(present[0]) == "MSH"]
        return [Message(self._parsed, [head, group]) for group in cut]

    def _field(self, segment: str, number: int) -> hl7.Field | None:
        for present in self._segments:
            if str(present[0]) == segment:
                if number < len(present):
                    return present[number]
                return None
        return None

    def repetitions(self, segment: str, number: int) -> int:
        """How many there are of the field."""
        field = self._field(segment, number)
        if field is None or not str(field):
            return 0
        return len(field)

    def get(
        self, segment: str, number: int, repetition: int = 1, component: int = 1, part: int = 1
    ) -> str:
        """The text there, unescaped; empty where there is none. HL7's explicit null `""` is empty
        too.
        """
        node: object = self._field(segment, number)
        for position, kind in (
            (repetition, hl7.Field),
            (component, hl7.Repetition),
            (part, hl7.Component),
        ):
            if not isinstance(node, hl7.Container):
                # a level that is not divided is its own first part
                if position != 1:
                    return ""
            elif isinstance(node, kind):
                if position > len(node):
                    return ""
                node = node[position - 1]
        if node is None or str(node) == '""':
            return ""
        text = str(node)
        return str(self._parsed.unescape(text)).strip()

    def is_null(self, segment: str, number: int) -> bool:
        """Whether the field is HL7's explicit null: what was said of it before is taken back."""
        return str(self._field(segment, number)) == '""'


def parse(body: bytes) -> Message:
    """One message. Raises Untranslatable naming segment, field and remedy."""
    _begins_well(body)
    try:
        parsed = hl7.parse(_text(body))
    except (hl7.HL7Exception, ValueError, IndexError, KeyError, RecursionError) as error:
        raise Untranslatable(
            "",
            "hl7-malformed",
            f"the message cannot be taken apart: {type(error).__name__}",
            "send HL7 v2 ER7 text, segments ended by a carriage return",
        ) from error
    return Message(parsed)


def _begins_well(body: bytes) -> None:
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
    delimiters = body[3:8]
    if (
        not separator.strip()
        or not delimiters.isascii()
        or delimiters.isalnum()
        or len(set(delimiters)) < 5
        or len(_head(body)) < 12
    ):
        raise Untranslatable(
            "MSH-2",
            "delimiters-invalid",
            "MSH-1, MSH-2 or the fields after them are not there",
            "begin with MSH|^~\\& and fill MSH up to MSH-12",
        )


def _head(body: bytes) -> list[bytes]:
    separator = body[3:4]
    if not separator:
        return []
    return body.split(b"\r", 1)[0].split(separator)


def _text(body: bytes) -> str:
    fields = [*_head(body), *[b""] * 18]
    written = fields[17].split(body[5:6])[0].decode("ascii", "replace").upper()
    charset = _CHARSETS.get(re.sub(r"[^A-Z0-9]", "", written))
    if charset is None or "\ufffd" in written:
        raise Untranslatable(
            "MSH-18",
            "character-set-unknown",
            "this character set is not read",
            f"use one of {_CHARSET_NAMES}",
        )
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise Untranslatable(
            "MSH-18",
            "character-set-wrong",
            f"byte {error.start} is not of the character set named",
            "name the one that is used, e.g. 8859/1, or send UTF-8",
        ) from error


def instant(text: str) -> datetime | None:
    """An HL7 time with at least a day; without an offset it is London's clock. None when it is
    none.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        at = datetime.strptime(match["day"], "%Y%m%d").replace(  # noqa: DTZ007  (its offset comes below)
            hour=int(match["hour"] or 0),
            minute=int(match["minute"] or 0),
            second=int(match["second"] or 0),
        )
        if match["off"]:
            offset = timedelta(hours=int(match["off"][:2]), minutes=int(match["off"][2:]))
            if match["sign"] == "-":
                offset = -offset
            at = at.replace(tzinfo=timezone(offset))
        return local(at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(text: str) -> date | None:
    """The day of an HL7 date, or the day in London of an HL7 time; None when it is none."""
    at = instant(text)
    if at is None:
        return None
    try:
        return at.astimezone(LONDON).date()
    except OverflowError:
        return None
