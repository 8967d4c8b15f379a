"""Text that the ledger cannot hold or a screen would not show as it is: control characters, halves
of surrogates. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from services.intake.structure import Path

_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 and C1 control characters; PostgreSQL holds no NUL
    "\u2028\u2029"  # line and paragraph separators
    "\u202a-\u202e\u2066-\u2069"  # what turns the direction of the text that follows
    "\ufeff\ufffe\uffff"  # byte order mark, noncharacters
    "\ud800-\udfff]"  # halves of surrogates: no UTF-8
)
# What stands for a space or a line's end in a system that wraps its text.
_SPACING = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]+")


def may_hold_unfit(body: bytes) -> bool:
    """Whether the JSON could hold unfit text at all: told from the bytes, since most of it does
    not.
    """
    return b"\\" in body or not body.isascii() or b"\x7f" in body


def unfit(text: str) -> bool:
    """Whether the text holds a character that it must not."""
    return _UNFIT.search(text) is not None


def shown(text: str) -> str:
    """The text as it may stand in a record, a log or a header: unfit characters are replaced."""
    return _UNFIT.sub("\ufffd", text)[:300]


def spaced(text: str) -> str:
    """The text with a space where its lines were broken."""
    return _SPACING.sub(" ", text)


def mend_spacing(node: Any, path: Path = ()) -> Iterator[Path]:
    """Put a space wherever text in the document was broken into lines; yields the places."""
    if isinstance(node, dict):
        entries: list[tuple[str | int, Any]] = list(node.items())
    elif isinstance(node, list):
        entries = list(enumerate(node))
    else:
        return
    for key, value in entries:
        if isinstance(value, str):
            if _SPACING.search(value):
                node[key] = spaced(value)
                yield (*path, key)
        else:
            yield from mend_spacing(value, (*path, key))


def unfit_places(node: Any, path: Path = ()) -> Iterator[Path]:
    """Where text, a name of a member or a number cannot be held."""
    if isinstance(node, dict):
        for name, value in node.items():
            if unfit(name):
                yield (*path, name)
            else:
                yield from unfit_places(value, (*path, name))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from unfit_places(value, (*path, place))
    elif _is_unfit(node):
        yield path


def _is_unfit(value: Any) -> bool:
    if isinstance(value, float):
        # Python reads NaN and Infinity out of JSON, and nobody else does
        return not math.isfinite(value)
    return isinstance(value, str) and unfit(value)
