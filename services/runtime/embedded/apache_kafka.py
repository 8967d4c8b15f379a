"""Apache Kafka in KRaft mode, one node, from jars that deploy/kafka/install fetched: for tests and
measurements.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from types import TracebackType
from typing import Self

from services.runtime.embedded.kafka import free_port
from services.runtime.errors import EmbeddedServerError

START_SECONDS = 180.0


def installed(root: Path) -> bool:
    """Whether the broker's jars and a Java are on this machine. `root` is the checkout."""
    return shutil.which("java") is not None and any(
        (root / ".cache/kafka/libs").glob("kafka_2.13-*.jar")
    )


class ApacheKafka:
    """Start, stop, kill -9 and start again with the same log."""

    def __init__(self, root: Path, heap: str = "384m") -> None:
        self._libs = root / ".cache/kafka/libs"
        self._heap = heap
        self.port, self._controller = free_port(), free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="liaison-kafka-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._prepare()

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def _java(self, main: str, *arguments: str) -> list[str]:
        return [
            "java",
            f"-Xmx{self._heap}",
            "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={self._folder / 'log4j2.yaml'}",
            "-cp",
            f"{self._libs}/*",
            main,
            *arguments,
        ]

    def _prepare(self) -> None:
        (self._folder / "log4j2.yaml").write_text(
            "Configuration: {Appenders: {File: {name: f, fileName: '%s', PatternLayout: {pattern: '%%d %%p %%m%%n%%ex'}}},"
            " Loggers: {Root: {level: warn, AppenderRef: {ref: f}}}}"
            % (self._folder / "broker.log")
        )
        settings = self._broker_settings()
        properties = self._folder / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        # never with a hyphen in front, which the tool takes for an option
        cluster = "K" + urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()[1:]
        identity = ("-t", cluster, "-c", str(properties), *self._accounts())
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", "format", *identity),
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
        )
        if done.returncode:
            raise EmbeddedServerError(
                f"Apache Kafka's storage cannot be formatted: {done.stderr.decode()[-400:]}"
            )

    def _accounts(self) -> tuple[str, ...]:
        """Who is there to sign in from the beginning, as options of the storage tool."""
        return ()

    def _broker_settings(self) -> dict[str, object]:
        """Of the one node."""
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self._folder / "log",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 3000,
            "auto.create.topics.enable": "false",
        }

    def start(self) -> None:
        """Start and wait until it listens. Raises EmbeddedServerError."""
        self._process = subprocess.Popen(
            self._java("kafka.Kafka", str(self._folder / "server.properties")),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise EmbeddedServerError(
                    f"Apache Kafka ended with code {self._process.returncode}: see broker.log"
                )
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise EmbeddedServerError(f"Apache Kafka does not listen after {START_SECONDS:g} s")

    def logs(self, topic: str, partition: int) -> list[Path]:
        """The files in which it keeps the records, for tests that break them."""
        return sorted((self._folder / "log" / f"{topic}-{partition}").glob("*.log"))

    def kill(self) -> None:
        """SIGKILL: what it had flushed to the page cache stays."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        """Kill and throw its data away."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
