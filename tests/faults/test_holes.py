"""Kafka's committed offset is only a hint: the cursor in the ledger finds what was passed over."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests import patience
from tests.faults.conftest import House
from tests.faults.night import TOPICS, Night


async def _pass_over(house: House) -> None:
    """Commit the group's offsets beyond what the ledger has, as a broken client or a hasty operator would."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=house.broker.bootstrap, group_id="liaison", enable_auto_commit=False
    )
    await consumer.start()
    places = [TopicPartition(t, n) for t in TOPICS.values() for n in range(4)]
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    await consumer.commit(dict(ends))
    await consumer.stop()


async def _passed_over_night(
    house: House, night: Night, more: int, *, loses: bool = False, **extra: str
) -> list[str]:
    """Events come while no worker runs, the group's offset is moved over them, a worker starts, and more may come."""
    await asyncio.to_thread(house.start, 0)
    await night.publish(12)
    await _pass_over(house)
    house.restart("stream-0", **extra)
    later = await night.publish(more)
    if loses:
        # what was passed over never comes: the end is when all that was sent later is there
        await patience.until(lambda: night.has(later), "the events that were sent after the hole")
        await night.sent_out()
    else:
        await night.settled()
    return await night.faults()


async def test_a_hole_before_the_next_event_is_filled_from_kafka(house: House) -> None:
    async with house.night.open() as night:
        assert await _passed_over_night(house, night, 12) == []


async def test_a_hole_at_the_tail_is_found_by_the_sweep(house: House) -> None:
    async with house.night.open() as night:
        assert await _passed_over_night(house, night, 0) == []


@pytest.mark.parametrize("kind", ["embedded"])
async def test_without_the_cursor_guard_events_are_lost(house: House) -> None:
    """The positive control: these tests see a loss when there is one."""
    async with house.night.open() as night:
        faults = await _passed_over_night(house, night, 12, loses=True, LIAISON_CURSOR_GUARD="0")
        assert any("events lost" in fault for fault in faults), faults
        assert any("alerts missing" in fault for fault in faults), faults
