"""A rule has one name in three places, and its id is written nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.liaison.catalogue import CATALOGUE, CatalogueError
from services.liaison.rules import MODULE, RULES
from services.liaison.rules.shared.rule import rule

ROOT = Path(__file__).parents[4]
RULES_FOLDER = ROOT / "services/liaison/rules"
TESTS_FOLDER = Path(__file__).parent
ID = re.compile(r"\bR\d\d\b")


def misnamed(modules: set[str], documents: set[str], tests: set[str]) -> set[str]:
    """What has no counterpart of the same name: a module, a document of the catalogue, or a test."""
    ids = {module[:3].upper() for module in modules}
    twice = {module for module in modules if sum(other[:3] == module[:3] for other in modules) > 1}
    return twice | (ids ^ documents) | ({f"test_{module}" for module in modules} ^ tests)


def names(folder: Path, pattern: str) -> set[str]:
    return {path.stem for path in folder.glob(pattern)}


def test_module_document_and_test_of_a_rule_have_one_name() -> None:
    modules = {name for name in names(RULES_FOLDER, "*.py") if MODULE.fullmatch(name)}
    assert not misnamed(modules, set(CATALOGUE), names(TESTS_FOLDER, "test_r[0-9][0-9]_*.py"))
    assert set(RULES) == set(CATALOGUE)


@pytest.mark.parametrize(
    ("modules", "documents", "tests"),
    [
        ({"r01_emergency"}, {"R01", "R02"}, {"test_r01_emergency"}),
        ({"r01_emergency", "r02_restraint"}, {"R01"}, {"test_r01_emergency", "test_r02_restraint"}),
        ({"r01_emergency"}, {"R01"}, {"test_r01_police_present"}),
        ({"r01_emergency"}, {"R01"}, set()),
        ({"r01_emergency", "r01_police"}, {"R01"}, {"test_r01_emergency", "test_r01_police"}),
    ],
)
def test_a_name_without_counterpart_is_noticed(
    modules: set[str], documents: set[str], tests: set[str]
) -> None:
    assert misnamed(modules, documents, tests)


def test_a_module_that_is_no_rules_is_refused_by_name() -> None:
    with pytest.raises(CatalogueError, match=r"r99_dreams\.py is the module of no rule"):
        rule("services.liaison.rules.r99_dreams", None)


def ids_in(source: str) -> Iterator[str]:
    """Ids of rules in the strings of a program; its documentation may speak of rules."""
    tree = ast.parse(source)
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    documentation = {id(statement.value) for statement in statements}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str):
            yield from ID.findall(node.value)


def test_ids_of_rules_are_written_in_rules_and_catalogue_only() -> None:
    home = {RULES_FOLDER, ROOT / "services/liaison/catalogue"}
    wired = {
        f"{path.relative_to(ROOT)}: {rule_id}"
        for folder in ("services", "schemas")
        for path in (ROOT / folder).rglob("*.py")
        if not home & set(path.parents)
        for rule_id in ids_in(path.read_text(encoding="utf-8"))
    }
    assert not wired, (
        "declare what is meant as an attribute of the rule in services/liaison/catalogue"
    )


@pytest.mark.parametrize(
    ("source", "ids"),
    [
        ('ALWAYS_ON = {"R01", "R30"}', ["R01", "R30"]),
        ("query = \"SELECT 1 FROM alert WHERE rule = 'R27'\"", ["R27"]),
        ('def late() -> None:\n    """What R30 tells."""\n', []),
    ],
)
def test_an_id_wired_into_a_program_is_noticed(source: str, ids: list[str]) -> None:
    assert list(ids_in(source)) == ids


@pytest.mark.parametrize("name", RULES)
def test_a_rule_over_a_crisis_has_a_condition_and_no_other_has_one(name: str) -> None:
    has_condition = RULES[name].condition is not None
    assert has_condition == (RULES[name].document.kind == "crisis")
