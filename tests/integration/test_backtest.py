"""A backtest reads history from the ledger, in order of receipt."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import yaml
from click.testing import CliRunner

from schemas.envelope import STRUCTURED, encode
from schemas.scenario import load_scenario
from services.command_line import main
from services.intake.accept import Accepted, accept
from services.ledger.events.store import insert_events
from services.liaison import policy as policy_module
from services.orchestration.ledger import Located
from services.simulation.replay import arrivals
from tests.own_registry import own_registry

REGISTRY = own_registry()
SHIPPED = Path(policy_module.__file__).parent / "policy.yaml"
UNASKED = Path(__file__).parents[1] / "scenarios" / "detained-and-nobody-calls-an-ambulance.yaml"


async def _keep(dsn: str) -> int:
    located = []
    for number, arrival in enumerate(arrivals(load_scenario(UNASKED), REGISTRY)):
        agency, feed = REGISTRY.feeds_by_id[arrival.feed]
        headers = (("content-type", STRUCTURED.encode()),)
        taken = accept(encode(arrival.event), headers, agency, feed, arrival.at)
        assert isinstance(taken, Accepted)
        located.append(Located(taken, "history", 0, number))
    connection = await asyncpg.connect(dsn)
    kept = await insert_events(connection, list(reversed(located)))
    await connection.close()
    return len(kept)


def test_a_candidate_policy_is_tried_on_the_ledgers_history(
    postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = asyncio.run(_keep(postgres_dsn))
    monkeypatch.setenv("LIAISON_POSTGRES_DSN", postgres_dsn)
    stricter = yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) | {
        "limits": {"R04": {"ambulance_request_within": 240}}
    }
    candidate = tmp_path / "candidate.yaml"
    candidate.write_text(yaml.safe_dump(stricter), encoding="utf-8")
    said = CliRunner().invoke(main, ["backtest", "--policy", str(candidate), "--ledger", "--json"])
    assert said.exit_code == 1, said.output
    found = json.loads(said.stdout)["ledger"]
    assert found["events"] == kept
    assert [(m["rule"], timedelta(seconds=m["by_seconds"])) for m in found["earlier"]] == [
        ("R04", -timedelta(minutes=1))
    ]


def test_a_ledger_that_cannot_be_reached_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIAISON_POSTGRES_DSN", "postgresql://liaison@127.0.0.1:1/liaison")
    said = CliRunner().invoke(main, ["backtest", "--policy", str(SHIPPED), "--ledger"])
    assert said.exit_code == 2
    assert "check LIAISON_POSTGRES_DSN" in said.output
