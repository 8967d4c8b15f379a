"""Structured logs with stable action names, and nothing in them that is about a person."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
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


def without_personal_data(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace the value of a forbidden key."""
    for key in FORBIDDEN_KEYS & event.keys():
        event[key] = "[withheld]"
    return event


def configure(level: str, service: str) -> None:
    """JSON lines to standard error. Call once a process."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            without_personal_data,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("action"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def logger() -> Any:
    """The logger: `logger().info("batch.committed", records=12)`."""
    return structlog.get_logger()
