"""Names that nobody uses: `python -m tests.dead_names`, part of `make lint`.

vulture says what no Python file names. The product is looked at without its tests: what only a test uses is dead. Three kinds
of names are used where vulture does not look, and are known from there rather than from a list: what a page's template
reads, the fields and members that `schemas` gives to the contract (a sender may say what nobody here reads), and the
functions that a decorator hands to somebody. What is left stands in `ON_PURPOSE` with its reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vulture.core import Item, Vulture

ROOT = Path(__file__).parent.parent
ENOUGH = 60
"""Per cent: what vulture says of a name that it sees defined and never used."""
DECORATORS = (
    "@*.command",
    "@*.delete",
    "@*.get",
    "@*.group",
    "@*.post",
    "@click.command",
    "@click.group",
    "@model_validator",
    "@field_validator",
    "@pytest.fixture",
    "@initialize",
    "@invariant",
    "@rule",
)
CALLED_BY_PYTEST = ("pytest_*", "pytestmark", "Test*")
ON_PURPOSE: Mapping[str, str] = {
    "list_commands": "click calls it by this name",
    "get_command": "click calls it by this name",
    "exit_code": "click reads it off the error",
    "get_field_value": "pydantic asks for it by this name",
    "settings_customise_sources": "pydantic calls it by this name",
    "dotenv_settings": "pydantic hands it over by this name",
    "file_secret_settings": "pydantic hands it over by this name",
    "should_exit": "uvicorn reads it",
    "disabled": "logging reads it",
    "_fetch_max_wait_ms": "aiokafka reads it",
    "_new_consumer_thread": "Faust calls it by this name",
    "_isolation_level": "aiokafka reads it",
    "API_KEY": "aiokafka reads it off a request",
    "API_VERSION": "aiokafka reads it off a request",
    "FLEXIBLE_VERSION": "aiokafka reads it off a request",
    "RESPONSE_TYPE": "aiokafka reads it off a request",
    "SCHEMA": "aiokafka reads it off a request",
    "_fetch_records": "Faust calls it by this name",
    "_commit": "Faust calls it by this name",
    "timeout_ms": "aiokafka takes it by this name",
    "readinto": "io calls it by this name",
    "delivered_at": "a column of alert_desk, which is read and written by its name",
    "alert_key": "unpacked by its position",
    "ahead_by": "leaves with the second home of a feed's health",
    "ManualClock": "the clock of those who test what they build on this",
    "POINTS": "the fault tests kill at each of them",
    "ground": "why a description was refused: for whoever explains it, and measured by the tests",
    "HAPPENED": "the other half of PLANNED: the test of the tables holds both to the contract",
    "OTHER_REFERENCES": "the other half of REFERENCES: the test of the tables holds both to the contract",
}
"""A name and who uses it although no file says so."""


def unused(paths: Sequence[Path]) -> list[Item]:
    """What vulture calls unused in these folders or files, the functions that a decorator hands over left out."""
    vulture = Vulture(ignore_names=CALLED_BY_PYTEST, ignore_decorators=DECORATORS)
    vulture.scavenge([str(path) for path in paths])
    return list(vulture.get_unused_code(min_confidence=ENOUGH))


def names_in_templates(folder: Path) -> frozenset[str]:
    """Every word of the expressions in the pages' templates."""
    words: set[str] = set()
    for template in folder.rglob("*.html"):
        for expression in re.findall(
            r"{[{%](.*?)[%}]}", template.read_text(encoding="utf-8"), re.DOTALL
        ):
            words.update(re.findall(r"[A-Za-z_]\w*", expression))
    return frozenset(words)


def names_of_the_contract(folder: Path) -> frozenset[str]:
    """The fields of the models and the members of the vocabularies."""
    return frozenset(
        name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for name in _class_names(node)
    )


def dead(items: Iterable[Item], used_elsewhere: frozenset[str]) -> list[str]:
    """A sentence for each name that is used nowhere, in order of file and line."""
    return [
        f"{_where(item)}: {item.message}: use it or take it out"
        for item in sorted(items, key=lambda item: (str(item.filename), item.first_lineno))
        if item.name not in used_elsewhere and item.name not in ON_PURPOSE
    ]


def needless(items: Iterable[Item]) -> list[str]:
    """A sentence for each name of `ON_PURPOSE` that is used by now, or is gone."""
    names = {item.name for item in items}
    return [
        f"{name} stands in ON_PURPOSE without need: take it out"
        for name in ON_PURPOSE
        if name not in names
    ]


def main() -> int:
    """Print what is dead; exit 1 if anything is."""
    product = [ROOT / "services", ROOT / "schemas"]
    used_elsewhere = names_in_templates(ROOT / "services") | names_of_the_contract(ROOT / "schemas")
    in_product = unused(product)
    in_tests = [
        item
        for item in unused([*product, ROOT / "tests"])
        if Path(item.filename).is_relative_to(ROOT / "tests")
    ]
    sentences = dead([*in_product, *in_tests], used_elsewhere) + needless([*in_product, *in_tests])
    for sentence in sentences:
        print(sentence)
    return 1 if sentences else 0


def _class_names(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
        elif isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def _where(item: Item) -> str:
    path = Path(item.filename)
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"{name}:{item.first_lineno}"


if __name__ == "__main__":
    sys.exit(main())
