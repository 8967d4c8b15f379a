"""The clocks that shells hand to the core."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.runtime.clock import StartedClock, clock_from
from services.runtime.errors import SettingsError

ORIGIN = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_a_story_stands_at_its_beginning_until_everything_is_ready_and_then_runs(
    tmp_path: Path,
) -> None:
    begins = tmp_path / "begins"
    clock = clock_from(f"started|{ORIGIN.isoformat()}|60|{begins}")
    assert isinstance(clock, StartedClock)
    assert clock.now() == ORIGIN
    begins.write_text((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert clock.now() == ORIGIN, "the instant lies ahead"
    begins.write_text((datetime.now(UTC) - timedelta(minutes=1)).isoformat())
    started = clock_from(f"started|{ORIGIN.isoformat()}|60|{begins}")
    assert started.now() >= ORIGIN + timedelta(hours=1)


@pytest.mark.parametrize("setting", ["started|yesterday|60|x", "started|2026-11-23T14:00:00Z", "?"])
def test_a_clock_that_cannot_be_read_is_refused(setting: str) -> None:
    with pytest.raises(SettingsError, match="LIAISON_CLOCK"):
        clock_from(setting)
