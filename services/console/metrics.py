"""The console's own counters; those that others read too are in services.runtime.metrics."""

from __future__ import annotations

from prometheus_client import Counter

REQUESTS = Counter(
    "liaison_console_requests_total", "Requests answered, by route and class of status.", ["route", "status"]
)
