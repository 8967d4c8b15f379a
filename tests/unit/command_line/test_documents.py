"""`liaison publish --source fhir|hl7v2`: what is right is sent, what is wrong is named, and neither stops the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from services.command_line import main
from services.command_line.sending import publish
from services.command_line.sending.publish import Outgoing
from services.runtime.settings import Settings

FIXTURES = Path(__file__).parents[2] / "fixtures/nhs"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Outgoing]:
    """What would have gone to Kafka."""
    sent: list[Outgoing] = []

    async def keep(settings: Settings, outgoing: Iterable[Outgoing], progress: Any) -> None:
        sent.extend(outgoing)

    monkeypatch.setattr(publish, "_send", keep)
    monkeypatch.setenv("LIAISON_PSEUDONYM_KEY", "a secret of the tests")
    return sent


def test_a_folder_of_adt_messages_is_sent_and_the_one_that_is_none_is_named(
    sent: list[Outgoing],
) -> None:
    done = CliRunner().invoke(
        main,
        ["publish", "--source", "hl7v2", "--data", str(FIXTURES / "adt"), "--feed", "slam-ehr"],
    )
    assert done.exit_code == 1
    assert {outgoing.topic for outgoing in sent} == {"feed.slam-ehr"}
    assert len(sent) == 6
    assert "ORU_R01_ORU_R01_v2.5.1_1.hl7:1: fault MSH-9 message-not-carried" in done.stderr
    assert "note PID-7 date-malformed" in done.stderr
    assert "SMITH" not in done.output


def test_the_events_of_one_person_keep_their_order_and_their_key_tells_nobody_who_it_is(
    sent: list[Outgoing],
) -> None:
    done = CliRunner().invoke(
        main, ["publish", "--source", "fhir", "--data", str(FIXTURES / "nrl"), "--feed", "slam-ehr"]
    )
    assert done.exit_code == 0, done.output
    assert len(sent) == 6
    (key,) = {outgoing.key for outgoing in sent}
    assert key is not None
    assert key.startswith(b"nhs.")
    assert b"6700028191" not in key


def test_a_list_of_patients_is_sent(sent: list[Outgoing]) -> None:
    done = CliRunner().invoke(
        main,
        [
            "publish",
            "--source",
            "fhir",
            "--data",
            str(FIXTURES / "pds_patients.json"),
            "--feed",
            "slam-ehr",
        ],
    )
    assert done.exit_code == 0, done.output
    assert len({outgoing.key for outgoing in sent}) == 57


def test_resources_one_a_line_are_told_apart_by_their_line(
    sent: list[Outgoing], tmp_path: Path
) -> None:
    file = tmp_path / "people.ndjson"
    file.write_text(
        '{"resourceType": "Patient", "id": "a"}\n\nnonsense\n{"resourceType": "Patient", "id": "b"}\n'
    )
    done = CliRunner().invoke(
        main, ["publish", "--source", "fhir", "--data", str(file), "--feed", "slam-ehr"]
    )
    assert done.exit_code == 1
    assert "people.ndjson:3: fault / json-invalid" in done.stderr
    assert [outgoing.key for outgoing in sent] == [b"a", b"b"]


def test_without_a_feed_nothing_is_sent(sent: list[Outgoing]) -> None:
    done = CliRunner().invoke(
        main, ["publish", "--source", "fhir", "--data", str(FIXTURES / "nrl")]
    )
    assert done.exit_code == 2
    assert "--feed" in done.stderr
    assert sent == []
