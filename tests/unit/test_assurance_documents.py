"""What is claimed for safety, security and data protection names tests that there are, or says that it
is open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_security_document import NAME, every_test

ROOT = Path(__file__).parents[2]
HAZARD_LOG = ROOT / "docs" / "clinical-safety.md"
# Each document with how many claims it makes at least: a table that lost its shape makes none.
DOCUMENTS = {HAZARD_LOG: 40, ROOT / "docs" / "asvs.md": 20, ROOT / "docs" / "data-protection.md": 9}
HEADINGS = frozenset({"cause", "chapter", "risk"})
HAZARD = re.compile(r"^## (H\d+) .+\n\n(?P<text>(?:.+\n)+)", re.MULTILINE)
SEVERITIES = frozenset({"minor", "significant", "considerable", "major", "catastrophic"})


def claims(page: str) -> Iterator[tuple[str, str, str]]:
    """What may go wrong or is asked for, what holds it, and the cell of tests of each row."""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        is_row = line.startswith("| ") and len(cells) == 3
        if is_row and cells[0] not in HEADINGS:
            yield cells[0], cells[1], cells[2]


def faults(page: str) -> Iterator[str]:
    """Claims without a test that is there and without `open`, and tests that are not there."""
    for subject, control, named in claims(page):
        names = NAME.findall(named)
        if control.startswith("**open**") == bool(names):
            yield f"{subject}: name its test, or say **open**, and not both"
        for name in names:
            if name not in every_test():
                yield f"{subject}: there is no {name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_each_claim_has_a_test_that_is_there_or_is_open(document: Path) -> None:
    page = document.read_text(encoding="utf-8")
    assert list(faults(page)) == []
    assert len(list(claims(page))) >= DOCUMENTS[document]


def test_each_hazard_has_its_severity_in_the_words_of_the_standard() -> None:
    hazards = list(HAZARD.finditer(HAZARD_LOG.read_text(encoding="utf-8")))
    assert [hazard[1] for hazard in hazards] == [f"H{n}" for n in range(1, len(hazards) + 1)]
    for hazard in hazards:
        severity = re.search(r"Severity: (\w+)", hazard["text"])
        assert severity is not None, hazard[1]
        assert severity[1] in SEVERITIES


def test_a_test_that_is_gone_and_a_claim_with_neither_are_seen() -> None:
    page = "| one | control | `test_that_was_never_written` |\n| two | control | |\n"
    assert list(faults(page)) == [
        "one: there is no test_that_was_never_written",
        "two: name its test, or say **open**, and not both",
    ]
