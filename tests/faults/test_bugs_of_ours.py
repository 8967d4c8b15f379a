"""A bug in our own handling neither loses an event nor stops the feed, and one event that breaks its handler is kept."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.conftest import House


@pytest.mark.parametrize("point", ["after-cursor", "before-commit"])
@pytest.mark.parametrize("kind", ["embedded"])
async def test_a_handler_that_fails_two_times_of_three_loses_nothing(
    house: House, point: str
) -> None:
    await asyncio.to_thread(house.start, 0)
    house.restart("stream-0", LIAISON_CRASH_AT=f"raise:{point}")
    async with house.night.open() as night:
        await night.publish(20, 0.05)
        await night.settled()
        assert await night.faults() == []
