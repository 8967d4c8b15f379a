"""An engineer checks a file of events before sending it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.generate import FOLDER
from services.command_line import main

GOOD = json.loads(next((FOLDER / "examples/resource.left").glob("valid-*.json")).read_text())
BAD = json.loads(next((FOLDER / "examples/resource.left").glob("invalid-*.json")).read_text())["event"]


def liaison(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["validate", *arguments], input=stdin)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.json"


def test_a_good_event_in_any_form_passes(file: Path) -> None:
    for text in (json.dumps(GOOD), json.dumps(GOOD, indent=2), json.dumps([GOOD, GOOD]), f"\n{json.dumps(GOOD)}\n\n"):
        file.write_text(text)
        result = liaison(str(file))
        assert result.exit_code == 0, result.output
        assert "0 with faults" in result.output
    assert liaison("-", stdin=json.dumps(GOOD).encode()).exit_code == 0


def test_each_fault_has_line_pointer_code_and_remedy(file: Path) -> None:
    file.write_text("\n".join([json.dumps(GOOD), json.dumps(BAD), "{broken}"]))
    result = liaison(str(file))
    assert result.exit_code == 1
    assert f"{file}:2: /data/handover_to value-malformed" in result.output
    assert f"{file}:3: / json-invalid" in result.output
    assert result.output.count("remedy: ") == 2
    assert "3 events, 2 with faults" in result.output


def test_a_program_reads_one_fault_a_line(file: Path) -> None:
    file.write_text(json.dumps(BAD))
    result = liaison("--format", "json", str(file))
    (fault,) = [json.loads(line) for line in result.output.splitlines()]
    assert (fault["line"], fault["pointer"], fault["code"]) == (1, "/data/handover_to", "value-malformed")
    assert set(fault) == {"file", "line", "pointer", "code", "message", "remedy"}
    assert "A&E" not in result.output, "a fault never repeats a value of the event"


@pytest.mark.parametrize("text", ["", "\n \n", "[1, 2", '{"a":\n1'])
def test_what_is_no_events_at_all_is_said_and_exits_2(file: Path, text: str) -> None:
    file.write_text(text)
    result = liaison(str(file))
    assert result.exit_code == 2
    assert "one event a line" in result.output


def test_a_file_that_is_not_there_exits_2(tmp_path: Path) -> None:
    result = liaison(str(tmp_path / "nowhere.json"))
    assert result.exit_code == 2
    assert "cannot be read" in result.output
