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
SKIPPED = shutil.ignore_patterns("node_modules", ".venv", ".git", ".cache", "*.png")
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


def copy_of_the_tree(folder: Path) -> Path:
    """A copy of what the vocabulary tests need."""
    for name in ("schemas", "services", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=SKIPPED)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def begin_vocabulary_tests(tree: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *VOCABULARY_TESTS],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def add_members(tree: Path) -> None:
    codes = tree / "schemas/codes.py"
    text = codes.read_text(encoding="utf-8")
    for member, newcomer in ADDED.items():
        assert text.count(member) == 1
        text = text.replace(member, member + newcomer)
    codes.write_text(text, encoding="utf-8")


def test_a_new_resource_nature_and_agency_kind_are_each_refused_with_where_to_decide(
    tmp_path: Path,
) -> None:
    untouched = copy_of_the_tree(tmp_path / "untouched")
    added = copy_of_the_tree(tmp_path / "added")
    add_members(added)
    # the control, side by side: what is refused is refused for the newcomers, and not for being a copy
    control, refusing = begin_vocabulary_tests(untouched), begin_vocabulary_tests(added)
    accepted, refused = control.communicate()[0], refusing.communicate()[0]
    assert control.returncode == 0, accepted[-2000:]
    assert refusing.returncode == 1, refused[-2000:]
    assert [sentence for sentence in SENTENCES if sentence in accepted] == []
    missing = [sentence for sentence in SENTENCES if sentence not in refused]
    assert missing == [], refused[-6000:]
