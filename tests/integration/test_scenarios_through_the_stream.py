"""The scenarios give the same alerts through Kafka, a worker and PostgreSQL as they give in `liaison replay`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.scenario import load_scenario
from services.command_line.running.stack import Stack
from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.postgres import create_pool
from services.runtime.settings import Settings
from services.simulation.feeds_heard import Listening
from tests.integration.steered_stream import SteeredStream, producer_for
from tests.own_registry import own_registry

SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    file = tmp_path / "clock"
    file.write_text(datetime(2026, 1, 1, tzinfo=UTC).isoformat())
    return file


@pytest.fixture
def worker(
    kafka: EmbeddedKafka | ApacheKafka, postgres_dsn: str, clock_file: Path
) -> Iterator[Stack]:
    settings = Settings(kafka_bootstrap=kafka.bootstrap, postgres_dsn=postgres_dsn)
    quick = {
        "LIAISON_ENVIRONMENT": "test",
        "LIAISON_DEADLINE_POLL_SECONDS": "0.005",
        "LIAISON_KAFKA_FETCH_WAIT_SECONDS": "0.01",
        "LIAISON_LOG_LEVEL": "error",
    }
    with Stack(settings, datetime.now(UTC), f"file|{clock_file}", ["stream"], quick) as stack:
        stack.wait_until_ready()
        yield stack


@pytest.fixture
async def steered(
    worker: Stack, kafka: EmbeddedKafka | ApacheKafka, postgres_dsn: str, clock_file: Path
) -> AsyncIterator[SteeredStream]:
    pool = await create_pool(postgres_dsn)
    producer = producer_for(worker.kafka_bootstrap, isinstance(kafka, ApacheKafka))
    await producer.start()
    yield SteeredStream(pool, producer, clock_file, own_registry())
    await producer.stop()
    await pool.close()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "kafka",
    [
        pytest.param("fresh_embedded", id="embedded"),
        pytest.param("fresh", id="apache", marks=pytest.mark.kafka),
    ],
    indirect=True,
)
async def test_every_scenario_gives_the_same_alerts_as_in_replay(steered: SteeredStream) -> None:
    differences = {}
    for path in SCENARIOS:
        outcome = await steered.run(load_scenario(path))
        if outcome.differences:
            differences[path.stem] = outcome.differences
    assert differences == {}


class KilledTwice(SteeredStream):
    """Its worker is killed twice while an alert waits for an answer, each time before rungs fall due; another takes its
    place."""

    kill: Callable[[], None] = staticmethod(lambda: None)
    killed = 0

    async def _until(self, at: datetime, listening: Listening) -> None:
        if self.killed < 2 and (await self._alerts())[0]:
            self.kill()
            self.killed += 1
        await super()._until(at, listening)


@pytest.mark.parametrize("kafka", [pytest.param("fresh", marks=pytest.mark.kafka)], indirect=True)
async def test_an_escalation_goes_on_where_it_was_when_its_worker_is_killed(
    steered: SteeredStream, worker: Stack
) -> None:
    def kill() -> None:
        worker.start("stream")
        worker.wait_until_ready()

    beset = KilledTwice(steered.pool, steered.producer, steered.clock_file, steered.registry)
    beset.kill = kill
    climbing = next(path for path in SCENARIOS if path.stem == "nobody-answers-and-it-climbs")
    outcome = await beset.run(load_scenario(climbing))
    assert outcome.differences == ()
    assert beset.killed == 2
