"""An engineer checks a file of events before sending it."""

from __future__ import annotations

import io
import itertools
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.generate import FOLDER
from services.command_line import main
from services.command_line.sending.event_lines import NotEvents, _list, event_lines

GOOD = json.loads(next((FOLDER / "examples/resource.left").glob("valid-*.json")).read_text())
BAD = json.loads(next((FOLDER / "examples/resource.left").glob("invalid-*.json")).read_text())[
    "event"
]


def liaison(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["validate", *arguments], input=stdin)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.json"


def test_a_good_event_in_any_form_passes(file: Path) -> None:
    for text in (
        json.dumps(GOOD),
        json.dumps(GOOD, indent=2),
        json.dumps([GOOD, GOOD]),
        f"\n{json.dumps(GOOD)}\n\n",
    ):
        file.write_text(text)
        result = liaison(str(file))
        assert result.exit_code == 0, result.output
        assert "0 with faults" in result.output
    assert liaison("-", stdin=json.dumps(GOOD).encode()).exit_code == 0


def test_each_fault_has_line_pointer_code_and_remedy(file: Path) -> None:
    file.write_text("\n".join([json.dumps(GOOD), json.dumps(BAD), "{broken}"]))
    result = liaison(str(file))
    assert result.exit_code == 1
    assert f"{file}:2: /data/kind field-missing" in result.output
    assert f"{file}:3: / json-invalid" in result.output
    assert result.output.count("remedy: ") == 2
    assert "3 events, 2 with faults" in result.output


def test_a_program_reads_one_fault_a_line(file: Path) -> None:
    file.write_text(json.dumps(BAD))
    result = liaison("--format", "json", str(file))
    (fault,) = [json.loads(line) for line in result.output.splitlines()]
    assert (fault["line"], fault["pointer"], fault["code"]) == (1, "/data/kind", "field-missing")
    assert set(fault) == {"file", "line", "severity", "pointer", "code", "message", "remedy"}
    assert "A&E" not in result.output, "a fault never repeats a value of the event"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the input is empty"),
        ("\n \n", "the input is empty"),
        ("time;type;incident\n14:24;report;1", "line 1 is not JSON"),
        ("\n42\n", "line 2 is not JSON"),
        ("\ufeff{}", "byte order mark"),
        ('{"a":\n1', "begins on line 1 has no end"),
        ("\n[", "begins on line 2 is not JSON, or is cut off"),
        ("[]", "the list is empty"),
        ('[{"a": 1}}', "neither goes on with a comma"),
        ("[4", "neither goes on with a comma"),
        ("[{},\n\n]", "begins on line 3 is not JSON"),
        ("[,{}]", "begins on line 1 is not JSON"),
        ("[" * 30_000, "is nested too deeply"),
        ("[{}]\n[{}]", "line 2: there is something after the end"),
        ('[{"a": "]}]', "or has no end"),
    ],
)
def test_what_is_no_events_at_all_is_said_and_exits_2(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    result = liaison(str(file))
    assert result.exit_code == 2
    assert said in result.output


def test_a_fault_in_a_list_is_on_the_line_where_its_event_begins(file: Path) -> None:
    file.write_text(json.dumps([GOOD, BAD, GOOD, BAD], indent=2))
    lines = file.read_text().splitlines()
    begins = [number for number, line in enumerate(lines, start=1) if line.startswith("  {")]
    result = liaison(str(file))
    assert [
        int(line.split(":")[1]) for line in result.output.splitlines() if "field-missing" in line
    ] == begins[1::2]
    assert "4 events, 2 with faults" in result.output


def test_an_event_reaches_intake_byte_by_byte_as_it_stands(tmp_path: Path) -> None:
    texts = [
        json.dumps({**GOOD, "subject": said}, ensure_ascii=ascii_only, indent=indent).encode()
        for said in ('a "quoted\\" [one}', "李小龍 ] , [", "\\", "")
        for ascii_only in (True, False)
        for indent in (None, 2)
    ]
    whole = b" [ " + b" ,\n ".join(texts) + b"\n]\n"
    assert [line.body for line in event_lines(io.BytesIO(whole))] == texts
    for size in (1, 2, 7):  # wherever a piece of the file happens to end
        pieces = (whole[at : at + size] for at in range(0, len(whole), size))
        assert [line.body for line in _list(pieces, 1)] == texts


def test_an_event_that_is_too_large_is_a_fault_and_the_next_one_is_read(file: Path) -> None:
    large = {**GOOD, "data": {**GOOD["data"], "note": "x" * 200_000}}
    for text in (
        f"{json.dumps(large)}\n{json.dumps(BAD)}\n",
        json.dumps([large, BAD]),
        json.dumps(large, indent=1),
    ):
        file.write_text(text)
        result = liaison(str(file), "--format", "json")
        codes = [json.loads(line)["code"] for line in result.output.splitlines()]
        assert codes in (["event-too-large", "field-missing"], ["event-too-large"])
        assert result.exit_code == 1


class Endless(io.RawIOBase):
    """A file of one kind of content, made while it is read."""

    def __init__(self, head: bytes, unit: bytes, count: int, tail: bytes) -> None:
        self._parts = itertools.chain((head,), itertools.repeat(unit, count), (tail,))
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while len(self._rest) < len(into) and (part := next(self._parts, b"")):
            self._rest += part
        taken, self._rest = self._rest[: len(into)], self._rest[len(into) :]
        into[: len(taken)] = taken
        return len(taken)


EVENT = json.dumps(GOOD).encode()


@pytest.mark.parametrize(
    ("head", "unit", "tail", "events"),
    [
        (b"[" + EVENT, b",\n" + EVENT, b"]", 30_001),
        (EVENT + b"\n", EVENT + b"\n", EVENT, 30_002),
        (b"{", b"x" * len(EVENT), b"}", 1),
        (b"{\n", b"x" * len(EVENT), b"}", 1),
    ],
    ids=["list", "lines", "one line without end", "one event without end"],
)
def test_a_large_file_needs_no_more_memory_than_an_event(
    head: bytes, unit: bytes, tail: bytes, events: int
) -> None:
    tracemalloc.start()
    stream = io.BufferedReader(Endless(head, unit, 30_000, tail))
    assert sum(1 for _ in event_lines(stream)) == events
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 30_000 * len(EVENT) > 8_000_000
    assert peak < 3_000_000


def test_a_member_of_a_list_that_has_no_end_is_given_up() -> None:
    stream = io.BufferedReader(Endless(b'["', b"x" * 1_000, 5_000, b'"]'))
    with pytest.raises(NotEvents, match="or has no end"):
        list(event_lines(stream))
    assert stream.read(1) == b"x", "the rest was not read"


def test_with_the_feed_named_a_source_that_is_not_registered_for_it_is_a_fault(file: Path) -> None:
    file.write_text(json.dumps(GOOD))
    assert liaison(str(file), "--feed", "met-cad").exit_code == 0
    result = liaison(str(file), "--feed", "las-cad")
    assert result.exit_code == 1
    assert "/source source-not-registered" in result.output
    result = liaison(str(file), "--feed", "met-cat")
    assert result.exit_code == 2
    assert "met-cat is not a feed" in result.output
    result = liaison(str(file), "--feed", "met-cad", "--registry", str(file))
    assert result.exit_code == 2
    assert "--registry" in result.output


def test_a_file_that_is_not_there_exits_2(tmp_path: Path) -> None:
    result = liaison(str(tmp_path / "nowhere.json"))
    assert result.exit_code == 2
    assert "cannot be read" in result.output
