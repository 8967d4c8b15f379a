"""What the documents show for copying works, and what they name exists."""

from __future__ import annotations

import re
import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.command_line import COMMANDS, main

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")])
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def shown(document: Path) -> list[str]:
    """Each line of a document's shell blocks, without its comment."""
    lines = "\n".join(SHELL_BLOCK.findall(text_of(document))).splitlines()
    commands = [shlex.join(shlex.split(line, comments=True)) for line in lines]
    return [command for command in commands if command]


LIAISON = [
    command
    for document in DOCUMENTS
    for command in shown(document)
    if command.startswith(".venv/bin/liaison ")
]
MAKE = [command for command in shown(README) if command.startswith("make ")]


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


def test_every_command_of_the_readme_is_run_here() -> None:
    assert set(shown(README)) <= {*MAKE, *LIAISON}
    assert len(MAKE) == 2
    assert len(set(LIAISON)) >= 6


@pytest.mark.parametrize("command", sorted(set(LIAISON)))
def test_a_command_shown_for_copying_works(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    arguments: list[str] = []
    for word in shlex.split(command)[1:]:
        if "*" in word:
            arguments += [str(path) for path in sorted(ROOT.glob(word))]
        else:
            arguments.append(word)
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("command", "recipe"), [("make demo", "liaison demo"), ("make test", "pytest")]
)
def test_the_two_commands_of_the_readme_do_what_they_say(command: str, recipe: str) -> None:
    """What they run is run by the integration ring and by whoever reads this line; here that they would run it."""
    assert command in MAKE
    dry = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert recipe in dry.stdout


def test_the_readme_is_a_screen_and_a_half() -> None:
    assert len(text_of(README).splitlines()) <= 75


def test_every_liaison_command_is_described_and_none_that_does_not_exist() -> None:
    described = re.findall(
        r"^\| `liaison ([a-z]+)", text_of(ROOT / "docs/commands.md"), re.MULTILINE
    )
    assert sorted(described) == sorted(COMMANDS)


@every_document
def test_every_liaison_command_that_is_named_exists(document: Path) -> None:
    quoted = re.findall(r"`(?:\.venv/bin/)?liaison ([a-z]+)", text_of(document))
    assert set(quoted) <= set(COMMANDS)


@every_document
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text_of(document), re.MULTILINE)) <= targets


@every_document
def test_every_module_that_is_named_to_be_run_exists(document: Path) -> None:
    for module in re.findall(r"python -m ((?:schemas|services|tests)[\w.]*)", text_of(document)):
        assert find_spec(module) is not None, module


@every_document
def test_every_file_that_is_named_exists(document: Path) -> None:
    for name in re.findall(
        r"`((?:docs|schemas|services|tests|deploy)/[\w./-]+)`", text_of(document)
    ):
        # NN stands for a number that the reader puts in
        assert "NN" in name or (ROOT / name).exists(), name


@every_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(text_of(document)):
        path, _, heading = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if heading:
            assert heading in anchors(target), link


def anchors(document: Path) -> set[str]:
    """The addresses of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_stands_in_the_index() -> None:
    index = ROOT / "docs/README.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(text_of(index))
    }
    documents = {path for path in DOCUMENTS if path.parent == index.parent and path != index}
    pictures = set((ROOT / "docs/pictures").glob("*.png"))
    missing = sorted(name_of(path) for path in (documents | pictures) - linked)
    assert missing == []
