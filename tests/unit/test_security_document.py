"""`docs/security.md` names for each threat tests that there are, or says that it is open."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"\| (?P<kinds>[STRIDE](?: [STRIDE])*) \|(?P<rest>.*)\|")
NAME = re.compile(r"`(test_[a-z0-9_]+)`")


@cache
def every_test() -> frozenset[str]:
    """Every test function of the tree."""
    names = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
    return frozenset(names)


def faults(page: str) -> Iterator[str]:
    """Rows without a test that is there and without `open`, and tests that are not there."""
    for line in page.splitlines():
        row = ROW.fullmatch(line)
        if row is None:
            continue
        threat, control, named = (cell.strip() for cell in row["rest"].split("|"))
        names = NAME.findall(named)
        is_open = control.startswith("**open**")
        if is_open == bool(names):
            yield f"{threat}: name its test, or say **open**, and not both"
        for name in names:
            if name not in every_test():
                yield f"{threat}: there is no {name}"


def test_each_threat_has_a_test_that_is_there_or_is_open() -> None:
    assert list(faults(PAGE)) == []


def test_each_kind_of_threat_is_thought_of() -> None:
    rows = [row for line in PAGE.splitlines() if (row := ROW.fullmatch(line)) is not None]
    assert len(rows) >= 30
    assert {kind for row in rows for kind in row["kinds"].split()} == set("STRIDE")


def test_a_test_that_is_gone_and_a_row_with_neither_are_found() -> None:
    page = "| S | one | control | `test_that_was_never_written` |\n| T | two | control | |\n"
    assert list(faults(page)) == [
        "one: there is no test_that_was_never_written",
        "two: name its test, or say **open**, and not both",
    ]
