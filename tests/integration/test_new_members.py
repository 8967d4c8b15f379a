"""A member that is added to a vocabulary is refused until somebody decides what it means: on a copy of the tree, each with a
sentence that says where.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[2]
VOCABULARY_TESTS = (
    "tests/unit/schemas/test_vocabularies.py",
    "tests/unit/liaison/test_heart_vocabularies.py",
    "tests/unit/liaison/test_disclosure_vocabularies.py",
)
SKIPPED = shutil.ignore_patterns("__pycache__", "node_modules", ".venv", ".git", ".cache", "*.png")
ADDED = {
    '    SECURE_TRANSPORT = "secure-transport"\n': '    FIRE_APPLIANCE = "fire-appliance"\n',
    '    FIRE = "fire"\n': '    FLOOD = "flood"\n',
    '"acute-trust", "operations"': ', "fire-and-rescue"',
}
SENTENCES = (
    "schemas.codes.BRINGS_A_CLINICIAN has no fire-appliance: decide whether a clinician comes with it",
    "liaison.linking.nature.CATEGORIES has no flood: decide",
    "SUPERVISOR_OF has no fire-and-rescue: decide which desk is its duty supervisor",
    "ROLES_OF has no fire-and-rescue: decide which desks it may have",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the vocabulary tests need."""
    for folder in ("schemas", "services", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=SKIPPED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run_vocabulary_tests(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-vv", "-p", "no:cacheprovider", *VOCABULARY_TESTS],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_resource_nature_and_agency_kind_are_each_refused_with_where_to_decide(
    tree: Path,
) -> None:
    codes = tree / "schemas/codes.py"
    text = codes.read_text(encoding="utf-8")
    for member, newcomer in ADDED.items():
        assert text.count(member) == 1
        text = text.replace(member, member + newcomer)
    codes.write_text(text, encoding="utf-8")
    result = run_vocabulary_tests(tree)
    assert result.returncode == 1, result.stdout[-2000:]
    missing = [sentence for sentence in SENTENCES if sentence not in result.stdout]
    assert missing == [], result.stdout[-6000:]
