"""Every command of the README is one that exists; those that need no server are run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.command_line import COMMANDS, main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\.venv/bin/liaison (.+)$", README, re.MULTILINE)


def test_the_readme_shows_commands() -> None:
    assert len(SHOWN) >= 2


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_shown_for_copying_works(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    arguments = [
        str(path)
        for word in shlex.split(command)
        for path in (sorted(ROOT.glob(word)) if "*" in word else [word])
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output


def test_every_liaison_command_that_is_named_exists_and_every_one_is_named() -> None:
    named = set(re.findall(r"liaison ([a-z]+)", README.replace("\n", " ")))
    assert set(COMMANDS) <= named
    assert named - set(COMMANDS) <= {"to", "consumes", "has"}, named - set(COMMANDS)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets


def test_every_file_that_is_named_exists() -> None:
    for name in re.findall(r"`((?:docs|schemas|services|tests|deploy)/[\w./-]+)`", README):
        assert (ROOT / name).exists(), name
