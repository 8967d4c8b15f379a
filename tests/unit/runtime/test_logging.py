"""Whoever writes a line, it is one JSON document, and it holds nothing that was sent."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

BEGIN = """
import logging, warnings, sys
from services.runtime.logging import configure, logger
configure("info", "relay")
"""


def lines(program: str, code: int = 0) -> list[dict[str, Any]]:
    """What a process that runs this writes; it changes the logging of its process."""
    answer = subprocess.run(
        [sys.executable, "-c", BEGIN + program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == code, answer.stderr
    assert answer.stdout == ""
    return [json.loads(line) for line in answer.stderr.splitlines()]


def test_ours_a_librarys_and_a_warning_are_each_one_line_of_json() -> None:
    ours, library, warning = lines(
        """
logger().info("batch.committed", records=12, postcode="SE5 8AZ")
logging.getLogger("aiokafka").error("Unable connect to %s", "broker:9092")

warnings.warn("something is odd")
"""
    )
    assert (ours["action"], ours["service"], ours["postcode"]) == (
        "batch.committed",
        "relay",
        "[withheld]",
    )
    assert library["action"] == "Unable connect to broker:9092"
    assert (library["logger"], library["level"], library["service"]) == (
        "aiokafka",
        "error",
        "relay",
    )
    assert "something is odd" in warning["action"]
    assert all(line["timestamp"].endswith("Z") for line in (ours, library, warning))


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("raise ValueError('9990000018 is no date')", 1),
        (
            """
try:
    raise ValueError('9990000018 is no date')
except ValueError:
    logging.getLogger("faust").exception("agent crashed")
""",
            0,
        ),
    ],
)
def test_of_an_error_that_nobody_took_its_kind_and_place_are_told_and_not_its_words(
    program: str, code: int
) -> None:
    (line,) = lines(program, code)
    assert line["error"] == "ValueError"
    assert line["raised_at"]
    assert "9990000018" not in json.dumps(line)
