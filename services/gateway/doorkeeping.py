"""The credentials as their file has them now: a token that is taken out counts no more within the
second, without a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from schemas.registry import Agency, Registry
from services.gateway.credentials import Credentials, Doorkeeper, load
from services.runtime import metrics
from services.runtime.errors import SettingsError
from services.runtime.logging import logger

Stamp = tuple[int, int, int]


def _stamp(path: Path) -> Stamp | None:
    """What changes with a file that is written or exchanged; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class DoorkeeperOfFile:
    """Tells which agency a request is from, by a file that is read again when it changes.

    A file that cannot be read leaves those in force that were: who has the right to report a crisis is
    not shut out by a slip of the pen. It is logged, and a metric says so until it is mended.
    """

    def __init__(self, path: Path | None, registry: Registry, client_header: str) -> None:
        """Raises SettingsError where the file cannot be read at the start."""
        self._path, self._registry, self._header = path, registry, client_header
        self._read_at: Stamp | None = None
        self._doorkeeper = self._read()

    def agency(self, headers: Mapping[str, str], now: datetime) -> Agency:
        """The agency. Raises Refusal."""
        if self._path is not None and _stamp(self._path) != self._read_at:
            try:
                self._doorkeeper = self._read()
            except SettingsError as error:
                metrics.GATEWAY_CREDENTIALS_UNREAD.set(1)
                logger().error("gateway.credentials-unread", error=str(error))
        return self._doorkeeper.agency(headers, now)

    def _read(self) -> Doorkeeper:
        # before it is read: what is written meanwhile is read again
        if self._path is not None:
            self._read_at = _stamp(self._path)
        credentials = load(self._path, self._registry)
        metrics.GATEWAY_CREDENTIALS_UNREAD.set(0)
        _tell_endless(credentials)
        return Doorkeeper(credentials, self._registry, self._header)


def _tell_endless(credentials: Credentials) -> None:
    for agency, proofs in sorted(credentials.agencies.items()):
        if proofs.token_sha256:
            logger().warning("gateway.token-without-end", agency=agency)
