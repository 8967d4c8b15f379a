"""`liaison replay`: a file with a mistake is named with its line and what to do, and the other files are run all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from services.command_line import main
from services.liaison import policy as policy_module
from tests.own_registry import OWN_REGISTRY

FIXTURES = Path(__file__).parents[2] / "fixtures"
SOUND = (FIXTURES / "scenario" / "sound.yaml").read_text(encoding="utf-8")
"""Without a mistake; each test puts one into it."""

FAULTY = {
    "a mistyped field": (
        "- {ruel: R02",
        "- {rule: R02",
        15,
        "field-unknown",
        "did you mean `rule`?",
    ),
    "a mistyped field of an event": (
        "natures: mental-health-crisis, location",
        "nature: mental-health-crisis, location",
        6,
        "field-unknown",
        "did you mean `nature`?",
    ),
    "an end before the start": (
        'until: "13:00"',
        'until: "15:00"',
        4,
        "until-before-start",
        "another day",
    ),
    "an unknown desk": ("met-supervisr]", "met-supervisor]", 15, "desk-unknown", "met-supervisor"),
    "an unknown desk that acknowledges": (
        "desk: las-mental-helth",
        "desk: las-mental-health",
        13,
        "desk-unknown",
        "las-mental-health",
    ),
    "an unknown rule": ("- {rule: R99", "- {rule: R02", 15, "rule-unknown", "liaison rules list"),
    "an unknown feed": (
        "feed: met-kad, type: force.ended",
        "feed: met-cad, type: force.ended",
        11,
        "feed-unknown",
        "met-cad",
    ),
    "an id used again": ("id: first, feed", "id: hold, feed", 8, "event-id-reused", "`repeat`"),
    "a correction of nothing": (
        "corrects: third",
        "corrects: first",
        9,
        "correction-of-nothing",
        "`id`",
    ),
    "no expectation": ("", SOUND[SOUND.index("expect:") :], 1, "expect-missing", "expect: []"),
    "a window backwards": (
        'raised: {since: "14:10", until: "14:09"}',
        'raised: "14:09"',
        15,
        "until-before-since",
        "`since`",
    ),
    "an event after the end": (
        'at: "16:00", id: hold',
        'at: "14:08", id: hold',
        8,
        "after-the-end",
        "until",
    ),
    "a start without offset": (
        "start: 2026-11-23T13:55:00\n",
        "start: 2026-11-23T13:55:00Z\n",
        3,
        "time-without-offset",
        "2026-11-23T14:24:00Z",
    ),
    "an event without offset": (
        "at: 2026-11-23T14:08:00, id: hold",
        'at: "14:08", id: hold',
        8,
        "time-without-offset",
        "2026-11-23T14:24:00Z",
    ),
    "a time that is none": (
        'at: "29:08", id: hold',
        'at: "14:08", id: hold',
        8,
        "moment-malformed",
        "14:24",
    ),
    "a field twice": ("title: Again\nstory: Of", "story: Of", 2, "key-twice", "one of the two"),
    "no YAML": ("events: [\n", "events:\n", 6, "yaml-invalid", "the line before"),
    "a value that is none": (
        "kinds: [holding]",
        "kinds: [physical-restraint]",
        8,
        "value-not-in-set",
        "use one of",
    ),
}


def replay(*arguments: object) -> Result:
    return CliRunner().invoke(
        main, ["replay", *map(str, arguments), "--registry", str(OWN_REGISTRY)]
    )


def written(folder: Path, text: str, name: str = "story.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_without_a_mistake_is_played_and_holds(tmp_path: Path) -> None:
    answer = replay(written(tmp_path, SOUND))
    assert (answer.exit_code, "1 scenarios, 0 differ" in answer.output) == (0, True), answer.output


@pytest.mark.parametrize("case", FAULTY)
def test_a_mistake_is_named_with_file_line_and_remedy(case: str, tmp_path: Path) -> None:
    wrong, right, line, code, remedy = FAULTY[case]
    assert right in SOUND
    answer = replay(written(tmp_path, SOUND.replace(right, wrong, 1)))
    assert answer.exit_code == 1
    sentences = answer.stderr.strip().splitlines()
    assert any(
        sentence.startswith(f"story.yaml:{line}") and f"[{code}]" in sentence and remedy in sentence
        for sentence in sentences
    ), sentences


def test_each_mistake_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    text = SOUND.replace("met-supervisor]", "nobody]").replace("corrects: first", "corrects: third")
    answer = replay(written(tmp_path, text), "--json")
    (document,) = json.loads(answer.stdout)["scenarios"]
    faults = [(fault["code"], fault["line"], fault["pointer"]) for fault in document["faults"]]
    assert faults == [
        ("correction-of-nothing", 9, "/events/3/data/corrects"),
        ("desk-unknown", 15, "/expect/0/desks/1"),
    ]
    assert not document["passed"]


def test_a_file_in_utf_16_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_bytes(SOUND.encode("utf-16"))
    answer = replay(path)
    assert answer.exit_code == 1
    assert "story.yaml:1: it is not in UTF-8 but, as it seems, in UTF-16" in answer.stderr
    path.write_bytes(SOUND.encode("utf-8-sig"))
    assert replay(path).exit_code == 0, "a mark at the beginning does no harm"


def test_a_clock_time_without_quotation_marks_is_what_is_written(tmp_path: Path) -> None:
    bare = SOUND.replace('"14:09"', "14:09").replace('"14:10:30"', "14:10:30")
    assert replay(written(tmp_path, bare)).exit_code == 0


def test_one_bad_file_does_not_end_the_folder(tmp_path: Path) -> None:
    written(tmp_path, "title: [", "a-bad.yaml")
    written(tmp_path, SOUND, "b-good.yaml")
    written(tmp_path, SOUND.replace('raised: "14:09"', 'raised: "14:08"'), "c-differs.yaml")
    answer = replay(tmp_path)
    assert answer.exit_code == 1
    assert "a-bad.yaml:1" in answer.stderr
    assert "b-good.yaml: A restraint without category 1" in answer.stdout
    assert "DIFFERS  R02" in answer.stdout
    assert "3 scenarios, 1 differ, 1 cannot be used" in answer.stdout
    (tmp_path / "a-bad.yaml").unlink()
    (tmp_path / "c-differs.yaml").unlink()
    assert replay(tmp_path).exit_code == 0


def test_a_difference_is_told_in_londons_time_in_summer_too(tmp_path: Path) -> None:
    summer = SOUND.replace("2026-11-23T13:55:00Z", "2026-07-23T12:55:00Z")
    late = summer.replace('raised: "14:09"', "raised: 2026-07-23T13:08:00Z")
    answer = replay(written(tmp_path, late))
    assert "  14:09:00  P1 R02" in answer.stdout
    assert "DIFFERS  R02: raised 14:09:00, expected at 14:08:00" in answer.stdout
    assert replay(written(tmp_path, summer)).exit_code == 0


def test_another_day_is_told_with_its_date(tmp_path: Path) -> None:
    late = SOUND.replace('raised: "14:09"', "raised: 2026-11-22T14:09:00Z")
    assert "expected at 22 November 14:09:00" in replay(written(tmp_path, late)).stdout


def test_another_registry_and_another_policy_decide(tmp_path: Path) -> None:
    registry = yaml.safe_load(OWN_REGISTRY.read_text(encoding="utf-8"))
    for agency in registry["agencies"]:
        for desk in agency["desks"]:
            if desk["id"] == "met-supervisor":
                desk["id"] = "met-night-supervisor"
    ours = written(tmp_path, yaml.safe_dump(registry), "registry.yaml.txt")
    story = written(tmp_path, SOUND.replace("met-supervisor", "met-night-supervisor"))
    shipped = Path(policy_module.__file__).parent / "policy.yaml"
    stricter = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    stricter["limits"] = {"R02": {"restraint_upgrade_within": 30}}
    arguments = ["replay", str(story), "--registry", str(ours)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert replay(story).exit_code == 1, "the tests' registry has no such desk"
    policy = written(tmp_path, yaml.safe_dump(stricter), "policy.yaml.txt")
    differs = CliRunner().invoke(main, [*arguments, "--policy", str(policy)])
    assert "DIFFERS  R02: raised 14:08:30, expected at 14:09:00" in differs.stdout, differs.output


@pytest.mark.parametrize("option", ["--registry", "--policy"])
def test_a_registry_or_policy_that_cannot_be_read_is_a_fault_of_the_command(
    option: str, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere.yaml"
    story = written(tmp_path, SOUND)
    answer = CliRunner().invoke(main, ["replay", str(story), option, str(nowhere)])
    assert answer.exit_code == 2
    assert "nowhere.yaml cannot be read" in answer.stderr
