"""Two workers through a night of kills, stops and cut connections: nothing lost, nothing doubled, every alert once."""

from __future__ import annotations

import asyncio
import random
import signal

import asyncpg
import pytest

from services.runtime.embedded.apache_kafka import ApacheKafka
from tests import patience
from tests.faults.conftest import House

SEED = 20261123
FROZEN_SECONDS = 8.0
"""Longer than the group's session: the frozen worker is taken for dead, and wakes as a second writer."""


async def _kill_database_sessions(house: House) -> None:
    admin = await asyncpg.connect(house.dsn)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'liaison' AND pid <> pg_backend_pid()"
    )
    await admin.close()


async def _disturb(house: House, chance: random.Random, times: int) -> None:
    """Kill, end, freeze or cut something, again and again; what died is started again, as a supervisor would."""
    for _ in range(times):
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        name = chance.choice(["stream-0", "stream-1", "relay"])
        process = house.stack.processes[name]
        match chance.choice(["kill", "kill", "end", "freeze", "cut"]):
            case "kill":
                process.kill()
                await asyncio.to_thread(process.wait)
                await asyncio.sleep(chance.uniform(0.0, 1.0))
                house.restart(name)
            case "end":
                process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(process.wait, patience.SECONDS)
                house.restart(name)
            case "freeze":
                process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(FROZEN_SECONDS)
                process.send_signal(signal.SIGCONT)
            case _:
                await _kill_database_sessions(house)


@pytest.mark.timeout(1800)
async def test_a_night_of_kills_loses_and_doubles_nothing(house: House) -> None:
    chance = random.Random(SEED)
    await asyncio.to_thread(house.start, 2)
    async with house.night.open() as night:
        disturbing = asyncio.create_task(_disturb(house, chance, 8))
        while not disturbing.done():
            await night.publish(4, 0.05)
            if chance.random() < 0.3:
                await night.repeat_some(2)
        await disturbing
        await night.publish_poison(4)  # from five on rule R30 tells of it
        await night.settled()
        assert await night.faults() == []


@pytest.mark.timeout(1800)
async def test_the_database_crashes_and_comes_back(house: House) -> None:
    await asyncio.to_thread(house.start, 2)
    async with house.night.open() as night:
        await night.publish(10, 0.02)
        await asyncio.to_thread(house.postgres.crash)
        publishing = asyncio.create_task(night.publish(20, 0.1))
        await asyncio.sleep(2)
        await asyncio.to_thread(house.postgres.start)
        await publishing
        await night.settled()
        assert await night.faults() == []
        assert all(p.poll() is None for p in house.stack.processes.values()), (
            "a service gave up instead of waiting"
        )


@pytest.mark.kafka
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["apache"])
async def test_the_broker_is_killed_and_comes_back(house: House) -> None:
    assert isinstance(house.broker, ApacheKafka)
    await asyncio.to_thread(house.start, 2)
    supervising = asyncio.create_task(house.supervise())
    async with house.night.open() as night:
        await night.publish(10, 0.02)
        await asyncio.to_thread(house.broker.kill)
        publishing = asyncio.create_task(night.publish(20, 0.05))
        await asyncio.sleep(3)
        await asyncio.to_thread(house.broker.start)
        await asyncio.wait_for(publishing, patience.SECONDS)
        await night.settled()
        supervising.cancel()
        assert await night.faults() == []
