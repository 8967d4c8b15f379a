"""Events out of files: one JSON event, a JSON list of them, or JSON lines; each with the line on
which it begins.

A file is never held whole: a night of events, or a file that is no events at all, needs no more
memory than a few events.
"""

from __future__ import annotations

import codecs
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from schemas.envelope import MAX_EVENT_BYTES

# Bytes that are kept of one event: enough for intake to say that it is too large.
KEPT = MAX_EVENT_BYTES + 1
# Bytes of a member of a list after which it is given up: what has lost its end would else be read
# to the file's.
LONGEST = 1 << 20
PIECE = 1 << 16
_WHITE = re.compile(r"[ \t\r\n]*")
_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it stands in a file, not yet read as an event."""

    number: int
    """Line on which it begins, from 1."""
    body: bytes


class NotEvents(ValueError):
    """The input cannot be taken apart into events."""


def event_lines(stream: IO[bytes]) -> Iterator[Line]:
    """Take the input apart. Raises NotEvents.

    `[` begins a list. A line that opens as many braces as it closes, or more of the latter, begins
    JSON lines: a broken line is then that line's fault and no other's. Anything else is one event
    over several lines.
    """
    number, first = 1, stream.readline(KEPT + 1)
    if first.startswith(b"\xef\xbb\xbf"):
        raise NotEvents("the input begins with a byte order mark: save it as UTF-8 without one")
    while first and not first.strip():
        number, first = number + first.endswith(b"\n"), stream.readline(KEPT + 1)
    if not first:
        raise NotEvents(
            "the input is empty: give one JSON event, a JSON list of events, or one event a line"
        )
    begin = first.lstrip()
    if begin.startswith(b"["):
        yield from _list(itertools.chain((first,), _pieces(stream)), number)
    elif begin.startswith(b"{") and not _ends(begin):
        yield from _one(first, stream, number)
    else:
        yield from _lines(first, stream, number)


def _pass_line(line: bytes, stream: IO[bytes]) -> None:
    """Pass over the rest of a line of which as much has been read as is kept."""
    while line and not line.endswith(b"\n"):
        line = stream.readline(PIECE)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


def _ends(line: bytes) -> bool:
    """Does what the line begins also end on it?"""
    return line.count(b"}") >= line.count(b"{") or len(line) > KEPT


def _lines(first: bytes, stream: IO[bytes], number: int) -> Iterator[Line]:
    line = first
    if not line.lstrip().startswith(b"{"):
        raise NotEvents(
            f"line {number} is not JSON: give one JSON event, a JSON list of events, or one event a line"
        )
    while line:
        _pass_line(line, stream)
        if line.strip():
            yield Line(number, line.strip())
        number, line = number + 1, stream.readline(KEPT + 1)


def _one(first: bytes, stream: IO[bytes], number: int) -> Iterator[Line]:
    body = first + stream.read(KEPT)
    while stream.read(PIECE):
        pass
    if not body.rstrip().endswith(b"}") and len(body) < KEPT:
        raise NotEvents(
            f"the event that begins on line {number} has no end: give one event, a list, or one event a line"
        )
    yield Line(number, body.strip())


class _Window:
    """What of a list has been read and not yet taken apart."""

    def __init__(self, pieces: Iterator[bytes], number: int) -> None:
        self.number = number
        self._pieces = pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._over = "", 0, False

    def sign(self) -> str:
        """The next sign that is no white space, empty at the end of the input."""
        while True:
            self._pass(_WHITE.match(self._text, self._at).end())  # type: ignore[union-attr]  # matches anywhere
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, sign: str) -> bool:
        """Pass over the next sign, if it is the wanted one."""
        matches = self.sign() == sign
        self._at += matches
        return matches

    def value(self) -> bytes:
        """The JSON value that begins here, as it stands in the file."""
        while True:
            try:
                _, end = _JSON.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                end = len(self._text) + 1
            except RecursionError as error:
                raise NotEvents(f"the input at line {self.number} is nested too deeply") from error
            # what ends where the window ends may go on in the next piece: `4` and `2`
            if end < len(self._text) + self._over:
                text = self._text[self._at : end]
                self._pass(end)
                return text.encode()
            ends_with_the_window = end == len(self._text)
            if len(self._text) - self._at > LONGEST or not (self._more() or ends_with_the_window):
                raise NotEvents(
                    f"what begins on line {self.number} is not JSON, or is cut off, or has no end"
                )

    def _pass(self, end: int) -> None:
        self.number += self._text.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        piece = next(self._pieces, b"")
        self._over = not piece
        try:
            self._text = self._text[self._at :] + self._decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise NotEvents(f"the input after line {self.number} is not UTF-8") from error
        self._at = 0
        return bool(piece)


def _list(pieces: Iterator[bytes], number: int) -> Iterator[Line]:
    window = _Window(pieces, number)
    window.take("[")
    if window.sign() == "]":
        raise NotEvents("the list is empty: give at least one event")
    while True:
        window.sign()
        yield Line(window.number, window.value())
        if window.take("]"):
            break
        if not window.take(","):
            raise NotEvents(
                f"line {window.number}: the list neither goes on with a comma nor ends with `]`"
            )
    if window.sign():
        raise NotEvents(f"line {window.number}: there is something after the end of the list")
