"""Two stream workers and a relay on a broker and a database of their own, to be killed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import services.liaison
from services.command_line.running.stack import Stack
from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import Settings
from tests.faults.night import Night
from tests.servers import ROOT, require_apache_kafka

QUICK = {
    "LIAISON_ENVIRONMENT": "test",
    "LIAISON_KAFKA_FETCH_WAIT_SECONDS": "0.05",
    "LIAISON_RELAY_POLL_SECONDS": "0.1",
    "LIAISON_SWEEP_SECONDS": "1",
    "LIAISON_LOG_LEVEL": "error",
}
SHIPPED = Path(services.liaison.__file__).parent / "policy.yaml"


def policy_of_slow_machines(folder: Path) -> Path:
    """The shipped policy, but that no event of these nights counts as late: how fast this machine is after a fault decides
    nothing about the alerts."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert text.count("limits: {} ") == 1
    file = folder / "policy.yaml"
    limits = "limits: {R30: {late_from: 7200, backlog_from: 7200}} "
    file.write_text(text.replace("limits: {} ", limits), encoding="utf-8")
    return file


class House:
    """Broker, database, and the processes under test."""

    def __init__(self, broker: EmbeddedKafka | ApacheKafka, postgres: EmbeddedPostgres) -> None:
        self.broker, self.postgres = broker, postgres
        self.dsn = postgres.dsn()
        self._stack: Stack | None = None
        self._resources = ExitStack()
        folder = self._resources.enter_context(TemporaryDirectory())
        self._policy = policy_of_slow_machines(Path(folder))

    @property
    def stack(self) -> Stack:
        assert self._stack is not None
        return self._stack

    @property
    def night(self) -> Night:
        return Night(self.broker.bootstrap, self.dsn, isinstance(self.broker, ApacheKafka))

    def start(self, workers: int, **extra: str) -> None:
        """Start so many stream workers and a relay."""
        settings = Settings(kafka_bootstrap=self.broker.bootstrap, postgres_dsn=self.dsn)
        idempotent = {
            "LIAISON_KAFKA_IDEMPOTENT": "1" if isinstance(self.broker, ApacheKafka) else "0",
            "LIAISON_POLICY_PATH": str(self._policy),
        }
        self._stack = Stack(
            settings, datetime.now(UTC), "system", ["relay"], QUICK | idempotent | extra
        )
        self._resources.enter_context(self._stack)
        for number in range(workers):
            self.stack.start("stream", f"stream-{number}")

    def restart(self, name: str, **extra: str) -> None:
        """Start a process again, as a supervisor would."""
        self.stack.start(name.split("-", maxsplit=1)[0], name, extra)

    async def supervise(self) -> None:
        """Start again whatever ends, as compose and Kubernetes do. Runs until it is cancelled."""
        while True:
            for name, process in list(self.stack.processes.items()):
                if process.poll() is not None:
                    self.restart(name)
            await asyncio.sleep(1)

    def close(self) -> None:
        self._resources.close()


@pytest.fixture
def house(request: pytest.FixtureRequest, kind: str) -> Iterator[House]:
    """A house of its own for each test, because the broker and the database are broken in it."""
    if kind == "apache":
        require_apache_kafka()
    with ExitStack() as resources:
        broker: EmbeddedKafka | ApacheKafka = (
            ApacheKafka(ROOT) if kind == "apache" else EmbeddedKafka()
        )
        resources.enter_context(broker)
        house = House(broker, resources.enter_context(EmbeddedPostgres()))
        resources.callback(house.close)
        yield house


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def kind(request: pytest.FixtureRequest) -> str:
    """Both brokers, one after the other."""
    name: str = request.param
    return name
