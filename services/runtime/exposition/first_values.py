"""What a service exports before anything has happened: every counter at 0 for every value that its
labels can have. Prometheus sees no increase in a series that begins with its first event.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from itertools import product
from typing import get_args

from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from schemas.registry import Level, Registry
from services.identity.person import Item
from services.liaison.alert.states import KINDS
from services.liaison.catalogue import CATALOGUE
from services.runtime import metrics
from services.runtime.exposition.registries import METRICS, ServiceName

LOOPS: Mapping[ServiceName, tuple[str, ...]] = {
    "stream": ("deadlines", "sweep"),
    "relay": ("publish", "measure"),
    "console": (),
    "auditor": ("look",),
    "trace": ("trace",),
    "gateway": (),
}
"""The rounds of each service whose end is told."""

_ANSWERS = ("2xx", "4xx", "5xx")
VALUES: Mapping[tuple[str, str], Collection[str]] = {
    ("liaison_log_troubles", "kind"): ("hole", "unreadable", "cut"),
    ("liaison_log_changes", "kind"): ("recreated", "truncated", "shorter", "elected"),
    ("liaison_alert_answers", "outcome"): ("accepted", "declined", "not-ours"),
    ("liaison_console_acknowledged", "outcome"): ("acknowledged", "already", "refused"),
    ("liaison_console_refused", "reason"): ("other_desk", "not_your_role"),
    ("liaison_console_sign_ins", "outcome"): (
        "provider",
        "trying",
        "refused",
        "provider_away",
        "sign_in_failed",
        "too_weak",
        "not_shown_again",
        "logout_token",
    ),
    ("liaison_identity_judged", "matcher_was"): ("right", "wrong", "not-known"),
    ("liaison_trace_requests", "answer"): (*_ANSWERS, "unreachable"),
    ("liaison_trace_finished", "outcome"): (
        "verified",
        "none",
        "many",
        "conflict",
        "insufficient",
        "not-needed",
        "no-source",
    ),
    ("liaison_gateway_not_let_in", "code"): (
        "SEND_NOT_AUTHENTICATED",
        "SEND_TOKEN_ENDED",
        "SEND_CREDENTIALS_DIFFER",
        "PROXY_CLIENT_NOT_IDENTIFIED",
    ),
    ("liaison_gateway_requests", "route"): ("/events", "/fhir", "/hl7v2"),
    ("liaison_gateway_requests", "answer"): _ANSWERS,
    ("liaison_gateway_request_seconds", "route"): ("/events", "/fhir", "/hl7v2"),
    ("liaison_gateway_events", "outcome"): ("accepted", "refused", "not-stored"),
}
"""Of a metric's label, where the same word means something else in another metric."""
OPEN: Mapping[str, str] = {
    "liaison_events_rejected": "a feed has dozens of reasons and uses few",
    "liaison_fields_left_out": "a feed has hundreds of optional fields and few are unreadable",
    "liaison_console_requests": "the routes of all pages by class of status",
}
"""Counters that begin with their first event, and why."""


def values_of(registry: Registry) -> dict[str, Collection[str]]:
    """The values of the labels that mean the same in every metric."""
    return {
        "feed": tuple(registry.feeds_by_id),
        "topic": tuple(registry.feeds_by_topic),
        "desk": tuple(registry.desks_by_id),
        "agency": tuple(registry.agencies_by_id),
        "rule": tuple(CATALOGUE),
        "urgency": ("1", "2", "3", "4", "5"),
        "transition": KINDS,
        "level": get_args(Level),
        "item": tuple(Item),
    }


def begin(service: ServiceName, registry: Registry) -> None:
    """Have the service's counters stand at 0 and its loops at now."""
    common = values_of(registry)
    for metric in METRICS[service]:
        if isinstance(metric, Counter | Histogram):
            _stand_at_zero(metric, common)
    for loop in LOOPS[service]:
        metrics.LOOP_ENDED.labels(loop).set(time.time())


def _stand_at_zero(metric: MetricWrapperBase, common: Mapping[str, Collection[str]]) -> None:
    if not metric._labelnames or metric._name in OPEN:
        return
    values = [VALUES.get((metric._name, label)) or common[label] for label in metric._labelnames]
    for combination in product(*values):
        metric.labels(*combination)


def loop_ended(loop: str) -> None:
    """A round of this loop has ended without a failure."""
    metrics.LOOP_ENDED.labels(loop).set(time.time())
