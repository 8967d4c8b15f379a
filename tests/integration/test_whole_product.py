"""The whole product on this machine, as somebody who tries it sees it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

import services.identity
import services.liaison
from services.runtime.embedded.apache_kafka import ApacheKafka
from tests import patience

LIAISON = [sys.executable, "-m", "services.command_line"]
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("LIAISON_")}
SHORT = """
title: A short story
story: Police have been with a man in crisis for a while; the ambulance service has graded the call category 3.
start: 2026-11-23T14:00:00Z
until: "14:03"
events:
  - {at: "14:00:10", feed: las-cad, type: incident.reported, data: {incident: L-1, nature: mental-health-crisis,
     ambulance_category: C3, location: {uprn: "1", area: southwark}}}
  - {at: "14:00:20", feed: met-cad, type: resource.on-scene, data: {incident: C-1, resource: M1, kind: police-unit}}
"""

ON_THE_WAY = """
title: A head injury on the way to a place of safety
story: |
  The alert comes with the journey, by the policy in force; the candidate does without that rule. Where the machine is so
  busy that the feed seems to catch up, the alert waits until it is quiet: the story goes on for long enough.
start: 2026-11-23T14:00:00Z
until: "14:10"
events:
  - {at: "14:00:10", feed: met-cad, type: incident.reported, data: {incident: C-1, nature: mental-health-crisis,
     location: {uprn: "1", area: lambeth}, signs: [head-injury],
     person: {names: [{given: Idris, family: Haji}], date_of_birth: "1990-02-03"}}}
  - {at: "14:00:15", feed: met-cad, type: detention.consulted, data: {incident: C-1, detention: D-1, role: nurse}}
  - {at: "14:00:20", feed: met-cad, type: detention.detained, data: {incident: C-1, detention: D-1, power: s136}}
  - {at: "14:00:40", feed: met-cad, type: detention.conveyed, data: {incident: C-1, detention: D-1, by: ambulance,
     to: {site: maudsley-hbpos, kind: health-based-place-of-safety}}}
"""


def test_a_small_measurement_loses_nothing_and_doubles_nothing() -> None:
    done = subprocess.run(
        [*LIAISON, "bench", "--rate", "20", "--seconds", "4", "--json"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout)
    assert (figures["lost"], figures["duplicated"]) == (0, 0)
    assert figures["alerts"] >= 4
    assert {"p50", "p95", "p99"} <= figures["latency_ms"].keys()
    assert {"p50", "p95", "p99"} <= figures["live_stream_latency_ms"].keys()
    assert set(figures["memory_mb"]) == {"stream", "relay", "console", "auditor"}


def test_the_demo_plays_a_scenario_and_ends(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(SHORT)
    done = subprocess.run(
        [*LIAISON, "demo", "--once", "--speed", "60", "--scenario", str(file)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Open http://127.0.0.1:" in done.stdout
    assert "14:00:20  Metropolitan Police Service: resource.on-scene" in done.stdout
    assert "The story has ended" in done.stdout


def test_a_demo_that_is_told_to_end_leaves_nothing_running() -> None:
    demo = subprocess.Popen(
        [*LIAISON, "demo"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert demo.stdout is not None
    said = ""
    while "Open http" not in said:
        said = demo.stdout.readline()
        assert said, "it ended before it was ready"
    started = psutil.Process(demo.pid).children(recursive=True)
    assert len(started) >= 4
    demo.terminate()
    assert demo.wait(patience.SECONDS) == 0
    gone, alive = psutil.wait_procs(started, patience.SECONDS)
    assert alive == []
    assert len(gone) == len(started)
    demo.stdout.close()


@pytest.mark.kafka
def test_a_candidate_policy_runs_beside_the_live_one_on_apache_kafka_and_sends_nothing_and_an_own_model_decides(
    fresh_kafka: ApacheKafka, postgres_dsn: str, tmp_path: Path
) -> None:
    scenario, candidate = tmp_path / "story.yaml", tmp_path / "candidate.yaml"
    scenario.write_text(ON_THE_WAY)
    shipped = (Path(services.liaison.__file__).parent / "policy.yaml").read_text()
    candidate.write_text(
        shipped.replace("version: 2", "version: 99").replace(
            "switched_off: {}", "switched_off: {R22: 'to see what would be lost'}"
        )
    )
    own = tmp_path / "model.json"
    document = json.loads((Path(services.identity.__file__).parent / "model.json").read_text())
    own.write_text(json.dumps(document | {"version": "our-own"}))
    environment = ENVIRONMENT | {
        "LIAISON_KAFKA_BOOTSTRAP": fresh_kafka.bootstrap,
        "LIAISON_POSTGRES_DSN": postgres_dsn,
        "LIAISON_SHADOW_POLICY_PATH": str(candidate),
        "LIAISON_IDENTITY_MODEL_PATH": str(own),
    }
    played = subprocess.run(
        [*LIAISON, "demo", "--once", "--speed", "30", "--scenario", str(scenario)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=False,
    )
    assert played.returncode == 0, played.stderr[-2000:]
    said = subprocess.run(
        [*LIAISON, "rules", "shadow", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=False,
    )
    assert said.returncode == 1, (said.stdout, said.stderr, played.stdout, played.stderr)
    found = json.loads(said.stdout)
    assert (found["policy_version"], found["failures"], found["gained"]) == (99, 0, [])
    assert [lost["rule"] for lost in found["lost"]] == ["R22"]
    assert asyncio.run(_models(postgres_dsn)) == ["our-own"]


async def _models(dsn: str) -> list[str]:
    """Which models have decided whom an incident is about."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT DISTINCT matcher_version FROM identity_decision")
    await connection.close()
    return [r["matcher_version"] for r in rows]
