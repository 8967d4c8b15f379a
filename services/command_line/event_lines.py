"""Events out of files: one JSON event, a JSON list of them, or JSON lines; each with the line on which it begins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it stands in a file, not yet read as an event."""

    number: int
    """Line on which it begins, from 1; for a list, the place in the list."""
    body: bytes


class NotEvents(ValueError):
    """The input cannot be taken apart into events."""


def event_lines(stream: IO[bytes]) -> Iterator[Line]:
    """Take the input apart. JSON lines are read line by line, whatever their number. Raises NotEvents."""
    lines = enumerate(stream, start=1)
    begins, first = next(((n, line) for n, line in lines if line.strip()), (0, b""))
    if not first:
        raise NotEvents("the input is empty: give one JSON event, a JSON list of events, or one event a line")
    if first.lstrip().startswith(b"[") or not _whole(first):
        yield from _document(first + stream.read(), begins)
        return
    yield Line(begins, first.strip())
    for number, line in lines:
        if line.strip():
            yield Line(number, line.strip())


def _whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        # a broken line among lines is that line's fault; `{` alone begins a document over several lines
        return line.strip().endswith(b"}")
    return True


def _document(text: bytes, number: int) -> Iterator[Line]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" at line {error.lineno + number - 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise NotEvents(
            f"the input is not JSON{place}: give one event, a list of events, or one event a line"
        ) from error
    if isinstance(document, list):
        for count, each in enumerate(document, start=1):
            yield Line(count, json.dumps(each).encode())
    else:
        yield Line(number, text.strip())
