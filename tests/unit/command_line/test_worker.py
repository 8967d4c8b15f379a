"""A service that cannot begin says why in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from services.command_line.running.worker import worker
from services.runtime.exposition.registries import SERVICES


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("setting", ["LIAISON_REGISTRY_PATH", "LIAISON_POLICY_PATH"])
def test_a_file_that_is_not_there_is_a_sentence_and_exit_2(
    service: str, setting: str, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.yaml"
    answer = CliRunner(env={setting: str(missing)}).invoke(worker, [service])
    assert answer.exit_code == 2
    assert f"{missing} cannot be read: No such file or directory" in answer.output
    assert "Traceback" not in answer.output


def test_a_file_that_is_no_registry_is_a_sentence_with_its_place(tmp_path: Path) -> None:
    wrong = tmp_path / "agencies.yaml"
    wrong.write_text("agencies: 3\n", encoding="utf-8")
    answer = CliRunner(env={"LIAISON_REGISTRY_PATH": str(wrong)}).invoke(worker, ["auditor"])
    assert answer.exit_code == 2
    assert str(wrong) in answer.output
    assert "agencies" in answer.output
