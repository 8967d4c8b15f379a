"""Every decision has a number, a date and a status, and stands in the index as it says itself."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
HEADER = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\nDate: (?P<date>\d{4}-\d\d-\d\d)\. Status: (?P<status>[^.\n]+)\.\n\n"
)
STATUS = re.compile(r"proposed|accepted|rejected|superseded by (?P<later>\d+)")
ONE_LINE_FROM = 62
"""Until here each part of the product numbered in a range of its own; from here on there are no gaps."""


def header(record: Path) -> dict[str, str]:
    match = HEADER.match(record.read_text(encoding="utf-8"))
    assert match is not None, (
        f"{record.name} must begin with `# N. Title`, an empty line, `Date: YYYY-MM-DD. Status: accepted.`"
    )
    return match.groupdict()


def number_of(record: Path) -> int:
    return int(record.name[:4])


def test_there_are_decisions() -> None:
    assert len(RECORDS) >= 24


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_has_its_number_a_date_and_a_status(record: Path) -> None:
    parts = header(record)
    assert int(parts["number"]) == number_of(record)
    assert date.fromisoformat(parts["date"]) >= date(2026, 11, 23)
    status = STATUS.fullmatch(parts["status"])
    assert status is not None, f"{record.name}: {parts['status']!r} is no status"
    if status["later"] is not None:
        numbers = {number_of(other) for other in RECORDS}
        assert int(status["later"]) in numbers, f"{record.name}: no decision {status['later']}"


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_stands_in_the_index_as_it_says_itself(record: Path) -> None:
    parts = header(record)
    row = f"| {parts['number']} | [{parts['title']}]({record.name}) | {parts['date']} | {parts['status']} |"
    assert row in INDEX.splitlines(), f"docs/decisions/README.md lacks this line:\n{row}"


def test_the_index_names_no_decision_that_is_not_there() -> None:
    named = re.findall(r"\]\((\d[^)]*)\)", INDEX)
    assert named == [record.name for record in RECORDS]


def test_numbers_have_no_gaps_from_now_on() -> None:
    numbers = [number_of(record) for record in RECORDS]
    line = [number for number in numbers if number >= ONE_LINE_FROM]
    assert line == list(range(ONE_LINE_FROM, ONE_LINE_FROM + len(line)))
    assert len(set(numbers)) == len(numbers)
