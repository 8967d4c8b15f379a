"""Publishing from a file and from a city's dispatch log."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.generate import FOLDER
from services.command_line import main
from services.command_line.sending.publish import feed_of
from services.command_line.sending.sources import columbia, san_francisco
from services.intake.accept import check
from services.intake.ordering import key_of
from tests.own_registry import own_registry

GOOD = next((FOLDER / "examples/resource.left").glob("valid*.json"))
BEGIN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
COLUMNS = ["service", "incident", "created_utc", "call_type", "location_block", "lat", "lon"]
ROWS = [
    ["PD", "2", "2025-11-05T06:19:27Z", "CHECK SUBJECT", "S PROVIDENCE RD/LOCUST ST", "", ""],
    [
        "FIRE_EMS",
        "1",
        "2025-11-05T06:07:50Z",
        "MEDICAL RESPONSE",
        "1400 BLOCK RANGE LINE ST",
        "38.965",
        "-92.325",
    ],
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with gzip.open(tmp_path / "incidents.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *ROWS])
    return tmp_path


def test_each_incident_of_the_log_becomes_events_that_intake_accepts_in_order_of_time(
    log: Path,
) -> None:
    played = list(columbia.events(log, BEGIN))
    assert [(feed, event["id"]) for _, feed, event in played] == [
        ("las-cad", "CO-1-0"),
        ("las-cad", "CO-1-1"),
        ("met-cad", "CO-2-0"),
        ("met-cad", "CO-2-1"),
        ("las-cad", "CO-1-2"),
        ("met-cad", "CO-2-2"),
    ]
    assert played[0][0] == BEGIN
    assert [at for at, _, _ in played] == sorted(at for at, _, _ in played)
    assert [check(json.dumps(event).encode()) for _, _, event in played] == [[]] * 6
    assert played[2][2]["data"]["nature"] == "welfare-concern"
    assert "person" not in json.dumps([event for _, _, event in played])


CALL = {
    "Unit ID": "M12",
    "Incident Number": "16146989",
    "Call Type": "Medical Incident",
    "Received DtTm": "12/31/2016 11:52:01 PM",
    "Dispatch DtTm": "12/31/2016 11:55:20 PM",
    "On Scene DtTm": "01/01/2017 12:00:32 AM",
    "Transport DtTm": "01/01/2017 12:20:00 AM",
    "Available DtTm": "01/01/2017 12:46:02 AM",
    "Address": "0 Block of MARINA BLVD",
    "Final Priority": "3",
    "Unit Type": "MEDIC",
    "Location": "(37.8051625655624, -122.432957440518)",
}


def test_a_call_of_several_units_is_one_incident_over_midnight(tmp_path: Path) -> None:
    engine = CALL | {"Unit ID": "E38", "Unit Type": "ENGINE"}
    never_came = CALL | {
        "Unit ID": "M7",
        "On Scene DtTm": "",
        "Transport DtTm": "",
        "Available DtTm": "12/31/2016 11:57:00 PM",
    }
    with gzip.open(tmp_path / "fire_department_calls.csv.gz", "wt", newline="") as file:
        writer = csv.DictWriter(file, list(CALL))
        writer.writeheader()
        writer.writerows([CALL, engine, never_came])
    played = list(san_francisco.events(tmp_path, BEGIN))
    assert [event["type"].split(".")[3] for _, _, event in played] == [
        "reported",
        "assigned",
        "assigned",
        "on-scene",
        "left",
        "closed",
    ]
    assert [check(json.dumps(event).encode()) for _, _, event in played] == [[]] * 6
    assert [at for at, _, _ in played] == sorted(at for at, _, _ in played)
    assert played[0][0] == BEGIN
    assert (played[3][0] - BEGIN).total_seconds() == 511
    assert played[0][2]["data"]["ambulance_category"] == "C2"
    assert played[4][2]["data"]["with_person"]
    assert played[5][2]["data"]["attended"]


def test_the_log_played_again_says_the_same(log: Path) -> None:
    assert list(columbia.events(log, BEGIN)) == list(columbia.events(log, BEGIN))


def test_events_of_one_incident_stay_together_under_its_reference() -> None:
    assert key_of({"data": {"incident": "CAD-1", "resource": "M1"}}) == b"CAD-1"
    assert (
        key_of({"data": {"local_person": "P-1", "person": {"nhs_number": "9990000018"}}}) == b"P-1"
    )
    assert key_of({"data": {}}) is None


def test_the_feed_is_the_one_on_which_the_source_is_registered() -> None:
    assert feed_of({"source": "/las/cad"}, own_registry(), None).id == "las-cad"


def test_a_file_with_one_fault_sends_nothing_and_says_where(tmp_path: Path) -> None:
    good = GOOD.read_text()
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join([json.dumps(json.loads(good)), '{"specversion": "1.0"}']))
    result = CliRunner().invoke(main, ["publish", str(file)])
    assert result.exit_code == 1
    assert f"{file}:2: fault / type-missing" in result.output
    assert "nothing was sent" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either FILE or --source"),
        (["--source", "columbia"], "--data DIR"),
        (["--feed", "nowhere", str(GOOD)], "not in the agency registry"),
    ],
)
def test_a_call_that_cannot_work_says_what_is_missing(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["publish", *arguments])
    assert result.exit_code == 2
    assert said in result.output
