"""The whole product on this machine, as somebody who tries it sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.timeout(180)
def test_a_small_measurement_loses_nothing_and_doubles_nothing() -> None:
    done = subprocess.run(
        [*LIAISON, "bench", "--rate", "20", "--seconds", "4", "--json"],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout)
    assert (figures["lost"], figures["duplicated"]) == (0, 0)
    assert figures["alerts"] >= 4
    assert {"p50", "p95", "p99"} <= figures["latency_ms"].keys()
    assert {"p50", "p95", "p99"} <= figures["live_stream_latency_ms"].keys()
    assert set(figures["memory_mb"]) == {"stream", "relay", "console", "auditor"}


@pytest.mark.timeout(180)
def test_the_demo_plays_a_scenario_and_ends(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(SHORT)
    done = subprocess.run(
        [*LIAISON, "demo", "--once", "--speed", "60", "--scenario", str(file)],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Open http://127.0.0.1:" in done.stdout
    assert "14:00:20  Metropolitan Police Service: resource.on-scene" in done.stdout
    assert "The story has ended" in done.stdout
