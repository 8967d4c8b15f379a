"""A machine's clock that is set back is noticed by every service on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.runtime.clock import TOLERANCE, ClockWatch, ManualClock
from services.runtime.health import CLOCK_SECONDS, HealthServer

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_clock_that_goes_on_is_no_trouble() -> None:
    watch = ClockWatch()
    assert not any(watch.look(NOON + second * SECOND) for second in range(5))
    assert not watch.look(NOON + timedelta(hours=9)), "a jump ahead hides no deadline"
    assert watch.trouble is None


def test_a_clock_that_was_set_back_is_told_until_it_shows_again_what_it_showed() -> None:
    watch = ClockWatch()
    watch.look(NOON)
    assert watch.look(NOON - 60 * SECOND), "the first look says so"
    assert watch.trouble is not None
    assert "60 s behind" in watch.trouble
    assert not watch.look(NOON - 30 * SECOND), "once"
    assert watch.trouble is not None
    assert "30 s behind" in watch.trouble
    watch.look(NOON)
    assert watch.trouble is None


def test_small_steps_that_keep_a_clock_right_are_not_told() -> None:
    watch = ClockWatch()
    watch.look(NOON)
    assert not watch.look(NOON - TOLERANCE)
    assert watch.trouble is None


async def test_a_service_whose_machine_was_set_back_is_not_ready() -> None:
    async def well() -> str | None:
        return None

    clock = ManualClock(NOON)
    health = HealthServer("relay", "127.0.0.1", 0, {"ledger": well}, clock)
    assert await health.failing() == {}
    clock.set(NOON - 60 * SECOND)
    assert (await health.failing()).keys() == {"clock"}
    clock.set(NOON + SECOND)
    assert await health.failing() == {}


def test_it_is_noticed_within_fifteen_seconds() -> None:
    assert CLOCK_SECONDS <= 15
