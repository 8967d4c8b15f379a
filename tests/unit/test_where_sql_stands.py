"""SQL stands in the ledger alone, and the audit is written by one statement: read from the source, file by file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SERVICES = Path(__file__).parents[2] / "services"
STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE \w+|DELETE FROM|WITH \w+)\b.*", re.DOTALL)
AUDIT_INSERT = re.compile(r"\bINSERT\s+INTO\s+audit\b")
ELSEWHERE = {
    "runtime/migrations.py": "makes the tables that the ledger stands on, before there is a ledger"
}
"""Files with statements of their own, each with its reason."""


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Every string of the source with its line; of an f-string what stands before and between its values."""
    strings = [
        (node.lineno, node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    yield from sorted(strings)


def statements(source: str) -> list[int]:
    """Lines on which a string begins with a statement."""
    return [line for line, text in texts(source) if STATEMENT.fullmatch(text)]


def files() -> Iterator[tuple[str, str]]:
    for path in sorted(SERVICES.rglob("*.py")):
        yield path.relative_to(SERVICES).as_posix(), path.read_text("utf-8")


def test_no_statement_stands_outside_the_ledger() -> None:
    astray = [
        f"services/{name}:{line}"
        for name, source in files()
        if not name.startswith("ledger/") and name not in ELSEWHERE
        for line in statements(source)
    ]
    assert not astray, f"move these statements into services/ledger: {', '.join(astray)}"


def test_what_is_excused_has_a_statement() -> None:
    sources = dict(files())
    assert {name for name in ELSEWHERE if not statements(sources[name])} == set()


def test_the_audit_has_one_insert() -> None:
    inserts = [
        f"services/{name}:{line}"
        for name, source in files()
        for line, text in texts(source)
        if AUDIT_INSERT.search(text)
    ]
    assert len(inserts) == 1, f"write through services.ledger.audit, not by {', '.join(inserts)}"
    assert inserts[0].startswith("services/ledger/audit.py")


def test_a_statement_is_seen_in_every_form_that_a_string_has() -> None:
    source = """
async def read(connection, columns):
    await connection.fetch("SELECT 1 FROM event")
    await connection.fetch(f"SELECT {columns} FROM event")
    await connection.execute('''
        INSERT INTO audit (action) VALUES ($1)''')
    await connection.execute("UPDATE alert SET rule = $1" " WHERE alert_id = $2")
    await connection.execute("DELETE FROM deadline")
    await connection.execute("WITH gone AS (SELECT 1) SELECT 2")
"""
    assert statements(source) == [3, 4, 5, 7, 8, 9]


def test_a_sentence_that_begins_with_such_a_word_is_none() -> None:
    source = '''
"""With one desk at a time."""
TEXT = {"choose": "Select a desk", "renew": "Update", "gone": "Deleted", "more": "WITHOUT"}
'''
    assert statements(source) == []
