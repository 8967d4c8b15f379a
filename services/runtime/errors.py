"""The small hierarchy of errors. Each class's docstring is its one sentence for a human."""

from __future__ import annotations


class LiaisonError(Exception):
    """Something went wrong in Crisis Liaison."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class SettingsError(LiaisonError):
    """A setting is missing or wrong."""


class MigrationError(LiaisonError):
    """The ledger's tables do not fit this version of the software."""


class EmbeddedServerError(LiaisonError):
    """A server on this machine did not start in time."""


class EmbeddedServersMissing(LiaisonError):
    """The servers for trying are not installed: install the extra `try`, or name yours in the settings."""


class KafkaUnreachable(LiaisonError):
    """The Kafka brokers in the settings cannot be reached."""
