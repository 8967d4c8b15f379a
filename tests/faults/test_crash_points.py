"""A process that dies at any point of its work loses nothing, doubles nothing and raises every alert once."""

from __future__ import annotations

import asyncio
import signal

import pytest

from services.runtime.crash_points import POINTS
from tests import patience
from tests.faults.conftest import House


async def _dead(house: House, name: str) -> int:
    process = house.stack.processes[name]
    return await asyncio.wait_for(asyncio.to_thread(process.wait), patience.SECONDS)


@pytest.mark.timeout(3600)
async def test_a_process_killed_at_any_point_loses_and_doubles_nothing(house: House) -> None:
    await asyncio.to_thread(house.start, 0)
    async with house.night.open() as night:
        for point in POINTS:
            name = "relay" if point.startswith("relay") else "stream-0"
            if name == "relay":
                house.stack.processes["relay"].terminate()
                await _dead(house, "relay")
                house.restart("stream-0")
            house.restart(name, LIAISON_CRASH_AT=point)
            await night.publish(3)
            assert await _dead(house, name) == -signal.SIGKILL, (
                f"the process did not come to {point}"
            )
            await night.publish(2)
            if name == "relay":
                house.restart("relay")
                await night.settled()
                house.stack.processes["stream-0"].kill()
        house.restart("stream-0")
        await night.settled()
        assert await night.faults() == []
