"""JSON as one statement: a member that stands twice, NaN and Infinity are refused, not chosen
among.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn


class MemberTwice(ValueError):
    """An object has two members of one name: which of them counts would be a guess."""

    def __init__(self, name: str) -> None:
        super().__init__("an object has two members of one name")
        self.name = name


def loads(document: bytes) -> Any:
    """The value. Raises ValueError (MemberTwice among them) and RecursionError."""
    return json.loads(
        document.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_number
    )


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise MemberTwice(name)
        names.add(name)
    return members


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
