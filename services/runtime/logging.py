"""Structured logs with stable action names, and nothing in them that is about a person."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

FORBIDDEN_KEYS = frozenset(
    {
        "name",
        "names",
        "given",
        "family",
        "nhs_number",
        "address",
        "street",
        "postcode",
        "phone",
        "body",
        "data",
        "person",
        "narrative",
        "descriptor",
    }
)
"""Keys that would carry personal data; their values never reach a log line."""


FRAMES = 5
"""Of where an error was raised the innermost calls."""


def without_personal_data(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace the value of a forbidden key."""
    for key in FORBIDDEN_KEYS & event.keys():
        event[key] = "[withheld]"
    return event


def _raised_where(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of an exception its type and where it was raised: its message may hold what was sent."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = type(error).__name__
        event["raised_at"] = [f"{frame.filename}:{frame.lineno}" for frame in frames[-FRAMES:]]
    return event


def configure(level: str, service: str) -> None:
    """JSON lines to standard error and nothing else: ours, those of libraries, warnings, and what ends
    the process. Call once a process.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        without_personal_data,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ended: list[structlog.typing.Processor] = [
        structlog.processors.EventRenamer("action"),
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, *ended],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _raised_where,
                *ended,
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _told


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ends the process is a line as any other."""
    logging.getLogger("liaison").critical("process.ended", exc_info=(kind, error, trace))


def logger() -> Any:
    """The logger: `logger().info("batch.committed", records=12)`."""
    return structlog.get_logger()
