"""An agency more in the shipped London reddens nothing: only the few tests of London read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
OF_LONDON = {
    "own_registry.py": "reads the tests' own file with it",
    "unit/schemas/test_own_registry.py": "names the file to look for",
    "unit/schemas/test_registry.py": "what is shipped, and files that are refused",
    "unit/schemas/test_desks_of_those_involved.py": "in every borough somebody answers",
    "unit/schemas/test_boundaries.py": "the shipped outlines",
    "unit/schemas/test_postcodes.py": "the shipped table of postcodes",
    "unit/schemas/test_documents.py": "the page about the registry speaks of London",
    "unit/liaison/test_staffing.py": "the shipped registry, rules and policy fit together",
    "unit/liaison/test_documents.py": "a reader tries the examples of the page with London",
    "unit/console/test_map.py": "the map is London's",
    "unit/console/test_desks.py": "no two desks that ship are called alike",
    "unit/command_line/test_rules.py": "`liaison rules check` without a file checks what is shipped",
}
"""Which tests read the shipped London, and what for. A test that is about something else uses `own_registry()`."""


def readers_of_london(text: str) -> Iterator[int]:
    """Lines of a module that take `load_registry`, or name the shipped file, in whatever way."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.ImportFrom(module="schemas.registry", names=names):
                if any(name.name == "load_registry" for name in names):
                    yield node.lineno
            case ast.Attribute(attr="load_registry"):
                yield node.lineno
            case ast.Constant(value="london.yaml"):
                yield node.lineno


def test_only_the_tests_of_london_read_the_shipped_registry() -> None:
    readers = {
        str(path.relative_to(TESTS)): lines
        for path in sorted(TESTS.rglob("*.py"))
        if (lines := list(readers_of_london(path.read_text(encoding="utf-8"))))
    }
    strangers = {name: lines for name, lines in readers.items() if name not in OF_LONDON}
    assert strangers == {}, (
        "an agency more in London could redden these; let them use tests.own_registry.own_registry()"
    )
    assert set(OF_LONDON) == set(readers), "take out of OF_LONDON what reads London no longer"


@pytest.mark.parametrize(
    "text",
    [
        "from schemas.registry import Registry, load_registry as read\n",
        "import schemas.registry\nLONDON = schemas.registry.load_registry()\n",
        "from schemas import registry\nLONDON = registry.load_registry()\n",
        "LONDON = FOLDER / 'registries' / 'london.yaml'\n",
    ],
)
def test_a_test_that_reads_london_is_seen_however_it_does(text: str) -> None:
    assert list(readers_of_london(text))
    assert not list(readers_of_london("from schemas.registry import Registry\n"))
