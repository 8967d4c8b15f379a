"""Everything on this machine: servers where none are configured, the ledger's tables, the topics,
one process a service.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType

import asyncpg
import httpx

from schemas.registry import Registry, load_registry
from services.runtime import kafka
from services.runtime.embedded.kafka import EmbeddedKafka, free_port
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.errors import EmbeddedServerError
from services.runtime.kafka_security import security
from services.runtime.migrations import migrate
from services.runtime.settings import Settings

# The files of settings that are read here and handed on.
READ_HERE = frozenset({"LIAISON_POSTGRES_DSN_FILE"})
SERVICES = ("stream", "relay", "console", "auditor")
READY_SECONDS = 180.0
STOP_SECONDS = 30.0
STANDARD_ERROR = 2


class Stack:
    """The whole product as child processes of this one. Use as a context manager.

    Kafka and PostgreSQL are embedded unless `kafka_bootstrap` or `postgres_dsn` are set in the
    settings. `services` are started in this order; `environment` is added to that of each.
    """

    def __init__(
        self,
        settings: Settings,
        now: datetime,
        clock: str = "system",
        services: Sequence[str] = SERVICES,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._resources = ExitStack()
        self._services, self._extra = tuple(services), dict(environment or {})
        self._settings, self._now, self._clock = settings, now, clock
        self.registry: Registry = load_registry(settings.registry_path)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environment: dict[str, str] = {}
        self.kafka_bootstrap = settings.kafka_bootstrap
        self.postgres_dsn = settings.postgres_dsn
        self.console_port = (
            settings.console_port if "console_port" in settings.model_fields_set else free_port()
        )
        self.metrics_ports: dict[str, int] = {}
        self.embedded_kafka = "kafka_bootstrap" not in settings.model_fields_set

    @property
    def console(self) -> str:
        """Address of the console."""
        return f"http://127.0.0.1:{self.console_port}"

    def __enter__(self) -> Stack:
        try:
            self._start()
        except BaseException:
            self._resources.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    def _end_as_by_control_c(self) -> None:
        """A service manager's SIGTERM and a closed terminal end all that was started too, and leave
        nothing running.
        """
        # Python lets only the main thread set a handler: a test that starts a stack in
        # another has its own
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                self._resources.callback(
                    signal.signal, number, signal.signal(number, signal.default_int_handler)
                )

    def _start(self) -> None:
        self._end_as_by_control_c()
        # what is configured is used as it is: an embedded server beside a real one would be
        # a second truth
        if "postgres_dsn" not in self._settings.model_fields_set:
            self.postgres_dsn = self._resources.enter_context(EmbeddedPostgres()).dsn()
        if self.embedded_kafka:
            self.kafka_bootstrap = self._resources.enter_context(EmbeddedKafka()).bootstrap
        # before any service: each refuses to be ready on a ledger that is not at its
        # migrations
        asyncio.run(self._prepare())
        self._environment = (
            {name: text for name, text in os.environ.items() if name not in READ_HERE}
            | {
                "LIAISON_ENVIRONMENT": "try",
                "LIAISON_KAFKA_BOOTSTRAP": self.kafka_bootstrap,
                "LIAISON_KAFKA_IDEMPOTENT": "0" if self.embedded_kafka else "1",
                "LIAISON_KAFKA_FETCH_WAIT_SECONDS": "0.05" if self.embedded_kafka else "0.5",
                "LIAISON_POSTGRES_DSN": self.postgres_dsn,
                "LIAISON_CLOCK": self._clock,
                "LIAISON_CONSOLE_PORT": str(self.console_port),
            }
            | self._extra
        )
        # registered after the servers, and so stopped before them
        self._resources.callback(self.stop)
        for service in self._services:
            self.start(service)

    async def _prepare(self) -> None:
        connection = await asyncpg.connect(self.postgres_dsn, timeout=10)
        try:
            await migrate(connection, self._now)
        finally:
            await connection.close()
        await kafka.create_topics(
            self.kafka_bootstrap, self.registry.every_topic(), security=security(self._settings)
        )

    def start(
        self, service: str, name: str | None = None, extra: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start one service's process; its log goes to this process's standard error.

        `name` tells it from another process of the same service; one of that name that runs is
        killed first. `extra` is added to its environment.
        """
        name = name or service
        # killed and not stopped: what is tried here is a process that dies
        if name in self.processes:
            self.processes[name].kill()
            self.processes[name].wait()
        environment = self._environment | dict(extra or {})
        if service != "console":
            environment["LIAISON_METRICS_PORT"] = str(
                self.metrics_ports.setdefault(name, free_port())
            )
        # what a worker prints is no part of the answer of the command that started it
        process = subprocess.Popen(
            [sys.executable, "-m", "services.command_line", "worker", service],
            env=environment,
            stdout=STANDARD_ERROR,
        )
        self.processes[name] = process
        return process

    def stop(self) -> None:
        """Stop every service; kill what does not end."""
        for process in self.processes.values():
            # all are told first, and then waited for: they end at once, not one after
            # the other
            process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def ended(self) -> str | None:
        """The first service whose process has ended, with its exit code; None while all run."""
        for service, process in self.processes.items():
            if process.poll() is not None:
                return f"{service} ended with code {process.returncode}"
        return None

    def wait_until_ready(self) -> None:
        """Until every service says that it is ready. Raises EmbeddedServerError saying what is not."""
        addresses = {
            service: f"http://127.0.0.1:{port}/readyz"
            for service, port in self.metrics_ports.items()
        }
        if "console" in self._services:
            addresses["console"] = f"{self.console}/readyz"
        deadline = time.monotonic() + READY_SECONDS
        answers: dict[str, str] = dict.fromkeys(addresses, "no answer yet")
        while time.monotonic() < deadline:
            # a service that has ended will not be ready however long one waits
            if (ended := self.ended()) is not None:
                raise EmbeddedServerError(ended)
            for service in list(answers):
                try:
                    answer = httpx.get(addresses[service], timeout=3)
                except httpx.HTTPError:
                    continue
                if answer.status_code == 200:
                    del answers[service]
                else:
                    answers[service] = answer.text
            if not answers:
                return
            time.sleep(0.2)
        raise EmbeddedServerError(f"not ready after {READY_SECONDS:g} s: {answers}")
